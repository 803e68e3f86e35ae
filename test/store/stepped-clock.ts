import type { Clock } from '../../src/concurrency/clock.ts'

/** Time that passes only by `advance`. */
export class SteppedClock implements Clock {
  #ms = 0
  #timers = new Map<() => void, number>()

  get pending(): number {
    return this.#timers.size
  }

  now = () => this.#ms
  monotonicMs = () => this.#ms

  after(delayMs: number, callback: () => void): () => void {
    this.#timers.set(callback, this.#ms + delayMs)
    return () => this.#timers.delete(callback)
  }

  advance(ms: number): void {
    this.#ms += ms
    for (const [callback, at] of this.#timers) {
      if (at > this.#ms) continue
      this.#timers.delete(callback)
      callback()
    }
  }
}
