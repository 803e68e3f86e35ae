import type { ArticleWords } from './article-words.ts'
import { FunctionWords } from './function-words.ts'
import { grownTo } from './typed-arrays.ts'
import type { Vocabulary } from './vocabulary.ts'

/**
 * How rare each word and word pair is, frozen for an epoch.
 *
 * An article's weights depend on its own text and on these numbers alone. While they stand still, publishing one by
 * one gives the same scores as building from nothing, and a stored score stays comparable with a new one.
 *
 * Terms are numbered for the epoch: the pairs first (a fixed number), then the words (which keep coming).
 */
export interface Statistics {
  readonly documents: number
  /** Articles a language, by primary subtag. */
  readonly documentsByLanguage: ReadonlyMap<string, number>
  /** Words of text in an article, on average; at least 1. */
  readonly averageWords: number
  readonly pairCount: number
  /** The term of two words in a row, or -1 when fewer than two articles had them. */
  pairTerm(first: number, second: number): number
  wordTerm(wordId: number): number
  /** The two words of a pair, or the word and -1. */
  partsOf(term: number): readonly [number, number]
  /** In how many articles it was; 0 for what the epoch had not seen when it began. */
  frequency(term: number): number
  /** How most articles write the word inside a sentence; -1 when the epoch had not seen it. */
  writingOf(wordId: number): number
  /** Whether a writing was ever met inside a sentence, where its capitals mean something. */
  wasInside(writingId: number): boolean
}

/**
 * Counts in two passes over the same articles, which the caller may spread over as many slices as it likes.
 *
 * Three pairs in four occur in a single article (reuters21578) and can connect nothing. The first pass sieves them out with a table of
 * one byte a bucket, so that only the others are ever held (the idea is Bloom's; a collision costs a few bytes).
 */
export class StatisticsCount {
  readonly #vocabulary: Vocabulary
  readonly #functionWords: FunctionWords
  readonly #sieve: Uint8Array
  readonly #sieveMask: number
  readonly #pairs = new PairTable()
  #pairSeenBy = new Int32Array(1024)
  #pairFrequency = new Int32Array(1024)
  #wordSeenBy = new Int32Array(1024)
  #wordFrequency = new Int32Array(1024)
  #insideCount = new Int32Array(1024)
  #anyCount = new Int32Array(1024)
  readonly #documentsByLanguage = new Map<string, number>()
  #documents = 0
  #words = 0
  #pass = 0

  constructor(vocabulary: Vocabulary, expectedDocuments: number) {
    this.#vocabulary = vocabulary
    this.#functionWords = new FunctionWords(vocabulary)
    // About sixty new pairs an article: eight buckets for each keep chance meetings to a tenth.
    const bits = Math.min(26, Math.max(12, Math.ceil(Math.log2(expectedDocuments * 256))))
    this.#sieve = new Uint8Array(2 ** bits)
    this.#sieveMask = 2 ** bits - 1
  }

