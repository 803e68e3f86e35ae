/**
 * A queue that keeps its delay short and not its length: controlled delay (CoDel) with adaptive order.
 *
 * - **calm**: a burst is passing, or what serves stands still. Nobody is sent away, and the first is served first.
 * - **crowded**, once the line has not been empty for `intervalMs` of serving: more come than can be served. Time in which
 *   nobody was served counts no further than `standstillMs`: after a pause of the machine, or of the disk, all who came
 *   meanwhile can be served in moments, and sending them away would fail them for nothing. Nobody may wait longer
 *   than `targetMs`, and the last is served first, who has the best chance to be served while the reader is still there;
 *   first come, first served would give the whole delay to every reader.
 * - It is calm again when the line is empty and nobody had to be sent away for `intervalMs`. To be empty for a moment is
 *   not enough, as it is in the source: under five times the capacity it happens often by chance, and then refusals
 *   take up to 80 ms where they could take 5 (see docs/decisions/0006-the-limiter.md).
 *
 * It is told the time and does not wait itself. It is bounded by its owner, by {@link dropOldest}.
 *
 * Source: B. Maurer, Fail at Scale (https://queue.acm.org/detail.cfm?id=2839461), after K. Nichols and V. Jacobson,
 * Controlling Queue Delay (https://queue.acm.org/detail.cfm?id=2209336).
 */
export class WaitingLine<Waiter> {
  readonly #settings: WaitingLineSettings
  // Oldest first. A plain array: with at most a few hundred who wait, moving them costs less than a list of links.
  readonly #waiting: Array<{ readonly waiter: Waiter; readonly sinceMs: number }> = []
  #mood: Mood = { state: 'calm', servingMs: 0, servedAtMs: 0 }

  constructor(settings: WaitingLineSettings) {
    this.#settings = settings
  }

  get length(): number {
    return this.#waiting.length
  }

  get isCrowded(): boolean {
    return this.#mood.state === 'crowded' && this.#waiting.length > 0
  }

  join(waiter: Waiter, nowMs: number): void {
    if (this.#waiting.length === 0) this.#mood = onFirst(this.#mood, nowMs, this.#settings)
    this.#waiting.push({ waiter, sinceMs: nowMs })
  }

  leave(waiter: Waiter): void {
    const place = this.#waiting.findIndex((entry) => entry.waiter === waiter)
    if (place !== -1) this.#waiting.splice(place, 1)
  }

  /** Takes who is served next. Call {@link dropOverdue} before, or it may be one who has waited too long. */
  takeNext(nowMs: number): Waiter | undefined {
    const mood = this.#mood
    if (mood.state === 'crowded') return this.#waiting.pop()?.waiter
    if (this.#waiting.length > 0) {
      const servingMs = mood.servingMs + Math.min(nowMs - mood.servedAtMs, standstillMs)
      this.#mood = { state: 'calm', servingMs, servedAtMs: nowMs }
    }
    return this.#waiting.shift()?.waiter
  }

  dropOldest(): Waiter | undefined {
    return this.#waiting.shift()?.waiter
  }

  /** Takes out those who have waited as long as they may. */
  dropOverdue(nowMs: number): Waiter[] {
    const dueMs = this.nextDueMs()
    if (dueMs === null || dueMs > nowMs) return []
    // Whether it is the first time or not: somebody has waited too long just now.
    this.#mood = { state: 'crowded', lastLateMs: nowMs }
    const { targetMs } = this.#settings
    // The same sum as in nextDueMs: `nowMs - sinceMs` may round below it, and a timer set for that time would never rest.
    const firstInTime = this.#waiting.findIndex(({ sinceMs }) => sinceMs + targetMs > nowMs)
    const overdue = this.#waiting.splice(0, firstInTime === -1 ? this.#waiting.length : firstInTime)
    return overdue.map(({ waiter }) => waiter)
  }

  /** When {@link dropOverdue} is to be called next; null while nobody waits, or may be sent away before somebody is served. */
  nextDueMs(): number | null {
    const oldest = this.#waiting[0]
    if (!oldest) return null
    const { targetMs, intervalMs } = this.#settings
    if (this.#mood.state === 'crowded') return oldest.sinceMs + targetMs
    const leftMs = intervalMs - this.#mood.servingMs
    return leftMs <= standstillMs ? this.#mood.servedAtMs + leftMs : null
  }
}

export interface WaitingLineSettings {
  /** The longest wait while more come than can be served, in milliseconds. */
  readonly targetMs: number
  /** How long, in milliseconds, the line may be served from without ever being empty before that is so. */
  readonly intervalMs: number
}

type Mood =
  | {
      readonly state: 'calm'
      /** How long the line has been served from since it was last empty. */
      readonly servingMs: number
      /** When somebody was last taken from it, or it was joined while empty. */
      readonly servedAtMs: number
    }
  | { readonly state: 'crowded'; readonly lastLateMs: number }

function onFirst(mood: Mood, nowMs: number, { intervalMs }: WaitingLineSettings): Mood {
  const stillCrowded = mood.state === 'crowded' && nowMs - mood.lastLateMs < intervalMs
  return stillCrowded ? mood : { state: 'calm', servingMs: 0, servedAtMs: nowMs }
}

/** In milliseconds: with 20 at a time that take half a second each, one is served as often as that. */
const standstillMs = 25
