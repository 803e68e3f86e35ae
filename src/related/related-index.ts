import { type ArticleWords, readArticleWords } from './article-words.ts'
import { Explainer, type Side } from './explain.ts'
import { FunctionWords } from './function-words.ts'
import { defaultNeighbours, fullScore, type NeighbourOptions, Neighbours } from './neighbours.ts'
import { NewestFirst } from './newest-first.ts'
import { isRepeat, type RankedArticle, rankRail } from './rank.ts'
import { type RailItem, type Reason, type RelatedDocument, storedRailLength } from './related.ts'
import { type Statistics, StatisticsCount } from './statistics.ts'
import { defaultWeights, TermWeigher, type WeightOptions } from './terms.ts'
import { Vocabulary } from './vocabulary.ts'

export interface RelatedIndexOptions {
  readonly weights?: WeightOptions
  readonly neighbours?: NeighbourOptions
  /** Neighbours that a rail is ranked from when the pool is not enough. */
  readonly deepPoolLength?: number
}

export interface SettledRail {
  readonly articleId: string
  readonly items: RailItem[]
}

export interface Explanation {
  /**
   * `related`: `b` may stand in `a`'s rail, and does when `position` is not null; otherwise better ones fill it.
   * The others say why it never does.
   */
  readonly verdict: 'related' | 'unknown' | 'itself' | 'version' | 'repeat' | 'language' | 'too-weak'
  /** 0 to 1; 0 unless both are indexed and their texts are near enough. */
  readonly score: number
  readonly daysApart: number
  /** From 1, in the rail as it was last given; null when it is not there. */
  readonly position: number | null
  readonly reason: Reason | null
}

/**
 * All articles and their rails, kept true while articles are published, corrected and removed.
 *
 * `put` and `remove` only note what is to be done; `settle` does it, in slices as large as the caller likes, and gives
 * every rail that has changed. The same articles put before the first `settle`, in any order, give the same rails.
 *
 * Scores rest on term statistics, which are frozen for an epoch. The first `settle` after a bulk load begins one with
 * everything that was put. When the corpus has turned over by as much as it held, a new epoch is built beside the
 * current one, which keeps serving and taking in articles until the new one is complete.
 */
export class RelatedIndex {
  readonly #vocabulary = new Vocabulary()
  readonly #functionWords = new FunctionWords(this.#vocabulary)
  readonly #weights: WeightOptions
  readonly #neighbourOptions: NeighbourOptions
  readonly #deepPoolLength: number
  readonly #entries = new Map<string, Entry>()
  readonly #bySlot: Array<Entry | null> = []
  readonly #freeSlots: number[] = []
  readonly #languages = new Map<string, number>()
  /** From the id of an article to the ids of those that say they replace it. */
  readonly #replacedBy = new Map<string, Set<string>>()
  #staged = new Set<Entry>()
  /** The order in which the staged are worked through; holds some that are staged no more. */
  readonly #stagedQueue = new NewestFirst<Entry>()
  /** Dirty ones whose rails do not wait until everything is worked through: breaking news, and the rails that it entered. */
  readonly #urgent = new Set<Entry>()
  #newestMs = Number.NEGATIVE_INFINITY
  #dirty = new Set<Entry>()
  /** Articles whose rail reaches beyond their pool, because repeats fill it. */
  readonly #deepRails = new Set<Entry>()
  #gone: number[] = []
  #familiesTouched = new Set<string>()
  #current: Epoch | null = null
  #next: EpochBuild | null = null
  #turnover = 0

  constructor(options: RelatedIndexOptions = {}) {
    this.#weights = options.weights ?? defaultWeights
    this.#neighbourOptions = options.neighbours ?? defaultNeighbours
    this.#deepPoolLength = options.deepPoolLength ?? 256
  }

  /** How many articles it knows, those included that are not settled yet. */
  get size(): number {
    return this.#entries.size
  }

