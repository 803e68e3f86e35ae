import { grownTo } from './typed-arrays.ts'
import { wordKey } from './words.ts'

/**
 * Numbers for words, so that everything after the reading of a text works on integers.
 *
 * A word (`bahia`) has one or more writings (`Bahia`, `BAHIA`), each with a number of its own. The numbers depend on
 * the order of arrival, so no result may: wherever two words tie, their text decides.
 */
export class Vocabulary {
  readonly #writingIds = new Map<string, number>()
  readonly #wordIds = new Map<string, number>()
  readonly #writings: string[] = []
  readonly #words: string[] = []
  #wordOfWriting = new Int32Array(1024)
  #hashes = new Int32Array(1024)

  get wordCount(): number {
    return this.#words.length
  }

  get writingCount(): number {
    return this.#writings.length
  }

  /** The number of this writing; its word is numbered with it. */
  writingId(written: string): number {
    const known = this.#writingIds.get(written)
    if (known !== undefined) return known
    // A slice keeps the whole article alive that it was cut from; a copy does not.
    const copy = Buffer.from(written).toString()
    const id = this.#writings.push(copy) - 1
    this.#writingIds.set(copy, id)
    this.#wordOfWriting = grownTo(this.#wordOfWriting, id + 1)
    this.#wordOfWriting[id] = this.#wordId(wordKey(copy))
    return id
  }

  wordOf(writingId: number): number {
    return this.#wordOfWriting[writingId]!
  }

  word(wordId: number): string {
    return this.#words[wordId]!
  }

  /** 32 bits of the word's text (FNV-1a): the same in every process, whatever the order of arrival. */
  hash(wordId: number): number {
    return this.#hashes[wordId]!
  }

  writing(writingId: number): string {
    return this.#writings[writingId]!
  }

  #wordId(word: string): number {
    const known = this.#wordIds.get(word)
    if (known !== undefined) return known
    const id = this.#words.push(word) - 1
    this.#wordIds.set(word, id)
    this.#hashes = grownTo(this.#hashes, id + 1)
    this.#hashes[id] = hashOf(word)
    return id
  }
}

function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash
}
