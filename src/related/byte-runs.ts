/**
 * Many runs of bytes, of all lengths, in a few large arrays: what {@link Runs} are for numbers that grow one by one, these are
 * for what is written once and whole.
 *
 * A place is a number of units of `grain` bytes, so that 32 bits reach over 32 gigabytes.
 */
export class ByteRuns {
  readonly #pages: Uint8Array[] = []
  /** Places given back, by how many grains they have. */
  readonly #free: number[][] = []
  /** How much of the last page is used. */
  #used = pageBytes

  /** A place for `bytes` bytes, at most a page. What is there is whatever was there before. */
  take(bytes: number): number {
    const grains = grainsFor(bytes)
    // What a correction gives back is a few grains larger or smaller than what it needs.
    for (let room = grains; room <= grains + 2; room++) {
      const free = this.#free[room]?.pop()
      if (free === undefined) continue
      if (room > grains) this.#giveBack(free + grains, room - grains)
      return free
    }
    if (this.#used + grains * grain > pageBytes) {
      this.#pages.push(new Uint8Array(pageBytes))
      this.#used = 0
    }
    const start = (this.#pages.length - 1) * pageGrains + this.#used / grain
    this.#used += grains * grain
    return start
  }

  /** @param bytes what it was taken for */
  giveBack(start: number, bytes: number): void {
    this.#giveBack(start, grainsFor(bytes))
  }

  /** The array that a run lies in; it begins there at `byteOffsetIn(start)`. */
  page(start: number): Uint8Array {
    return this.#pages[Math.floor(start / pageGrains)]!
  }

  /** Everything, as arrays that can be written to a file; `restore` takes them back. */
  save(): ByteRunsData {
    const free = this.#free.flatMap((starts, grains) => starts.flatMap((start) => [grains, start]))
    return { pages: this.#pages, used: this.#used, free: Uint32Array.from(free) }
  }

  /** Takes the place of whatever was there. */
  restore({ pages, used, free }: ByteRunsData): void {
    this.#pages.splice(0, this.#pages.length, ...pages)
    this.#used = used
    this.#free.length = 0
    for (let at = 0; at < free.length; at += 2) this.#giveBack(free[at + 1]!, free[at]!)
  }

  #giveBack(start: number, grains: number): void {
    this.#free[grains] ??= []
    this.#free[grains].push(start)
  }
}

/** All runs, for a snapshot. */
export interface ByteRunsData {
  readonly pages: readonly Uint8Array[]
  readonly used: number
  /** The grains of each place given back, and where it is. */
  readonly free: Uint32Array
}

/** What can be given back is told apart by its size in these; half of one is lost on average. */
const grain = 8
/** One megabyte. */
const pageBytes = 1 << 20
const pageGrains = pageBytes / grain

/** Where a run begins in its page. */
export function byteOffsetIn(start: number): number {
  return (start % pageGrains) * grain
}

function grainsFor(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / grain))
}
