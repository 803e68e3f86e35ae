import { grownTo } from './typed-arrays.ts'

/** Pairs of numbers to numbers from 0, by open addressing: a Map would hold an object for each of some 100,000 keys. */
export class PairTable {
  size = 0
  #cells = new Int32Array(4096)
  #first: Int32Array = new Int32Array(2048)
  #second: Int32Array = new Int32Array(2048)

  find(first: number, second: number): number {
    return this.#cells[this.#cellOf(first, second)]! - 1
  }

  add(first: number, second: number): number {
    const cell = this.#cellOf(first, second)
    const known = this.#cells[cell]!
    if (known > 0) return known - 1
    const pair = this.size++
    this.#first = grownTo(this.#first, this.size)
    this.#second = grownTo(this.#second, this.size)
    this.#first[pair] = first
    this.#second[pair] = second
    this.#cells[cell] = pair + 1
    if (this.size * 2 > this.#cells.length) this.#rehash()
    return pair
  }

  parts(pair: number): readonly [number, number] {
    return [this.#first[pair]!, this.#second[pair]!]
  }

  save(): { firsts: Int32Array; seconds: Int32Array } {
    return { firsts: this.#first.slice(0, this.size), seconds: this.#second.slice(0, this.size) }
  }

  /** As {@link save}, those alone of which `isKept` holds, in their order. */
  keep(isKept: (pair: number) => boolean): { firsts: Int32Array; seconds: Int32Array } {
    const { firsts, seconds } = this.save()
    return {
      firsts: firsts.filter((_, pair) => isKept(pair)),
      seconds: seconds.filter((_, pair) => isKept(pair)),
    }
  }

  /** Takes the place of whatever was there. */
  restore({ firsts, seconds }: { readonly firsts: Int32Array; readonly seconds: Int32Array }): void {
    this.size = firsts.length
    this.#first = firsts
    this.#second = seconds
    let cells = 2048
    while (this.size * 2 > cells) cells *= 2
    this.#cells = new Int32Array(cells / 2)
    this.#rehash()
  }

  #cellOf(first: number, second: number): number {
    const mask = this.#cells.length - 1
    let cell = pairHash(first, second) & mask
    for (;;) {
      const pair = this.#cells[cell]! - 1
      if (pair < 0 || (this.#first[pair] === first && this.#second[pair] === second)) return cell
      cell = (cell + 1) & mask
    }
  }

  #rehash(): void {
    this.#cells = new Int32Array(this.#cells.length * 2)
    for (let pair = 0; pair < this.size; pair++) {
      this.#cells[this.#cellOf(this.#first[pair]!, this.#second[pair]!)] = pair + 1
    }
  }
}

/** 32 bits of two numbers in their order. */
export function pairHash(first: number, second: number): number {
  let hash = Math.imul(first, 0x9e3779b1) ^ Math.imul(second + 0x7f4a7c15, 0x85ebca77)
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35)
  return (hash ^ (hash >>> 13)) >>> 0
}