  /**
   * Takes in an article, or its correction.
   *
   * @param storedRail what `settle` once gave for it. It is taken as it is: no work is done for the article itself, and
   *   what comes later must beat its last place. One that names an article unknown here is worked out anew.
   */
  put(document: RelatedDocument, storedRail: readonly RailItem[] | null = null): void {
    this.#forget(document.id)
    const language = primaryLanguage(document.language)
    const slot = this.#freeSlots.pop() ?? this.#bySlot.length
    const entry: Entry = {
      id: document.id,
      slot,
      words: readArticleWords(document, this.#vocabulary),
      language,
      languageNumber: this.#languageNumber(language),
      source: document.source,
      publishedAtMs: document.publishedAtMs,
      evolvedFrom: document.evolvedFrom === document.id ? null : document.evolvedFrom,
      storedRail,
      rail: null,
      isGone: false,
    }
    this.#entries.set(entry.id, entry)
    this.#bySlot[slot] = entry
    this.#linkVersion(entry)
    this.#staged.add(entry)
    this.#stagedQueue.push(entry)
    this.#newestMs = Math.max(this.#newestMs, entry.publishedAtMs)
    this.#turnover++
  }

  /** Forgets an article; false when it was not known. The rails that held it are refilled by `settle`. */
  remove(id: string): boolean {
    const isKnown = this.#forget(id)
    if (isKnown) this.#turnover++
    return isKnown
  }

  #forget(id: string): boolean {
    const entry = this.#entries.get(id)
    if (!entry) return false
    this.#entries.delete(id)
    entry.isGone = true
    this.#unlinkVersion(entry)
    this.#staged.delete(entry)
    this.#dirty.delete(entry)
    this.#urgent.delete(entry)
    this.#current?.neighbours.remove(entry.slot)
    this.#next?.remove(entry)
    this.#gone.push(entry.slot)
    this.#deepRails.delete(entry)
    return true
  }

