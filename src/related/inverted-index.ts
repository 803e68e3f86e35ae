import { offsetIn, pageLength, Runs, type RunsData, roomFor } from './runs.ts'
import { termsMax } from './term-numbers.ts'
import { type PackedTerms, weightMax } from './terms.ts'
import { grownTo } from './typed-arrays.ts'

/** All postings, for a snapshot. */
export interface InvertedIndexData {
  readonly runs: RunsData
  readonly starts: Uint32Array
  readonly lengths: Int32Array
}

/** What the index asks of its owner. */
export interface PostingContext {
  /** The hour in which the article of a slot was published. */
  hourOf(slot: number): number
  /** How many hours two articles may be apart for the term to count between them; infinite for a rare term. */
  horizonHours(term: number): number
}

/**
 * From each term to the articles that have it, with their weights.
 *
 * A posting is one number, `slot << 8 | weight`, and a term's postings are one run of them in the order of time. What
 * comes in as it is published is appended; what comes late is moved to its place. So the postings within a term's
 * horizon are one straight piece of its run, and an article that does not lie in it costs nothing.
 */
export class InvertedIndex {
  readonly #runs = new Runs()
  readonly #context: PostingContext
  readonly #postingsMax: number
  #start: Uint32Array = new Uint32Array(1024)
  #length: Int32Array = new Int32Array(1024)
  /** The pieces of runs that count for an article, as `accumulate` goes through its terms. */
  #from = new Int32Array(64)
  #to = new Int32Array(64)
  /** Articles met by `accumulate`. */
  touched = new Int32Array(1024)

  /**
   * @param postingsMax of one term, how many are looked at for one article at the very most: those nearest in time. Horizons keep to
   *   fewer on average; this is for a word that fills the news within days and that no statistics have heard of.
   */
  constructor(context: PostingContext, postingsMax: number) {
    this.#context = context
    this.#postingsMax = postingsMax
  }

  add(slot: number, terms: PackedTerms): void {
    const hour = this.#context.hourOf(slot)
    for (let at = 0; at < terms.length; at++) {
      this.#addPosting(terms[at]! >>> 8, hour, ((slot << 8) | (terms[at]! & weightMax)) >>> 0)
    }
  }

