import assert from 'node:assert'
import type { ArticleWords } from './article-words.ts'
import type { ArticleTable } from './articles.ts'
import { Explainer } from './explain.ts'
import { type NeighbourOptions, Neighbours, type NeighboursData } from './neighbours.ts'
import type { Neighbour } from './pools.ts'
import { type Statistics, StatisticsCount, type StatisticsData, statisticsOf } from './statistics.ts'
import type { TermNumbers } from './term-numbers.ts'
import { TermWeigher, type WeightOptions } from './terms.ts'
import { grownTo } from './typed-arrays.ts'
import type { Vocabulary } from './vocabulary.ts'

/** What epochs have in common. */
export interface EpochParts {
  readonly articles: ArticleTable
  readonly vocabulary: Vocabulary
  readonly numbers: TermNumbers
  readonly weights: WeightOptions
  readonly neighbours: NeighbourOptions
  /** The words of an article; null when they are not kept, or it is gone. */
  wordsOf(slot: number): ArticleWords | null
}

/** Term statistics, what weighs and explains by them, and the neighbours of all articles. */
export class Epoch {
  readonly statistics: Statistics
  readonly explainer: Explainer
  readonly neighbours: Neighbours
  /** How many articles there were when the statistics were counted. */
  readonly size: number
  readonly #horizons: Horizons
  readonly #parts: EpochParts
  readonly #weigher: TermWeigher

  /** @param before the epoch whose neighbours stay: only what comes from now on is weighed by the new statistics */
  constructor(statistics: Statistics, size: number, parts: EpochParts, before: Epoch | null = null) {
    this.statistics = statistics
    this.size = size
    this.#parts = parts
    this.explainer = new Explainer(parts.vocabulary, statistics, parts.numbers)
    this.#weigher = new TermWeigher(parts.vocabulary, statistics, parts.numbers, parts.weights)
    this.#horizons = before === null ? new Horizons(parts) : before.#horizons
    this.#horizons.begin(statistics)
    const horizons = this.#horizons
    this.neighbours =
      before?.neighbours ??
      new Neighbours(
        {
          compareIds: (slot, other) => parts.articles.compareIds(slot, other),
          horizonHours: (term) => horizons.hours(term),
        },
        parts.neighbours,
      )
  }

  static from(data: EpochData, parts: EpochParts): Epoch {
    const epoch = new Epoch(statisticsOf(data.statistics), data.size, parts)
    epoch.neighbours.load(data.neighbours)
    return epoch
  }

  save(): EpochData {
    return { size: this.size, statistics: this.statistics.data, neighbours: this.neighbours.save() }
  }

  /** Makes an article known whose words are kept, without looking for its neighbours. */
  add(slot: number): void {
    const { articles } = this.#parts
    const words = this.#parts.wordsOf(slot)
    assert(words, 'the words of an article are kept until it has been weighed')
    this.neighbours.add(slot, this.#weigher.weigh(words), {
      publishedAtMs: articles.publishedAtMs(slot),
      language: articles.languageNumber(slot),
    })
  }
}

/** An epoch, for a snapshot. */
export interface EpochData {
  readonly size: number
  readonly statistics: StatisticsData
  readonly neighbours: NeighboursData
}

/** The horizon of every term under the current statistics, worked out when it is first asked for. */
class Horizons {
  readonly #parts: EpochParts
  #statistics: Statistics | null = null
  /** By term: 0 where it was not asked for yet. */
  #hours = new Float32Array(1024)

  constructor(parts: EpochParts) {
    this.#parts = parts
  }

  begin(statistics: Statistics): void {
    this.#statistics = statistics
    this.#hours.fill(0)
  }