  /**
   * Works through what was put and removed.
   *
   * @param options.atMost how many articles to do neighbour work for; default all. Lighter work counts less.
   * @returns the rails that changed, in full, and how much is left: 0 when all is settled
   */
  settle(options: { atMost?: number } = {}): { rails: SettledRail[]; remaining: number } {
    let budget = options.atMost ?? Number.POSITIVE_INFINITY
    const rails: SettledRail[] = []
    this.#sweep()
    this.#beginEpochIfDue()
    const heavyLimit = options.atMost === undefined ? Number.POSITIVE_INFINITY : this.#workDone() + heavyWorkMax
    for (const isHeavy = () => this.#workDone() > heavyLimit; budget > 0 && !isHeavy() && this.#remaining() > 0; ) {
      const [urgent] = this.#urgent
      const staged = urgent ? undefined : this.#nextStaged()
      const [dirty] = urgent ? [urgent] : this.#dirty
      if (staged && this.#current) {
        this.#enter(staged, this.#current)
        budget -= 1
      } else if (dirty && this.#current) {
        this.#dirty.delete(dirty)
        this.#urgent.delete(dirty)
        const rail = this.#changedRail(dirty, this.#current)
        if (rail) rails.push(rail)
        budget -= railCost
      } else if (this.#next) {
        budget -= this.#next.step()
        if (this.#next.isComplete) this.#swap(this.#next.epoch())
      } else break
    }
    return { rails, remaining: this.#remaining() }
  }

  /** The rail as `settle` last gave it, without what was removed since; empty for an article that is unknown or not settled. */
  rail(id: string): RailItem[] {
    const entry = this.#entries.get(id)
    if (!entry?.rail || !this.#current) return []
    const known = entry.rail.filter(({ entry: other }) => !other.isGone)
    return this.#itemsOf(entry, known, this.#current)
  }

  /** Why `b` stands in the rail of `a`, or why it does not. */
  explain(a: string, b: string): Explanation {
    const one = this.#entries.get(a)
    const two = this.#entries.get(b)
    const epoch = this.#current
    const nothing = { score: 0, daysApart: 0, position: null, reason: null }
    if (a === b) return { verdict: 'itself', ...nothing }
    if (!one || !two || !epoch?.neighbours.has(one.slot) || !epoch.neighbours.has(two.slot)) {
      return { verdict: 'unknown', ...nothing }
    }
    const score = epoch.neighbours.score(one.slot, two.slot)
    const position = one.rail?.findIndex(({ entry }) => entry === two) ?? -1
    return {
      verdict: this.#verdict(one, two, score),
      score: (score ?? 0) / fullScore,
      daysApart: Math.abs(one.publishedAtMs - two.publishedAtMs) / 86_400_000,
      position: position < 0 ? null : position + 1,
      reason: this.#reason(one, two, epoch),
    }
  }

  #verdict(one: Entry, two: Entry, score: number | null): Explanation['verdict'] {
    const ranked = this.#ranked(one)
    const other = this.#ranked(two)
    if (ranked.family === other.family) return 'version'
    if (one.language !== null && two.language !== null && one.language !== two.language) return 'language'
    if (isRepeat(ranked, other)) return 'repeat'
    return score === null ? 'too-weak' : 'related'
  }

  /** The newest of the staged; only where there is an epoch for it to enter. */
  #nextStaged(): Entry | undefined {
    if (!this.#current) return undefined
    for (let next = this.#stagedQueue.pop(); next; next = this.#stagedQueue.pop()) {
      if (this.#staged.has(next)) return next
    }
    return undefined
  }

  #enter(entry: Entry, epoch: Epoch): void {
    this.#staged.delete(entry)
    epoch.add(entry)
    const isUrgent = this.#isBreaking(entry) && this.#urgent.size < urgentMax
    epoch.neighbours.connect(entry.slot, (other) => {
      this.#markDirty(other)
      if (isUrgent) this.#markUrgent(this.#bySlot[other])
    })
    this.#dirty.add(entry)
    if (isUrgent) this.#markUrgent(entry)
  }

  /** Rails are normally written when all that is staged has been worked through, each once. These do not wait for that. */
  #markUrgent(entry: Entry | null | undefined): void {
    if (entry && this.#dirty.has(entry) && this.#staged.size > 0) this.#urgent.add(entry)
  }

  #isBreaking({ publishedAtMs }: Entry): boolean {
    return publishedAtMs >= this.#newestMs - breakingMs
  }

  #changedRail(entry: Entry, epoch: Epoch): SettledRail | null {
    const rail = this.#rank(entry, epoch)
    if (entry.rail && isSameRail(entry.rail, rail)) return null
    entry.rail = rail
    return { articleId: entry.id, items: this.#itemsOf(entry, rail, epoch) }
  }

  #rank(entry: Entry, epoch: Epoch): Ranked[] {
    const articleIn = (slot: number) => this.#ranked(this.#bySlot[slot]!)
    const article = this.#ranked(entry)
    const { neighbours, isWhole } = epoch.neighbours.pool(entry.slot)
    let { items, isFull } = rankRail(article, neighbours, articleIn, storedRailLength)
    // The pool ran out before the rail was full, and there is more: repeats took the places, or removals did.
    this.#deepRails.delete(entry)
    epoch.neighbours.watch(entry.slot, null)
    if (!isFull && !isWhole) {
      const deep = epoch.neighbours.refill(entry.slot, this.#deepPoolLength)
      ;({ items, isFull } = rankRail(article, deep, articleIn, storedRailLength))
      if (!isFull || items.at(-1)!.score < epoch.neighbours.admission(entry.slot)) {
        this.#deepRails.add(entry)
        epoch.neighbours.watch(entry.slot, deep.at(-1)?.score ?? 0)
      }
    }
    return items.map(({ slot, score }) => ({ entry: this.#bySlot[slot]!, score }))
  }

  #itemsOf(entry: Entry, rail: readonly Ranked[], epoch: Epoch): RailItem[] {
    return rail.map(({ entry: other, score }) => ({
      id: other.id,
      score: (score ?? 0) / fullScore,
      reason: this.#reason(entry, other, epoch),
    }))
  }

  #reason(one: Entry, two: Entry, epoch: Epoch): Reason {
    const hoursApart = epoch.neighbours.hoursApart(one.slot, two.slot)
    return epoch.explainer.reasonFor(epoch.side(one), epoch.side(two), hoursApart)
  }

  #beginEpochIfDue(): void {
    if (this.#next) {
      // What was put while the first epoch is being built has no other place to go; later, it goes to both.
      for (const entry of this.#staged) this.#next.add(entry)
      if (!this.#current) this.#staged.clear()
      return
    }
    const size = this.#entries.size
    const growth = size < smallCorpus ? smallGrowth : largeGrowth
    const isDue = this.#current ? this.#turnover >= Math.max(8, this.#current.size * (growth - 1)) : size > 0
    if (!isDue) return
    // A bulk load is worked out once, in the new epoch; a few articles do not wait for it, and breaking news does not.
    if (this.#staged.size * 2 > size) this.#keepStagedOnly(this.#current ? breakingKept : 0)
    this.#turnover = 0
    this.#next = new EpochBuild([...this.#entries.values()], {
      vocabulary: this.#vocabulary,
      functionWords: this.#functionWords,
      weights: this.#weights,
      neighbours: this.#neighbourOptions,
      entryIn: (slot) => this.#bySlot[slot]!,
      entryOf: (id) => this.#entries.get(id),
    })
  }

  #keepStagedOnly(most: number): void {
    const breaking: Entry[] = []
    for (let next = this.#stagedQueue.pop(); next && breaking.length < most; next = this.#stagedQueue.pop()) {
      if (this.#staged.has(next) && this.#isBreaking(next)) breaking.push(next)
    }
    this.#staged = new Set(breaking)
    for (const entry of breaking) this.#stagedQueue.push(entry)
  }

  #swap(epoch: Epoch): void {
    this.#current = epoch
    this.#next = null
    this.#urgent.clear()
    for (const entry of this.#entries.values()) {
      if (!epoch.neighbours.has(entry.slot)) continue
      this.#staged.delete(entry)
      if (!epoch.restored.has(entry)) this.#dirty.add(entry)
    }
  }

  #sweep(): void {
    if (this.#gone.length === 0 && this.#familiesTouched.size === 0) return
    const gone = new Uint8Array(this.#bySlot.length)
    const touched = new Uint8Array(this.#bySlot.length)
    for (const slot of this.#gone) gone[slot] = 1
    for (const id of this.#familiesTouched) {
      const member = this.#entries.get(id)
      if (!member) continue
      touched[member.slot] = 1
      if (this.#current?.neighbours.has(member.slot)) this.#dirty.add(member)
    }
    this.#current?.neighbours.sweep(gone, touched, (slot) => this.#markDirty(slot))
    this.#next?.sweep(gone, touched)
    const familiesChanged = this.#familiesTouched.size > 0
    for (const entry of this.#deepRails) {
      if (familiesChanged || entry.rail?.some((item) => item.entry.isGone)) this.#dirty.add(entry)
    }
    for (const slot of this.#gone) {
      if (this.#bySlot[slot]?.isGone) this.#bySlot[slot] = null
      this.#freeSlots.push(slot)
    }
    this.#gone = []
    this.#familiesTouched.clear()
  }

  #markDirty(slot: number): void {
    const entry = this.#bySlot[slot]
    if (entry && !entry.isGone) this.#dirty.add(entry)
  }

  #remaining(): number {
    return this.#staged.size + this.#dirty.size + (this.#next?.remaining ?? 0)
  }

  #workDone(): number {
    return (this.#current?.neighbours.workDone ?? 0) + (this.#next?.workDone ?? 0)
  }

  #ranked(entry: Entry): RankedArticle {
    let first = entry.id
    let before = entry.evolvedFrom
    let version = 0
    while (before !== null && version < versionsMax) {
      first = before
      before = this.#entries.get(before)?.evolvedFrom ?? null
      version++
    }
    const { id, source, publishedAtMs, words } = entry
    return {
      id,
      source,
      publishedAtMs,
      words: words.writings.length,
      signature: words.signature,
      family: first,
      version,
    }
  }

  #linkVersion(entry: Entry): void {
    if (entry.evolvedFrom !== null) {
      const siblings = this.#replacedBy.get(entry.evolvedFrom) ?? new Set()
      this.#replacedBy.set(entry.evolvedFrom, siblings.add(entry.id))
    }
    this.#touchFamily(entry)
  }

  #unlinkVersion(entry: Entry): void {
    this.#touchFamily(entry)
    if (entry.evolvedFrom === null) return
    const siblings = this.#replacedBy.get(entry.evolvedFrom)
    siblings?.delete(entry.id)
    if (siblings?.size === 0) this.#replacedBy.delete(entry.evolvedFrom)
  }

  /** Notes every version of an article whose links changed: the rails that hold any of them are ranked anew. */
  #touchFamily(entry: Entry): void {
    if (entry.evolvedFrom === null && !this.#replacedBy.has(entry.id)) return
    let first = entry.id
    for (let hops = 0, at: Entry | undefined = entry; at?.evolvedFrom != null && hops < versionsMax; hops++) {
      first = at.evolvedFrom
      at = this.#entries.get(first)
    }
    const met = new Set([first, entry.id])
    for (const id of met) {
      this.#familiesTouched.add(id)
      if (met.size < versionsMax) for (const later of this.#replacedBy.get(id) ?? []) met.add(later)
    }
  }

  #languageNumber(language: string | null): number {
    if (language === null) return 0
    const known = this.#languages.get(language) ?? this.#languages.size + 1
    this.#languages.set(language, known)
    return known
  }
}

/** What was published within this of the newest article counts as breaking news, in milliseconds. */
const breakingMs = 6 * 3_600_000
/** Breaking news that does not wait while a bulk load is worked out in a new epoch. */
const breakingKept = 50
/** Rails that do not wait, at most: more would cost a bulk load of today's news a multiple of its work. */
const urgentMax = 500
/** Versions of one article that are followed; a loop of `evolvedFrom` ends here too. */
const versionsMax = 64

/** Ranking and explaining a rail, against the neighbour work of an article. */
const railCost = 0.4
/** Counting a word list, likewise. */
const countCost = 0.05

/** Postings and scores after which a slice ends, whatever `atMost` says: some tens of milliseconds. */
const heavyWorkMax = 12_000_000

// A small corpus is rebuilt in milliseconds and its statistics are poor: it begins a new epoch sooner.
const smallCorpus = 400
const smallGrowth = 1.25
const largeGrowth = 2

interface Entry {
  readonly id: string
  readonly slot: number
  readonly words: ArticleWords
  readonly language: string | null
  readonly languageNumber: number
  readonly source: string | null
  readonly publishedAtMs: number
  readonly evolvedFrom: string | null
  storedRail: readonly RailItem[] | null
  /** As it was last given; null before that. */
  rail: Ranked[] | null
  isGone: boolean
}

interface Ranked {
  readonly entry: Entry
  readonly score: number
}

interface EpochParts {
  readonly vocabulary: Vocabulary
  readonly functionWords: FunctionWords
  readonly weights: WeightOptions
  readonly neighbours: NeighbourOptions
  readonly entryIn: (slot: number) => Entry
  readonly entryOf: (id: string) => Entry | undefined
}

/** Statistics, and the neighbours under them. */
class Epoch {
  readonly statistics: Statistics
  readonly neighbours: Neighbours
  readonly explainer: Explainer
  /** How many articles the statistics were counted from. */
  readonly size: number
  /** The articles whose stored rail was taken as it is. */
  readonly restored = new Set<Entry>()
  readonly #weigher: TermWeigher

