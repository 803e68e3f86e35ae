import { PairTable } from './pair-table.ts'
import { grownTo } from './typed-arrays.ts'

/**
 * Numbers for the terms that any article was ever kept by, from 0, the same in every epoch: an article keeps its terms
 * when new statistics begin.
 */
export class TermNumbers {
  #firsts = new Int32Array(1024)
  /** -1 for a single word. */
  #seconds = new Int32Array(1024)
  #size = 0
  /** By word: its term plus 1. */
  #ofWord = new Int32Array(1024)
  #pairs = new PairTable()
  /** By pair, as the table numbers it: its term. */
  #ofPair = new Int32Array(1024)

  get size(): number {
    return this.#size
  }

  ofWord(word: number): number {
    if (word >= this.#ofWord.length) this.#ofWord = grownTo(this.#ofWord, word + 1)
    const known = this.#ofWord[word]!
    if (known > 0) return known - 1
    const term = this.#add(word, -1)
    this.#ofWord[word] = term + 1
    return term
  }

  ofPair(first: number, second: number): number {
    const known = this.#pairs.find(first, second)
    if (known >= 0) return this.#ofPair[known]!
    const pair = this.#pairs.add(first, second)
    this.#ofPair = grownTo(this.#ofPair, pair + 1)
    this.#ofPair[pair] = this.#add(first, second)
    return this.#ofPair[pair]!
  }

  /** The first word of a pair, or the word itself. */
  first(term: number): number {
    return this.#firsts[term]!
  }

  /** The second word of a pair; -1 for a single word. */
  second(term: number): number {
    return this.#seconds[term]!
  }

  save(): { firsts: Int32Array; seconds: Int32Array } {
    return { firsts: this.#firsts.subarray(0, this.#size), seconds: this.#seconds.subarray(0, this.#size) }
  }

  restore({ firsts, seconds }: { firsts: Int32Array; seconds: Int32Array }): void {
    for (let term = 0; term < firsts.length; term++) {
      if (seconds[term]! < 0) this.ofWord(firsts[term]!)
      else this.ofPair(firsts[term]!, seconds[term]!)
    }
  }

  #add(first: number, second: number): number {
    const term = this.#size++
    this.#firsts = grownTo(this.#firsts, this.#size)
    this.#seconds = grownTo(this.#seconds, this.#size)
    this.#firsts[term] = first
    this.#seconds[term] = second
    return term
  }
}

/** A term and its weight share 32 bits. */
export const termsMax = 2 ** 24