  /** Once for each article before `countPairs` of any. */
  count(article: ArticleWords, language: string | null): void {
    this.#documents++
    if (language !== null) this.#documentsByLanguage.set(language, (this.#documentsByLanguage.get(language) ?? 0) + 1)
    this.#words += article.writings.length
    const vocabulary = this.#vocabulary
    this.#wordSeenBy = grownTo(this.#wordSeenBy, vocabulary.wordCount)
    this.#wordFrequency = grownTo(this.#wordFrequency, vocabulary.wordCount)
    this.#insideCount = grownTo(this.#insideCount, vocabulary.writingCount)
    this.#anyCount = grownTo(this.#anyCount, vocabulary.writingCount)
    const seenBy = ++this.#pass
    let before = -1
    for (let at = 0; at < article.writings.length; at++) {
      const entry = article.writings[at]!
      const writing = entry >> 1
      const word = vocabulary.wordOf(writing)
      this.#anyCount[writing]!++
      if ((entry & 1) === 1) this.#insideCount[writing]!++
      if (this.#wordSeenBy[word] !== seenBy) {
        this.#wordSeenBy[word] = seenBy
        this.#wordFrequency[word]!++
      }
      if (this.#functionWords.has(word, language)) {
        before = -1
        continue
      }
      if (before >= 0 && startsNoField(article, at)) {
        // A pair that one article has twice gets through; its frequency of one stops it later.
        const bucket = pairHash(before, word) & this.#sieveMask
        if (this.#sieve[bucket]! < 2) this.#sieve[bucket]!++
      }
      before = word
    }
  }

  /** Once for each article, after `count` of all. */
  countPairs(article: ArticleWords, language: string | null): void {
    const seenBy = ++this.#pass
    let before = -1
    for (let at = 0; at < article.writings.length; at++) {
      const word = this.#vocabulary.wordOf(article.writings[at]! >> 1)
      if (this.#functionWords.has(word, language)) {
        before = -1
        continue
      }
      if (before >= 0 && startsNoField(article, at) && this.#sieve[pairHash(before, word) & this.#sieveMask] === 2) {
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

  freeze(): Statistics {
    const pairs = this.#pairs
    const pairCount = pairs.size
    const pairFrequency = this.#pairFrequency.slice(0, pairCount)
    const wordFrequency = this.#wordFrequency
    const insideCount = this.#insideCount
    const writings = this.#usualWritings()
    return {
      documents: this.#documents,
      documentsByLanguage: this.#documentsByLanguage,
      averageWords: Math.max(1, this.#words / Math.max(1, this.#documents)),
      pairCount,
      pairTerm(first, second) {
        const pair = pairs.find(first, second)
        // What the sieve let through by chance was in one article after all.
        return pair >= 0 && pairFrequency[pair]! >= 2 ? pair : -1
      },
      wordTerm: (wordId) => pairCount + wordId,
      partsOf: (term) => (term < pairCount ? pairs.parts(term) : [term - pairCount, -1]),
      frequency: (term) => (term < pairCount ? pairFrequency[term]! : (wordFrequency[term - pairCount] ?? 0)),
      writingOf: (wordId) => (writings[wordId] ?? 0) - 1,
      wasInside: (writingId) => (insideCount[writingId] ?? 0) > 0,
    }
  }

  #usualWritings(): Int32Array {
    const best = new Int32Array(this.#wordFrequency.length)
    for (let writing = 0; writing < this.#anyCount.length; writing++) {
      if (this.#anyCount[writing] === 0) continue
      const word = this.#vocabulary.wordOf(writing)
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

/** Whether the word at `at` follows the one before it in the same field: the headline's last and the text's first are no pair. */
export function startsNoField(article: ArticleWords, at: number): boolean {
  return at !== article.headlineEnd && at < article.writings.length
}

function pairHash(first: number, second: number): number {
  let hash = Math.imul(first, 0x9e3779b1) ^ Math.imul(second + 0x7f4a7c15, 0x85ebca77)
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35)
  return (hash ^ (hash >>> 13)) >>> 0
}

/** Pairs of numbers to numbers from 0, by open addressing: a Map would hold an object for each of some 100,000 keys. */
class PairTable {
  size = 0
  #cells = new Int32Array(4096)
  #first = new Int32Array(2048)
  #second = new Int32Array(2048)

  find(first: number, second: number): number {
    return this.#cells[this.#cellOf(first, second)]! - 1
  }

  add(first: number, second: number): number {
    const cell = this.#cellOf(first, second)
    const known = this.#cells[cell]!
    if (known > 0) return known - 1
    const pair = this.size++
    this.#first = grownTo(this.#first, this.size)
    this.#second = grownTo(this.#second, this.size)
    this.#first[pair] = first
    this.#second[pair] = second
    this.#cells[cell] = pair + 1
    if (this.size * 2 > this.#cells.length) this.#rehash()
    return pair
  }

  parts(pair: number): readonly [number, number] {
    return [this.#first[pair]!, this.#second[pair]!]
  }

  #cellOf(first: number, second: number): number {
    const mask = this.#cells.length - 1
    let cell = pairHash(first, second) & mask
    for (;;) {
      const pair = this.#cells[cell]! - 1
      if (pair < 0 || (this.#first[pair] === first && this.#second[pair] === second)) return cell
      cell = (cell + 1) & mask
    }
  }

  #rehash(): void {
    this.#cells = new Int32Array(this.#cells.length * 2)
    for (let pair = 0; pair < this.size; pair++) {
      this.#cells[this.#cellOf(this.#first[pair]!, this.#second[pair]!)] = pair + 1
    }
  }
}
