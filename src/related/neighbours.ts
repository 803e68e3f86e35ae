import { InvertedIndex } from './inverted-index.ts'
import type { WeightedTerms } from './terms.ts'
import { unit } from './terms.ts'
import { grownTo } from './typed-arrays.ts'

/** Scores are whole millionths: exact, comparable and the same on every machine. */
export const fullScore = 1_000_000

/**
 * How many neighbours are kept of each article: enough that repeats and versions still leave a full stored rail.
 */
export const poolLength = 40

export interface NeighbourOptions {
  /** The time kernel is `(1 + timeWeight * exp(-days / timeDays)) / (1 + timeWeight)`. */
  readonly timeWeight: number
  readonly timeDays: number
  /**
   * Under this cosine, in millionths, two articles are no neighbours, however close in time. It is asked before time is:
   * on the day itself chance is three times as strong, and so is what it says.
   */
  readonly textMin: number
}

export interface Neighbour {
  readonly slot: number
  readonly score: number
}

/**
 * The closest articles of every article, kept true while articles come and go.
 *
 * A score is symmetric, so one walk over the postings of a new article gives its own neighbours and every article
 * whose neighbour it becomes. A pool is the exact head of the full list: whatever is better than the pool's bound is in it.
 * Time enters as the distance between two articles, which never changes, so a pool does not age.
 */
export class Neighbours {
  readonly #idOf: (slot: number) => string
  readonly #index = new InvertedIndex()
  readonly #articles: Array<WeightedTerms | null> = []
  readonly #factors: Float64Array
  readonly #dotMin: number
  #hours = new Int32Array(256)
  #languages = new Int32Array(256)
  #poolSlots = new Int32Array(256 * poolLength)
  #poolScores = new Int32Array(256 * poolLength)
  #poolCount = new Uint8Array(256)
  /** A newcomer with a lower score than this cannot enter the pool. */
  #admission = new Int32Array(256)
  /** From this score on a newcomer matters to the article even though it does not enter the pool. */
  #watched = new Int32Array(256)
  /** The best that a full pool had to turn away; its id decides ties. */
  readonly #bound: Array<string | null> = []
  #scores = new Int32Array(256)
  #workDone = 0

  /** @param idOf the id of the article in a slot: it decides ties */
  constructor(idOf: (slot: number) => string, options: NeighbourOptions = defaultNeighbours) {
    this.#idOf = idOf
    this.#factors = timeFactors(options)
    this.#dotMin = Math.max(1, Math.ceil((options.textMin / fullScore) * unit * unit))
  }

  /** Postings walked and scores compared since the start: what a caller bounds its slices by. */
  get workDone(): number {
    return this.#workDone
  }

  has(slot: number): boolean {
    return this.#articles[slot] != null
  }

  termsOf(slot: number): WeightedTerms | null {
    return this.#articles[slot] ?? null
  }

  /** Makes an article known to those that come after it, without looking for its neighbours. */
  add(slot: number, article: WeightedTerms, place: Place): void {
    this.#reserve(slot)
    this.#articles[slot] = article
    this.#hours[slot] = hoursOf(place.publishedAtMs)
    this.#languages[slot] = place.language
    this.#index.add(slot, article)
    this.#poolCount[slot] = 0
    this.#watched[slot] = nobody
    this.#clearBound(slot)
  }

  /** The score under which nothing enters the pool. */
  admission(slot: number): number {
    return this.#admission[slot]!
  }

  /** Reports newcomers from this score on as changes, for a rail that reaches beyond the pool; null to end that. */
  watch(slot: number, score: number | null): void {
    this.#watched[slot] = score ?? nobody
  }

