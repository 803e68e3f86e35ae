import { type PackedTerms, weightMax } from './terms.ts'
import { grownTo } from './typed-arrays.ts'

/**
 * The terms of every article, packed into bytes: read to explain, to correct and to remove, and hardly ever otherwise.
 *
 * Terms are numbered as they are first met and lie in ascending order, so what is kept is the distance to the one
 * before, seven bits a byte (LEB128), and a byte of weight: about three bytes a term instead of four, and no room to spare.
 */
export class Vectors {
  readonly #pages: Uint8Array[] = []
  /** Places given back, by how many units of `grain` they have. */
  readonly #free: number[][] = []
  /** How much of the last page is used. */
  #used = pageBytes
  /** In units of `grain`. */
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
    const start = this.#starts[slot]!
    const page = this.#pages[Math.floor(start / pageGrains)]!
    let from = (start % pageGrains) * grain
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
    const start = this.#take(grainsFor(size))
    this.#pages[Math.floor(start / pageGrains)]!.set(scratch.subarray(0, size), (start % pageGrains) * grain)
    this.#starts[slot] = start
    this.#counts[slot] = terms.length + 1
    this.#bytes[slot] = size
  }

  delete(slot: number): void {
    if (!this.has(slot)) return
    this.#giveBack(this.#starts[slot]!, grainsFor(this.#bytes[slot]!))
    this.#counts[slot] = 0
  }

  /** @param slots all that are used are below this */
  save(slots: number): VectorsData {
    const free = this.#free.flatMap((starts, grains) => starts.flatMap((start) => [grains, start]))
    return {
      pages: this.#pages,
      used: this.#used,
      free: Uint32Array.from(free),
      starts: this.#starts.subarray(0, slots),
      counts: this.#counts.subarray(0, slots),
      bytes: this.#bytes.subarray(0, slots),
    }
  }

  restore({ pages, used, free, starts, counts, bytes }: VectorsData): void {
    this.#pages.splice(0, this.#pages.length, ...pages)
    this.#used = used
    this.#free.length = 0
    for (let at = 0; at < free.length; at += 2) this.#giveBack(free[at + 1]!, free[at]!)
    this.#starts = starts
    this.#counts = counts
    this.#bytes = bytes
  }

  #take(grains: number): number {
    // What a correction gives back is a grain or two larger or smaller than what it needs.
    for (let room = grains; room <= grains + 2; room++) {
      const free = this.#free[room]?.pop()
      if (free === undefined) continue
      if (room > grains) this.#giveBack(free + grains, room - grains)
      return free
    }
    if (this.#used + grains * grain > pageBytes) {
      this.#pages.push(new Uint8Array(pageBytes))
      this.#used = 0
    }
    const start = (this.#pages.length - 1) * pageGrains + this.#used / grain
    this.#used += grains * grain
    return start
  }

  #giveBack(start: number, grains: number): void {
    this.#free[grains] ??= []
    this.#free[grains].push(start)
  }
}

/** All terms, for a snapshot. */
export interface VectorsData {
  readonly pages: readonly Uint8Array[]
  readonly used: number
  /** The units of each place given back, and where it is. */
  readonly free: Uint32Array
  readonly starts: Uint32Array
  readonly counts: Uint16Array
  readonly bytes: Uint16Array
}

/** Eight bytes: what can be given back is told apart by size, and half of this is lost on average. */
const grain = 8
/** One megabyte. */
const pageBytes = 1 << 20
const pageGrains = pageBytes / grain

let scratch = new Uint8Array(1024)

const noTerms = new Uint32Array(0)

function grainsFor(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / grain))
}