  hours(term: number): number {
    const known = this.#hours[term] ?? 0
    if (known > 0) return known
    if (term >= this.#hours.length) this.#hours = grownTo(this.#hours, term + 1)
    const { numbers, neighbours } = this.#parts
    const statistics = this.#statistics!
    const counted = statistics.termOf(numbers.first(term), numbers.second(term))
    const hours = counted < 0 ? Number.POSITIVE_INFINITY : statistics.horizonHours(counted, neighbours.postingsExpected)
    this.#hours[term] = hours
    return hours
  }
}

/** An article that is to be in an epoch on its way, with the rail that the store has of it. */
export interface Newcomer {
  readonly slot: number
  /** Its neighbours as they were once worked out, best first; null to work them out. */
  readonly stored: { readonly neighbours: readonly Neighbour[]; readonly isWhole: boolean } | null
}

/**
 * An epoch on its way: counts its articles twice, then adds them, then connects them, a step at a time.
 *
 * In the order of time, since postings are kept so and then are only appended.
 */
export class EpochBuild {
  /** The articles whose stored rail was taken as it is. */
  readonly restored = new Set<number>()
  readonly #parts: EpochParts
  readonly #counted: readonly number[]
  readonly #size: number
  readonly #before: Epoch | null
  readonly #queue: Map<number, Newcomer>
  readonly #count: StatisticsCount
  #counts = 0
  #epoch: Epoch | null = null

  /**
   * @param counted the articles that the statistics are of
   * @param newcomers the articles to be added and connected
   * @param options.before the epoch whose articles and neighbours stay as they are
   * @param options.size how many articles there are in all
   */
  constructor(
    counted: readonly number[],
    newcomers: readonly Newcomer[],
    { parts, before, size }: { parts: EpochParts; before: Epoch | null; size: number },
  ) {
    this.#parts = parts
    this.#counted = counted
    this.#size = size
    this.#before = before
    this.#count = new StatisticsCount(parts.vocabulary, counted.length)
    const { articles } = parts
    // Those that keep their stored rail first: whoever is connected must meet them.
    const ordered = newcomers.toSorted(
      (a, b) =>
        Number(a.stored === null) - Number(b.stored === null) ||
        articles.publishedAtMs(a.slot) - articles.publishedAtMs(b.slot) ||
        articles.compareIds(a.slot, b.slot),
    )
    this.#queue = new Map(ordered.map((newcomer) => [newcomer.slot, newcomer]))
  }

  get remaining(): number {
    return Math.ceil((this.#counted.length * 2 - this.#counts) * countCost) + this.#queue.size + 1
  }

  get isComplete(): boolean {
    return this.#epoch !== null && this.#queue.size === 0
  }

  /** Whether it brings neighbours of its own, rather than new statistics for those that there are. */
  get isWhole(): boolean {
    return this.#before === null
  }

  get workDone(): number {
    return this.isWhole ? (this.#epoch?.neighbours.workDone ?? 0) : 0
  }

  epoch(): Epoch {
    return this.#epoch!
  }

  add(newcomer: Newcomer): void {
    if (this.isWhole && !this.#epoch?.neighbours.has(newcomer.slot)) this.#queue.set(newcomer.slot, newcomer)
  }

  remove(slot: number): void {
    this.#queue.delete(slot)
    this.restored.delete(slot)
    if (this.isWhole) this.#epoch?.neighbours.remove(slot, (other) => this.restored.delete(other))
  }

  /** The rails that hold this article are ranked anew when the epoch begins. */
  touch(slot: number): void {
    this.restored.delete(slot)
    this.#epoch?.neighbours.eachHolder(slot, (other) => this.restored.delete(other))
  }

  /** Does the next piece of work and gives what it cost, an article's neighbour work being 1. */
  step(): number {
    const total = this.#counted.length
    if (this.#counts < total * 2) {
      const slot = this.#counted[this.#counts % total]!
      const words = this.#parts.wordsOf(slot)
      assert(words, 'the words of an article are kept until it has been counted')
      if (this.#counts < total) this.#count.count(words, this.#parts.articles.publishedAtMs(slot))
      else this.#count.countPairs(words)
      this.#counts++
      return countCost
    }
    this.#epoch ??= new Epoch(this.#count.freeze(this.#size), this.#size, this.#parts, this.#before)
    const [newcomer] = this.#queue.values()
    if (!newcomer) return countCost
    const { slot, stored } = newcomer
    this.#queue.delete(slot)
    const { neighbours } = this.#epoch
    this.#epoch.add(slot)
    const kept = stored?.neighbours.filter((neighbour) => this.#parts.articles.has(neighbour.slot))
    if (stored && kept?.length === stored.neighbours.length) {
      neighbours.restore(slot, kept, stored.isWhole)
      this.restored.add(slot)
      return countCost
    }
    neighbours.connect(slot, (other) => this.restored.delete(other))
    return 1
  }
}

/** Counting a word list, against the neighbour work of an article. */
const countCost = 0.05
