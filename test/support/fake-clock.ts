import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../src/concurrency/clock.ts'

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /** How many callbacks wait: 0 at the end of a test, or a timer has leaked. */
  readonly pending: number
  /**
   * Moves time on by `ms` and calls what falls due on the way, each at its own time and in order; what those calls plan
   * within the same span is called too.
   */
  advance(ms: number): void
  /** `advance`, with a turn of the event loop after each callback, so that what was waiting for it has moved on. */
  advanceAndSettle(ms: number): Promise<void>
}

/** @param startsAt milliseconds since the epoch, or an ISO time */
export function fakeClock(startsAt: number | string = '2026-11-02T09:30:00.000Z'): FakeClock {
  const start = typeof startsAt === 'string' ? Date.parse(startsAt) : startsAt
  const timers = new Map<number, { readonly dueMs: number; readonly callback: () => void }>()
  let elapsedMs = 0
  let lastTimer = 0

  function earliestUntil(endMs: number) {
    let earliest: { number: number; dueMs: number; callback: () => void } | null = null
    for (const [number, timer] of timers) {
      // Of two that are due at the same time the older one comes first, as with real timers: a map keeps their order.
      if (timer.dueMs <= endMs && (!earliest || timer.dueMs < earliest.dueMs)) earliest = { number, ...timer }
    }
    return earliest
  }

  function fireNext(endMs: number): boolean {
    const timer = earliestUntil(endMs)
    if (!timer) return false
    timers.delete(timer.number)
    elapsedMs = Math.max(elapsedMs, timer.dueMs)
    timer.callback()
    return true
  }

  return {
    now: () => start + elapsedMs,
    monotonicMs: () => elapsedMs,
    after(delayMs, callback) {
      const number = ++lastTimer
      timers.set(number, { dueMs: elapsedMs + Math.max(0, delayMs), callback })
      return () => {
        timers.delete(number)
      }
    },
    get pending() {
      return timers.size
    },
    advance(ms) {
      const endMs = elapsedMs + ms
      while (fireNext(endMs));
      elapsedMs = endMs
    },
    async advanceAndSettle(ms) {
      const endMs = elapsedMs + ms
      await nextTurn()
      while (fireNext(endMs)) await nextTurn()
      elapsedMs = endMs
      await nextTurn()
    },
  }
}
