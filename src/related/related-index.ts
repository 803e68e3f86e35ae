import { type ArticleWords, readArticleWords } from './article-words.ts'
import { ArticleTable, type ArticleTableData } from './articles.ts'
import { Epoch, EpochBuild, type EpochData, type EpochParts, type Newcomer } from './epoch.ts'
import { KeptWords, type KeptWordsData } from './kept-words.ts'
import { defaultNeighbours, fullScore, type NeighbourOptions } from './neighbours.ts'
import { NewestFirst } from './newest-first.ts'
import type { Neighbour } from './pools.ts'
import { changesScores, factorsOf, isSameSection, rankRail, sharedTags } from './rank.ts'
import {
  type Absence,
  defaultRules,
  type RailItem,
  type RailRules,
  type Reason,
  type RelatedDocument,
  type ScoreParts,
  type Standing,
  storedRailLength,
} from './related.ts'
import { TermNumbers } from './term-numbers.ts'
import { defaultWeights, type PackedTerms, type WeightOptions } from './terms.ts'
import { grownTo } from './typed-arrays.ts'
import { Vocabulary } from './vocabulary.ts'

export interface RelatedIndexOptions {
  readonly weights?: WeightOptions
  readonly neighbours?: NeighbourOptions
  /** What the publisher decides about rails. */
  readonly rules?: RailRules
  /** Neighbours that a rail is ranked from when the pool is not enough. */
  readonly deepPoolLength?: number
  /** Articles whose words are kept, to count new statistics from; above this an article's terms are weighed once. */
  readonly wordsKept?: number
}

export interface SettledRail {
  readonly articleId: string
  readonly items: RailItem[]
}

/** Everything that an index knows, as numbers and names. */
export interface RelatedIndexData {
  readonly articles: ArticleTableData
  readonly vocabulary: ReturnType<Vocabulary['save']>
  readonly numbers: ReturnType<TermNumbers['save']>
  readonly epoch: EpochData
  readonly given: Int32Array
  readonly deepRails: readonly number[]
  readonly turnover: number
  readonly newestMs: number
  readonly words: KeptWordsData
  /** The slots whose words are kept, in the order of arrival. */
  readonly withWords: Int32Array
}

export interface Explanation {
  /**
   * `related`: `b` may stand in `a`'s rail, and does when `position` is not null; otherwise better ones fill it, or a rule
   * keeps it out. The others say why it never does.
   */
  readonly verdict: 'related' | 'unknown' | 'itself' | 'version' | 'repeat' | 'language' | 'too-weak'
  /** 0 to 1; 0 unless both are indexed and their texts are near enough. */
  readonly score: number
  readonly daysApart: number
  /** From 1, in the rail as it stands; null when it is not there. */
  readonly position: number | null
  readonly reason: Reason | null
}

/**
 * All articles and their rails, kept true while articles are published, corrected and removed.
 *
 * `put` and `remove` note what is to be done; `settle` does it, in slices as large as the caller likes, and gives
 * every rail that has changed. The same articles put before the first `settle`, in any order, give the same rails.
 *
 * Scores rest on term statistics, which are frozen for an epoch. The first `settle` after a bulk load begins one with
 * everything that was put. While the corpus is small a new epoch weighs everything anew, when the corpus has turned over
 * by as much as it held: it is built beside the current one, which keeps serving and taking in articles. In a large one
 * (above `wordsKept`) the statistics are those of the latest articles, and what is there keeps the weights that it
 * came with: it is hardly ever related to what comes, and its words need not be kept.
 */
