import type { Reason, ScoreParts } from './related.ts'
import type { Statistics } from './statistics.ts'
import type { TermNumbers } from './term-numbers.ts'
import { eachShared, type PackedTerms, unit } from './terms.ts'
import type { Vocabulary } from './vocabulary.ts'

/** The sentence that readers see, such as `Same story: Bahia, cocoa, zone`. */
export function reasonText(reason: Reason): string {
  const kind = reason.kind === 'story' ? 'Same story' : 'Same topic'
  return reason.terms.length === 0 ? kind : `${kind}: ${reason.terms.join(', ')}`
}

/** Two articles, by their slots, that are to be explained. */
export interface ExplainedPair {
  readonly one: number
  readonly two: number
  readonly termsOf: (slot: number) => PackedTerms
  /** Of either, where one is known. */
  readonly language: string | null
  readonly hoursApart: number
}

/** Gives reasons under one epoch's statistics. */
export class Explainer {
  readonly #vocabulary: Vocabulary
  readonly #statistics: Statistics
  readonly #numbers: TermNumbers
  // Half a million reasons are given when 20,000 articles are loaded, most of them with the same few thousand words.
  readonly #shownWords = new Map<string | null, Array<ShownWord | null>>()
  /** By both slots. A newcomer changes a dozen rails, by one place each: the other reasons in them were given just before. */
  readonly #reasons = new Map<number, Reason>()
  /** A word was shown in a writing that may yet be met in a better one. */
  #isProvisional = false

  constructor(vocabulary: Vocabulary, statistics: Statistics, numbers: TermNumbers) {
    this.#vocabulary = vocabulary
    this.#statistics = statistics
    this.#numbers = numbers
  }

