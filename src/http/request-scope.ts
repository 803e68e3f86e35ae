import type { ServerResponse } from 'node:http'
import type { Clock } from '../concurrency/clock.ts'
import { DeadlineExceededError, OnwardError } from '../errors.ts'

/**
 * How long the work for one request may take, and who stops it.
 *
 * `signal` aborts when the reader goes away (with `ReaderGoneError`), when the budget runs out (with
 * `DeadlineExceededError`), when the caller's own signal does, or on `stop`. Disposing lets go of the response and the
 * timer; it stops nothing.
 */
export interface RequestScope extends Disposable {
  readonly signal: AbortSignal
  /**
   * Settles as `work` does, or rejects with the signal's reason if that comes first: for callees that are told to stop
   * and don't.
   */
  within<Value>(work: Promise<Value>): Promise<Value>
  stop(reason: Error): void
  /** The budget was kept: from here on only the reader and the caller stop the work. */
  budgetKept(): void
}

export interface RequestScopeOptions {
  readonly clock: Clock
  /** Milliseconds for all of the work. */
  readonly budgetMs: number
  /** What the budget is for, in the words of an error message. */
  readonly what: string
  /** A further reason to stop: the caller's own. */
  readonly signal?: AbortSignal | undefined
}

export function openRequestScope(response: ServerResponse, options: RequestScopeOptions): RequestScope {
  const controller = new AbortController()
  const { signal } = controller
  const stop = (reason: unknown) => {
    if (!signal.aborted) controller.abort(reason)
  }
  const onClose = () => {
    if (!response.writableFinished) stop(new ReaderGoneError())
  }
  const onCallerAbort = () => stop(options.signal?.reason)
  const cancelTimer = options.clock.after(options.budgetMs, () =>
    stop(new DeadlineExceededError(options.what, options.budgetMs)),
  )
  response.once('close', onClose)
  options.signal?.addEventListener('abort', onCallerAbort, { once: true })
  // What happened before this line has no event any more.
  if (response.destroyed || response.socket?.destroyed) onClose()
  if (options.signal?.aborted) onCallerAbort()

  return {
    signal,
    stop,
    budgetKept: cancelTimer,
    within: (work) => settledWithin(work, signal),
    [Symbol.dispose]() {
      cancelTimer()
      response.removeListener('close', onClose)
      options.signal?.removeEventListener('abort', onCallerAbort)
    },
  }
}

/** The reader closed the connection before the answer was complete: there is nobody to answer any more. */
export class ReaderGoneError extends OnwardError {
  constructor() {
    super('READER_GONE', 'The reader closed the connection before the answer was complete.')
  }
}

// Both sides live as long as one request does, so the race keeps nothing alive; its loser's rejection is handled here.
function settledWithin<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise<Value>((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