export class RelatedIndex {
  readonly #articles = new ArticleTable()
  readonly #parts: EpochParts
  readonly #rules: RailRules
  readonly #deepPoolLength: number
  readonly #wordsKept: number
  readonly #words = new KeptWords()
  /** The slots of articles that went while an epoch was being built. */
  readonly #goneMeanwhile: number[] = []
  /** The articles whose words are kept, in the order of arrival; some of them are gone. */
  #withWords: number[] = []
  readonly #storedRails = new Map<number, readonly RailItem[]>()
  #staged = new Set<number>()
  /** The order in which the staged are worked through; holds some that are staged no more. */
  readonly #stagedQueue = new NewestFirst<{ readonly slot: number; readonly publishedAtMs: number }>()
  /** Dirty ones whose rails do not wait until everything is worked through: breaking news, and the rails that it entered. */
  readonly #urgent = new Set<number>()
  #newestMs = Number.NEGATIVE_INFINITY
  readonly #dirty = new Set<number>()
  /** Articles whose rail reaches beyond their pool, because repeats fill it. */
  readonly #deepRails = new Set<number>()
  /** By slot: a hash of the rail as it was last given; 0 before that. */
  #given: Int32Array = new Int32Array(256)
  #current: Epoch | null = null
  #next: EpochBuild | null = null
  #turnover = 0

