import { pageOfSlot, slotInPage, slotsPerPage } from './slot-pages.ts'
import { grownTo } from './typed-arrays.ts'

/**
 * How many neighbours are kept of each article: enough that repeats, versions and a publisher's rules still leave a full
 * stored rail, and more than three times what is shown.
 */
export const poolLength = 26

export interface Neighbour {
  readonly slot: number
  readonly score: number
}

/**
 * The pool of every article: its neighbours, best first, five bytes each.
 *
 * They lie in pages that are added and never copied: a column of 130 bytes an article that grows by being copied leaves holes in
 * the process's memory as large as itself.
 */
export class Pools {
  readonly #pages: PoolPage[] = []
  #counts: Uint8Array = new Uint8Array(256)

  /** Makes room for an article's pool, which is empty then. */
  begin(slot: number): void {
    while (this.#pages.length <= pageOfSlot(slot)) this.#pages.push(emptyPage())
    this.#counts = grownTo(this.#counts, slot + 1)
    this.#counts[slot] = 0
  }

  /** How many neighbours the article's pool holds, at most `poolLength`. */
  count(slot: number): number {
    return this.#counts[slot]!
  }

  /** The neighbour in place `at`, from 0. */
  neighbour(slot: number, at: number): number {
    const { low, high } = this.#pageOf(slot)
    const place = placeOf(slot) + at
    return low[place]! | (high[place]! << 16)
  }

  score(slot: number, at: number): number {
    return this.#pageOf(slot).scores[placeOf(slot) + at]!
  }

  /** The place of a neighbour; -1 when the pool does not hold it. */
  placeOf(slot: number, neighbour: number): number {
    const { low, high } = this.#pageOf(slot)
    const from = placeOf(slot)
    const end = from + this.#counts[slot]!
    for (let at = from; at < end; at++) if ((low[at]! | (high[at]! << 16)) === neighbour) return at - from
    return -1
  }

  /** Puts a neighbour in place `at`; of a full pool the last one falls out. */
  insert(slot: number, at: number, neighbour: number, score: number): void {
    const { low, high, scores } = this.#pageOf(slot)
    const count = this.#counts[slot]!
    const place = placeOf(slot) + at
    for (let to = placeOf(slot) + Math.min(count, poolLength - 1); to > place; to--) {
      low[to] = low[to - 1]!
      high[to] = high[to - 1]!
      scores[to] = scores[to - 1]!
    }
    low[place] = neighbour
    high[place] = neighbour >>> 16
    scores[place] = score
    if (count < poolLength) this.#counts[slot] = count + 1
  }

  remove(slot: number, at: number): void {
    const place = placeOf(slot) + at
    const end = placeOf(slot) + this.#counts[slot]!
    for (const column of Object.values(this.#pageOf(slot))) column.copyWithin(place, place + 1, end)
    this.#counts[slot]!--
  }

  /** Keeps, in their order, those of which `isKept` holds. */
  keep(slot: number, isKept: (neighbour: number) => boolean): void {
    for (let at = this.#counts[slot]! - 1; at >= 0; at--) if (!isKept(this.neighbour(slot, at))) this.remove(slot, at)
  }

  /** @param neighbours best first, at most `poolLength` */
  set(slot: number, neighbours: readonly Neighbour[]): void {
    this.#counts[slot] = 0
    for (const [at, { slot: other, score }] of neighbours.entries()) this.insert(slot, at, other, score)
  }

  /** @param slots all that are used are below this */
  save(slots: number): PoolsData {
    return { pages: this.#pages, counts: this.#counts.subarray(0, slots) }
  }

  /** Takes the place of whatever was there. */
  restore({ pages, counts }: PoolsData): void {
    this.#pages.splice(0, this.#pages.length, ...pages)
    this.#counts = counts
  }

  #pageOf(slot: number): PoolPage {
    return this.#pages[pageOfSlot(slot)]!
  }
}

/** All pools, for a snapshot. */
export interface PoolsData {
  readonly pages: readonly PoolPage[]
  readonly counts: Uint8Array
}

interface PoolPage {
  /** A slot has 24 bits, as in a posting: the low sixteen, and the high eight beside them. */
  readonly low: Uint16Array
  readonly high: Uint8Array
  readonly scores: Uint16Array
}

function emptyPage(): PoolPage {
  const length = slotsPerPage * poolLength
  return { low: new Uint16Array(length), high: new Uint8Array(length), scores: new Uint16Array(length) }
}

/** Where an article's pool begins in its page. */
function placeOf(slot: number): number {
  return slotInPage(slot) * poolLength
}
