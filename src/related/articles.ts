import type { ArticleWords } from './article-words.ts'
import { signatureLength } from './near-identical.ts'
import type { RankedArticle } from './rank.ts'
import type { RelatedDocument } from './related.ts'
import { pageOfSlot, slotInPage, slotsPerPage } from './slot-pages.ts'
import { TextTable, type TextTableData } from './text-table.ts'
import { grownTo, wideEnough } from './typed-arrays.ts'

/**
 * What is known of every article apart from its terms, in columns: an object an article would cost more than the rest of
 * the index.
 *
 * An article has a slot, the place in every column. A slot is used again, but not at once: whoever still names it would
 * then name another article.
 */
export class ArticleTable {
  readonly #ids = new TextTable()
  /** By the number of an id: its slot plus 1. */
  #slotOfId = new Int32Array(256)
  readonly #names = new TextTable()
  readonly #nameTexts: string[] = []
  readonly #languages: string[] = []
  #idOf: Int32Array = new Int32Array(256)
  #publishedAtMs: Float64Array = new Float64Array(256)
  /** Numbers of names plus 1; 0 for none. */
  #sources: Uint16Array | Int32Array = new Uint16Array(256)
  #sections: Uint16Array | Int32Array = new Uint16Array(256)
  #tags: Uint16Array | Int32Array = new Uint16Array(256 * tagsKept)
  #languageOf: Uint8Array = new Uint8Array(256)
  #words: Uint16Array = new Uint16Array(256)
  /** By page. */
  readonly #signatures: Uint8Array[] = []
  #isThere: Uint8Array = new Uint8Array(256)
  /** Of the few articles with more tags than the columns hold. */
  readonly #moreTags = new Map<number, readonly string[]>()
  readonly #evolvedFrom = new Map<number, string>()
  /** From the id of an article to the ids of those that say they replace it. */
  readonly #replacedBy = new Map<string, Set<string>>()
  #free: number[] = []
  #waiting: number[] = []
  #slots = 0
  #size = 0

  /** How many articles there are. */
  get size(): number {
    return this.#size
  }

  /** All slots are below this. */
  get slots(): number {
    return this.#slots
  }

