/** All chance of one simulation: the same seed throws the same dice. */
export class Dice {
  #state: number

  constructor(seed: number) {
    // Neighbouring seeds must not begin alike.
    this.#state = Math.imul(seed + 1, 0x9e3779b1) >>> 0
  }

  /** From 0 to below 1. Mulberry32 (T. Ettinger, public domain): small, quick, and good enough to order events by. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end)
  }

  isLuck(chance: number): boolean {
    return this.next() < chance
  }

  oneOf<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T
  }
}
