import { type Language, languageOf } from './languages.ts'
import { TextTable, type TextTableData } from './text-table.ts'
import { grownTo } from './typed-arrays.ts'
import { wordKey } from './words.ts'

/**
 * Numbers for words, so that everything after the reading of a text works on integers.
 *
 * A word is a stem (`bahia`, `strike`) and has one or more writings (`Bahia`, `BAHIA`; `strikes`, `Strike`), each with a
 * number of its own. Which word a writing belongs to depends on the language. The numbers depend on the order of arrival,
 * so no result may: wherever two words tie, their text decides.
 */
export class Vocabulary {
  readonly #writings = new TextTable()
  readonly #words = new TextTable()
  readonly #readers = new Map<string, WordReader>()
  #hashes = new Int32Array(1024)
  /** By word: the last of its writings in the order of their texts, plus 1. */
  #someWriting: Int32Array = new Int32Array(1024)

  get wordCount(): number {
    return this.#words.size
  }

  get writingCount(): number {
    return this.#writings.size
  }

  /** What turns texts of a language into numbers; `primary` is a primary subtag. */
  reader(primary: string | null): WordReader {
    const name = primary ?? ''
    let reader = this.#readers.get(name)
    if (!reader) {
      reader = new WordReader(this.#writings, languageOf(primary), (writing, language) =>
        this.#wordOf(writing, language),
      )
      this.#readers.set(name, reader)
    }
    return reader
  }

  word(word: number): string {
    return this.#words.text(word)
  }

  writing(writing: number): string {
    return this.#writings.text(writing)
  }

  /** A way in which the word is written, in lower case where there is one: a stem is not for readers. */
  someWriting(word: number): number {
    return this.#someWriting[word]! - 1
  }

  /** Under 0 when the first word comes first in the order of their texts. */
  compareWords(one: number, two: number): number {
    return this.#words.compare(one, two)
  }

  /** 32 bits of the writing, less what a headline's style or a comma changes: the same in every process. */
  hash(writing: number): number {
    return this.#hashes[writing]!
  }

  save(): { writings: TextTableData; words: TextTableData; someWriting: Int32Array } {
    return { writings: this.#writings.save(), words: this.#words.save(), someWriting: this.#someWriting }
  }

  restore({ writings, words, someWriting }: ReturnType<Vocabulary['save']>): void {
    this.#writings.restore(writings)
    this.#words.restore(words)
    this.#someWriting = someWriting
    this.#hashes = new Int32Array(writings.size)
    for (let writing = 0; writing < writings.size; writing++)
      this.#hashes[writing] = hashOf(wordKey(this.writing(writing)))
  }

  #wordOf(writing: number, language: Language): number {
    const key = wordKey(this.#writings.text(writing))
    this.#hashes = grownTo(this.#hashes, writing + 1)
    this.#hashes[writing] = hashOf(key)
    if (language.functionWords.has(key)) return functionWord
    // Figures and initialisms have no inflections, and a stemmer makes nonsense of them.
    const stem = /^[\p{L}\p{M}']+$/u.test(key) ? language.stem(key) || key : key
    const word = this.#words.numberOf(stem)
    this.#someWriting = grownTo(this.#someWriting, word + 1)
    const rival = this.#someWriting[word]! - 1
    if (rival < 0 || this.#writings.compare(writing, rival) > 0) this.#someWriting[word] = writing + 1
    return word
  }
}

/** The word of a writing that only holds a sentence together. */
export const functionWord = -1

/** Reads words of one language. */
export class WordReader {
  readonly #writings: TextTable
  readonly #language: Language
  readonly #find: (writing: number, language: Language) => number
  /** By writing: 0 where it was not met yet in this language, else its word plus 2. */
  #words = new Int32Array(1024)

  constructor(writings: TextTable, language: Language, find: (writing: number, language: Language) => number) {
    this.#writings = writings
    this.#language = language
    this.#find = find
  }

  /** The number of the writing that stands in `text` from `start` to `end`. */
  writing(text: string, start: number, end: number): number {
    const writing = this.#writings.numberOf(text, start, end)
    if (writing >= this.#words.length) this.#words = grownTo(this.#words, writing + 1)
    if (this.#words[writing] === 0) this.#words[writing] = this.#find(writing, this.#language) + 2
    return writing
  }

  /** The word of a writing of this language, or `functionWord`. */
  word(writing: number): number {
    const known = this.#words[writing] ?? 0
    if (known !== 0) return known - 2
    // After a restart the writings are known and what they are in each language is found again.
    if (writing >= this.#words.length) this.#words = grownTo(this.#words, writing + 1)
    const word = this.#find(writing, this.#language)
    this.#words[writing] = word + 2
    return word
  }
}

function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash
}
