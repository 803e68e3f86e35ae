import { OverloadedError } from '../errors.ts'
import {
  type AdaptiveLimit,
  type AdaptiveLimitSettings,
  adaptiveLimitDefaults,
  afterCall,
  firstLimit,
  presentMs,
  wholeLimit,
} from './adaptive-limit.ts'
import type { Clock } from './clock.ts'
import { refusal } from './refusal.ts'
import { WaitingLine, type WaitingLineSettings } from './waiting-line.ts'

/**
 * Lets as many calls run at a time as can run without being in each other's way, lets a few wait a short while, and
 * refuses the rest at once, the least important first.
 *
 * - The limit is learnt: see `adaptive-limit.ts`. No call begins while as many as the limit run; when it shrinks, what
 *   runs is left to end.
 * - Each importance may use a share of the limit only, `background` a half, `bonus` four fifths, `essential` all of it:
 *   so what is shed first is shed while there is still room for what is shed last, and does not have to be pushed out.
 * - Who cannot begin waits in the line of its importance (see `waiting-line.ts`); the most important is served first.
 *   All lines together hold at most `waitingMax`: when they are full, the oldest of the least important goes, or
 *   whoever would be less important than that is refused.
 * - While a line is crowded it holds no more than can be served within `targetMs`, and whoever comes then is refused at
 *   the door: {@link refusesNow} tells it in advance, before anything is spent on a request.
 * - Nothing is ever done in the background but one timer, while somebody waits.
 */
export class Limiter {
  readonly #clock: Clock
  readonly #random: () => number
  readonly #settings: LimiterSettings
  readonly #what: string
  readonly #lines: Readonly<Record<Importance, WaitingLine<Waiter>>>
  #limit: AdaptiveLimit
  #running = 0
  #timer: { readonly dueMs: number; readonly cancel: () => void } | null = null

