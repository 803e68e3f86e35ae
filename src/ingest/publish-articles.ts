import type { PreparedArticle } from '../article/article.ts'
import type { Clock } from '../concurrency/clock.ts'
import { ArticleNotFoundError, InvalidRequestError, type Problem } from '../errors.ts'
import { publish } from '../events.ts'
import type { BulkOptions, BulkResult, Publisher, PublishOptions } from '../manager/publisher.ts'
import type { PutOutcome, PutResult, Store } from '../store/store.ts'
import { noOutcomes } from './no-outcomes.ts'
import type { Preparer } from './preparer.ts'

/**
 * Checks, prepares and stores what is published over HTTP; reading it from files and feeds is `ingest.ts`.
 *
 * @param options.onStored called with what a write has changed, before the writer is answered: from then on nobody may be
 *   shown the old state
 */
export function createPublisher(options: {
  readonly store: Store
  readonly preparer: Preparer
  readonly clock: Clock
  readonly onStored: (articleIds: ReadonlySet<string>) => void
}): Publisher {
  const { store, preparer, clock, onStored } = options

  async function write(batch: readonly PreparedArticle[], { republish, signal }: PublishOptions): Promise<PutResult[]> {
    const results = await putArticles(store, batch, { republish, signal, clock })
    const changed = results.filter(({ seq }) => seq !== null)
    if (changed.length > 0) onStored(new Set(changed.map(({ id }) => id)))
    return results
  }

  return {
    async publish(articleId, record, publishOptions) {
      const { signal } = publishOptions
      const prepared = await preparer.prepareOne(record, { articleId, signal })
      if (!prepared.ok) throw new InvalidRequestError('The article cannot be published', prepared.problems)
      const [result] = await write([prepared.prepared], publishOptions)
      if (!result) throw new Error('The store gave no result for an article that it was handed.')
      return { outcome: result.outcome, id: result.id }
    },

    async publishLines(lines, publishOptions: BulkOptions) {
      const tally = new BulkTally()
      for await (const batch of inBatches(lines)) {
        const results = await preparer.prepareLines(
          batch.map(({ text }) => text),
          { signal: publishOptions.signal },
        )
        const prepared = results.flatMap((result, index) => {
          if (result.ok) return [result.prepared]
          tally.reject(batch[index]?.line ?? 0, result.problems)
          return []
        })
        tally.lines += batch.length
        if (prepared.length > 0) tally.add(await write(prepared, publishOptions))
        publishOptions.onStoredThrough?.(batch.at(-1)?.line ?? 0)
      }
      return tally.result()
    },

    async withdraw(articleId, { signal }) {
      const { outcome, withdrawnAt } = await store.withdrawArticle(articleId, { now: clock.now(), signal })
      if (outcome === 'missing' || withdrawnAt === null) throw new ArticleNotFoundError(articleId)
      publish('article-withdrawn', () => ({ articleId }))
      onStored(new Set([articleId]))
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
  readonly #outcomes = noOutcomes()
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

/** Numbers the lines from 1 and leaves out empty ones. */
async function* inBatches(lines: AsyncIterable<string>): AsyncGenerator<Array<{ line: number; text: string }>> {
  let batch: Array<{ line: number; text: string }> = []
  let characters = 0
  let line = 0
  for await (const text of lines) {
    line++
    if (text.trim() === '') continue
    if (batch.length > 0 && characters + text.length > charactersPerBatch) {
      yield batch
      batch = []
      characters = 0
    }
    batch.push({ line, text })
    characters += text.length
    if (batch.length < linesPerBatch) continue
    yield batch
    batch = []
    characters = 0
  }
  if (batch.length > 0) yield batch
}

/** Both are small enough that handing a batch to a thread and back holds the event loop for a few milliseconds only. */
const linesPerBatch = 50
const charactersPerBatch = 1024 * 1024
const rejectedListedMax = 1000
