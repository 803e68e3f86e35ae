import type { PreparedArticle } from '../article/article.ts'
import type { Clock } from '../concurrency/clock.ts'
import { ArticleNotFoundError, InvalidRequestError, type Problem } from '../errors.ts'
import { publish } from '../events.ts'
import type { BulkResult, Publisher, PublishOptions } from '../manager/publisher.ts'
import type { PutOutcome, PutResult, Store } from '../store/store.ts'
import type { Preparer } from './preparer.ts'

/**
 * Checks, prepares and stores what is published over HTTP; reading it from files and feeds is `ingest.ts`.
 *
 * @param options.onStored called after each write that changed something: the indexer is woken there
 */
export function createPublisher(options: {
  readonly store: Store
  readonly preparer: Preparer
  readonly clock: Clock
  readonly onStored: () => void
}): Publisher {
  const { store, preparer, clock, onStored } = options

  async function write(batch: readonly PreparedArticle[], { republish, signal }: PublishOptions): Promise<PutResult[]> {
    const results = await putArticles(store, batch, { republish, signal, clock })
    if (results.some(({ seq }) => seq !== null)) onStored()
    return results
  }

  return {
    async publish(articleId, record, publishOptions) {
      const { signal } = publishOptions
      const [prepared] = await preparer.prepareRecords([withId(articleId, record)], { signal })
      if (!prepared?.ok) throw new InvalidRequestError('The article cannot be published', prepared?.problems ?? [])
      const [result] = await write([prepared.prepared], publishOptions)
      if (!result) throw new Error('The store gave no result for an article that it was handed.')
      return { outcome: result.outcome, id: result.id }
    },

    async publishLines(lines, publishOptions) {
      const tally = new BulkTally()
      for await (const batch of inBatches(lines, linesPerBatch)) {
        const readable = batch.flatMap(({ line, text }) => {
          const parsed = parseLine(text)
          if (parsed.ok) return [{ line, record: parsed.record }]
          tally.reject(line, [parsed.problem])
          return []
        })
        const results = await preparer.prepareRecords(
          readable.map(({ record }) => record),
          { signal: publishOptions.signal },
        )
        const prepared = results.flatMap((result, index) => {
          if (result.ok) return [result.prepared]
          tally.reject(readable[index]?.line ?? 0, result.problems)
          return []
        })
        tally.lines += batch.length
        if (prepared.length > 0) tally.add(await write(prepared, publishOptions))
      }
      return tally.result()
    },

    async withdraw(articleId, { signal }) {
      const { outcome, withdrawnAt } = await store.withdrawArticle(articleId, { now: clock.now(), signal })
      if (outcome === 'missing' || withdrawnAt === null) throw new ArticleNotFoundError(articleId)
      publish('article-withdrawn', () => ({ articleId }))
      onStored()
      return { outcome, withdrawnAt }
    },
  }
}

/** `store.putArticles`, reported as an event. */
export async function putArticles(
  store: Store,
  batch: readonly PreparedArticle[],
  options: { republish: boolean; signal?: AbortSignal | undefined; clock: Clock },
): Promise<PutResult[]> {
  const { republish, signal, clock } = options
  const startedAt = clock.monotonicMs()
  const results = await store.putArticles(batch, { republish, now: clock.now(), signal })
  publish('articles-stored', () => {
    const count = (outcome: PutOutcome) => results.filter((result) => result.outcome === outcome).length
    return {
      created: count('created'),
      updated: count('updated'),
      withdrawn: count('withdrawn'),
      unchanged: results.filter(({ seq }) => seq === null).length,
      tookMs: clock.monotonicMs() - startedAt,
    }
  })
  return results
}

class BulkTally {
  lines = 0
  readonly #outcomes: Record<PutOutcome, number> = {
    created: 0,
    updated: 0,
    unchanged: 0,
    outdated: 0,
    tombstoned: 0,
    withdrawn: 0,
  }
  readonly #rejected: Array<{ line: number; problems: readonly Problem[] }> = []
  #rejectedCount = 0

  add(results: readonly PutResult[]): void {
    for (const { outcome } of results) this.#outcomes[outcome]++
  }

  reject(line: number, problems: readonly Problem[]): void {
    this.#rejectedCount++
    if (this.#rejected.length < rejectedListedMax) this.#rejected.push({ line, problems })
  }

  result(): BulkResult {
    return {
      lines: this.lines,
      outcomes: this.#outcomes,
      rejected: this.#rejected.toSorted((a, b) => a.line - b.line),
      rejectedCount: this.#rejectedCount,
    }
  }
}

/** The id in the address names the article; a record may leave it out, but must not name another. */
function withId(articleId: string, record: unknown): unknown {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return record
  const own = 'id' in record ? record.id : undefined
  if (own !== undefined && String(own) !== articleId) {
    const message = `expected ${JSON.stringify(articleId)}, the id in the address, or no id; got ${JSON.stringify(own)}`
    throw new InvalidRequestError('The article cannot be published', [{ path: 'id', message }])
  }
  return { ...record, id: articleId }
}

function parseLine(text: string): { ok: true; record: unknown } | { ok: false; problem: Problem } {
  try {
    return { ok: true, record: JSON.parse(text) }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { ok: false, problem: { path: '', message: `expected one article as JSON on the line: ${why}` } }
  }
}

/** Numbers the lines from 1 and leaves out empty ones. */
async function* inBatches(
  lines: AsyncIterable<string>,
  size: number,
): AsyncGenerator<Array<{ line: number; text: string }>> {
  let batch: Array<{ line: number; text: string }> = []
  let line = 0
  for await (const text of lines) {
    line++
    if (text.trim() === '') continue
    batch.push({ line, text })
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** Small enough that parsing a batch does not hold the event loop for more than a few milliseconds. */
const linesPerBatch = 50
const rejectedListedMax = 1000