  constructor(options: LimiterOptions) {
    this.#clock = options.clock
    this.#random = options.random
    this.#what = options.what
    this.#settings = { ...limiterDefaults, ...options.settings }
    this.#limit = firstLimit(this.#settings, this.#clock.monotonicMs())
    this.#lines = {
      background: new WaitingLine(this.#settings),
      bonus: new WaitingLine(this.#settings),
      essential: new WaitingLine(this.#settings),
    }
  }

  /** How many may run at present. */
  get limit(): number {
    return wholeLimit(this.#limit)
  }

  get running(): number {
    return this.#running
  }

  get waiting(): number {
    return mostImportantFirst.reduce((sum, importance) => sum + this.#lines[importance].length, 0)
  }

  /** Whether some wait because more of this importance come than can be served: not a burst that is passing. */
  isCrowded(importance: Importance): boolean {
    return this.#lines[importance].isCrowded
  }

  /** Whether {@link acquire} would refuse at once. Costs next to nothing and changes nothing. */
  refusesNow(importance: Importance): boolean {
    return !this.#hasRoom(importance) && this.#isFullAtTheDoor(importance)
  }

  /**
   * Does `work` when there is room for it. Work that never ends keeps its place for ever: give it a deadline.
   *
   * @throws OverloadedError when it was shed
   * @throws the reason of `signal` when it aborts while waiting; `work` has to look after it itself
   * @throws what `work` throws
   */
  async run<T>(work: () => Promise<T>, options: AdmissionOptions): Promise<T> {
    const permit = await this.acquire(options)
    let ending: CallEnding = 'failed'
    try {
      const result = await work()
      ending = 'done'
      return result
    } finally {
      permit.release(ending)
    }
  }

  /**
   * Waits for room. The permit has to be released, once; what is released again is ignored.
   *
   * @throws OverloadedError when it was shed
   * @throws the reason of `signal`
   */
  acquire({ importance, signal }: AdmissionOptions): Promise<Permit> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    if (this.#hasRoom(importance)) return Promise.resolve(this.#permit())
    const line = this.#isFullAtTheDoor(importance) ? null : this.#roomToWait(importance)
    if (!line) return Promise.reject(this.#shed('too many wait already'))

    return new Promise<Permit>((resolve, reject) => {
      const waiter: Waiter = {
        serve: () => {
          signal?.removeEventListener('abort', onAbort)
          resolve(this.#permit())
        },
        shed: (why) => {
          signal?.removeEventListener('abort', onAbort)
          reject(this.#shed(why))
        },
      }
      const onAbort = () => {
        line.leave(waiter)
        this.#planTimer()
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      line.join(waiter, this.#clock.monotonicMs())
      this.#planTimer()
    })
  }

  #hasRoom(importance: Importance): boolean {
    return this.#running < this.#room(importance)
  }

  #room(importance: Importance): number {
    return Math.max(1, Math.floor(this.limit * shares[importance]))
  }

  #permit(): Permit {
    const startedAtMs = this.#clock.monotonicMs()
    const inFlight = ++this.#running
    let released = false
    const release = (ending: CallEnding = 'done') => {
      if (released) return
      released = true
      this.#running--
      const nowMs = this.#clock.monotonicMs()
      const call = { tookMs: nowMs - startedAtMs, inFlight, contended: this.waiting > 0, failed: ending === 'failed' }
      this.#limit = afterCall(this.#limit, call, { nowMs, settings: this.#settings })
      this.#serve()
    }
    return { release, [Symbol.dispose]: release }
  }

  #serve(): void {
    const nowMs = this.#clock.monotonicMs()
    this.#shedOverdue(nowMs)
    for (const importance of mostImportantFirst) {
      while (this.#hasRoom(importance)) {
        const waiter = this.#lines[importance].takeNext(nowMs)
        if (!waiter) break
        waiter.serve()
      }
    }
    this.#planTimer()
  }

  #shedOverdue(nowMs: number): void {
    for (const importance of mostImportantFirst) {
      for (const waiter of this.#lines[importance].dropOverdue(nowMs)) waiter.shed('it waited too long')
    }
  }

  #isFullAtTheDoor(importance: Importance): boolean {
    const line = this.#lines[importance]
    return line.isCrowded && line.length >= this.#servedWithinTarget(importance)
  }

  // How many of those who wait will be served before they have waited too long: the work done for others is for nothing.
  #servedWithinTarget(importance: Importance): number {
    const callMs = presentMs(this.#limit)
    if (callMs === null) return this.#settings.waitingMax
    return Math.ceil((this.#room(importance) * this.#settings.targetMs) / callMs)
  }

  // The line to wait in, or null when all lines are full of what is more important.
  #roomToWait(importance: Importance): WaitingLine<Waiter> | null {
    if (this.waiting < this.#settings.waitingMax) return this.#lines[importance]
    for (const other of mostImportantFirst.toReversed()) {
      this.#lines[other].dropOldest()?.shed('too many wait already')
      if (this.waiting < this.#settings.waitingMax) return this.#lines[importance]
      if (other === importance) return null
    }
    return null
  }

  #planTimer(): void {
    const nowMs = this.#clock.monotonicMs()
    const dueMs = Math.min(...mostImportantFirst.map((importance) => this.#lines[importance].nextDueMs() ?? Infinity))
    // A timer that is early only finds nothing to do: it is cheaper than a new one for each who comes and goes.
    if (this.#timer && this.#timer.dueMs <= dueMs && dueMs !== Infinity) return
    this.#timer?.cancel()
    this.#timer = null
    if (dueMs === Infinity) return
    const cancel = this.#clock.after(Math.max(0, dueMs - nowMs), () => {
      this.#timer = null
      this.#shedOverdue(this.#clock.monotonicMs())
      this.#planTimer()
    })
    this.#timer = { dueMs, cancel }
  }

  #shed(why: string): OverloadedError {
    // By chance between 1 and 3 s: who was refused together shall not come back together.
    const retryAfterMs = Math.round(1000 + 2000 * this.#random())
    return refusal(() => new OverloadedError(`${this.#what} is overloaded: ${why}. Try again later.`, retryAfterMs))
  }
}

export interface LimiterOptions {
  /** For error messages: `The store`. */
  readonly what: string
  readonly clock: Clock
  /** From 0 to below 1. */
  readonly random: () => number
  readonly settings?: Partial<LimiterSettings> | undefined
}

export interface LimiterSettings extends AdaptiveLimitSettings, WaitingLineSettings {
  /** How many may wait, over all lines. */
  readonly waitingMax: number
}

export const limiterDefaults: LimiterSettings = {
  ...adaptiveLimitDefaults,
  targetMs: 5,
  intervalMs: 100,
  // As many as the largest limit: a burst of twice what can run at once is taken in.
  waitingMax: 200,
}

/** What is shed last comes last: `background` is nobody's wait, a `bonus` is missed by few, `essential` fails a reader. */
export type Importance = 'background' | 'bonus' | 'essential'

export interface AdmissionOptions {
  readonly importance: Importance
  readonly signal?: AbortSignal | undefined
}

/** A call that failed fast does not teach the limit that the work is fast. */
export type CallEnding = 'done' | 'failed'

export interface Permit extends Disposable {
  /** Default `done`. */
  release(ending?: CallEnding): void
}

interface Waiter {
  readonly serve: () => void
  readonly shed: (why: string) => void
}

const shares: Readonly<Record<Importance, number>> = { background: 0.5, bonus: 0.8, essential: 1 }

const mostImportantFirst: readonly Importance[] = ['essential', 'bonus', 'background']
