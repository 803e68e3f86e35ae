import { ByteRuns, type ByteRunsData, byteOffsetIn } from './byte-runs.ts'
import { type PackedTerms, weightMax } from './terms.ts'
import { grownTo } from './typed-arrays.ts'

/**
 * The terms of every article, packed into bytes: read to explain, to correct and to remove, and hardly ever otherwise.
 *
 * Terms are numbered as they are first met and lie in ascending order, so what is kept is the distance to the one
 * before, seven bits a byte (LEB128), and a byte of weight: under three bytes a term instead of four, and no room to spare.
 */
export class Vectors {
  readonly #runs = new ByteRuns()
  #starts: Uint32Array = new Uint32Array(256)
  /** By slot: how many terms; 1 more than there are, so that 0 stands for a slot without an article. */
  #counts: Uint16Array = new Uint16Array(256)
  #bytes: Uint16Array = new Uint16Array(256)

  has(slot: number): boolean {
    return slot < this.#counts.length && this.#counts[slot] !== 0
  }

  /** A copy; empty for a slot without an article. */
  termsOf(slot: number): PackedTerms {
    if (!this.has(slot)) return noTerms
    const terms = new Uint32Array(this.#counts[slot]! - 1)
    const page = this.#runs.page(this.#starts[slot]!)
    let from = byteOffsetIn(this.#starts[slot]!)
    let term = 0
    for (let at = 0; at < terms.length; at++) {
      let step = 0
      let shift = 0
      let byte = page[from++]!
      for (; byte > 127; byte = page[from++]!, shift += 7) step |= (byte & 127) << shift
      term += step | (byte << shift)
      terms[at] = ((term << 8) | page[from++]!) >>> 0
    }
    return terms
  }

  /** @param terms in ascending order; the slot must have none */
  set(slot: number, terms: PackedTerms): void {
    if (scratch.length < terms.length * 5) scratch = new Uint8Array(terms.length * 5)
    let size = 0
    let before = 0
    for (const packed of terms) {
      const term = packed >>> 8
      let step = term - before
      before = term
      for (; step > 127; step >>>= 7) scratch[size++] = (step & 127) | 128
      scratch[size++] = step
      scratch[size++] = packed & weightMax
    }
    this.#starts = grownTo(this.#starts, slot + 1)
    this.#counts = grownTo(this.#counts, slot + 1)
    this.#bytes = grownTo(this.#bytes, slot + 1)
    const start = this.#runs.take(size)
    this.#runs.page(start).set(scratch.subarray(0, size), byteOffsetIn(start))
    this.#starts[slot] = start
    this.#counts[slot] = terms.length + 1
    this.#bytes[slot] = size
  }

  delete(slot: number): void {
    if (!this.has(slot)) return
    this.#runs.giveBack(this.#starts[slot]!, this.#bytes[slot]!)
    this.#counts[slot] = 0
  }

  /** @param slots all that are used are below this */
  save(slots: number): VectorsData {
    return {
      runs: this.#runs.save(),
      starts: this.#starts.subarray(0, slots),
      counts: this.#counts.subarray(0, slots),
      bytes: this.#bytes.subarray(0, slots),
    }
  }

  restore({ runs, starts, counts, bytes }: VectorsData): void {
    this.#runs.restore(runs)
    this.#starts = starts
    this.#counts = counts
    this.#bytes = bytes
  }
}

/** All terms, for a snapshot. */
export interface VectorsData {
  readonly runs: ByteRunsData
  readonly starts: Uint32Array
  readonly counts: Uint16Array
  readonly bytes: Uint16Array
}

let scratch = new Uint8Array(1024)

const noTerms = new Uint32Array(0)