  /** The slot of an article, or -1. */
  slotOf(id: string): number {
    const number = this.#ids.find(id)
    // An id that was met as an earlier version's only may lie beyond the column.
    return number < 0 ? -1 : (this.#slotOfId[number] ?? 0) - 1
  }

  has(slot: number): boolean {
    return this.#isThere[slot] === 1
  }

  /** @returns the slot; the id must have none yet */
  add(document: RelatedDocument, { language, signature, writings }: ArticleWords): number {
    const slot = this.#free.pop() ?? this.#slots++
    this.#reserve(slot)
    const id = this.#ids.numberOf(document.id)
    this.#slotOfId = grownTo(this.#slotOfId, id + 1)
    this.#slotOfId[id] = slot + 1
    this.#idOf[slot] = id
    this.#publishedAtMs[slot] = document.publishedAtMs
    this.#setNames(slot, document)
    this.#languageOf[slot] = this.#languageNumber(language)
    this.#words[slot] = Math.min(0xffff, writings.length)
    this.#signaturesOf(slot).set(signature, signatureAt(slot))
    this.#isThere[slot] = 1
    this.#size++
    if (document.evolvedFrom !== null && document.evolvedFrom !== document.id) {
      this.#linkVersion(slot, document.evolvedFrom)
    }
    return slot
  }

  remove(slot: number): void {
    const id = this.id(slot)
    this.#slotOfId[this.#idOf[slot]!] = 0
    this.#isThere[slot] = 0
    this.#moreTags.delete(slot)
    this.#size--
    this.#waiting.push(slot)
    const before = this.#evolvedFrom.get(slot)
    if (before === undefined) return
    this.#evolvedFrom.delete(slot)
    const siblings = this.#replacedBy.get(before)
    siblings?.delete(id)
    if (siblings?.size === 0) this.#replacedBy.delete(before)
  }

  /** Whether so many slots wait to be used again that it is worth making sure that nobody names them any more. */
  get isReuseDue(): boolean {
    return this.#waiting.length > Math.max(64, this.#slots / 16)
  }

  /** Nobody names the slots of what was removed any more. */
  reuse(): void {
    this.#free = this.#free.concat(this.#waiting)
    this.#waiting = []
  }

  *live(): Generator<number> {
    for (let slot = 0; slot < this.#slots; slot++) if (this.#isThere[slot] === 1) yield slot
  }

  id(slot: number): string {
    return this.#ids.text(this.#idOf[slot]!)
  }

  compareIds(slot: number, other: number): number {
    return this.#ids.compare(this.#idOf[slot]!, this.#idOf[other]!)
  }

  publishedAtMs(slot: number): number {
    return this.#publishedAtMs[slot]!
  }

  /** The primary subtag, or null. */
  language(slot: number): string | null {
    return this.#languages[this.#languageOf[slot]! - 1] ?? null
  }

  /** 0 where the language is not known. */
  languageNumber(slot: number): number {
    return this.#languageOf[slot]!
  }

  ranked(slot: number): RankedArticle {
    const evolvedFrom = this.#evolvedFrom.get(slot)
    let family = this.#idOf[slot]!
    let version = 0
    for (let before = evolvedFrom; before !== undefined && version < versionsMax; version++) {
      family = this.#ids.numberOf(before)
      const parent = this.slotOf(before)
      before = parent < 0 ? undefined : this.#evolvedFrom.get(parent)
    }
    return new RankedSlot({
      table: this,
      slot,
      source: this.#name(this.#sources[slot]!),
      section: this.#name(this.#sections[slot]!),
      publishedAtMs: this.#publishedAtMs[slot]!,
      words: this.#words[slot]!,
      signatures: this.#signaturesOf(slot),
      family,
      version,
    })
  }

  tags(slot: number): string[] {
    const tags: string[] = []
    for (let at = slot * tagsKept; at < (slot + 1) * tagsKept && this.#tags[at]! > 0; at++) {
      tags.push(this.#name(this.#tags[at]!)!)
    }
    return tags.concat(this.#moreTags.get(slot) ?? [])
  }

  /** The slots of all versions of an article, itself among them; none when it is no version of anything. */
  versionsOf(slot: number): number[] {
    const id = this.id(slot)
    const evolvedFrom = this.#evolvedFrom.get(slot)
    if (evolvedFrom === undefined && !this.#replacedBy.has(id)) return []
    const met = new Set([this.#ids.text(this.ranked(slot).family), id])
    for (const version of met) {
      if (met.size < versionsMax) for (const later of this.#replacedBy.get(version) ?? []) met.add(later)
    }
    return [...met].map((version) => this.slotOf(version)).filter((known) => known >= 0)
  }

  save(): ArticleTableData {
    const slots = this.#slots
    return {
      slots,
      ids: this.#ids.save(),
      names: this.#names.save(),
      languages: [...this.#languages],
      evolvedFrom: [...this.#evolvedFrom],
      free: [...this.#free],
      waiting: [...this.#waiting],
      idOf: this.#idOf.subarray(0, slots),
      publishedAtMs: this.#publishedAtMs.subarray(0, slots),
      sources: this.#sources.subarray(0, slots),
      sections: this.#sections.subarray(0, slots),
      tags: this.#tags.subarray(0, slots * tagsKept),
      moreTags: [...this.#moreTags],
      languageOf: this.#languageOf.subarray(0, slots),
      words: this.#words.subarray(0, slots),
      signatures: this.#signatures,
      isThere: this.#isThere.subarray(0, slots),
    }
  }

  restore(data: ArticleTableData): void {
    this.#slots = data.slots
    this.#ids.restore(data.ids)
    this.#names.restore(data.names)
    this.#languages.splice(0, this.#languages.length, ...data.languages)
    this.#free = [...data.free]
    this.#waiting = [...data.waiting]
    this.#idOf = data.idOf
    this.#publishedAtMs = data.publishedAtMs
    this.#sources = data.sources
    this.#sections = data.sections
    this.#tags = data.tags
    for (const [slot, tags] of data.moreTags) this.#moreTags.set(slot, tags)
    this.#languageOf = data.languageOf
    this.#words = data.words
    this.#signatures.splice(0, this.#signatures.length, ...data.signatures)
    this.#isThere = data.isThere
    this.#slotOfId = new Int32Array(data.ids.size)
    for (const slot of this.live()) {
      this.#slotOfId[this.#idOf[slot]!] = slot + 1
      this.#size++
    }
    for (const [slot, before] of data.evolvedFrom) this.#linkVersion(slot, before)
  }

  #signaturesOf(slot: number): Uint8Array {
    return this.#signatures[pageOfSlot(slot)]!
  }

  #linkVersion(slot: number, before: string): void {
    this.#evolvedFrom.set(slot, before)
    const siblings = this.#replacedBy.get(before) ?? new Set()
    this.#replacedBy.set(before, siblings.add(this.id(slot)))
  }

  #name(number: number): string | null {
    if (number === 0) return null
    // A few thousand names are asked for millions of times.
    this.#nameTexts[number] ??= this.#names.text(number - 1)
    return this.#nameTexts[number]
  }

  #setNames(slot: number, { source, section, tags }: RelatedDocument): void {
    const sourceNumber = this.#nameNumber(source)
    const sectionNumber = this.#nameNumber(section)
    const tagNumbers = Array.from({ length: tagsKept }, (_, at) => this.#nameNumber(tags[at] ?? null))
    this.#sources = wideEnough(this.#sources, sourceNumber)
    this.#sections = wideEnough(this.#sections, sectionNumber)
    this.#tags = wideEnough(this.#tags, Math.max(...tagNumbers))
    this.#sources[slot] = sourceNumber
    this.#sections[slot] = sectionNumber
    this.#tags.set(tagNumbers, slot * tagsKept)
    if (tags.length > tagsKept) this.#moreTags.set(slot, tags.slice(tagsKept))
  }

  #nameNumber(name: string | null): number {
    return name === null ? 0 : this.#names.numberOf(name) + 1
  }

  #languageNumber(language: string | null): number {
    if (language === null) return 0
    const known = this.#languages.indexOf(language)
    // There are about 180 languages with two letters. What a sender makes up beyond is one language to us.
    if (known >= 0 || this.#languages.length === 254) return known < 0 ? 255 : known + 1
    return this.#languages.push(language)
  }

  #reserve(slot: number): void {
    const length = slot + 1
    this.#idOf = grownTo(this.#idOf, length)
    this.#publishedAtMs = grownTo(this.#publishedAtMs, length)
    this.#sources = grownTo(this.#sources, length)
    this.#sections = grownTo(this.#sections, length)
    this.#tags = grownTo(this.#tags, length * tagsKept)
    this.#languageOf = grownTo(this.#languageOf, length)
    this.#words = grownTo(this.#words, length)
    while (this.#signatures.length <= pageOfSlot(slot))
      this.#signatures.push(new Uint8Array(slotsPerPage * signatureLength))
    this.#isThere = grownTo(this.#isThere, length)
  }
}

/** What ranking asks of every candidate is at hand; an id and tags are made when they are asked for, which is seldom. */
class RankedSlot implements RankedArticle {
  readonly source: string | null
  readonly section: string | null
  readonly publishedAtMs: number
  readonly words: number
  readonly signatures: Uint8Array
  readonly signatureAt: number
  readonly family: number
  readonly version: number
  readonly #table: ArticleTable
  readonly #slot: number

  constructor(known: Omit<RankedArticle, 'id' | 'tags' | 'signatureAt'> & { table: ArticleTable; slot: number }) {
    this.#table = known.table
    this.#slot = known.slot
    this.source = known.source
    this.section = known.section
    this.publishedAtMs = known.publishedAtMs
    this.words = known.words
    this.signatures = known.signatures
    this.signatureAt = signatureAt(known.slot)
    this.family = known.family
    this.version = known.version
  }

  get id(): string {
    return this.#table.id(this.#slot)
  }

  get tags(): readonly string[] {
    return this.#table.tags(this.#slot)
  }
}

/** Everything, for a snapshot. */
export interface ArticleTableData {
  readonly slots: number
  readonly ids: TextTableData
  readonly names: TextTableData
  readonly languages: readonly string[]
  readonly evolvedFrom: ReadonlyArray<readonly [number, string]>
  readonly free: readonly number[]
  readonly waiting: readonly number[]
  readonly idOf: Int32Array
  readonly publishedAtMs: Float64Array
  readonly sources: Uint16Array | Int32Array
  readonly sections: Uint16Array | Int32Array
  readonly tags: Uint16Array | Int32Array
  readonly moreTags: ReadonlyArray<readonly [number, readonly string[]]>
  readonly languageOf: Uint8Array
  readonly words: Uint16Array
  readonly signatures: readonly Uint8Array[]
  readonly isThere: Uint8Array
}

/** Where an article's signature begins in its page. */
function signatureAt(slot: number): number {
  return slotInPage(slot) * signatureLength
}

/** Tags of an article that lie in columns; few have more. */
const tagsKept = 6

/** Versions of one article that are followed; a loop of `evolvedFrom` ends here too. */
const versionsMax = 64
