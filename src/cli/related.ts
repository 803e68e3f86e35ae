import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Article } from '../article/article.ts'
import { decidePublication, type StoredPublication } from '../article/publication.ts'
import { systemClock } from '../concurrency/clock.ts'
import { InvalidOptionError, problemText, SourceError } from '../errors.ts'
import { readArticles } from '../ingest/ingest.ts'
import { Preparer } from '../ingest/preparer.ts'
import { resolveOption } from '../options.ts'
import { reasonText } from '../related/explain.ts'
import { documentOf } from '../related/index-client.ts'
import { type RailItem, storedRailLength } from '../related/related.ts'
import { RelatedIndex } from '../related/related-index.ts'
import { openStore } from '../store/open-store.ts'
import type { RelatedFlags } from './cli.ts'
import { openProgress } from './progress.ts'

/**
 * Prints related articles of a source without a server and without writing anything: the five-minute trial.
 *
 * The rails are worked out in memory, by the same index that `serve` keeps.
 *
 * @returns the exit code: 1 when a part of the source could not be read, which is told; the rest is printed all the same
 */
export async function relatedCommand(source: string, flags: RelatedFlags, signal: AbortSignal): Promise<number> {
  if ((flags.id === undefined) === (flags.all === undefined)) {
    throw new InvalidOptionError('Say which articles: --id ID for one, or --all.')
  }
  if (flags.limit > storedRailLength) {
    throw new InvalidOptionError(`--limit is ${flags.limit}; a rail has at most ${storedRailLength} articles.`)
  }
  const index = new RelatedIndex()
  const titles = new Map<string, string>()
  const started = performance.now()
  let indexMs = 0
  let exitCode = 0
  const onFailed = ({ message }: SourceError) => {
    process.stderr.write(`${message}\n`)
    exitCode = 1
  }
  {
    using progress = openProgress(process.stderr, 'reading', 'articles')
    for await (const { id, article } of visibleArticles(source, flags, { signal, onFailed })) {
      const before = performance.now()
      if (article) index.put(documentOf(article))
      else index.remove(id)
      indexMs += performance.now() - before
      if (article) titles.set(id, article.title || article.body.slice(0, 80))
      else titles.delete(id)
      progress.update({ count: titles.size, share: null })
    }
  }
  const { id } = flags
  if (titles.size === 0 && exitCode !== 0) return exitCode
  if (id !== undefined && !titles.has(id)) {
    throw new InvalidOptionError(
      `There is no article with the id ${JSON.stringify(id)} among the ${titles.size} of ${source}.`,
    )
  }
  {
    using progress = openProgress(process.stderr, 'rails', 'articles')
    for (let remaining = titles.size; remaining > 0; ) {
      signal.throwIfAborted()
      const before = performance.now()
      remaining = index.settle({ atMost: 500 }).remaining
      indexMs += performance.now() - before
      const count = titles.size - remaining
      progress.update({ count, share: count / titles.size })
    }
  }
  const print = flags.format === 'jsonl' ? jsonLine : textBlock
  for (const articleId of id === undefined ? titles.keys() : [id]) {
    const rail = (index.rail(articleId) ?? []).slice(0, flags.limit)
    const isTakenAtOnce = process.stdout.write(print(articleId, rail, titles, flags.explain === true))
    if (!isTakenAtOnce) await once(process.stdout, 'drain', { signal })
  }
  const rate = (ms: number) => Math.round(titles.size / Math.max(0.001, ms / 1000))
  process.stderr.write(
    `${titles.size} articles: ${rate(indexMs)} a second in the index (one core), ${rate(performance.now() - started)} a second with reading and printing.\n`,
  )
  return exitCode
}

/** An article as it is to be shown from now on; null when it is not to be shown any more. */
interface Sighting {
  readonly id: string
  readonly article: Article | null
}

interface Reading {
  readonly signal: AbortSignal
  readonly onFailed: (error: SourceError) => void
}

async function* visibleArticles(source: string, flags: RelatedFlags, reading: Reading): AsyncGenerator<Sighting> {
  if (isStoreUrl(source)) {
    yield* storedArticles(source, reading.signal)
    return
  }
  await using preparer = new Preparer()
  const now = systemClock.now()
  const seen = new Map<string, StoredPublication>()
  const articles = readArticles(source, {
    ...reading,
    preparer,
    fetch: { allowPrivateAddresses: resolveOption('allowPrivateAddresses', flags.allowPrivateAddresses) },
    onRejected: ({ source: name, line, item, problems }) => {
      const place = line === null ? `item ${item}` : `line ${line}`
      process.stderr.write(`left out: ${name}, ${place}: ${problems.map(problemText).join('; ')}\n`)
    },
  })
  for await (const prepared of articles) {
    const { fingerprint } = prepared
    const { id } = prepared.input
    // As a store would see it, by the same rules: a source may take down or correct what came earlier in it.
    const publication = decidePublication(seen.get(id) ?? null, prepared, { now, republish: false })
    if (publication.outcome === 'withdrawn') {
      seen.set(id, { status: 'withdrawn', fingerprint: null, ...publication.tombstone })
      yield { id, article: null }
    } else if (publication.outcome === 'created' || publication.outcome === 'updated') {
      const { article, visibleFrom } = publication
      const { status, publishedAt, updatedAt, firstSeenAt } = article
      seen.set(id, { status, fingerprint, publishedAt, updatedAt, firstSeenAt })
      yield { id, article: status === 'published' && visibleFrom <= now ? article : null }
    }
  }
}

async function* storedArticles(url: string, signal: AbortSignal): AsyncGenerator<Sighting> {
  const file = sqliteFileOf(url)
  if (file !== null && !existsSync(file)) {
    throw new SourceError(url, `The store ${file} does not exist. Fill it first: onward ingest SOURCE --store ${url}`)
  }
  await using store = await openStore(url)
  for (let afterId = ''; ; ) {
    const page = await store.readIndexPage({ afterId, limit: 200, now: systemClock.now(), signal })
    for (const { article } of page) yield { id: article.id, article }
    const last = page.at(-1)
    if (!last) return
    afterId = last.article.id
  }
}

/** The file of a store's URL; null for one that names none, which `openStore` refuses with a better sentence. */
function sqliteFileOf(url: string): string | null {
  const [, path] = /^sqlite:(?:\/\/(?=\/))?((?!\/\/|:memory:)[^?#\0]+)$/i.exec(url.trim()) ?? []
  if (path === undefined) return null
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path
}

/** Two letters at least before the colon: `C:\\news.jsonl` is a file. */
function isStoreUrl(source: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(source) && !/^https?:/i.test(source)
}

function jsonLine(
  id: string,
  rail: readonly RailItem[],
  _titles: ReadonlyMap<string, string>,
  explain: boolean,
): string {
  const related = rail.map((item) => ({
    id: item.id,
    score: item.score,
    ...(explain ? { reason: reasonText(item.reason), terms: item.reason.terms } : {}),
  }))
  return `${JSON.stringify({ id, related })}\n`
}

function textBlock(
  id: string,
  rail: readonly RailItem[],
  titles: ReadonlyMap<string, string>,
  explain: boolean,
): string {
  const lines = rail.flatMap((item) => [
    `  ${item.score.toFixed(3)}  ${item.id}  ${titles.get(item.id) ?? ''}`,
    ...(explain ? [`         ${reasonText(item.reason)}`] : []),
  ])
  const none = '  nothing in this source is related to it'
  return `${id}  ${titles.get(id) ?? ''}\n${lines.length > 0 ? lines.join('\n') : none}\n\n`
}
