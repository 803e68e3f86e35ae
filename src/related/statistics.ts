import type { ArticleWords } from './article-words.ts'
import { PairTable, pairHash } from './pair-table.ts'
import { grownTo } from './typed-arrays.ts'
import { functionWord, type Vocabulary } from './vocabulary.ts'

/**
 * How rare each word and word pair is, frozen for an epoch.
 *
 * An article's weights depend on its own text and on these numbers alone. While they stand still, publishing one by
 * one gives the same scores as building from nothing, and a stored score stays comparable with a new one.
 *
 * Candidates for terms are numbered for the epoch: the pairs first (a fixed number), then the words (which keep coming).
 */
export interface Statistics {
  readonly data: StatisticsData
  readonly documents: number
  /** Words of text in an article, on average; at least 1. */
  readonly averageWords: number
  readonly pairCount: number
  /** The term of two words in a row, or -1 when fewer than two articles had them. */
  pairTerm(first: number, second: number): number
  wordTerm(wordId: number): number
  /** The term of a word (`second` under 0) or of a pair; -1 for a pair that it has not. */
  termOf(first: number, second: number): number
  /** The two words of a pair, or the word and -1. */
  partsOf(term: number): readonly [number, number]
  /** Articles of a language (a primary subtag); all, where it is null or none was counted. */
  documentsIn(language: string | null): number
  /** In how many articles it was; 0 for what the epoch had not seen when it began. */
  frequency(term: number): number
  /**
   * In how many articles of a language (a primary subtag); of a pair no more than that. A name that fills the news of one language
   * may be rare in another. Null: as {@link frequency}.
   */
  frequencyIn(term: number, language: string | null): number
  /**
   * How far apart in time, in hours, two articles may be for this term to count between them. A frequent term counts over
   * the distance within which it is expected in `postings` articles: what is in the news every day says little about two
   * articles that are months apart, and to look through all that have it would cost more with every year.
   */
  horizonHours(term: number, postings: number): number
  /** How most articles write the word inside a sentence; -1 when the epoch had not seen it. */
  writingOf(wordId: number): number
  /** Whether a writing was ever met inside a sentence, where its capitals mean something. */
  wasInside(writingId: number): boolean
}

/**
 * Counts in two passes over the same articles, which the caller may spread over as many slices as it likes.
 *
 * Three pairs in four occur in a single article (reuters21578) and can connect nothing. The first pass sieves them out with a table of
 * two bits a bucket, so that only the others are ever held (the idea is Bloom's; a collision costs a few bytes).
 */
export class StatisticsCount {
  readonly #vocabulary: Vocabulary
  readonly #sieve: PairSieve
  readonly #pairs = new PairTable()
  #pairSeenBy = new Int32Array(1024)
  #pairFrequency = new Int32Array(1024)
  #wordSeenBy = new Int32Array(1024)
  #wordFrequency = new Int32Array(1024)
  /** By word: the language that it was met in first, as it is numbered, and in how many articles of that one. */
  #wordLanguage = new Uint8Array(1024)
  #languageFrequency = new Int32Array(1024)
  /** Word and language, of those that were met in others as well; and in how many articles of that one. */
  readonly #otherLanguages = new PairTable()
  #otherFrequency = new Int32Array(64)
  #insideCount = new Int32Array(1024)
  #anyCount = new Int32Array(1024)
  #wordOfWriting = new Int32Array(1024)
  /** In the order in which they are met, numbered from 1. */
  readonly #languages = new Map<string, { readonly number: number; documents: number }>()
  readonly #hours: number[] = []
  #documents = 0
  #words = 0
  #pass = 0

  constructor(vocabulary: Vocabulary, expectedDocuments: number) {
    this.#vocabulary = vocabulary
    this.#sieve = new PairSieve(expectedDocuments)
  }

  /** Once for each article before `countPairs` of any. */
  count(article: ArticleWords, publishedAtMs: number): void {
    const { language, reader } = article
    this.#documents++
    this.#hours.push(publishedAtMs / 3_600_000)
    const languageNumber = language === null ? 0 : this.#countLanguage(language)
    this.#words += article.writings.length
    const vocabulary = this.#vocabulary
    this.#wordSeenBy = grownTo(this.#wordSeenBy, vocabulary.wordCount)
    this.#wordFrequency = grownTo(this.#wordFrequency, vocabulary.wordCount)
    this.#wordLanguage = grownTo(this.#wordLanguage, vocabulary.wordCount)
    this.#languageFrequency = grownTo(this.#languageFrequency, vocabulary.wordCount)
    this.#insideCount = grownTo(this.#insideCount, vocabulary.writingCount)
    this.#wordOfWriting = grownTo(this.#wordOfWriting, vocabulary.writingCount)
    this.#anyCount = grownTo(this.#anyCount, vocabulary.writingCount)
    const seenBy = ++this.#pass
    let before = -1
    for (let at = 0; at < article.writings.length; at++) {
      const entry = article.writings[at]!
      const writing = entry >> 1
      const word = reader.word(writing)
      if (word === functionWord) {
        before = -1
        continue
      }
      this.#anyCount[writing]!++
      if ((entry & 1) === 1) this.#insideCount[writing]!++
      this.#wordOfWriting[writing] = word
      if (this.#wordSeenBy[word] !== seenBy) {
        this.#wordSeenBy[word] = seenBy
        this.#wordFrequency[word]!++
        if (languageNumber > 0) this.#countInLanguage(word, languageNumber)
      }
      if (before >= 0 && startsNoField(article, at)) {
        // A pair that one article has twice gets through; its frequency of one stops it later.
        this.#sieve.add(before, word)
      }
      before = word
    }
  }

