import { readFile } from 'node:fs/promises'
import type { Article } from '../article/article.ts'
import { InvalidOptionError, problemText, type SourceError } from '../errors.ts'
import type { KnownArticle } from '../evaluate/ground-truth.ts'
import { documentOf } from '../related/index-client.ts'
import { parseRules } from '../related/parse-rules.ts'
import type { RailRules } from '../related/related.ts'
import { RelatedIndex } from '../related/related-index.ts'
import { openProgress } from './progress.ts'
import { giveWay, type Sighting, visibleArticles } from './read-source.ts'

/** The articles of a source with their rails, worked out in memory by the same index that `serve` keeps. */
export interface IndexedSource {
  readonly index: RelatedIndex
  /** What readers would see, in the order of the source. */
  readonly articles: ReadonlyMap<string, KnownArticle>
  /** False: a part of the source could not be read, which was told on standard error. */
  readonly isComplete: boolean
  /** Processor work of the index alone, in milliseconds. */
  readonly indexMs: number
}

export interface IndexSourceOptions {
  readonly signal: AbortSignal
  readonly allowPrivateAddresses?: boolean | undefined
  readonly rules?: RailRules | undefined
  readonly onSighting?: ((sighting: Sighting) => void) | undefined
}

/**
 * Reads a source and works out its rails, with progress on standard error.
 *
 * @throws SourceError when nothing of it could be read; the reason of `signal`
 */
export async function indexSource(source: string, options: IndexSourceOptions): Promise<IndexedSource> {
  const { signal, allowPrivateAddresses, rules, onSighting } = options
  const index = new RelatedIndex(rules === undefined ? {} : { rules })
  const articles = new Map<string, KnownArticle>()
  const failures: SourceError[] = []
  let indexMs = 0
  {
    using progress = openProgress(process.stderr, 'reading', 'articles')
    const onFailed = (error: SourceError) => failures.push(error)
    for await (const sighting of visibleArticles(source, { signal, allowPrivateAddresses, onFailed })) {
      const { id, article } = sighting
      const before = performance.now()
      if (article) index.put(documentOf(article))
      else index.remove(id)
      indexMs += performance.now() - before
      if (article) articles.set(id, knownArticle(article))
      else articles.delete(id)
      onSighting?.(sighting)
      progress.update({ count: articles.size, share: null })
    }
  }
  const [first] = failures
  if (first && articles.size === 0) throw first
  for (const { message } of failures) process.stderr.write(`${message}\n`)
  using progress = openProgress(process.stderr, 'rails', 'articles')
  for (let remaining = articles.size; remaining > 0; ) {
    await giveWay(signal)
    const before = performance.now()
    remaining = index.settle({ atMost: 500 }).remaining
    indexMs += performance.now() - before
    const count = Math.max(0, articles.size - remaining)
    progress.update({ count, share: count / articles.size })
  }
  return { index, articles, isComplete: failures.length === 0, indexMs }
}

/** @throws InvalidOptionError when the file cannot be read, or holds no rules, with all that is wrong */
export async function readRules(file: string): Promise<RailRules> {
  let value: unknown
  try {
    value = JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new InvalidOptionError(
      `The rules ${file} cannot be read: ${why}. A JSON object such as {"minScore": 0.1} was expected.`,
    )
  }
  const parsed = parseRules(value)
  if (parsed.ok) return parsed.rules
  throw new InvalidOptionError(`The rules ${file}: ${parsed.problems.map(problemText).join('; ')}.`)
}

function knownArticle(article: Article): KnownArticle {
  return {
    id: article.id,
    title: article.title || article.body.slice(0, 80),
    section: article.section ?? null,
    publishedAtMs: Date.parse(article.publishedAt),
    story: article.story ?? null,
    related: article.related ?? [],
    labels: article.labels ?? [],
    tags: article.tags,
  }
}