  /**
   * Why two articles are related; the same in both directions.
   *
   * The terms are what their scores rest on, the strongest first, less what tells a reader nothing: function words,
   * figures, words that every tenth article has. Two words that stand together as a name are shown as one (`Hong Kong`).
   */
  reasonFor(pair: ExplainedPair): Reason {
    const key = Math.min(pair.one, pair.two) * slotsMax + Math.max(pair.one, pair.two)
    const known = this.#reasons.get(key)
    if (known) return known
    this.#isProvisional = false
    const reason = this.#workOut(pair)
    if (this.#isProvisional) return reason
    if (this.#reasons.size >= reasonsKept) this.#reasons.clear()
    this.#reasons.set(key, reason)
    return reason
  }

  /** For when slots may stand for other articles from now on. */
  forgetReasons(): void {
    this.#reasons.clear()
  }

  #workOut({ one, two, termsOf, language, hoursApart }: ExplainedPair): Reason {
    const statistics = this.#statistics
    const rareMax = Math.max(10, statistics.documents * rareShareMax)
    const words: Shown[] = []
    const pairs: Pair[] = []
    let rareProduct = 0
    eachShared(termsOf(one), termsOf(two), (term, weight, other) => {
      const product = weight * other
      const word = this.#numbers.first(term)
      const second = this.#numbers.second(term)
      if (this.#frequency(word, second) <= rareMax) rareProduct += product
      if (second >= 0) {
        pairs.push({ first: word, second, product })
        return
      }
      const shown = this.#shownWord(word, language)
      if (shown) words.push({ text: shown.text, word, strength: product * (shown.isName ? nameStrength : 1) })
    })
    const isStory = hoursApart <= storyHours && rareProduct / unit ** 2 >= storyCosine
    return { kind: isStory ? 'story' : 'topic', terms: strongestTexts(this.#withNames(words, pairs)) }
  }

  /**
   * What the cosine of two articles is made of: the part of names, of all else, and the strongest shared terms.
   * A term is a name when most articles write it with a capital inside a sentence.
   */
  partsOf(
    a: PackedTerms,
    b: PackedTerms,
    { counts }: { counts: (term: number) => boolean },
  ): Pick<ScoreParts, 'names' | 'words' | 'terms'> {
    const parts: Array<{ term: string; isName: boolean; part: number }> = []
    let names = 0
    let words = 0
    eachShared(a, b, (term, weight, other) => {
      if (!counts(term)) return
      const part = (weight * other) / unit ** 2
      const texts = [this.#numbers.first(term), this.#numbers.second(term)]
        .filter((word) => word >= 0)
        .map((word) => this.#written(word))
      const isName = texts.every(isCapitalised)
      if (isName) names += part
      else words += part
      parts.push({ term: texts.join(' '), isName, part })
    })
    parts.sort((one, two) => two.part - one.part || (one.term < two.term ? -1 : 1))
    return { names, words, terms: parts.slice(0, partsShown) }
  }

  /** As most articles write it inside a sentence. */
  #written(word: number): string {
    const usual = this.#statistics.writingOf(word)
    if (usual < 0) return readable(this.#vocabulary.writing(this.#vocabulary.someWriting(word)), false)
    return readable(this.#vocabulary.writing(usual), this.#statistics.wasInside(usual))
  }

  #frequency(first: number, second: number): number {
    const term = this.#statistics.termOf(first, second)
    return term < 0 ? 0 : this.#statistics.frequency(term)
  }

  /** How a word is shown as a reason, or null when it tells a reader nothing. */
  #shownWord(word: number, language: string | null): ShownWord | null {
    let known = this.#shownWords.get(language)
    if (!known) {
      known = []
      this.#shownWords.set(language, known)
    }
    const shown = known[word]
    if (shown !== undefined) return shown
    if (!this.#isTelling(word, language)) {
      known[word] = null
      return null
    }
    const text = this.#written(word)
    // A word that is new to the epoch may yet be met in a better writing.
    if (this.#statistics.writingOf(word) < 0) {
      this.#isProvisional = true
      return asShown(text)
    }
    known[word] = asShown(text)
    return known[word]
  }

  #isTelling(word: number, language: string | null): boolean {
    const statistics = this.#statistics
    const text = this.#vocabulary.word(word)
    if (!/^\p{L}/u.test(text)) return false
    // A letter or two is a name (`EU`) or a leftover (`st`); in scripts without spaces it is a word.
    if (text.length < 3 && /^\p{Script=Latin}*$/u.test(text)) {
      const writing = statistics.writingOf(word)
      if (writing < 0 || this.#vocabulary.writing(writing) !== text.toUpperCase()) return false
    }
    const frequency = statistics.frequencyIn(statistics.wordTerm(word), language)
    return frequency <= Math.max(10, statistics.documentsIn(language) * tellingShareMax)
  }

  /** The words, those that stand together as a name made one. */
  #withNames(words: Shown[], pairs: readonly Pair[]): Shown[] {
    if (pairs.length === 0 || words.length < 2) return words
    const names: Array<{ first: Shown; second: Shown; product: number }> = []
    for (const { first: firstWord, second: secondWord, product } of pairs) {
      const first = words.find(({ word }) => word === firstWord)
      const second = words.find(({ word }) => word === secondWord)
      if (!first || !second || first === second) continue
      const rarer = Math.min(this.#frequency(firstWord, -1), this.#frequency(secondWord, -1))
      if (this.#frequency(firstWord, secondWord) < rarer * nameShareMin) continue
      if (isCapitalised(first.text) && isCapitalised(second.text)) names.push({ first, second, product })
    }
    names.sort((a, b) => b.product - a.product || (a.first.text < b.first.text ? -1 : 1))
    let shown = words
    for (const { first, second } of names) {
      if (!shown.includes(first) || !shown.includes(second)) continue
      const name = {
        text: `${first.text} ${second.text}`,
        word: -1,
        strength: Math.max(first.strength, second.strength),
      }
      shown = [...shown.filter((other) => other !== first && other !== second), name]
    }
    return shown
  }
}

/** No more hours than this part two reports of one event: 97% of them are within three days. */
const storyHours = 96

/**
 * Two articles close in time are said to be of one story when their rare terms alone give this cosine.
 *
 * All terms together cannot tell: two companies' quarterly results share more words than two reports of one event do.
 * The value was read off pairs of reuters21578 by eye, and checked on the sample newsroom: see docs/relatedness.md.
 */
const storyCosine = 0.14

/** A term is rare when at most one article in a hundred has it; in a small corpus, at most ten articles. */
const rareShareMax = 0.01

/** Some ten megabytes. */
const reasonsKept = 50_000

/** More than slots have bits for: see `InvertedIndex`. */
const slotsMax = 2 ** 24

const termsShown = 4
const partsShown = 12

/** Names tell a reader more than other words of equal weight do. */
const nameStrength = 1.3

/** A word in more than this share of all articles is no reason to read one of them. */
const tellingShareMax = 0.1

/** Two words are one name when, of the articles that have the rarer one, this share has them side by side. */
const nameShareMin = 0.3

interface Pair {
  readonly first: number
  readonly second: number
  readonly product: number
}

interface Shown {
  readonly text: string
  /** -1 for a name of two words. */
  readonly word: number
  readonly strength: number
}

interface ShownWord {
  readonly text: string
  readonly isName: boolean
}

function asShown(text: string): ShownWord {
  return { text, isName: isCapitalised(text) }
}

function strongestTexts(shown: Shown[]): string[] {
  const texts: string[] = []
  for (const { text } of shown.sort(byStrength)) {
    // `bank` and `banks` are one reason.
    if (texts.some((other) => isInflection(other, text))) continue
    texts.push(text)
    if (texts.length === termsShown) break
  }
  return texts
}

function byStrength(a: Shown, b: Shown): number {
  return b.strength - a.strength || (a.text < b.text ? -1 : a.text > b.text ? 1 : 0)
}

function isInflection(one: string, two: string): boolean {
  const [short, long] = one.length < two.length ? [one, two] : [two, one]
  return short.length >= 3 && long.length - short.length <= 2 && long.toLowerCase().startsWith(short.toLowerCase())
}

/** A headline in capitals does not make its words shout in a reason; `OPEC` and its like are short enough to stay. */
function readable(written: string, wasInside: boolean): string {
  if (wasInside || written.length <= 4 || written !== written.toUpperCase()) return written
  return written.slice(0, 1) + written.slice(1).toLowerCase()
}

function isCapitalised(text: string): boolean {
  return /^\p{Lu}/u.test(text)
}