  /** Gives its number. An index tells 254 languages apart at most: see `ArticleTable`. */
  #countLanguage(language: string): number {
    const known = this.#languages.get(language) ?? { number: this.#languages.size + 1, documents: 0 }
    known.documents++
    this.#languages.set(language, known)
    return known.number
  }

  #countInLanguage(word: number, language: number): void {
    if (this.#wordLanguage[word] === 0) this.#wordLanguage[word] = language
    if (this.#wordLanguage[word] === language) {
      this.#languageFrequency[word]!++
      return
    }
    const other = this.#otherLanguages.add(word, language)
    this.#otherFrequency = grownTo(this.#otherFrequency, other + 1)
    this.#otherFrequency[other]!++
  }

  /** Once for each article, after `count` of all. */
  countPairs(article: ArticleWords): void {
    const { reader } = article
    const seenBy = ++this.#pass
    let before = -1
    for (let at = 0; at < article.writings.length; at++) {
      const word = reader.word(article.writings[at]! >> 1)
      if (word === functionWord) {
        before = -1
        continue
      }
      if (before >= 0 && startsNoField(article, at) && this.#sieve.hasTwice(before, word)) {
        const pair = this.#pairs.add(before, word)
        this.#pairSeenBy = grownTo(this.#pairSeenBy, pair + 1)
        this.#pairFrequency = grownTo(this.#pairFrequency, pair + 1)
        if (this.#pairSeenBy[pair] !== seenBy) {
          this.#pairSeenBy[pair] = seenBy
          this.#pairFrequency[pair]!++
        }
      }
      before = word
    }
  }

  /** @param articles how many there are in all, of which these were counted */
  freeze(articles = this.#documents): Statistics {
    // What the sieve let through by chance was in one article after all, and connects nothing.
    const kept = this.#pairs.keep((pair) => this.#pairFrequency[pair]! >= 2)
    return statisticsOf({
      documents: this.#documents,
      documentsByLanguage: Array.from(this.#languages, ([language, { documents }]) => [language, documents] as const),
      averageWords: Math.max(1, this.#words / Math.max(1, this.#documents)),
      spanHours: usualSpan(this.#hours),
      scale: articles / Math.max(1, this.#documents),
      pairs: kept,
      pairFrequency: this.#pairFrequency.filter((frequency) => frequency >= 2),
      wordFrequency: this.#wordFrequency,
      wordLanguage: this.#wordLanguage,
      languageFrequency: this.#languageFrequency,
      otherLanguages: this.#otherLanguages.save(),
      otherFrequency: this.#otherFrequency.slice(0, this.#otherLanguages.size),
      writings: this.#usualWritings(),
      insideCount: this.#insideCount,
    })
  }

  #usualWritings(): Int32Array {
    const best = new Int32Array(this.#wordFrequency.length)
    for (let writing = 0; writing < this.#anyCount.length; writing++) {
      if (this.#anyCount[writing] === 0) continue
      const word = this.#wordOfWriting[writing]!
      const rival = best[word]! - 1
      if (rival < 0 || this.#isMoreUsual(writing, rival)) best[word] = writing + 1
    }
    return best
  }

  #isMoreUsual(writing: number, rival: number): boolean {
    const inside = this.#insideCount[writing]! - this.#insideCount[rival]!
    if (inside !== 0) return inside > 0
    const any = this.#anyCount[writing]! - this.#anyCount[rival]!
    if (any !== 0) return any > 0
    return this.#vocabulary.writing(writing) > this.#vocabulary.writing(rival)
  }
}

/** Tells pairs that were met twice, and by chance one in ten that was met once. */
class PairSieve {
  /** Four buckets a byte, each a count up to 2. */
  readonly #buckets: Uint8Array
  readonly #mask: number

  constructor(expectedDocuments: number) {
    // About sixty new pairs an article: eight buckets for each keep chance meetings to a tenth.
    const bits = Math.min(26, Math.max(12, Math.ceil(Math.log2(expectedDocuments * 256))))
    this.#buckets = new Uint8Array(2 ** (bits - 2))
    this.#mask = 2 ** bits - 1
  }

  add(first: number, second: number): void {
    const bucket = pairHash(first, second) & this.#mask
    const shift = (bucket & 3) << 1
    if (((this.#buckets[bucket >>> 2]! >> shift) & 3) < 2) this.#buckets[bucket >>> 2]! += 1 << shift
  }

  hasTwice(first: number, second: number): boolean {
    const bucket = pairHash(first, second) & this.#mask
    return ((this.#buckets[bucket >>> 2]! >> ((bucket & 3) << 1)) & 3) === 2
  }
}

/** Statistics as numbers, for a snapshot. */
export interface StatisticsData {
  readonly documents: number
  /** In the order of the languages' numbers, which begin at 1. */
  readonly documentsByLanguage: ReadonlyArray<readonly [string, number]>
  readonly averageWords: number
  readonly spanHours: number
  /** How many times the articles that were counted there are in all. */
  readonly scale: number
  readonly pairs: { readonly firsts: Int32Array; readonly seconds: Int32Array }
  readonly pairFrequency: Int32Array
  readonly wordFrequency: Int32Array
  /** By word: the language that it was met in first, and in how many articles of that one. */
  readonly wordLanguage: Uint8Array
  readonly languageFrequency: Int32Array
  /** Words and the other languages that they were met in, and in how many articles of these. */
  readonly otherLanguages: { readonly firsts: Int32Array; readonly seconds: Int32Array }
  readonly otherFrequency: Int32Array
  /** By word: how most articles write it, plus 1. */
  readonly writings: Int32Array
  readonly insideCount: Int32Array
}

export function statisticsOf(data: StatisticsData): Statistics {
  const { pairFrequency, wordFrequency, insideCount, writings, spanHours, scale } = data
  const pairs = new PairTable()
  pairs.restore(data.pairs)
  const pairCount = pairs.size
  const frequency = (term: number) => (term < pairCount ? pairFrequency[term]! : (wordFrequency[term - pairCount] ?? 0))
  const languages = new Map(
    data.documentsByLanguage.map(([language, documents], at) => [language, { number: at + 1, documents }]),
  )
  const ofLanguage = (language: string | null) => (language === null ? undefined : languages.get(language))
  const wordFrequencyIn = frequenciesByLanguage(data)
  const pairTerm = (first: number, second: number) => {
    return pairs.find(first, second)
  }
  return {
    data,
    documents: data.documents,
    averageWords: data.averageWords,
    pairCount,
    pairTerm,
    wordTerm: (wordId) => pairCount + wordId,
    termOf: (first, second) => (second < 0 ? pairCount + first : pairTerm(first, second)),
    partsOf: (term) => (term < pairCount ? pairs.parts(term) : [term - pairCount, -1]),
    frequency,
    documentsIn: (language) => ofLanguage(language)?.documents ?? data.documents,
    frequencyIn(term, language) {
      const number = ofLanguage(language)?.number
      if (number === undefined) return frequency(term)
      if (term >= pairCount) return wordFrequencyIn(term - pairCount, number)
      const [first, second] = pairs.parts(term)
      return Math.min(frequency(term), wordFrequencyIn(first, number), wordFrequencyIn(second, number))
    },
    horizonHours(term, postings) {
      const counted = frequency(term)
      if (counted * scale <= postings) return Number.POSITIVE_INFINITY
      return Math.max(horizonMinHours, Math.floor((postings * spanHours) / (2 * counted)))
    },
    writingOf: (wordId) => (writings[wordId] ?? 0) - 1,
    wasInside: (writingId) => (insideCount[writingId] ?? 0) > 0,
  }
}

/** Gives in how many articles of a language, by its number, a word was. */
function frequenciesByLanguage(data: StatisticsData): (word: number, language: number) => number {
  const others = new PairTable()
  others.restore(data.otherLanguages)
  return (word, language) => {
    if (data.wordLanguage[word] === language) return data.languageFrequency[word]!
    const other = others.find(word, language)
    return other < 0 ? 0 : data.otherFrequency[other]!
  }
}

/** Whether the word at `at` follows the one before it in the same field: the headline's last and the text's first are no pair. */
export function startsNoField(article: ArticleWords, at: number): boolean {
  return at !== article.headlineEnd && at < article.writings.length
}

/** The hours within which nine in ten were published, made up to ten: a few articles of long ago stretch nothing. */
function usualSpan(hours: readonly number[]): number {
  const sorted = Float64Array.from(hours).sort()
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return (at(0.95) - at(0.05)) / 0.9
}

/** 97% of the articles of one story are within three days of each other: nearer than a week everything counts. */
const horizonMinHours = 7 * 24
