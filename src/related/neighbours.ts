import { InvertedIndex, type InvertedIndexData } from './inverted-index.ts'
import { type Neighbour, Pools, type PoolsData, poolLength } from './pools.ts'
import { eachShared, type PackedTerms, unit } from './terms.ts'
import { grownTo } from './typed-arrays.ts'
import { Vectors, type VectorsData } from './vectors.ts'

/** Scores are whole numbers up to this: exact, comparable, the same on every machine, and two bytes each. */
export const fullScore = 65_535

export interface NeighbourOptions {
  /** The time kernel is `(1 + timeWeight * exp(-days / timeDays)) / (1 + timeWeight)`. */
  readonly timeWeight: number
  readonly timeDays: number
  /**
   * Under this cosine two articles are no neighbours, however close in time. It is asked before time is: on the day
   * itself chance is three times as strong, and so is what it says.
   */
  readonly textMin: number
  /** In how many articles a term is expected within its horizon: what bounds the work of a publication. */
  readonly postingsExpected: number
}

export const defaultNeighbours: NeighbourOptions = {
  timeWeight: 1.85,
  timeDays: 3,
  textMin: 0.08,
  postingsExpected: 2000,
}

/** Everything, for a snapshot. */
export interface NeighboursData {
  readonly slots: number
  readonly index: InvertedIndexData
  readonly vectors: VectorsData
  readonly hours: Int32Array
  readonly languages: Uint8Array
  readonly pools: PoolsData
  readonly admission: Uint16Array
  readonly isUnsure: Uint8Array
  readonly watched: ReadonlyArray<readonly [number, number]>
}

/** What neighbours are found by, apart from their terms. */
export interface NeighbourContext {
  /** Under 0 when the id of the first slot's article comes first: it decides ties. */
  compareIds(slot: number, other: number): number
  /** See `Statistics.horizonHours`. */
  horizonHours(term: number): number
}

export interface Place {
  readonly publishedAtMs: number
  /** A number for each language, 0 where it is not known. */
  readonly language: number
}

/**
 * The closest articles of every article, kept true while articles come and go.
 *
 * A score is symmetric, so one walk over the postings of a new article gives its own neighbours and every article
 * whose neighbour it becomes; and the same walk, when it goes, gives every article that loses it. A pool is the exact head
 * of the full list: whatever beats what the pool once turned away is in it.
 * Time enters as the distance between two articles, which never changes, so a pool does not age.
 */
export class Neighbours {
  readonly #context: NeighbourContext
  readonly #index: InvertedIndex
  readonly #factors: Float64Array
  readonly #dotMin: number
  readonly floor: number
  readonly #vectors = new Vectors()
  #hours: Int32Array = new Int32Array(256)
  #languages: Uint8Array = new Uint8Array(256)
  readonly #pools = new Pools()
  /** The best that a pool has turned away: a newcomer with a lower score cannot enter. 0: nothing was turned away. */
  #admission: Uint16Array = new Uint16Array(256)
  /** A newcomer tied with what the pool once turned away: which of the two belongs in it is found out by a refill. */
  #isUnsure: Uint8Array = new Uint8Array(256)
  /** From this score on a newcomer matters to the article even though it does not enter the pool. */
  readonly #watched = new Map<number, number>()
  /** All slots are below this. */
  #slots = 0
  #scores = new Int32Array(256)
  #foundSlots = new Int32Array(256)
  #foundScores = new Int32Array(256)
  #workDone = 0

  constructor(context: NeighbourContext, options: NeighbourOptions = defaultNeighbours) {
    this.#context = context
    this.#factors = timeFactors(options)
    this.floor = options.textMin
    this.#dotMin = Math.max(1, Math.ceil(options.textMin * unit * unit))
    this.#index = new InvertedIndex(
      { hourOf: (slot) => this.#hours[slot]!, horizonHours: (term) => context.horizonHours(term) },
      options.postingsExpected * 2,
    )
  }

  /** Postings walked and scores compared since the start: what a caller bounds its slices by. */
  get workDone(): number {
    return this.#workDone
  }