  constructor(options: RelatedIndexOptions = {}) {
    this.#parts = {
      articles: this.#articles,
      vocabulary: new Vocabulary(),
      numbers: new TermNumbers(),
      weights: options.weights ?? defaultWeights,
      neighbours: options.neighbours ?? defaultNeighbours,
      wordsOf: (slot) => this.#wordsOf(slot),
    }
    this.#rules = options.rules ?? defaultRules
    this.#deepPoolLength = options.deepPoolLength ?? 256
    this.#wordsKept = options.wordsKept ?? 50_000
  }

  /** How many articles it knows, those included that are not settled yet. */
  get size(): number {
    return this.#articles.size
  }

  /** Steps of neighbour work since the start: postings walked and scores compared. */
  get workDone(): number {
    return (this.#current?.neighbours.workDone ?? 0) + (this.#next?.workDone ?? 0)
  }

  /**
   * Takes in an article, or its correction.
   *
   * @param storedRail what `settle` once gave for it. It is taken as it is: no work is done for the article itself, and
   *   what comes later must beat its last place. One that names an article unknown here is worked out anew.
   */
  put(document: RelatedDocument, storedRail: readonly RailItem[] | null = null): void {
    this.#forget(document.id)
    const words = readArticleWords(document, this.#parts.vocabulary)
    const slot = this.#articles.add(document, words)
    this.#given = grownTo(this.#given, slot + 1)
    this.#given[slot] = 0
    this.#words.set(slot, words)
    this.#withWords.push(slot)
    // What the rules made of a score cannot be undone.
    if (storedRail && !changesScores(this.#rules)) this.#storedRails.set(slot, storedRail)
    this.#touchVersions(slot)
    this.#staged.add(slot)
    this.#stagedQueue.push({ slot, publishedAtMs: document.publishedAtMs })
    this.#newestMs = Math.max(this.#newestMs, document.publishedAtMs)
    this.#turnover++
  }

  /** Forgets an article; false when it was not known. It is in no rail from now on; `settle` refills those that held it. */
  remove(id: string): boolean {
    const isKnown = this.#forget(id)
    if (isKnown) this.#turnover++
    return isKnown
  }

  #forget(id: string): boolean {
    const slot = this.#articles.slotOf(id)
    if (slot < 0) return false
    this.#touchVersions(slot)
    for (const deep of this.#deepRails) this.#dirty.add(deep)
    this.#articles.remove(slot)
    this.#current?.neighbours.remove(slot, (other) => this.#dirty.add(other))
    this.#next?.remove(slot)
    // An epoch on its way counts its articles twice, and the same ones: what has gone meanwhile is dropped when it begins.
    if (this.#next) this.#goneMeanwhile.push(slot)
    else this.#words.delete(slot)
    this.#storedRails.delete(slot)
    this.#staged.delete(slot)
    this.#dirty.delete(slot)
    this.#urgent.delete(slot)
    this.#deepRails.delete(slot)
    if (this.#articles.isReuseDue && !this.#next) {
      this.#current?.neighbours.purge()
      this.#current?.explainer.forgetReasons()
      this.#articles.reuse()
    }
    return true
  }

  /**
   * Works through what was put and removed.
   *
   * @param options.atMost how many articles to do neighbour work for; default all. Lighter work counts less.
   * @param options.givesRails false: no rails are worked out and none are given, for a caller that asks for each later
   * @returns the rails that changed, in full, and how much is left: 0 when all is settled
   */
  settle(options: { atMost?: number; givesRails?: boolean } = {}): { rails: SettledRail[]; remaining: number } {
    let budget = options.atMost ?? Number.POSITIVE_INFINITY
    const rails: SettledRail[] = []
    this.#beginEpochIfDue()
    const heavyLimit = options.atMost === undefined ? Number.POSITIVE_INFINITY : this.workDone + heavyWorkMax
    for (const isHeavy = () => this.workDone > heavyLimit; budget > 0 && !isHeavy() && this.#remaining() > 0; ) {
      if (options.givesRails === false) {
        this.#dirty.clear()
        this.#urgent.clear()
      }
      const [urgent] = this.#urgent
      const staged = urgent === undefined ? this.#nextStaged() : undefined
      const [dirty] = urgent === undefined ? this.#dirty : [urgent]
      if (staged !== undefined && this.#current) {
        this.#enter(staged, this.#current)
        budget -= 1
      } else if (dirty !== undefined && this.#current) {
        this.#dirty.delete(dirty)
        this.#urgent.delete(dirty)
        const rail = this.#changedRail(dirty, this.#current)
        if (rail) rails.push(rail)
        budget -= railCost
      } else if (this.#next) {
        budget -= this.#next.step()
        if (this.#next.isComplete) this.#swap(this.#next)
      } else break
    }
    return { rails, remaining: this.#remaining() }
  }

  /** The rail as it stands; empty for an article that is unknown or not settled. */
  rail(id: string, rules: RailRules = this.#rules): RailItem[] {
    const slot = this.#articles.slotOf(id)
    const epoch = this.#current
    if (slot < 0 || !epoch?.neighbours.has(slot)) return []
    return this.#itemsOf(slot, this.#derive(slot, epoch, { rules }).items, epoch)
  }

  /** The rail as other rules would have it, worked out from the same pool of neighbours; nothing is kept of it. */
  railUnder(id: string, rules: RailRules): RailItem[] {
    return this.rail(id, rules)
  }

  /** Whether `b` may stand in the rail of `a`, in a word; `standing` says more. */
  explain(a: string, b: string): Explanation {
    const standing = this.standing(a, b)
    const epoch = this.#current
    if (!epoch || !standing.parts) {
      const verdict = a === b ? 'itself' : 'unknown'
      return { verdict, score: 0, daysApart: 0, position: null, reason: null }
    }
    const one = this.#articles.slotOf(a)
    const two = this.#articles.slotOf(b)
    return {
      verdict: standing.isShown ? 'related' : verdictOf(standing.absence),
      score: shownScore(epoch.neighbours.score(one, two) ?? 0),
      daysApart: standing.parts.daysApart,
      position: standing.isShown ? standing.position : null,
      reason: this.#reason(one, two, epoch),
    }
  }

  /** The rail's ids and scores, without reasons, which are most of the work of a rail. */
  ranking(id: string, rules: RailRules = this.#rules): Array<{ readonly id: string; readonly score: number }> {
    const slot = this.#articles.slotOf(id)
    const epoch = this.#current
    if (slot < 0 || !epoch?.neighbours.has(slot)) return []
    return this.#derive(slot, epoch, { rules }).items.map((item) => this.#named(item))
  }

  /** The raw pool that rails are derived from: the closest articles, best first, repeats and all, scores from 0 to 1. */
  neighbours(id: string): Array<{ readonly id: string; readonly score: number }> {
    const slot = this.#articles.slotOf(id)
    const epoch = this.#current
    if (slot < 0 || !epoch?.neighbours.has(slot)) return []
    return epoch.neighbours.pool(slot).neighbours.map((item) => this.#named(item))
  }

  /** What the score of `b` in the rail of `a` is made of; null when one of them is unknown. */
  scoreParts(a: string, b: string, rules: RailRules = this.#rules): ScoreParts | null {
    const one = this.#articles.slotOf(a)
    const two = this.#articles.slotOf(b)
    const epoch = this.#current
    if (one < 0 || two < 0 || !epoch?.neighbours.has(one) || !epoch.neighbours.has(two)) return null
    const { neighbours } = epoch
    const { names, words, terms } = epoch.explainer.partsOf(neighbours.termsOf(one), neighbours.termsOf(two), {
      counts: neighbours.countsBetween(one, two),
    })
    const ranked = this.#articles.ranked(one)
    const other = this.#articles.ranked(two)
    const time = neighbours.timeFactor(one, two)
    const text = names + words
    const penalties = factorsOf(ranked, other, { rules, namesShare: text > 0 ? names / text : 0 })
    const score = Math.min(1, text * time)
    return {
      score,
      text,
      names,
      words,
      time,
      daysApart: Math.abs(ranked.publishedAtMs - other.publishedAtMs) / 86_400_000,
      isSameSection: isSameSection(ranked, other),
      sharedTags: sharedTags(ranked, other),
      penalties,
      ranked: penalties.reduce((product, { factor }) => product * factor, score),
      terms,
    }
  }

  /** Where `b` stands in the rail of `a` under `rules`, or why it does not stand there, with the figures. */
  standing(a: string, b: string, rules: RailRules = this.#rules): Standing {
    const parts = a === b ? null : this.scoreParts(a, b, rules)
    const absent = (absence: Absence): Standing => ({ isShown: false, absence, parts })
    if (a === b) return absent({ kind: 'itself' })
    const epoch = this.#current
    const one = this.#articles.slotOf(a)
    const two = this.#articles.slotOf(b)
    if (!epoch || !parts) return absent({ kind: 'unknown', id: epoch?.neighbours.has(one) ? b : a })
    const languages = [this.#articles.language(one), this.#articles.language(two)] as const
    if (languages[0] !== null && languages[1] !== null && languages[0] !== languages[1]) {
      return absent({ kind: 'language', languages: [languages[0], languages[1]] })
    }
    if (this.#articles.ranked(one).family === this.#articles.ranked(two).family) {
      return absent({ kind: 'version', of: a })
    }
    const { neighbours } = epoch
    if (neighbours.score(one, two) === null) {
      return absent({ kind: 'below-floor', text: parts.text, floor: neighbours.floor })
    }
    let leftOut: Absence | null = null
    const { items } = this.#derive(one, epoch, {
      rules,
      onLeftOut: (slot, absence) => {
        if (slot === two) leftOut = absence
      },
    })
    const position = items.findIndex(({ slot }) => slot === two)
    if (position >= 0) return { isShown: true, position: position + 1, parts }
    return absent(leftOut ?? { kind: 'outranked', ranked: parts.ranked, last: (items.at(-1)?.score ?? 0) / fullScore })
  }

  /** Everything, for a snapshot; null while something is left to be settled. What it gives is a view: write it before the next call. */
  save(): RelatedIndexData | null {
    if (!this.#current || this.#remaining() > 0) return null
    return {
      articles: this.#articles.save(),
      vocabulary: this.#parts.vocabulary.save(),
      numbers: this.#parts.numbers.save(),
      epoch: this.#current.save(),
      given: this.#given.subarray(0, this.#articles.slots),
      deepRails: [...this.#deepRails],
      turnover: this.#turnover,
      newestMs: this.#newestMs,
      words: this.#words.save(this.#articles.slots),
      withWords: Int32Array.from(this.#withWords.filter((slot) => this.#words.has(slot))),
    }
  }

  /** Takes the place of everything, in an index that knows nothing yet. */
  restore(data: RelatedIndexData): void {
    const { vocabulary, numbers } = this.#parts
    this.#articles.restore(data.articles)
    vocabulary.restore(data.vocabulary)
    numbers.restore(data.numbers)
    this.#current = Epoch.from(data.epoch, this.#parts)
    this.#given = data.given
    for (const slot of data.deepRails) this.#deepRails.add(slot)
    this.#turnover = data.turnover
    this.#newestMs = data.newestMs
    this.#words.restore(data.words)
    this.#withWords = [...data.withWords]
  }

  /** The newest of the staged; only where there is an epoch for it to enter. */
  #nextStaged(): number | undefined {
    if (!this.#current) return undefined
    for (let next = this.#stagedQueue.pop(); next; next = this.#stagedQueue.pop()) {
      if (this.#staged.has(next.slot)) return next.slot
    }
    return undefined
  }

  #enter(slot: number, epoch: Epoch): void {
    this.#staged.delete(slot)
    this.#storedRails.delete(slot)
    epoch.add(slot)
    const isUrgent = this.#isBreaking(slot) && this.#urgent.size < urgentMax
    epoch.neighbours.connect(slot, (other) => {
      this.#dirty.add(other)
      if (isUrgent) this.#markUrgent(other)
    })
    this.#dirty.add(slot)
    if (isUrgent) this.#markUrgent(slot)
    this.#dropOldWords()
  }

  /** Rails are normally written when all that is staged has been worked through, each once. These do not wait for that. */
  #markUrgent(slot: number): void {
    if (this.#staged.size > 0) this.#urgent.add(slot)
  }

  #isBreaking(slot: number): boolean {
    return this.#articles.publishedAtMs(slot) >= this.#newestMs - breakingMs
  }

  #changedRail(slot: number, epoch: Epoch): SettledRail | null {
    // The pool ran out before the rail was full, and there is more: repeats took the places, or removals did.
    this.#deepRails.delete(slot)
    epoch.neighbours.watch(slot, null)
    const { items, isFull, deep } = this.#derive(slot, epoch, { rules: this.#rules })
    // A score that rules have changed says nothing of where the pool ended.
    const reachesBeyond =
      !isFull || changesScores(this.#rules) || items.at(-1)!.score < epoch.neighbours.admission(slot)
    if (deep && reachesBeyond) {
      this.#deepRails.add(slot)
      // Where these are all there are, a newcomer weaker than each of them still finds a place.
      const isAll = deep.length < this.#deepPoolLength
      epoch.neighbours.watch(slot, isAll ? 0 : (deep.at(-1)?.score ?? 0))
    }
    const hash = this.#hashOf(items)
    if (this.#given[slot] === hash) return null
    this.#given[slot] = hash
    return { articleId: this.#articles.id(slot), items: this.#itemsOf(slot, items, epoch) }
  }

  /** A rail from the pool; `deep` is what was looked at when the pool was not enough. */
  #derive(
    slot: number,
    epoch: Epoch,
    { rules, onLeftOut }: { rules: RailRules; onLeftOut?: (slot: number, absence: Absence) => void },
  ): { items: Neighbour[]; isFull: boolean; deep: Neighbour[] | null } {
    const article = this.#articles.ranked(slot)
    const ranking = {
      rules,
      length: Math.min(storedRailLength, rules.limit ?? storedRailLength),
      articleIn: (other: number) => this.#articles.ranked(other),
      namesShare: (other: number) => this.#namesShare(slot, other, epoch),
      ...(onLeftOut ? { onLeftOut } : {}),
    }
    const { neighbours, isWhole } = epoch.neighbours.pool(slot)
    const shallow = rankRail(article, neighbours, ranking)
    if (shallow.isFull || isWhole) return { ...shallow, deep: null }
    const deep = epoch.neighbours.refill(slot, this.#deepPoolLength)
    return { ...rankRail(article, deep, ranking), deep }
  }

  #namesShare(one: number, two: number, { explainer, neighbours }: Epoch): number {
    const counts = neighbours.countsBetween(one, two)
    const { names, words } = explainer.partsOf(neighbours.termsOf(one), neighbours.termsOf(two), { counts })
    return names + words > 0 ? names / (names + words) : 0
  }

  #named({ slot, score }: Neighbour): { id: string; score: number } {
    return { id: this.#articles.id(slot), score: shownScore(score) }
  }

  #itemsOf(slot: number, rail: readonly Neighbour[], epoch: Epoch): RailItem[] {
    let own: PackedTerms | null = null
    const termsOf = (other: number) => {
      if (other !== slot) return epoch.neighbours.termsOf(other)
      own ??= epoch.neighbours.termsOf(slot)
      return own
    }
    return rail.map((item) => ({ ...this.#named(item), reason: this.#reason(slot, item.slot, epoch, termsOf) }))
  }

  #reason(
    one: number,
    two: number,
    { explainer, neighbours }: Epoch,
    termsOf = (slot: number) => neighbours.termsOf(slot),
  ): Reason {
    const language = this.#articles.language(one) ?? this.#articles.language(two)
    return explainer.reasonFor({ one, two, termsOf, language, hoursApart: neighbours.hoursApart(one, two) })
  }

  /** Never 0. */
  #hashOf(rail: readonly Neighbour[]): number {
    let hash = 0x811c9dc5
    for (const { slot, score } of rail) hash = Math.imul(Math.imul(hash ^ slot, 0x01000193) ^ score, 0x85ebca6b)
    hash ^= hash >>> 13
    return hash === 0 ? 1 : hash
  }

  #beginEpochIfDue(): void {
    if (this.#next) {
      // What was put while the first epoch is being built has no other place to go; later, it goes to both.
      for (const slot of this.#staged) this.#next.add(this.#newcomer(slot))
      if (!this.#current) this.#staged.clear()
      return
    }
    if (!this.#isEpochDue()) return
    this.#turnover = 0
    const size = this.#articles.size
    // One that has shrunk again has articles whose words are gone: what they were weighed by is all there is of them.
    const isRolling = this.#current !== null && (size > this.#wordsKept || !this.#hasAllWords())
    const newcomers: Newcomer[] = []
    if (!isRolling) {
      // A bulk load is worked out once, in the new epoch; a few articles do not wait for it, and breaking news does not.
      if (this.#staged.size * 2 > size) this.#keepStagedOnly(this.#current ? breakingKept : 0)
      for (const slot of this.#articles.live()) newcomers.push(this.#newcomer(slot))
    }
    this.#next = new EpochBuild(this.#latestWords(), newcomers, {
      parts: this.#parts,
      before: isRolling ? this.#current : null,
      size,
    })
  }

  #hasAllWords(): boolean {
    for (const slot of this.#articles.live()) if (!this.#words.has(slot)) return false
    return true
  }

  #isEpochDue(): boolean {
    const size = this.#articles.size
    if (!this.#current) return size > 0
    const growth = size < smallCorpus ? smallGrowth : largeGrowth
    return this.#turnover >= Math.min(this.#wordsKept, Math.max(8, this.#current.size * (growth - 1)))
  }

  #newcomer(slot: number): Newcomer {
    return { slot, stored: this.#storedNeighbours(slot) }
  }

  #wordsOf(slot: number): ArticleWords | null {
    const words = this.#words.of(slot)
    if (!words) return null
    const language = this.#articles.language(slot)
    return { ...words, signature: noSignature, reader: this.#parts.vocabulary.reader(language), language }
  }

  /** The stored rail as neighbours, or null when there is none or it names an article that is not here. */
  #storedNeighbours(slot: number): Newcomer['stored'] {
    const items = this.#storedRails.get(slot)
    if (!items) return null
    const neighbours: Neighbour[] = []
    for (const { id, score } of items) {
      const other = this.#articles.slotOf(id)
      if (other < 0 || other === slot) return null
      neighbours.push({ slot: other, score: Math.round(score * fullScore) })
    }
    return { neighbours, isWhole: items.length < storedRailLength }
  }

  /** The articles that new statistics are counted from: the latest in time whose words are kept. */
  #latestWords(): number[] {
    const articles = this.#articles
    const known = [...articles.live()].filter((slot) => this.#words.has(slot))
    if (known.length <= this.#wordsKept) return known
    known.sort((a, b) => articles.publishedAtMs(b) - articles.publishedAtMs(a) || articles.compareIds(a, b))
    return known.slice(0, this.#wordsKept)
  }

  #keepStagedOnly(most: number): void {
    const breaking: Array<{ slot: number; publishedAtMs: number }> = []
    for (let next = this.#stagedQueue.pop(); next && breaking.length < most; next = this.#stagedQueue.pop()) {
      if (this.#staged.has(next.slot) && this.#isBreaking(next.slot)) breaking.push(next)
    }
    this.#staged = new Set(breaking.map(({ slot }) => slot))
    for (const kept of breaking) this.#stagedQueue.push(kept)
  }

  #swap(build: EpochBuild): void {
    const epoch = build.epoch()
    this.#current = epoch
    this.#next = null
    for (const slot of this.#goneMeanwhile.splice(0)) this.#words.delete(slot)
    if (build.isWhole) {
      this.#urgent.clear()
      for (const slot of this.#articles.live()) {
        if (!epoch.neighbours.has(slot)) continue
        this.#staged.delete(slot)
        this.#storedRails.delete(slot)
        if (!build.restored.has(slot)) this.#dirty.add(slot)
      }
    }
    epoch.neighbours.compact()
    this.#dropOldWords()
  }

  /** In a large corpus an article's words are kept no longer than statistics are counted from them. */
  #dropOldWords(): void {
    if (this.#next || this.#withWords.length < this.#wordsKept * 1.25 || this.#articles.size <= this.#wordsKept) return
    const staged: number[] = []
    const settled: number[] = []
    for (const slot of this.#withWords) {
      if (!this.#words.has(slot)) continue
      if (this.#staged.has(slot)) staged.push(slot)
      else settled.push(slot)
    }
    for (const slot of settled.slice(0, -this.#wordsKept)) this.#words.delete(slot)
    this.#withWords = settled.slice(-this.#wordsKept).concat(staged)
  }

  /** The rails that hold any version of an article are ranked anew when one comes or goes. */
  #touchVersions(slot: number): void {
    const versions = this.#articles.versionsOf(slot)
    if (versions.length === 0) return
    for (const version of versions) {
      if (!this.#current?.neighbours.has(version)) continue
      this.#dirty.add(version)
      this.#current.neighbours.eachHolder(version, (other) => this.#dirty.add(other))
      if (this.#next?.isWhole) this.#next.touch(version)
    }
    for (const deep of this.#deepRails) this.#dirty.add(deep)
  }

  #remaining(): number {
    return this.#staged.size + this.#dirty.size + (this.#next?.remaining ?? 0)
  }
}

function verdictOf({ kind }: Absence): Explanation['verdict'] {
  if (kind === 'below-floor') return 'too-weak'
  return kind === 'unknown' || kind === 'itself' || kind === 'version' || kind === 'repeat' || kind === 'language'
    ? kind
    : 'related'
}

/** The table of articles has it: nobody asks for it again. */
const noSignature = new Uint8Array(0)

/** Five digits give the stored number back, and are half as long as all. */
function shownScore(score: number): number {
  return Math.round((score / fullScore) * 100_000) / 100_000
}

/** What was published within this of the newest article counts as breaking news, in milliseconds. */
const breakingMs = 6 * 3_600_000
/** Breaking news that does not wait while a bulk load is worked out in a new epoch. */
const breakingKept = 50
/** Rails that do not wait, at most: more would cost a bulk load of today's news a multiple of its work. */
const urgentMax = 500

/** Ranking and explaining a rail, against the neighbour work of an article. */
const railCost = 0.4

/** Postings and scores after which a slice ends, whatever `atMost` says: some tens of milliseconds. */
const heavyWorkMax = 12_000_000

// A small corpus is rebuilt in milliseconds and its statistics are poor: it begins a new epoch sooner.
const smallCorpus = 400
const smallGrowth = 1.25
const largeGrowth = 2
