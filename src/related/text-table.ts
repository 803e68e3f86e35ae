import { grownTo } from './typed-arrays.ts'

/**
 * Numbers for texts, from 0 in the order of arrival: what a `Map<string, number>` does, at a fifth of its memory, and
 * without cutting a string out of an article for each word that is known already.
 */
export class TextTable {
  /** Open addressing: a number plus 1, or 0. */
  #cells = new Int32Array(1024)
  #starts: Uint32Array = new Uint32Array(512)
  #hashes = new Int32Array(512)
  #units: Uint16Array = new Uint16Array(4096)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The number of `text` from `start` to `end`, a new one if need be. */
  numberOf(text: string, start = 0, end = text.length): number {
    const hash = hashOf(text, start, end)
    const cell = this.#cellOf(hash, text, start, end)
    const known = this.#cells[cell]!
    if (known !== 0) return known - 1
    const number = this.#size++
    this.#starts = grownTo(this.#starts, number + 2)
    this.#hashes = grownTo(this.#hashes, number + 1)
    const from = this.#starts[number]!
    this.#units = grownTo(this.#units, from + end - start)
    for (let at = start; at < end; at++) this.#units[from + at - start] = text.charCodeAt(at)
    this.#starts[number + 1] = from + end - start
    this.#hashes[number] = hash
    this.#cells[cell] = number + 1
    if (this.#size * 2 > this.#cells.length) this.#rehash()
    return number
  }

  /** The number of a text that is known, else -1. */
  find(text: string): number {
    return this.#cells[this.#cellOf(hashOf(text, 0, text.length), text, 0, text.length)]! - 1
  }

  text(number: number): string {
    const end = this.#starts[number + 1]!
    let text = ''
    for (let at = this.#starts[number]!; at < end; at++) text += String.fromCharCode(this.#units[at]!)
    return text
  }

  /** 32 bits of the text (FNV-1a): the same in every process, whatever the order of arrival. */
  hash(number: number): number {
    return this.#hashes[number]!
  }

  /** Under 0 when the text of `a` comes first, as `<` on the strings has it. */
  compare(a: number, b: number): number {
    const units = this.#units
    const from = this.#starts[a]!
    const other = this.#starts[b]!
    const length = this.#starts[a + 1]! - from
    const otherLength = this.#starts[b + 1]! - other
    for (let at = 0; at < length && at < otherLength; at++) {
      const difference = units[from + at]! - units[other + at]!
      if (difference !== 0) return difference
    }
    return length - otherLength
  }

  save(): TextTableData {
    const starts = this.#starts.subarray(0, this.#size + 1)
    return { size: this.#size, starts, units: this.#units.subarray(0, starts[this.#size]) }
  }

  restore({ size, starts, units }: TextTableData): void {
    this.#size = size
    this.#starts = starts
    this.#units = units
    this.#hashes = new Int32Array(size)
    for (let number = 0; number < size; number++) {
      let hash = seed
      for (let at = starts[number]!; at < starts[number + 1]!; at++) hash = Math.imul(hash ^ units[at]!, prime)
      this.#hashes[number] = hash
    }
    let cells = 1024
    while (size * 2 > cells) cells *= 2
    this.#cells = new Int32Array(cells / 2)
    this.#rehash()
  }

  #cellOf(hash: number, text: string, start: number, end: number): number {
    const cells = this.#cells
    const mask = cells.length - 1
    // The low bits of FNV-1a alone fall into clusters.
    for (let cell = (hash ^ (hash >>> 15)) & mask; ; cell = (cell + 1) & mask) {
      const number = cells[cell]! - 1
      if (number < 0 || (this.#hashes[number] === hash && this.#isText(number, text, start, end))) return cell
    }
  }

  #isText(number: number, text: string, start: number, end: number): boolean {
    const from = this.#starts[number]!
    if (this.#starts[number + 1]! - from !== end - start) return false
    for (let at = start; at < end; at++) if (this.#units[from + at - start] !== text.charCodeAt(at)) return false
    return true
  }

  #rehash(): void {
    const cells = new Int32Array(this.#cells.length * 2)
    const mask = cells.length - 1
    for (let number = 0; number < this.#size; number++) {
      const hash = this.#hashes[number]!
      let cell = (hash ^ (hash >>> 15)) & mask
      while (cells[cell] !== 0) cell = (cell + 1) & mask
      cells[cell] = number + 1
    }
    this.#cells = cells
  }
}

/** The texts in the order of their numbers, for a snapshot. */
export interface TextTableData {
  readonly size: number
  readonly starts: Uint32Array
  readonly units: Uint16Array
}

const seed = 0x811c9dc5 | 0
const prime = 0x01000193

function hashOf(text: string, start: number, end: number): number {
  let hash = seed
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ text.charCodeAt(at), prime)
  return hash
}