  constructor(statistics: Statistics, parts: EpochParts) {
    this.statistics = statistics
    this.size = statistics.documents
    this.neighbours = new Neighbours((slot) => parts.entryIn(slot).id, parts.neighbours)
    this.explainer = new Explainer(parts.vocabulary, statistics, parts.functionWords)
    this.#weigher = new TermWeigher(parts.vocabulary, statistics, parts.weights)
  }

  add(entry: Entry): void {
    this.neighbours.add(entry.slot, this.#weigher.weigh(entry.words, entry.language), {
      publishedAtMs: entry.publishedAtMs,
      language: entry.languageNumber,
    })
  }

  side(entry: Entry): Side {
    const weighted = this.neighbours.termsOf(entry.slot)
    return { words: entry.words, language: entry.language, weighted: weighted ?? noTerms }
  }
}

const noTerms = { terms: new Int32Array(0), weights: new Uint16Array(0) }

/** An epoch on its way: counts its articles twice, then adds them, then connects them, a step at a time. */
class EpochBuild {
  readonly #parts: EpochParts
  readonly #counted: readonly Entry[]
  readonly #queue: Set<Entry>
  readonly #count: StatisticsCount
  #counts = 0
  #epoch: Epoch | null = null

  constructor(entries: readonly Entry[], parts: EpochParts) {
    this.#parts = parts
    this.#counted = entries
    this.#count = new StatisticsCount(parts.vocabulary, entries.length)
    // Those that keep their stored rail first: whoever is connected must meet them.
    const isKept = (entry: Entry) => entry.storedRail !== null
    this.#queue = new Set([...entries.filter(isKept), ...entries.filter((entry) => !isKept(entry))])
  }

