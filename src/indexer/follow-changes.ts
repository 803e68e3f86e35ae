import type { Clock } from '../concurrency/clock.ts'
import { withDeadline } from '../concurrency/deadline.ts'
import { publish } from '../events.ts'

/**
 * Follows a numbered feed from `after` until `signal` aborts, and hands each batch on, in order, none twice.
 *
 * It asks again at once while there are any, else after `pollMs` or when `wake` is called: a change made by this
 * process is handed on at once, one made by another within `pollMs`. A store that fails is an event, and is asked again
 * after a pause that doubles up to five seconds; a listener that fails is handed the same batch again, likewise.
 * Resolves when `signal` aborts.
 */
export async function followChanges<Entry extends { readonly seq: number }>(options: {
  /** For events and error messages: `the change feed`. */
  readonly what: string
  /** What comes after `after`, in order, at most so many as make a batch; empty when there is nothing. */
  readonly read: (after: number, signal: AbortSignal) => Promise<readonly Entry[]>
  readonly after: number
  readonly onChanges: (changes: readonly Entry[]) => void | Promise<void>
  /** Called after each read that brought nothing: everything that had happened by then has been handed on. */
  readonly onHeard?: () => void
  readonly pause: Pause
  readonly clock: Clock
  readonly signal: AbortSignal
}): Promise<void> {
  const { what, read, onChanges, onHeard, pause, clock, signal } = options
  let after = options.after
  let failures = 0
  while (!signal.aborted) {
    try {
      const changes = await withDeadline((stop) => read(after, stop), {
        clock,
        budgetMs: readBudgetMs,
        what: `Reading ${what}`,
        signal,
      })
      failures = 0
      const last = changes.at(-1)
      if (last) {
        await onChanges(changes)
        after = last.seq
        continue
      }
      onHeard?.()
      await pause.wait(pollMs)
    } catch (error) {
      if (signal.aborted) return
      publish('background-failed', () => ({ what: `following ${what}`, error }))
      await pause.wait(retryPauseMs(failures++))
    }
  }
}

/** A pause of a background loop, which `wake` ends early; a wake while nobody pauses ends the next pause at once. */
export class Pause {
  readonly #clock: Clock
  #woken = false
  #end: (() => void) | null = null

  constructor(clock: Clock) {
    this.#clock = clock
  }

  wake(): void {
    this.#woken = true
    this.#end?.()
  }

  async wait(ms: number): Promise<void> {
    if (!this.#woken) {
      await new Promise<void>((resolve) => {
        const cancel = this.#clock.after(ms, resolve)
        this.#end = () => {
          cancel()
          resolve()
        }
      })
      this.#end = null
    }
    this.#woken = false
  }
}

/** 100 ms doubling to 5 s. */
export function retryPauseMs(failures: number): number {
  return Math.min(5000, 100 * 2 ** failures)
}

/** What another process publishes is seen within this; a quarter of the second that a takedown may take. */
export const pollMs = 250
/** Small enough that taking a batch apart does not hold the event loop for a millisecond or two. */
export const changesPerRead = 100
export const readBudgetMs = 5000
