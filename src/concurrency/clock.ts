/**
 * Time as a parameter: whatever waits or measures is handed a clock, so that tests and simulations own time.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch: for what is visible and what is written down. */
  now(): number
  /** Milliseconds that never go backwards, from an arbitrary start: for durations and deadlines. */
  monotonicMs(): number
  /**
   * Calls `callback` once after `delayMs`, and gives a function that cancels it. Never keeps the process alive.
   *
   * What has arrived by then is handled before `callback` is called: a deadline says that an answer did not come, and not
   * that the event loop was too busy to look.
   */
  after(delayMs: number, callback: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, callback) {
    let immediate: NodeJS.Immediate | undefined
    // After a stall of the event loop its timers run first, and only then what has arrived during the stall. The immediate
    // holds the loop for this turn: one that is not referenced would wait until something else wakes a loop that sleeps.
    const timer = setTimeout(() => {
      immediate = setImmediate(callback)
    }, delayMs)
    timer.unref()
    return () => {
      clearTimeout(timer)
      clearImmediate(immediate)
    }
  },
}

/**
 * Resolves after `ms`.
 *
 * @throws the reason of `signal` as soon as it aborts
 */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.reject(signal.reason)
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      cancel()
      reject(signal?.reason)
    }
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
