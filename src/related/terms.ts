import type { ArticleWords } from './article-words.ts'
import { FunctionWords } from './function-words.ts'
import { type Statistics, startsNoField } from './statistics.ts'
import { grownTo } from './typed-arrays.ts'
import type { Vocabulary } from './vocabulary.ts'

/**
 * An article's strongest terms and their weights, as integers: a vector of length about `unit`.
 * `terms` is in ascending order.
 */
export interface WeightedTerms {
  readonly terms: Int32Array
  readonly weights: Uint16Array
}

/** The length of a weighted article. Its square and every sum of products stay inside 32 bits. */
export const unit = 8192

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
  /** ... and none in more articles than this counts: the bound on the work of one publication. */
  readonly frequencyMax: number
}

export const defaultWeights: WeightOptions = {
  saturation: 1.8,
  lengthDiscount: 0.5,
  headlineWeight: 2,
  leadWeight: 1.5,
  pairWeight: 0.3,
  termsKept: 64,
  newTermsKept: 12,
  shareMax: 0.2,
  frequencyMax: 20_000,
}

/** Weighs articles under one epoch's statistics. The result depends on the article and the statistics alone. */
export class TermWeigher {
  readonly #vocabulary: Vocabulary
  readonly #statistics: Statistics
  readonly #functionWords: FunctionWords
  readonly #options: WeightOptions
  #counts = new Float64Array(1024)

  constructor(vocabulary: Vocabulary, statistics: Statistics, options: WeightOptions = defaultWeights) {
    this.#vocabulary = vocabulary
    this.#statistics = statistics
    this.#functionWords = new FunctionWords(vocabulary)
    this.#options = options
  }

  weigh(article: ArticleWords, language: string | null): WeightedTerms {
    const { saturation, lengthDiscount, pairWeight, termsKept } = this.#options
    const statistics = this.#statistics
    const found = this.#count(article, language)
    const relativeLength = article.writings.length / statistics.averageWords
    const dampening = saturation * (1 - lengthDiscount + lengthDiscount * relativeLength)
    const candidates: Candidate[] = []
    const unseen: Candidate[] = []
    for (const term of found) {
      const count = this.#counts[term]!
      this.#counts[term] = 0
      const rarity = this.#rarity(term, language)
      if (rarity === 0) continue
      // The square root, since a product of two weights multiplies rarity in from both sides.
      const weight =
        Math.sqrt(rarity) *
        ((count * (saturation + 1)) / (count + dampening)) *
        (term < statistics.pairCount ? pairWeight : 1)
      const isUnseen = term >= statistics.pairCount && statistics.frequency(term) < 2
      ;(isUnseen ? unseen : candidates).push({ term, weight })
    }
    candidates.push(...this.#strongest(unseen, this.#options.newTermsKept))
    return asIntegers(this.#strongest(candidates, termsKept))
  }

  /** The distinct terms, their weighted counts left in `#counts`. */
  #count(article: ArticleWords, language: string | null): number[] {
    const { headlineWeight, leadWeight } = this.#options
    const vocabulary = this.#vocabulary
    const statistics = this.#statistics
    this.#counts = grownTo(this.#counts, statistics.pairCount + vocabulary.wordCount)
    const counts = this.#counts
    const found: number[] = []
    const { writings, headlineEnd, leadEnd } = article
    let before = -1
    for (let at = 0; at < writings.length; at++) {
      const weight = at < headlineEnd ? headlineWeight : at < leadEnd ? leadWeight : 1
      const word = vocabulary.wordOf(writings[at]! >> 1)
      if (this.#functionWords.has(word, language)) {
        before = -1
        continue
      }
      const term = statistics.wordTerm(word)
      if (counts[term] === 0) found.push(term)
      counts[term]! += weight
      if (before >= 0 && startsNoField(article, at)) {
        const pair = statistics.pairTerm(before, word)
        if (pair >= 0) {
          if (counts[pair] === 0) found.push(pair)
          counts[pair]! += weight
        }
      }
      before = word
    }
    return found
  }

  /** The inverse document frequency within the article's language; 0 for a term that is everywhere. */
  #rarity(term: number, language: string | null): number {
    const { shareMax, frequencyMax } = this.#options
    const statistics = this.#statistics
    const inLanguage = language === null ? undefined : statistics.documentsByLanguage.get(language)
    const documents = inLanguage ?? statistics.documents
    const frequency = Math.max(1, statistics.frequency(term))
    // In a handful of articles a share says nothing: three articles on one story are no reason to forget its name.
    if (frequency > frequencyMax || (frequency > 10 && frequency > documents * shareMax)) return 0
    return Math.log(1 + (Math.max(0, documents - frequency) + 0.5) / (frequency + 0.5))
  }

  #strongest(candidates: Candidate[], atMost: number): Candidate[] {
    if (candidates.length <= atMost) return candidates
    const weights = new Float64Array(candidates.length)
    for (let at = 0; at < weights.length; at++) weights[at] = candidates[at]!.weight
    weights.sort()
    const least = weights[weights.length - atMost]!
    const kept = candidates.filter((candidate) => candidate.weight > least)
    const tied = candidates.filter((candidate) => candidate.weight === least)
    if (kept.length + tied.length > atMost) tied.sort((a, b) => (this.#text(a.term) < this.#text(b.term) ? -1 : 1))
    return kept.concat(tied.slice(0, atMost - kept.length))
  }

  #text(term: number): string {
    const [first, second] = this.#statistics.partsOf(term)
    return second < 0
      ? this.#vocabulary.word(first)
      : `${this.#vocabulary.word(first)} ${this.#vocabulary.word(second)}`
  }
}

interface Candidate {
  readonly term: number
  readonly weight: number
}

function asIntegers(kept: readonly Candidate[]): WeightedTerms {
  const count = kept.length
  const squares = new Float64Array(count)
  for (let at = 0; at < count; at++) squares[at] = kept[at]!.weight ** 2
  // In ascending order the sum is the same whatever the order in which the terms were numbered.
  squares.sort()
  let sum = 0
  for (let at = 0; at < count; at++) sum += squares[at]!
  const scale = unit / Math.sqrt(sum)
  // Term and weight in one number sort natively, without a comparison in JavaScript.
  const packed = new Float64Array(count)
  for (let at = 0; at < count; at++) {
    const { term, weight } = kept[at]!
    packed[at] = term * packing + Math.max(1, Math.round(weight * scale))
  }
  packed.sort()
  const terms = new Int32Array(count)
  const weights = new Uint16Array(count)
  for (let at = 0; at < count; at++) {
    terms[at] = Math.floor(packed[at]! / packing)
    weights[at] = packed[at]! % packing
  }
  return { terms, weights }
}

const packing = 65_536
