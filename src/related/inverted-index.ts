import type { WeightedTerms } from './terms.ts'
import { grownTo } from './typed-arrays.ts'

/**
 * From each term to the articles that have it, with their weights.
 *
 * All postings lie in two arrays; a term's postings are one run of them. A run that is full moves to the end with
 * twice the room, so that adding costs no allocation and reading is one straight walk.
 */
export class InvertedIndex {
  #start = new Int32Array(1024)
  #length = new Int32Array(1024)
  #room = new Int32Array(1024)
  #slots = new Int32Array(1 << 14)
  #weights = new Uint16Array(1 << 14)
  #end = 0
  #abandoned = 0

  add(slot: number, { terms, weights }: WeightedTerms): void {
    for (let at = 0; at < terms.length; at++) this.#addPosting(terms[at]!, slot, weights[at]!)
  }

  /** @param article the same terms that were added */
  remove(slot: number, article: WeightedTerms): void {
    for (const term of article.terms) {
      const start = this.#start[term]!
      const last = start + this.#length[term]! - 1
      const at = this.#slots.subarray(start, last + 1).indexOf(slot) + start
      this.#slots[at] = this.#slots[last]!
      this.#weights[at] = this.#weights[last]!
      this.#length[term]!--
    }
  }

  /**
   * Adds to `scores[slot]` the dot product of the article with every article that shares a term with it; gives how many
   * postings that took. `scores` must be all zero before, and is the caller's to clear after.
   */
  accumulate({ terms, weights }: WeightedTerms, scores: Int32Array): number {
    const slots = this.#slots
    const postingWeights = this.#weights
    let work = 0
    for (let term = 0; term < terms.length; term++) {
      const id = terms[term]!
      if (id >= this.#start.length) continue
      const weight = weights[term]!
      const start = this.#start[id]!
      const end = start + this.#length[id]!
      for (let at = start; at < end; at++) scores[slots[at]!]! += weight * postingWeights[at]!
      work += end - start
    }
    return work
  }

  #addPosting(term: number, slot: number, weight: number): void {
    if (term >= this.#start.length) {
      this.#start = grownTo(this.#start, term + 1)
      this.#length = grownTo(this.#length, term + 1)
      this.#room = grownTo(this.#room, term + 1)
    }
    const length = this.#length[term]!
    if (length === this.#room[term]) this.#moveToEnd(term, length === 0 ? 2 : length * 2)
    const at = this.#start[term]! + length
    this.#slots[at] = slot
    this.#weights[at] = weight
    this.#length[term] = length + 1
  }

  #moveToEnd(term: number, room: number): void {
    if (this.#abandoned > 1 << 16 && this.#abandoned * 2 > this.#end) this.#compact()
    this.#slots = grownTo(this.#slots, this.#end + room)
    this.#weights = grownTo(this.#weights, this.#end + room)
    const start = this.#start[term]!
    const length = this.#length[term]!
    this.#slots.copyWithin(this.#end, start, start + length)
    this.#weights.copyWithin(this.#end, start, start + length)
    this.#abandoned += this.#room[term]!
    this.#start[term] = this.#end
    this.#room[term] = room
    this.#end += room
  }

  #compact(): void {
    const slots = new Int32Array(this.#slots.length)
    const weights = new Uint16Array(this.#weights.length)
    let end = 0
    for (let term = 0; term < this.#start.length; term++) {
      const start = this.#start[term]!
      const length = this.#length[term]!
      slots.set(this.#slots.subarray(start, start + length), end)
      weights.set(this.#weights.subarray(start, start + length), end)
      this.#start[term] = end
      this.#room[term] = length
      end += length
    }
    this.#slots = slots
    this.#weights = weights
    this.#end = end
    this.#abandoned = 0
  }
}
