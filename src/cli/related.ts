import { once } from 'node:events'
import type { Article } from '../article/article.ts'
import { decidePublication } from '../article/publication.ts'
import { systemClock } from '../concurrency/clock.ts'
import { InvalidOptionError, problemText } from '../errors.ts'
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
 */
export async function relatedCommand(source: string, flags: RelatedFlags, signal: AbortSignal): Promise<void> {
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
  {
    using progress = openProgress(process.stderr, 'reading', 'articles')
    for await (const article of visibleArticles(source, flags, signal)) {
      const before = performance.now()
      index.put(documentOf(article))
      indexMs += performance.now() - before
      titles.set(article.id, article.title || article.body.slice(0, 80))
      progress.update({ count: titles.size, share: null })
    }
  }
  const { id } = flags
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
}

async function* visibleArticles(source: string, flags: RelatedFlags, signal: AbortSignal): AsyncGenerator<Article> {
  if (isStoreUrl(source)) {
    yield* storedArticles(source, signal)
    return
  }
  await using preparer = new Preparer()
  const now = systemClock.now()
  const inputs = readArticles(source, {
    preparer,
    signal,
    fetch: { allowPrivateAddresses: resolveOption('allowPrivateAddresses', flags.allowPrivateAddresses) },
    onRejected: ({ source: name, line, item, problems }) => {
      const place = line === null ? `item ${item}` : `line ${line}`
      process.stderr.write(`left out: ${name}, ${place}: ${problems.map(problemText).join('; ')}\n`)
    },
  })
  for await (const input of inputs) {
    // As a store would see it: what it would not show is not related to anything here either.
    const publication = decidePublication(null, { input, fingerprint: '' }, { now, republish: false })
    if (publication.outcome !== 'created' || publication.visibleFrom > now) continue
    if (publication.article.status === 'published') yield publication.article
  }
}

async function* storedArticles(url: string, signal: AbortSignal): AsyncGenerator<Article> {
  await using store = await openStore(url)
  for (let afterId = ''; ; ) {
    const page = await store.readIndexPage({ afterId, limit: 200, now: systemClock.now(), signal })
    for (const { article } of page) yield article
    const last = page.at(-1)
    if (!last) return
    afterId = last.article.id
  }
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
