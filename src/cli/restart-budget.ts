import type { Clock } from '../concurrency/clock.ts'

/** How many deaths a minute are made good: what dies more often than that dies of something that a restart does not mend. */
export class RestartBudget {
  readonly #clock: Clock
  readonly #perMinuteMax: number
  #deaths: number[] = []

  constructor(clock: Clock, perMinuteMax: number) {
    this.#clock = clock
    this.#perMinuteMax = perMinuteMax
  }

  /** Counts one death; false: it is one too many within the last minute. */
  spend(): boolean {
    const now = this.#clock.monotonicMs()
    this.#deaths = [...this.#deaths.filter((at) => now - at < 60_000), now]
    return this.#deaths.length <= this.#perMinuteMax
  }
}