  /** Fills the pool of an article that was added, and enters it in the pools of others; `changed` is called for each of those. */
  connect(slot: number, changed: (other: number) => void): void {
    this.#eachScore(slot, (other, score) => {
      this.#offer(slot, other, score)
      const enters = score >= this.#admission[other]! && this.#offer(other, slot, score)
      if (enters || score >= this.#watched[other]!) changed(other)
    })
  }

  /**
   * Takes a list that was worked out earlier as the pool: in order, with its scores.
   * @param isWhole nothing beyond its end is a neighbour
   */
  restore(slot: number, neighbours: readonly Neighbour[], isWhole: boolean): void {
    const taken = neighbours.slice(0, poolLength)
    const base = slot * poolLength
    taken.forEach(({ slot: other, score }, at) => {
      this.#poolSlots[base + at] = other
      this.#poolScores[base + at] = score
    })
    this.#poolCount[slot] = taken.length
    const last = taken.at(-1)
    if (last && (!isWhole || neighbours.length > poolLength)) this.#setBound(slot, last.score, this.#idOf(last.slot))
    else this.#clearBound(slot)
  }

  /** Removes an article at once from what newcomers meet; `sweep` then takes it out of the pools. */
  remove(slot: number): void {
    const article = this.#articles[slot]
    if (!article) return
    this.#index.remove(slot, article)
    this.#articles[slot] = null
    this.#poolCount[slot] = 0
  }

  /**
   * Takes the articles that are gone out of every pool; `changed` is called with each article whose pool held one of
   * `gone` or of `touched`.
   *
   * One walk over all pools for a whole batch of removals. Keeping for each article the list of pools that hold it would
   * be faster for one removal, at the price of as many numbers again as the pools hold.
   */
  sweep(gone: Uint8Array, touched: Uint8Array, changed: (slot: number) => void): void {
    for (let slot = 0; slot < this.#articles.length; slot++) {
      const count = this.#poolCount[slot]!
      const base = slot * poolLength
      let kept = 0
      let isTouched = false
      for (let at = 0; at < count; at++) {
        const other = this.#poolSlots[base + at]!
        if (touched[other] === 1) isTouched = true
        if (gone[other] === 1) continue
        this.#poolSlots[base + kept] = other
        this.#poolScores[base + kept] = this.#poolScores[base + at]!
        kept++
      }
      if (kept === count && !isTouched) continue
      this.#poolCount[slot] = kept
      changed(slot)
    }
  }

  /** The pool, best first, and whether there is nothing beyond it. */
  pool(slot: number): { neighbours: Neighbour[]; isWhole: boolean } {
    const base = slot * poolLength
    const neighbours: Neighbour[] = []
    for (let at = 0; at < this.#poolCount[slot]!; at++) {
      neighbours.push({ slot: this.#poolSlots[base + at]!, score: this.#poolScores[base + at]! })
    }
    return { neighbours, isWhole: this.#bound[slot] === null }
  }

  /** Works the neighbours out anew, at most `atMost`, best first; the pool is refilled from them. */
  refill(slot: number, atMost: number): Neighbour[] {
    const all: Neighbour[] = []
    this.#eachScore(slot, (other, score) => {
      all.push({ slot: other, score })
    })
    const isBetter = (a: Neighbour, b: Neighbour) =>
      this.#isBefore(a.score, this.#idOf(a.slot), b.score, this.#idOf(b.slot)) ? -1 : 1
    // Sorting thousands of objects for the best few hundred is most of the cost: cut at the score of the last wanted first.
    const least = all.length > atMost ? Int32Array.from(all, ({ score }) => score).sort()[all.length - atMost]! : 0
    const best = all.filter(({ score }) => score >= least).sort(isBetter)
    const base = slot * poolLength
    const count = Math.min(best.length, poolLength)
    for (let at = 0; at < count; at++) {
      this.#poolSlots[base + at] = best[at]!.slot
      this.#poolScores[base + at] = best[at]!.score
    }
    this.#poolCount[slot] = count
    const next = best[count]
    if (next) this.#setBound(slot, next.score, this.#idOf(next.slot))
    else this.#clearBound(slot)
    return best.slice(0, atMost)
  }

  /** The score of two articles, in millionths, whatever the pools hold; null when their texts are too far apart. */
  score(a: number, b: number): number | null {
    const one = this.#articles[a]
    const two = this.#articles[b]
    const dot = one && two ? dotProduct(one, two) : 0
    if (dot < this.#dotMin) return null
    return scoreOf(dot, this.#factors[Math.min(this.hoursApart(a, b), this.#factors.length - 1)]!)
  }

  hoursApart(a: number, b: number): number {
    return Math.abs(this.#hours[a]! - this.#hours[b]!)
  }

  #eachScore(slot: number, visit: (other: number, score: number) => void): void {
    const article = this.#articles[slot]!
    const scores = this.#scores
    const count = this.#articles.length
    this.#workDone += this.#index.accumulate(article, scores) + count
    const factors = this.#factors
    const farthest = factors.length - 1
    const hours = this.#hours
    const languages = this.#languages
    const hour = hours[slot]!
    const language = languages[slot]!
    const dotMin = this.#dotMin
    // One straight look at all scores: keeping a list of those that are not zero was slower at 21,578 articles.
    for (let other = 0; other < count; other++) {
      const dot = scores[other]!
      if (dot < dotMin || other === slot) continue
      const apart = Math.abs(hours[other]! - hour)
      const score = scoreOf(dot, factors[Math.min(apart, farthest)]!)
      const otherLanguage = languages[other]!
      // 0 stands for a language that is not known: it may be any.
      if (language !== otherLanguage && language !== 0 && otherLanguage !== 0) continue
      visit(other, score)
    }
    scores.fill(0, 0, count)
  }

  #offer(slot: number, other: number, score: number): boolean {
    if (score < this.#admission[slot]!) return false
    const id = this.#idOf(other)
    const bound = this.#bound[slot]!
    if (bound !== null && score === this.#admission[slot] && id > bound) return false
    const base = slot * poolLength
    const slots = this.#poolSlots
    const scores = this.#poolScores
    const count = this.#poolCount[slot]!
    let at = count
    while (at > 0 && this.#isBefore(score, id, scores[base + at - 1]!, null, slots[base + at - 1]!)) at--
    if (at === poolLength) {
      this.#setBound(slot, score, id)
      return false
    }
    if (count === poolLength) {
      const last = base + poolLength - 1
      this.#setBound(slot, scores[last]!, this.#idOf(slots[last]!))
    } else this.#poolCount[slot] = count + 1
    const end = base + Math.min(count, poolLength - 1)
    for (let to = end; to > base + at; to--) {
      slots[to] = slots[to - 1]!
      scores[to] = scores[to - 1]!
    }
    slots[base + at] = other
    scores[base + at] = score
    return true
  }

  #isBefore(score: number, id: string, otherScore: number, otherId: string | null, otherSlot = -1): boolean {
    if (score !== otherScore) return score > otherScore
    return id < (otherId ?? this.#idOf(otherSlot))
  }

  #setBound(slot: number, score: number, id: string): void {
    this.#admission[slot] = score
    this.#bound[slot] = id
  }

  #clearBound(slot: number): void {
    this.#admission[slot] = 0
    this.#bound[slot] = null
  }

  #reserve(slot: number): void {
    const length = slot + 1
    this.#hours = grownTo(this.#hours, length)
    this.#languages = grownTo(this.#languages, length)
    this.#poolSlots = grownTo(this.#poolSlots, length * poolLength)
    this.#poolScores = grownTo(this.#poolScores, length * poolLength)
    this.#poolCount = grownTo(this.#poolCount, length)
    this.#admission = grownTo(this.#admission, length)
    this.#watched = grownTo(this.#watched, length)
    this.#scores = grownTo(this.#scores, length)
    while (this.#articles.length < length) {
      this.#articles.push(null)
      this.#bound.push(null)
    }
  }
}

const nobody = 0x7fffffff

export interface Place {
  readonly publishedAtMs: number
  /** A number for each language, 0 where it is not known. */
  readonly language: number
}

export const defaultNeighbours: NeighbourOptions = { timeWeight: 2, timeDays: 3, textMin: 80_000 }

export function dotProduct(a: WeightedTerms, b: WeightedTerms): number {
  let dot = 0
  let at = 0
  let other = 0
  while (at < a.terms.length && other < b.terms.length) {
    const difference = a.terms[at]! - b.terms[other]!
    if (difference === 0) dot += a.weights[at++]! * b.weights[other++]!
    else if (difference < 0) at++
    else other++
  }
  return dot
}

function scoreOf(dot: number, factor: number): number {
  return Math.min(fullScore, Math.floor(dot * factor))
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
