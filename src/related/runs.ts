/**
 * Many runs of whole numbers, of all lengths, in a few large arrays.
 *
 * A run costs its numbers and nothing else: no object, no array of its own. What is given back is used again for runs
 * of the same room. Pages are added and never copied, so that growing to a gigabyte needs no second one meanwhile.
 */
export class Runs {
  readonly #pages: Uint32Array[] = []
  /** Runs given back, by the number of their room. */
  readonly #free: number[][] = rooms.map(() => [])
  /** How much of the last page is used. */
  #used = pageLength

  /** A place for `room` numbers, which must be one of `roomFor`. What is there is whatever was there before. */
  take(room: number): number {
    const free = this.#free[roomNumber(room)]!.pop()
    if (free !== undefined) return free
    if (this.#used + room > pageLength) {
      this.#giveBackRest()
      this.#pages.push(new Uint32Array(pageLength))
      this.#used = 0
    }
    const start = (this.#pages.length - 1) * pageLength + this.#used
    this.#used += room
    return start
  }

  giveBack(start: number, room: number): void {
    this.#free[roomNumber(room)]!.push(start)
  }

  /** The array that a run lies in; it begins there at `offsetIn(start)`. */
  page(start: number): Uint32Array {
    return this.#pages[Math.floor(start / pageLength)]!
  }

  /** Everything, as arrays that can be written to a file; `restore` takes them back. */
  save(): RunsData {
    const free = this.#free.flatMap((starts, number) => starts.flatMap((start) => [number, start]))
    return { pages: this.#pages, used: this.#used, free: Uint32Array.from(free) }
  }

  restore({ pages, used, free }: RunsData): void {
    this.#pages.splice(0, this.#pages.length, ...pages)
    this.#used = used
    for (const starts of this.#free) starts.length = 0
    for (let at = 0; at < free.length; at += 2) this.#free[free[at]!]!.push(free[at + 1]!)
  }

  #giveBackRest(): void {
    if (this.#pages.length === 0) return
    for (let left = pageLength - this.#used; left >= rooms[0]!; ) {
      const room = rooms.findLast((length) => length <= left)!
      this.giveBack((this.#pages.length - 1) * pageLength + this.#used, room)
      this.#used += room
      left -= room
    }
  }
}

/** All runs, for a snapshot. */
export interface RunsData {
  readonly pages: readonly Uint32Array[]
  readonly used: number
  readonly free: Uint32Array
}

/** Four megabytes. */
export const pageLength = 1 << 20

/** Where a run begins in its page. */
export function offsetIn(start: number): number {
  return start & (pageLength - 1)
}

/** 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20 and so on: a run that grows by one at a time wastes a tenth on average. */
const rooms: number[] = []
for (let room = 1; room <= pageLength; room = roomFor(room + 1)) rooms.push(room)

/** The least room for a run of this length, which is at most `pageLength`. */
export function roomFor(length: number): number {
  if (length <= 4) return Math.max(1, length)
  const step = 2 ** (29 - Math.clz32(length - 1))
  return Math.ceil(length / step) * step
}

function roomNumber(room: number): number {
  if (room <= 4) return room - 1
  const exponent = 29 - Math.clz32(room)
  return exponent * 4 + (room >> exponent) - 1
}
