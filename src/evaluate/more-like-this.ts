import { eachWord, wordKey } from '../related/words.ts'
import type { Ranker } from './ranker.ts'

/**
 * The baseline that most sites have behind their rail: a search with the article's own strongest words.
 *
 * The 25 words of the article with the highest `tf · idf` are the query (as Lucene's MoreLikeThis chooses them), and BM25
 * ranks all others by it (Robertson and Zaragoza: The Probabilistic Relevance Framework, 2009; k1 1.2, b 0.75). Words as
 * they are, without stems: plain, as a baseline should be, and the same in every language.
 */
export class MoreLikeThis implements Ranker {
  readonly name = 'BM25 more-like-this'
  readonly #words = new Map<string, Int32Array>()
  readonly #numbers = new Map<string, number>()
  #index: Bm25Index | null = null

  /** Takes in an article, or its correction. */
  put(id: string, text: string): void {
    const words: number[] = []
    eachWord(text, (source, start, end) => {
      const word = wordKey(source.slice(start, end))
      let number = this.#numbers.get(word)
      if (number === undefined) {
        number = this.#numbers.size
        // A slice keeps the whole article alive that it was cut from; a copy does not.
        this.#numbers.set(Buffer.from(word).toString(), number)
      }
      words.push(number)
      return true
    })
    this.#words.set(id, Int32Array.from(words).sort())
    this.#index = null
  }

  remove(id: string): void {
    this.#words.delete(id)
    this.#index = null
  }

  rank(id: string, atMost: number): string[] {
    this.#index ??= new Bm25Index([...this.#words.keys()], [...this.#words.values()], this.#numbers.size)
    return this.#index.rank(id, atMost)
  }
}

/** How many of an article's words make the query. */
export const queryTermsDefault = 25

const k1 = 1.2
const b = 0.75

/** All postings in three flat arrays, word after word. */
class Bm25Index {
  readonly #ids: readonly string[]
  readonly #places: ReadonlyMap<string, number>
  readonly #words: readonly Int32Array[]
  readonly #starts: Int32Array
  readonly #articles: Int32Array
  readonly #counts: Int32Array
  readonly #norms: Float64Array
  readonly #scores: Float64Array

  constructor(ids: readonly string[], words: readonly Int32Array[], wordCount: number) {
    this.#ids = ids
    this.#places = new Map(ids.map((id, at) => [id, at]))
    this.#words = words
    this.#scores = new Float64Array(ids.length)
    const starts = new Int32Array(wordCount + 1)
    for (const sorted of words) eachCount(sorted, (word) => starts[word + 1]!++)
    for (let word = 0; word < wordCount; word++) starts[word + 1]! += starts[word]!
    this.#starts = starts
    this.#articles = new Int32Array(starts[wordCount]!)
    this.#counts = new Int32Array(starts[wordCount]!)
    const next = starts.slice()
    words.forEach((sorted, article) => {
      eachCount(sorted, (word, count) => {
        const at = next[word]!++
        this.#articles[at] = article
        this.#counts[at] = count
      })
    })
    const mean = Math.max(1, words.reduce((sum, { length }) => sum + length, 0) / Math.max(1, words.length))
    this.#norms = Float64Array.from(words, ({ length }) => k1 * (1 - b + (b * length) / mean))
  }

  rank(id: string, atMost: number): string[] {
    const own = this.#places.get(id)
    if (own === undefined) return []
    const scores = this.#scores.fill(0)
    for (const word of this.#queryOf(own)) {
      const idf = this.#idf(word)
      for (let at = this.#starts[word]!; at < this.#starts[word + 1]!; at++) {
        const article = this.#articles[at]!
        const count = this.#counts[at]!
        scores[article]! += (idf * count * (k1 + 1)) / (count + this.#norms[article]!)
      }
    }
    scores[own] = 0
    return best(scores, atMost, (one, two) => (this.#ids[one]! < this.#ids[two]! ? -1 : 1)).map((at) => this.#ids[at]!)
  }

  #queryOf(article: number): number[] {
    const weighed: Array<{ word: number; weight: number }> = []
    eachCount(this.#words[article]!, (word, count) => {
      // A word that nobody else has finds nobody.
      if (this.#frequency(word) > 1) weighed.push({ word, weight: count * this.#idf(word) })
    })
    return weighed
      .sort((one, two) => two.weight - one.weight || one.word - two.word)
      .slice(0, queryTermsDefault)
      .map(({ word }) => word)
  }

  #frequency(word: number): number {
    return this.#starts[word + 1]! - this.#starts[word]!
  }

  #idf(word: number): number {
    const frequency = this.#frequency(word)
    return Math.log(1 + (this.#ids.length - frequency + 0.5) / (frequency + 0.5))
  }
}

/** Each different number of a sorted list, with how often it is there. */
function eachCount(sorted: Int32Array, visit: (word: number, count: number) => void): void {
  for (let at = 0; at < sorted.length; ) {
    let end = at + 1
    while (end < sorted.length && sorted[end] === sorted[at]) end++
    visit(sorted[at]!, end - at)
    at = end
  }
}

/** The places of the highest scores over 0, the highest first. */
function best(scores: Float64Array, atMost: number, compare: (one: number, two: number) => number): number[] {
  const chosen: number[] = []
  const isBefore = (one: number, two: number) =>
    scores[one]! > scores[two]! || (scores[one] === scores[two] && compare(one, two) < 0)
  for (let at = 0; at < scores.length; at++) {
    if (scores[at]! <= 0 || (chosen.length === atMost && !isBefore(at, chosen[atMost - 1]!))) continue
    let place = chosen.length
    while (place > 0 && isBefore(at, chosen[place - 1]!)) place--
    chosen.splice(place, 0, at)
    if (chosen.length > atMost) chosen.pop()
  }
  return chosen
}
