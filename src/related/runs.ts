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
  /** The numbers that there is room for in what was given back. */
  #freeRoom = 0

  /** A place for `room` numbers, which must be one of `roomFor`. What is there is whatever was there before. */
  take(room: number): number {
    const free = this.#free[roomNumber(room)]!.pop()
    if (free !== undefined) {
      this.#freeRoom -= room
      return free
    }
    if (this.#used + room > pageLength) {
      if (this.#pages.length > 0) this.#giveBackPieces(this.#end, pageLength - this.#used)
      this.#pages.push(new Uint32Array(pageLength))
      this.#used = 0
    }
    const start = this.#end
    this.#used += room
    return start
  }

  giveBack(start: number, room: number): void {
    this.#free[roomNumber(room)]!.push(start)
    this.#freeRoom += room
  }

  /** Whether so much lies unused that it is worth to {@link compact}. */
  get isSparse(): boolean {
    return this.#freeRoom > (this.#pages.length * pageLength) / sparseFrom
  }

  /**
   * Moves every run down to where the one before it ends, in the order in which they lie, so that nothing lies unused.
   *
   * Each is put as early as those before it allow, and so never later than where it was: no second copy is needed.
   *
   * @param starts of all runs, ascending; they are replaced by where each begins afterwards
   * @param roomOf the room of the run at a place in `starts`
   */
  compact(starts: Float64Array, roomOf: (at: number) => number): void {
    for (const free of this.#free) free.length = 0
    this.#freeRoom = 0
    let next = 0
    for (let at = 0; at < starts.length; at++) {
      const start = starts[at]!
      const room = roomOf(at)
      const left = pageLength - offsetIn(next)
      if (room > left) {
        this.#giveBackPieces(next, left)
        next += left
      }
      const from = offsetIn(start)
      if (next !== start) this.page(next).set(this.page(start).subarray(from, from + room), offsetIn(next))
      starts[at] = next
      next += room
    }
    this.#pages.length = Math.ceil(next / pageLength)
    this.#used = next === 0 ? pageLength : next - (this.#pages.length - 1) * pageLength
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
    this.#freeRoom = 0
    for (let at = 0; at < free.length; at += 2) this.giveBack(free[at + 1]!, rooms[free[at]!]!)
  }

  /** Where the next run would begin. */
  get #end(): number {
    return (this.#pages.length - 1) * pageLength + this.#used
  }

  #giveBackPieces(start: number, length: number): void {
    for (let from = start, left = length; left > 0; ) {
      const room = roomFor(left) === left ? left : rooms[roomNumber(roomFor(left)) - 1]!
      this.giveBack(from, room)
      from += room
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

/** What lies unused may be a part of this. */
const sparseFrom = 32

/** Four megabytes. */
export const pageLength = 1 << 20

/** Where a run begins in its page. */
export function offsetIn(start: number): number {
  return start & (pageLength - 1)
}

/** 1 to 16, 18, 20 and so on to 32, 36, 40: a run that grows by one at a time wastes a twentieth on average. */
const rooms: number[] = []
for (let room = 1; room <= pageLength; room = roomFor(room + 1)) rooms.push(room)

/** The least room for a run of this length, which is at most `pageLength`. */
export function roomFor(length: number): number {
  if (length <= 8) return Math.max(1, length)
  const step = 2 ** (28 - Math.clz32(length - 1))
  return Math.ceil(length / step) * step
}

function roomNumber(room: number): number {
  if (room <= 8) return room - 1
  const exponent = 28 - Math.clz32(room)
  return exponent * 8 + (room >> exponent) - 1
}
