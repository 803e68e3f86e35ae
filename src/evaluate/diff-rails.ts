/** What becomes of one rail when rules change. */
export interface RailDiff {
  readonly id: string
  readonly leaving: readonly Placed[]
  readonly entering: readonly Placed[]
  /** Those that stay and change places among those that stay. */
  readonly moved: number
}

export interface Placed {
  readonly id: string
  /** From 1. */
  readonly place: number
}

/** What becomes of all rails. */
export interface DiffSummary {
  readonly rails: number
  readonly changed: number
  readonly orderOnly: number
  readonly leaving: number
  readonly entering: number
  readonly emptied: number
  readonly filled: number
}

/** Null where the two lists are the same. */
export function diffRail(id: string, before: readonly string[], after: readonly string[]): RailDiff | null {
  const placed = (list: readonly string[], others: readonly string[]) =>
    list.flatMap((other, at) => (others.includes(other) ? [] : [{ id: other, place: at + 1 }]))
  const leaving = placed(before, after)
  const entering = placed(after, before)
  const staying = before.filter((other) => after.includes(other))
  const moved = after.filter((other) => before.includes(other)).filter((other, at) => other !== staying[at]).length
  return leaving.length + entering.length + moved === 0 ? null : { id, leaving, entering, moved }
}

/** Adds up what a change of rules does; hand it every rail, those that stay the same too. */
export class DiffTally {
  #rails = 0
  #changed = 0
  #orderOnly = 0
  #leaving = 0
  #entering = 0
  #emptied = 0
  #filled = 0

  add(before: readonly string[], after: readonly string[], diff: RailDiff | null): void {
    this.#rails++
    if (diff === null) return
    this.#changed++
    this.#leaving += diff.leaving.length
    this.#entering += diff.entering.length
    if (diff.leaving.length + diff.entering.length === 0) this.#orderOnly++
    if (before.length > 0 && after.length === 0) this.#emptied++
    if (before.length === 0 && after.length > 0) this.#filled++
  }

  summary(): DiffSummary {
    return {
      rails: this.#rails,
      changed: this.#changed,
      orderOnly: this.#orderOnly,
      leaving: this.#leaving,
      entering: this.#entering,
      emptied: this.#emptied,
      filled: this.#filled,
    }
  }
}
