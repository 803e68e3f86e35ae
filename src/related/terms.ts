import type { ArticleWords } from './article-words.ts'
import { type Statistics, startsNoField } from './statistics.ts'
import type { TermNumbers } from './term-numbers.ts'
import { grownTo } from './typed-arrays.ts'
import { functionWord, type Vocabulary } from './vocabulary.ts'

/**
 * An article's strongest terms and their weights: a vector of length about `unit`. Each number is `term << 8 | weight`,
 * in ascending order.
 */
export type PackedTerms = Uint32Array

/** The length of a weighted article, when none of its weights is above what eight bits hold. */
export const unit = 400
export const weightMax = 255

export interface WeightOptions {
  /** How soon a repeated word stops adding; 1.6 to 2 measured better than the usual 1.2. */
  readonly saturation: number
  /** How much a long text discounts its words, 0 to 1. */
  readonly lengthDiscount: number
  readonly headlineWeight: number
  readonly leadWeight: number
  readonly pairWeight: number
  /** How many terms of an article are kept. More finds a little more at a great cost: see docs/relatedness.md. */
  readonly termsKept: number
  /** Of these, how many may be words that no other article of the epoch has: a name before its second report. */
  readonly newTermsKept: number
  /** A word in more than this share of the articles of its language tells none of them apart. */
  readonly shareMax: number
}

export const defaultWeights: WeightOptions = {
  saturation: 1.8,
  lengthDiscount: 0.5,
  headlineWeight: 2,
  leadWeight: 1.5,
  pairWeight: 0.4,
  termsKept: 88,
  newTermsKept: 12,
  shareMax: 0.3,
}

/** Weighs articles under one epoch's statistics. The result depends on the article and the statistics alone. */
export class TermWeigher {
  readonly #vocabulary: Vocabulary
  readonly #statistics: Statistics
  readonly #numbers: TermNumbers
  readonly #options: WeightOptions
  /** By candidate, as the statistics number them; zero between two articles. */
  #counts = new Float32Array(1024)
  #found = new Int32Array(1024)
  #weights = new Float64Array(1024)
  #unseen = new Int32Array(1024)

  constructor(vocabulary: Vocabulary, statistics: Statistics, numbers: TermNumbers, options = defaultWeights) {
    this.#vocabulary = vocabulary
    this.#statistics = statistics
    this.#numbers = numbers
    this.#options = options
  }

  weigh(article: ArticleWords): PackedTerms {
    const { saturation, lengthDiscount, pairWeight, termsKept, newTermsKept } = this.#options
    const statistics = this.#statistics
    const found = this.#count(article)
    this.#weights = grownTo(this.#weights, statistics.pairCount + this.#vocabulary.wordCount)
    const weights = this.#weights
    const counts = this.#counts
    const relativeLength = article.writings.length / statistics.averageWords
    const dampening = saturation * (1 - lengthDiscount + lengthDiscount * relativeLength)
    // Rarity is counted within the article's language.
    const documents = statistics.documentsIn(article.language)
    const isOneLanguage = documents === statistics.documents
    let seen = 0
    let unseen = 0
    for (let at = 0; at < found; at++) {
      const term = this.#found[at]!
      const count = counts[term]!
      counts[term] = 0
      const frequency = statistics.frequency(term)
      const rarity = this.#rarity(isOneLanguage ? frequency : statistics.frequencyIn(term, article.language), documents)
      if (rarity === 0) continue
      // The square root, since a product of two weights multiplies rarity in from both sides.
      const weight = Math.sqrt(rarity) * ((count * (saturation + 1)) / (count + dampening))
      const isPair = term < statistics.pairCount
      weights[term] = isPair ? weight * pairWeight : weight
      if (isPair || frequency >= 2) this.#found[seen++] = term
      else this.#unseen[unseen++] = term
    }
    const newKept = this.#strongest(this.#unseen, unseen, newTermsKept)
    this.#found.set(this.#unseen.subarray(0, newKept), seen)
    const kept = this.#strongest(this.#found, seen + newKept, termsKept)
    return this.#packed(this.#found.subarray(0, kept))
  }

