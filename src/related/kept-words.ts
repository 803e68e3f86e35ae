import { type ArticleWords, wordsReadMax } from './article-words.ts'
import { ByteRuns, type ByteRunsData, byteOffsetIn } from './byte-runs.ts'
import { grownTo } from './typed-arrays.ts'

/**
 * The words of the articles that statistics are counted from, packed into bytes: about two for a word, and no object for
 * an article.
 */
export class KeptWords {
  readonly #runs = new ByteRuns()
  /** By slot. */
  #starts: Uint32Array = new Uint32Array(256)
  /** By slot; 0 for an article whose words are not kept. */
  #bytes: Uint16Array = new Uint16Array(256)

  has(slot: number): boolean {
    return slot < this.#bytes.length && this.#bytes[slot] !== 0
  }

  /**
   * The words as they were set; null when they are not kept. The writings are a view that the next call overwrites: an array for
   * each would be a hundred megabytes of garbage whenever statistics are counted.
   */
  of(slot: number): Omit<ArticleWords, 'signature' | 'reader' | 'language'> | null {
    if (!this.has(slot)) return null
    const start = this.#starts[slot]!
    const page = this.#runs.page(start)
    let from = byteOffsetIn(start)
    const read = () => {
      let number = 0
      let shift = 0
      let byte = page[from++]!
      for (; byte > 127; byte = page[from++]!, shift += 7) number |= (byte & 127) << shift
      return number | (byte << shift)
    }
    const count = read()
    const headlineEnd = read()
    const leadEnd = read()
    for (let at = 0; at < count; at++) scratchWritings[at] = read()
    return { writings: scratchWritings.subarray(0, count), headlineEnd, leadEnd }
  }

  set(slot: number, { writings, headlineEnd, leadEnd }: ArticleWords): void {
    this.delete(slot)
    let size = 0
    const write = (number: number) => {
      let rest = number
      for (; rest > 127; rest >>>= 7) scratch[size++] = (rest & 127) | 128
      scratch[size++] = rest
    }
    write(writings.length)
    write(headlineEnd)
    write(leadEnd)
    for (const writing of writings) write(writing)
    this.#starts = grownTo(this.#starts, slot + 1)
    this.#bytes = grownTo(this.#bytes, slot + 1)
    const start = this.#runs.take(size)
    this.#runs.page(start).set(scratch.subarray(0, size), byteOffsetIn(start))
    this.#starts[slot] = start
    this.#bytes[slot] = size
  }

  delete(slot: number): void {
    if (!this.has(slot)) return
    this.#runs.giveBack(this.#starts[slot]!, this.#bytes[slot]!)
    this.#bytes[slot] = 0
  }

  /** @param slots all that are used are below this */
  save(slots: number): KeptWordsData {
    return { runs: this.#runs.save(), starts: this.#starts.subarray(0, slots), bytes: this.#bytes.subarray(0, slots) }
  }

  restore({ runs, starts, bytes }: KeptWordsData): void {
    this.#runs.restore(runs)
    this.#starts = starts
    this.#bytes = bytes
  }
}

/** All words, for a snapshot. */
export interface KeptWordsData {
  readonly runs: ByteRunsData
  readonly starts: Uint32Array
  readonly bytes: Uint16Array
}

/** As many numbers as an article can have, of five bytes at most; below 65,536, what a column holds. */
const scratch = new Uint8Array((wordsReadMax + 3) * 5)

const scratchWritings = new Int32Array(wordsReadMax)
