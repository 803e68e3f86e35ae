import type { Problem } from '../errors.ts'
import type { PutOutcome } from '../store/store.ts'

/** What writes articles on behalf of HTTP: it checks, sanitises and stores, and wakes the indexer. */
export interface Publisher {
  /**
   * Publishes or corrects one article.
   *
   * @param record a JSON value, or its text, which is then parsed off the main thread; its `id`, when there is one, must be
   *   `articleId`
   * @throws InvalidRequestError with everything that is wrong with the record, OverloadedError, StoreUnavailableError
   */
  publish(articleId: string, record: unknown, options: PublishOptions): Promise<{ outcome: PutOutcome; id: string }>
  /** Publishes JSON Lines: what is wrong with a line is reported and never stops the rest. */
  publishLines(lines: AsyncIterable<string>, options: BulkOptions): Promise<BulkResult>
  /** @throws ArticleNotFoundError when the id was never stored */
  withdraw(
    articleId: string,
    options: { signal?: AbortSignal | undefined },
  ): Promise<{ outcome: 'withdrawn' | 'already-withdrawn'; withdrawnAt: string }>
}

export interface PublishOptions {
  /** True: an article that was taken down comes back. */
  readonly republish: boolean
  readonly signal?: AbortSignal | undefined
}

export interface BulkOptions extends PublishOptions {
  /** Called as the work goes on: everything through this line, from 1, has been stored or rejected. */
  readonly onStoredThrough?: ((line: number) => void) | undefined
}

export interface BulkResult {
  readonly lines: number
  readonly outcomes: Readonly<Record<PutOutcome, number>>
  /** At most 1,000 are listed; `rejectedCount` counts them all. */
  readonly rejected: ReadonlyArray<{ readonly line: number; readonly problems: readonly Problem[] }>
  readonly rejectedCount: number
}