  /** Leaves the distinct candidates in `#found` and their weighted counts in `#counts`; gives how many. */
  #count(article: ArticleWords): number {
    const { headlineWeight, leadWeight } = this.#options
    const statistics = this.#statistics
    this.#counts = grownTo(this.#counts, statistics.pairCount + this.#vocabulary.wordCount)
    const { writings, headlineEnd, leadEnd, reader } = article
    this.#found = grownTo(this.#found, writings.length * 3)
    this.#unseen = grownTo(this.#unseen, writings.length * 2)
    const counts = this.#counts
    const found = this.#found
    const pairCount = statistics.pairCount
    let size = 0
    let before = -1
    for (let at = 0; at < writings.length; at++) {
      const word = reader.word(writings[at]! >> 1)
      if (word === functionWord) {
        before = -1
        continue
      }
      const weight = at < headlineEnd ? headlineWeight : at < leadEnd ? leadWeight : 1
      const term = pairCount + word
      if (counts[term] === 0) found[size++] = term
      counts[term]! += weight
      if (before >= 0 && startsNoField(article, at)) {
        const pair = statistics.pairTerm(before, word)
        if (pair >= 0) {
          if (counts[pair] === 0) found[size++] = pair
          counts[pair]! += weight
        }
      }
      before = word
    }
    return size
  }

  /** The inverse document frequency; 0 for a term that is everywhere. */
  #rarity(counted: number, documents: number): number {
    const frequency = Math.max(1, counted)
    // In a handful of articles a share says nothing: three articles on one story are no reason to forget its name.
    if (frequency > 10 && frequency > documents * this.#options.shareMax) return 0
    return Math.log(1 + (Math.max(0, documents - frequency) + 0.5) / (frequency + 0.5))
  }

  /** Moves the strongest of the first `count` to the front, in any order, and gives how many they are. */
  #strongest(terms: Int32Array, count: number, atMost: number): number {
    if (count <= atMost) return count
    const weights = this.#weights
    let from = 0
    let to = count - 1
    // Quickselect: the first `atMost` end up before all others. Ties go by the terms' texts, which no order of arrival changes.
    while (from < to) {
      const pivot = terms[(from + to) >> 1]!
      let left = from
      let right = to
      while (left <= right) {
        while (this.#isStronger(terms[left]!, pivot, weights)) left++
        while (this.#isStronger(pivot, terms[right]!, weights)) right--
        if (left <= right) {
          const kept = terms[left]!
          terms[left++] = terms[right]!
          terms[right--] = kept
        }
      }
      if (atMost - 1 <= right) to = right
      else if (atMost - 1 >= left) from = left
      else break
    }
    return atMost
  }

  #isStronger(one: number, two: number, weights: Float64Array): boolean {
    const difference = weights[one]! - weights[two]!
    if (difference !== 0) return difference > 0
    return one !== two && this.#compareTexts(one, two) < 0
  }

  #compareTexts(one: number, two: number): number {
    const [first, second] = this.#statistics.partsOf(one)
    const [otherFirst, otherSecond] = this.#statistics.partsOf(two)
    const byFirst = this.#vocabulary.compareWords(first, otherFirst)
    if (byFirst !== 0) return byFirst
    if (second < 0 || otherSecond < 0) return second - otherSecond
    return this.#vocabulary.compareWords(second, otherSecond)
  }

  #packed(kept: Int32Array): PackedTerms {
    const count = kept.length
    const weights = this.#weights
    const squares = new Float64Array(count)
    for (let at = 0; at < count; at++) squares[at] = weights[kept[at]!]! ** 2
    // In ascending order the sum is the same whatever the order in which the terms were numbered.
    squares.sort()
    let sum = 0
    for (let at = 0; at < count; at++) sum += squares[at]!
    const scale = unit / Math.sqrt(sum)
    const { pairCount } = this.#statistics
    const packed = new Uint32Array(count)
    for (let at = 0; at < count; at++) {
      const term = kept[at]!
      const weight = Math.min(weightMax, Math.max(1, Math.round(weights[term]! * scale)))
      const number =
        term >= pairCount
          ? this.#numbers.ofWord(term - pairCount)
          : this.#numbers.ofPair(...this.#statistics.partsOf(term))
      packed[at] = ((number << 8) | weight) >>> 0
    }
    return packed.sort()
  }
}

/** The sum of products of what two articles share; `counts` tells whether a term counts between these two. */
export function eachShared(
  a: PackedTerms,
  b: PackedTerms,
  visit: (term: number, weight: number, otherWeight: number) => void,
): void {
  let at = 0
  let other = 0
  while (at < a.length && other < b.length) {
    const term = a[at]! >>> 8
    const difference = term - (b[other]! >>> 8)
    if (difference === 0) visit(term, a[at++]! & weightMax, b[other++]! & weightMax)
    else if (difference < 0) at++
    else other++
  }
}