  has(slot: number): boolean {
    return this.#vectors.has(slot)
  }

  /** A copy of the article's terms; empty for one that is not here. */
  termsOf(slot: number): PackedTerms {
    return this.#vectors.termsOf(slot)
  }

  /** Makes an article known to those that come after it, without looking for its neighbours. */
  add(slot: number, terms: PackedTerms, place: Place): void {
    this.#reserve(slot)
    this.#vectors.set(slot, terms)
    this.#hours[slot] = hoursOf(place.publishedAtMs)
    this.#languages[slot] = place.language
    this.#index.add(slot, terms)
    this.#admission[slot] = 0
    this.#isUnsure[slot] = 0
    this.#watched.delete(slot)
  }

  /** The best score that was turned away: what the pool holds from there on is not all there is. */
  admission(slot: number): number {
    return this.#admission[slot]!
  }

  /** Reports newcomers from this score on as changes, for a rail that reaches beyond the pool; null to end that. */
  watch(slot: number, score: number | null): void {
    if (score === null) this.#watched.delete(slot)
    else this.#watched.set(slot, score)
  }

  /** Fills the pool of an article that was added, and enters it in the pools of others; `changed` is called for each of those. */
  connect(slot: number, changed: (other: number) => void): void {
    const found = this.#find(slot)
    const admission = this.#admission
    const isWatching = this.#watched.size > 0
    for (let at = 0; at < found; at++) {
      const other = this.#foundSlots[at]!
      const score = this.#foundScores[at]!
      if (score >= admission[slot]!) this.#offer(slot, other, score)
      const isNews = score >= admission[other]! && this.#offer(other, slot, score)
      if (isNews || (isWatching && score >= (this.#watched.get(other) ?? fullScore + 1))) changed(other)
    }
  }

  /**
   * Takes a list that was worked out earlier as the pool: in order, with its scores.
   * @param isWhole nothing beyond its end is a neighbour
   */
  restore(slot: number, neighbours: readonly Neighbour[], isWhole: boolean): void {
    const taken = neighbours.slice(0, poolLength)
    this.#pools.set(slot, taken)
    const last = taken.at(-1)
    this.#admission[slot] = last && (!isWhole || neighbours.length > poolLength) ? last.score : 0
    this.#isUnsure[slot] = 0
  }

  /** Takes an article out, of every pool that holds it too; `changed` is called with each article whose pool did. */
  remove(slot: number, changed: (other: number) => void): void {
    if (!this.has(slot)) return
    this.eachHolder(slot, (other, at) => {
      this.#pools.remove(other, at)
      changed(other)
    })
    this.#index.remove(slot, this.termsOf(slot))
    this.#vectors.delete(slot)
    this.#pools.set(slot, [])
    this.#watched.delete(slot)
  }

  /** Visits each article whose pool holds this one, with its place there. */
  eachHolder(slot: number, visit: (other: number, at: number) => void): void {
    if (!this.has(slot)) return
    const found = this.#find(slot)
    for (let index = 0; index < found; index++) {
      const other = this.#foundSlots[index]!
      const count = this.#pools.count(other)
      if (count === 0 || this.#foundScores[index]! < this.#pools.score(other, count - 1)) continue
      const at = this.#pools.placeOf(other, slot)
      if (at >= 0) visit(other, at)
    }
  }

  /** Takes out of all pools what is not there any more. Removal does so itself, but for what came in under other statistics. */
  purge(): void {
    for (let slot = 0; slot < this.#slots; slot++) this.#pools.keep(slot, (other) => this.has(other))
    this.#workDone += this.#slots
  }

  /** Gives back the memory that growing has left unused. */
  compact(): void {
    this.#index.compact()
  }

  /** The pool, best first, and whether there is nothing beyond it. */
  pool(slot: number): { neighbours: Neighbour[]; isWhole: boolean } {
    if (this.#isUnsure[slot] === 1) this.refill(slot, poolLength)
    const neighbours: Neighbour[] = []
    for (let at = 0; at < this.#pools.count(slot); at++) {
      const other = this.#pools.neighbour(slot, at)
      if (this.has(other)) neighbours.push({ slot: other, score: this.#pools.score(slot, at) })
    }
    return { neighbours, isWhole: this.#admission[slot] === 0 }
  }

  /** Works the neighbours out anew, at most `atMost`, best first; the pool is refilled from them. */
  refill(slot: number, atMost: number): Neighbour[] {
    const found = this.#find(slot)
    const scores = this.#foundScores.subarray(0, found)
    // Sorting thousands of objects for the best few hundred is most of the cost: cut at the score of the last wanted first.
    const wanted = Math.max(atMost, poolLength) + 1
    const least = found > wanted ? Int32Array.from(scores).sort()[found - wanted]! : 0
    const best: Neighbour[] = []
    for (let at = 0; at < found; at++) {
      if (scores[at]! >= least) best.push({ slot: this.#foundSlots[at]!, score: scores[at]! })
    }
    best.sort((a, b) => b.score - a.score || this.#context.compareIds(a.slot, b.slot))
    this.#pools.set(slot, best.slice(0, poolLength))
    this.#admission[slot] = best[poolLength]?.score ?? 0
    this.#isUnsure[slot] = 0
    return best.slice(0, atMost)
  }

  /** The score of two articles, whatever the pools hold; null when their texts are too far apart. */
  score(a: number, b: number): number | null {
    const dot = this.#dot(a, b)
    return dot < this.#dotMin ? null : scoreOf(dot, this.#factor(a, b))
  }

  /** The cosine of two articles' terms, as far as these count at their distance in time. */
  text(a: number, b: number): number {
    return this.#dot(a, b) / unit ** 2
  }

  /** The factor for nearness in time, at most 1. */
  timeFactor(a: number, b: number): number {
    return (this.#factor(a, b) * unit * unit) / fullScore
  }

  hoursApart(a: number, b: number): number {
    return Math.abs(this.#hours[a]! - this.#hours[b]!)
  }

  /** Tells of a term whether it counts between two articles as far apart in time as these. */
  countsBetween(a: number, b: number): (term: number) => boolean {
    const hours = this.hoursApart(a, b)
    return (term) => hours <= this.#context.horizonHours(term)
  }

  save(): NeighboursData {
    const slots = this.#slots
    return {
      slots,
      index: this.#index.save(),
      vectors: this.#vectors.save(slots),
      hours: this.#hours.subarray(0, slots),
      languages: this.#languages.subarray(0, slots),
      pools: this.#pools.save(slots),
      admission: this.#admission.subarray(0, slots),
      isUnsure: this.#isUnsure.subarray(0, slots),
      watched: [...this.#watched],
    }
  }

  load(data: NeighboursData): void {
    this.#slots = data.slots
    this.#index.restore(data.index)
    this.#vectors.restore(data.vectors)
    this.#hours = data.hours
    this.#languages = data.languages
    this.#pools.restore(data.pools)
    this.#admission = data.admission
    this.#isUnsure = data.isUnsure
    for (const [slot, score] of data.watched) this.#watched.set(slot, score)
    this.#scores = new Int32Array(data.slots)
    this.#foundSlots = new Int32Array(data.slots)
    this.#foundScores = new Int32Array(data.slots)
  }

  #dot(a: number, b: number): number {
    const counts = this.countsBetween(a, b)
    let dot = 0
    eachShared(this.termsOf(a), this.termsOf(b), (term, weight, other) => {
      if (counts(term)) dot += weight * other
    })
    return dot
  }

  #factor(a: number, b: number): number {
    return this.#factors[Math.min(this.hoursApart(a, b), this.#factors.length - 1)]!
  }

  /** Leaves every neighbour of the article in `#foundSlots` and its score in `#foundScores`; gives how many there are. */
  #find(slot: number): number {
    const scores = this.#scores
    const { touched, postings } = this.#index.accumulate(this.termsOf(slot), this.#hours[slot]!, scores, this.#slots)
    this.#workDone += postings + (touched ?? this.#slots)
    if (touched === null) return this.#findAmongAll(slot, scores)
    const slots = this.#index.touched
    const dotMin = this.#dotMin
    let found = 0
    for (let at = 0; at < touched; at++) {
      const other = slots[at]!
      const dot = scores[other]!
      scores[other] = 0
      if (dot >= dotMin && this.#mayMeet(slot, other)) found = this.#note(slot, other, dot, found)
    }
    return found
  }

  #findAmongAll(slot: number, scores: Int32Array): number {
    const slots = this.#slots
    const dotMin = this.#dotMin
    let found = 0
    for (let other = 0; other < slots; other++) {
      const dot = scores[other]!
      if (dot >= dotMin && this.#mayMeet(slot, other)) found = this.#note(slot, other, dot, found)
    }
    scores.fill(0, 0, slots)
    return found
  }

  #mayMeet(slot: number, other: number): boolean {
    const language = this.#languages[slot]!
    const otherLanguage = this.#languages[other]!
    // 0 stands for a language that is not known: it may be any.
    return slot !== other && (language === otherLanguage || language === 0 || otherLanguage === 0)
  }

  #note(slot: number, other: number, dot: number, found: number): number {
    const apart = Math.abs(this.#hours[other]! - this.#hours[slot]!)
    this.#foundSlots[found] = other
    this.#foundScores[found] = scoreOf(dot, this.#factors[Math.min(apart, this.#factors.length - 1)]!)
    return found + 1
  }

  /** @returns whether what is known of the article's neighbours has changed */
  #offer(slot: number, other: number, score: number): boolean {
    const pools = this.#pools
    const count = pools.count(slot)
    const isFull = count === poolLength
    if (!isFull && this.#admission[slot] === score) {
      // Something of this score was turned away; whose id comes first is not known any more.
      this.#isUnsure[slot] = 1
      return true
    }
    let at = count
    while (at > 0 && this.#isBefore(score, other, slot, at - 1)) at--
    if (at === poolLength) {
      // The first that is turned away: until now a rail that repeats left short had nothing more to look at.
      const wasWhole = this.#admission[slot] === 0
      this.#admission[slot] = score
      return wasWhole
    }
    if (isFull) this.#admission[slot] = pools.score(slot, poolLength - 1)
    pools.insert(slot, at, other, score)
    return true
  }

  /** Whether a newcomer belongs before what is in place `at` of a pool. */
  #isBefore(score: number, other: number, slot: number, at: number): boolean {
    const before = this.#pools.score(slot, at)
    return score > before || (score === before && this.#context.compareIds(other, this.#pools.neighbour(slot, at)) < 0)
  }

  #reserve(slot: number): void {
    const length = slot + 1
    this.#slots = Math.max(this.#slots, length)
    this.#hours = grownTo(this.#hours, length)
    this.#languages = grownTo(this.#languages, length)
    this.#pools.begin(slot)
    this.#admission = grownTo(this.#admission, length)
    this.#isUnsure = grownTo(this.#isUnsure, length)
    this.#scores = grownTo(this.#scores, length)
    this.#foundSlots = grownTo(this.#foundSlots, length)
    this.#foundScores = grownTo(this.#foundScores, length)
  }
}

function scoreOf(dot: number, factor: number): number {
  return Math.max(1, Math.min(fullScore, Math.floor(dot * factor)))
}

/** From a dot product to a score, for each distance in hours; the last stands for everything farther. */
export function timeFactors({ timeWeight, timeDays }: NeighbourOptions): Float64Array {
  const factors = new Float64Array(Math.ceil(timeDays * 24 * 12) + 1)
  for (let hours = 0; hours < factors.length; hours++) {
    const kernel = (1 + timeWeight * Math.exp(-hours / 24 / timeDays)) / (1 + timeWeight)
    factors[hours] = (kernel * fullScore) / (unit * unit)
  }
  return factors
}

/** Whole hours are fine enough for a kernel that falls over days, and fit an integer. */
export function hoursOf(publishedAtMs: number): number {
  return Math.floor(publishedAtMs / 3_600_000)
}