  get remaining(): number {
    return Math.ceil((this.#counted.length * 2 - this.#counts) * countCost) + this.#queue.size + 1
  }

  get isComplete(): boolean {
    return this.#epoch !== null && this.#queue.size === 0
  }

  get workDone(): number {
    return this.#epoch?.neighbours.workDone ?? 0
  }

  epoch(): Epoch {
    return this.#epoch!
  }

  add(entry: Entry): void {
    if (!this.#epoch?.neighbours.has(entry.slot)) this.#queue.add(entry)
  }

  remove(entry: Entry): void {
    this.#queue.delete(entry)
    this.#epoch?.neighbours.remove(entry.slot)
    this.#epoch?.restored.delete(entry)
  }

  sweep(gone: Uint8Array, touched: Uint8Array): void {
    const parts = this.#parts
    this.#epoch?.neighbours.sweep(gone, touched, (slot) => this.#epoch?.restored.delete(parts.entryIn(slot)))
  }

  /** Does the next piece of work and gives what it cost, an article's neighbour work being 1. */
  step(): number {
    const total = this.#counted.length
    if (this.#counts < total * 2) {
      const entry = this.#counted[this.#counts % total]!
      if (this.#counts < total) this.#count.count(entry.words, entry.language)
      else this.#count.countPairs(entry.words, entry.language)
      this.#counts++
      return countCost
    }
    this.#epoch ??= new Epoch(this.#count.freeze(), this.#parts)
    const [entry] = this.#queue
    if (!entry) return countCost
    this.#queue.delete(entry)
    const { neighbours, restored } = this.#epoch
    this.#epoch.add(entry)
    const rail = this.#storedRail(entry)
    entry.storedRail = null
    if (rail) {
      neighbours.restore(
        entry.slot,
        rail.map(({ entry: other, score }) => ({ slot: other.slot, score })),
        rail.length < storedRailLength,
      )
      entry.rail = rail
      restored.add(entry)
      return countCost
    }
    neighbours.connect(entry.slot, (slot) => restored.delete(this.#parts.entryIn(slot)))
    return 1
  }

  /** The stored rail with its articles, or null when there is none or it names an article that is not here. */
  #storedRail(entry: Entry): Ranked[] | null {
    if (!entry.storedRail) return null
    const rail: Ranked[] = []
    for (const item of entry.storedRail) {
      const other = this.#parts.entryOf(item.id)
      if (!other || other === entry) return null
      rail.push({ entry: other, score: Math.round(item.score * fullScore) })
    }
    return rail
  }
}

function isSameRail(one: readonly Ranked[], two: readonly Ranked[]): boolean {
  return (
    one.length === two.length &&
    one.every(({ entry, score }, at) => entry === two[at]!.entry && score === two[at]!.score)
  )
}

function primaryLanguage(language: string | null): string | null {
  return language?.toLowerCase().split(/[-_]/u)[0] || null
}
