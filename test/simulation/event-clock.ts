import type { Clock } from '../../src/concurrency/clock.ts'
import type { Dice } from './dice.ts'

/**
 * A clock that jumps from one event to the next. Whatever happens in a simulation is planned here.
 *
 * What is due at the same time comes in an order that the dice decide: on a real machine too, nothing says whether
 * a deadline or the answer that it waits for comes first.
 */
export class EventClock implements Clock {
  readonly #dice: Dice
  readonly #planned = new Set<PlannedEvent>()
  #nowMs = 0

  constructor(dice: Dice) {
    this.#dice = dice
  }

  now(): number {
    return startsAt + this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, callback: () => void): () => void {
    const event = { dueMs: this.#nowMs + Math.max(0, delayMs), callback }
    this.#planned.add(event)
    return () => this.#planned.delete(event)
  }

  /** How much is planned. */
  get pending(): number {
    return this.#planned.size
  }

  /** Goes on to the next event and lets it happen. False: nothing is planned until `endMs`. */
  step(endMs = Number.POSITIVE_INFINITY): boolean {
    let next: PlannedEvent | null = null
    for (const event of this.#planned) {
      if (event.dueMs > endMs) continue
      if (!next || event.dueMs < next.dueMs || (event.dueMs === next.dueMs && this.#dice.isLuck(0.5))) next = event
    }
    if (!next) return false
    this.#planned.delete(next)
    this.#nowMs = next.dueMs
    next.callback()
    return true
  }

  /** Stands at `endMs`, when nothing is planned before. */
  rest(endMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, endMs)
  }
}

interface PlannedEvent {
  readonly dueMs: number
  readonly callback: () => void
}

const startsAt = Date.parse('2026-11-02T09:30:00.000Z')