  /** @param terms the same that were added */
  remove(slot: number, terms: PackedTerms): void {
    const hour = this.#context.hourOf(slot)
    for (let index = 0; index < terms.length; index++) {
      const term = terms[index]! >>> 8
      const length = this.#length[term]!
      const page = this.#runs.page(this.#start[term]!)
      const from = offsetIn(this.#start[term]!)
      let at = this.#firstFrom(page, from, from + length, hour)
      while (at < from + length && page[at]! >>> 8 !== slot) at++
      if (at === from + length) continue
      page.copyWithin(at, at + 1, from + length)
      if (length === 1) this.#runs.giveBack(this.#start[term]!, roomFor(1))
      else if (roomFor(length - 1) !== roomFor(length)) this.#move(term, length - 1, roomFor(length))
      this.#length[term] = length - 1
    }
  }

  /**
   * Adds to `scores[slot]` the dot product of these terms with those of every article that shares one within its horizon.
   * `scores` must be all zero before; the caller clears it.
   *
   * @returns how many postings that took, and how many slots are in `touched`: all whose score is not zero, each once. Null
   *   when so many are that looking at every slot in order is cheaper than to keep and follow a list.
   */
  accumulate(
    terms: PackedTerms,
    hour: number,
    scores: Int32Array,
    slots: number,
  ): { postings: number; touched: number | null } {
    const count = terms.length
    if (this.#from.length < count) {
      this.#from = grownTo(this.#from, count)
      this.#to = grownTo(this.#to, count)
    }
    let postings = 0
    for (let index = 0; index < count; index++) postings += this.#findPiece(terms[index]! >>> 8, hour, index)
    if (postings * denseFrom >= slots) {
      for (let index = 0; index < count; index++) this.#addDensely(terms[index]!, index, scores)
      return { postings, touched: null }
    }
    if (this.touched.length <= scores.length) this.touched = new Int32Array(scores.length + 1)
    let touched = 0
    for (let index = 0; index < count; index++) touched = this.#addSparsely(terms[index]!, index, scores, touched)
    return { postings, touched }
  }

  /** Leaves in `#from` and `#to` which piece of the term's run counts for an article of this hour; gives its length. */
  #findPiece(term: number, hour: number, index: number): number {
    const length = term < this.#length.length ? this.#length[term]! : 0
    let from = length === 0 ? 0 : offsetIn(this.#start[term]!)
    let to = from + length
    const horizon = length === 0 ? Number.POSITIVE_INFINITY : this.#context.horizonHours(term)
    if (horizon !== Number.POSITIVE_INFINITY || length > this.#postingsMax) {
      const page = this.#runs.page(this.#start[term]!)
      if (horizon !== Number.POSITIVE_INFINITY) {
        from = this.#firstFrom(page, from, to, hour - horizon)
        to = this.#firstFrom(page, from, to, hour + horizon + 1)
      }
      if (to - from > this.#postingsMax) {
        // Half on each side of the hour; where one side has fewer the other gets the rest.
        const middle = this.#firstFrom(page, from, to, hour)
        from = Math.max(from, Math.min(middle - (this.#postingsMax >> 1), to - this.#postingsMax))
        to = from + this.#postingsMax
      }
    }
    this.#from[index] = from
    this.#to[index] = to
    return to - from
  }

  #addDensely(packed: number, index: number, scores: Int32Array): void {
    const to = this.#to[index]!
    if (to === this.#from[index]) return
    const weight = packed & weightMax
    const page = this.#runs.page(this.#start[packed >>> 8]!)
    for (let at = this.#from[index]!; at < to; at++) {
      const posting = page[at]!
      scores[posting >>> 8]! += weight * (posting & weightMax)
    }
  }

  #addSparsely(packed: number, index: number, scores: Int32Array, touchedBefore: number): number {
    const to = this.#to[index]!
    let size = touchedBefore
    if (to === this.#from[index]) return size
    const weight = packed & weightMax
    const page = this.#runs.page(this.#start[packed >>> 8]!)
    const touched = this.touched
    for (let at = this.#from[index]!; at < to; at++) {
      const posting = page[at]!
      const slot = posting >>> 8
      const before = scores[slot]!
      scores[slot] = before + weight * (posting & weightMax)
      // Without a branch, which would be guessed wrongly every third time: only from 0 is `before - 1` negative.
      touched[size] = slot
      size += (before - 1) >>> 31
    }
    return size
  }

  /** Closes the holes that runs leave as they grow, where they have become many; it takes a tenth of a second for a hundred megabytes. */
  compact(): void {
    if (!this.#runs.isSparse) return
    const terms = this.#length.reduce((count, length) => count + (length > 0 ? 1 : 0), 0)
    // One sort of plain numbers, by start, with the term in the low bits.
    const order = new Float64Array(terms)
    let size = 0
    for (let term = 0; term < this.#length.length; term++) {
      if (this.#length[term]! > 0) order[size++] = this.#start[term]! * termsMax + term
    }
    order.sort()
    const inOrder = Uint32Array.from(order, (both) => both % termsMax)
    const starts = order.map((both) => Math.floor(both / termsMax))
    this.#runs.compact(starts, (at) => roomFor(this.#length[inOrder[at]!]!))
    for (let at = 0; at < inOrder.length; at++) this.#start[inOrder[at]!] = starts[at]!
  }

  save(): InvertedIndexData {
    return { runs: this.#runs.save(), starts: this.#start, lengths: this.#length }
  }

  restore({ runs, starts, lengths }: InvertedIndexData): void {
    this.#runs.restore(runs)
    this.#start = starts
    this.#length = lengths
  }

  #addPosting(term: number, hour: number, posting: number): void {
    if (term >= this.#start.length) {
      this.#start = grownTo(this.#start, term + 1)
      this.#length = grownTo(this.#length, term + 1)
    }
    const length = this.#length[term]!
    // No term of use is in a million articles; what is beyond is not found by this term.
    if (length === pageLength) return
    if (length === 0) this.#start[term] = this.#runs.take(roomFor(1))
    else if (length === roomFor(length)) this.#move(term, length, length)
    const page = this.#runs.page(this.#start[term]!)
    const from = offsetIn(this.#start[term]!)
    const end = from + length
    this.#length[term] = length + 1
    if (length === 0 || this.#context.hourOf(page[end - 1]! >>> 8) <= hour) {
      page[end] = posting
      return
    }
    const at = this.#firstFrom(page, from, end, hour + 1)
    page.copyWithin(at + 1, at, end)
    page[at] = posting
  }

  /** Moves a run to where it has the room for one more; or, when postings have gone, no more room than it needs. */
  #move(term: number, length: number, room: number): void {
    const old = this.#start[term]!
    const start = this.#runs.take(roomFor(length < room ? length : length + 1))
    const from = offsetIn(old)
    this.#runs.page(start).set(this.#runs.page(old).subarray(from, from + length), offsetIn(start))
    this.#runs.giveBack(old, room)
    this.#start[term] = start
  }

  /** The first place from `from` on whose article was published in this hour or later; `to` when there is none. */
  #firstFrom(page: Uint32Array, from: number, to: number, hour: number): number {
    let low = from
    let high = to
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#context.hourOf(page[middle]! >>> 8) < hour) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Following a list costs about this many times what looking at every slot in order does. */
const denseFrom = 3
