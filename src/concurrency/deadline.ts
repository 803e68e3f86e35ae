import { DeadlineExceededError } from '../errors.ts'
import type { Clock } from './clock.ts'

/**
 * A time budget that is handed down: whoever holds it knows what is left of it, and can give away a part of it but
 * never more.
 *
 * It is a point in time, not a duration, so that a layer which passes it on does not have to subtract what it used up
 * itself. The idea is gRPC's deadline propagation (https://grpc.io/docs/guides/deadlines/).
 */
export class Deadline {
  readonly #clock: Clock
  readonly #endsAtMs: number

  private constructor(clock: Clock, endsAtMs: number) {
    this.#clock = clock
    this.#endsAtMs = endsAtMs
  }

  /** @param ms from now; not more than 0 is a deadline that has passed already, Infinity is none at all. */
  static in(clock: Clock, ms: number): Deadline {
    return new Deadline(clock, clock.monotonicMs() + checkedMs(ms))
  }

  /** What is left, in milliseconds; never below 0. Infinity where there is no end. */
  remainingMs(): number {
    return Math.max(0, this.#endsAtMs - this.#clock.monotonicMs())
  }

  /** The same deadline, or one in `ms` from now where that is sooner. */
  atMost(ms: number): Deadline {
    return new Deadline(this.#clock, Math.min(this.#endsAtMs, this.#clock.monotonicMs() + checkedMs(ms)))
  }
}

export interface DeadlineOptions {
  readonly clock: Clock
  /** Milliseconds from now. At 0 or less the work is not started; Infinity leaves only `signal` to stop it. */
  readonly budgetMs: number
  /** For the error's message: `The query for a rail`. */
  readonly what: string
  readonly signal?: AbortSignal | undefined
}

/**
 * Does `work`, but waits for it no longer than its budget.
 *
 * The signal that `work` is handed aborts when the budget is used up or the caller's `signal` aborts. The result does
 * not wait for the work to notice: it rejects at once, and what becomes of the work after that, be it a value or a
 * rejection, is dropped. Work that would hand over something to be closed must look at its signal before it does.
 *
 * Whichever way it ends, no timer and no listener is left behind. It is written with one controller and one listener
 * because `AbortSignal.any` and `Promise.race` keep what they wait for reachable for as long as the longest-lived of
 * their sources, which here may be a server's lifetime.
 *
 * @throws DeadlineExceededError when the budget is used up
 * @throws the reason of `signal`
 * @throws what `work` throws, now or later
 */
export function withDeadline<T>(work: (signal: AbortSignal) => Promise<T>, options: DeadlineOptions): Promise<T> {
  const { clock, what, signal } = options
  const budgetMs = checkedMs(options.budgetMs)
  if (signal?.aborted) return Promise.reject(signal.reason)
  if (budgetMs <= 0) return Promise.reject(exceeded(what, budgetMs))

  return new Promise<T>((resolve, reject) => {
    const stop = new AbortController()
    let waiting = true
    const cancelTimer = afterBudget(clock, budgetMs, () => giveUp(exceeded(what, budgetMs)))
    const onAbort = () => giveUp(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })

    const stopWaiting = () => {
      const first = waiting
      waiting = false
      cancelTimer()
      signal?.removeEventListener('abort', onAbort)
      return first
    }
    const giveUp = (reason: unknown) => {
      if (!stopWaiting()) return
      reject(reason)
      stop.abort(reason)
    }

    start(work, stop.signal).then(
      (value) => {
        if (stopWaiting()) resolve(value)
      },
      (error: unknown) => {
        // Also where the rejection of a loser ends, so that it is never an unhandled one.
        if (stopWaiting()) reject(error)
      },
    )
  })
}

/** `clock.after`, where no budget is too long: one of more than 24 days, Infinity among them, is none. */
export function afterBudget(clock: Clock, budgetMs: number, callback: () => void): () => void {
  return budgetMs > timerMaxMs ? neverSet : clock.after(budgetMs, callback)
}

// A timer with a longer delay fires after 1 ms (Node warns with TimeoutOverflowWarning).
const timerMaxMs = 2 ** 31 - 1
const neverSet = () => {}

// The promise of work that throws before it gives one is a rejected one.
function start<T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return Promise.resolve(work(signal))
  } catch (error) {
    return Promise.reject(error)
  }
}

/** The error of a budget that is used up, for those who keep one without {@link withDeadline}. */
export function exceeded(what: string, budgetMs: number): DeadlineExceededError {
  // Budgets are mostly what is left of another one: `37.24118 ms` in a message helps nobody.
  return new DeadlineExceededError(what, Math.max(0, Math.round(budgetMs)))
}

// NaN would make a deadline that never passes, silently.
function checkedMs(ms: number): number {
  if (Number.isNaN(ms)) throw new RangeError('A time budget must be a number of milliseconds; it is NaN.')
  return ms
}
