import { ageOf, isRefreshDueEarly, type Lifetime, withJitter } from '../cache/lifetime.ts'
import { MemoryCache } from '../cache/memory-cache.ts'
import type { Clock } from '../concurrency/clock.ts'
import type { Changed, Manager } from '../manager/manager.ts'
import type { ReadyAnswer } from './ready-answer.ts'

/**
 * Complete answers by their address, kept so that the next reader is sent ready bytes.
 *
 * - An answer is forgotten as soon as an article that it shows, or the rail that it shows, has changed; one that was
 *   being made meanwhile is not kept.
 * - Near its end, and past it, one reader at a time is let through to have it made anew ({@link find} says null to them),
 *   while the others are still sent the old one. That costs nobody anything: the one who makes it anew is served from
 *   the manager's memory.
 * - A degraded answer (its rail is not fresh) is kept for 400 ms: a crowd is spared, and what is whole again is seen
 *   within that time. It does not take the place of a whole one that may still be sent, or a page that is in memory would be
 *   gone soon after an overload has touched it.
 * - While nobody would tell of a change, only degraded answers are sent from here.
 */
export class ReadyAnswers implements Disposable {
  readonly #clock: Clock
  readonly #random: () => number
  readonly #isTold: () => boolean
  readonly #answers: MemoryCache<Kept>
  readonly #stopListening: () => void
  /** Counts what was forgotten: an answer that began to be made before may show what has changed since. */
  #generation = 0

  constructor(options: ReadyAnswersOptions) {
    const { manager, clock, random, bytesMax } = options
    this.#clock = clock
    this.#random = random
    this.#isTold = () => manager.isTold()
    this.#answers = new MemoryCache({ bytesMax })
    this.#stopListening = manager.onChanged((changed) => this.#forget(changed))
  }

  /**
   * What can be sent at once; null: it has to be made.
   *
   * @param now on the monotonic clock
   */
  find(key: string, now: number = this.#clock.monotonicMs()): Found | null {
    const kept = this.#answers.get(key)
    if (!kept) return null
    const ageMs = now - kept.madeAt
    if (!kept.isDegraded && !this.#isTold()) return null
    const age = ageOf(kept.lifetime, ageMs)
    if (age === 'fresh') {
      const isDue = isRefreshDueEarly(kept.lifetime, { ageMs, loadMs: kept.tookMs }, this.#random())
      return isDue && this.#mayMakeAnew(kept) ? null : { answer: kept.answer, isStale: false }
    }
    if (age !== 'grace' || this.#mayMakeAnew(kept)) return null
    return { answer: kept.answer, isStale: true }
  }

  /** What may be sent in place of an answer that could not be made. */
  standIn(key: string): Found | null {
    const kept = this.#answers.get(key)
    if (!kept) return null
    const age = ageOf(kept.lifetime, this.#clock.monotonicMs() - kept.madeAt)
    return age === 'expired' ? null : { answer: kept.answer, isStale: age !== 'fresh' }
  }

  /**
   * To be called before anything is read for the answer under `key`; what it gives takes the answer once it is made, and
   * drops it when something has changed since.
   */
  offer(key: string): (answer: ReadyAnswer, kind: AnswerKind) => void {
    const generation = this.#generation
    const startedAt = this.#clock.monotonicMs()
    return (answer, kind) => {
      if (generation !== this.#generation) return
      const isDegraded = answer.about.state !== 'fresh'
      const madeAt = this.#clock.monotonicMs()
      if (isDegraded && this.#hasWhole(key, madeAt)) return
      const lifetime = isDegraded ? degradedLifetime : withJitter(lifetimes[kind], this.#random())
      const kept: Kept = { answer, lifetime, madeAt, tookMs: madeAt - startedAt, isDegraded, beingMadeSince: null }
      this.#answers.set(key, kept, { bytes: answer.bytes, shows: answer.about.shows })
    }
  }

  get bytes(): number {
    return this.#answers.bytes
  }

  [Symbol.dispose](): void {
    this.#stopListening()
    this.#answers.clear()
  }

  #hasWhole(key: string, now: number): boolean {
    const kept = this.#answers.get(key)
    if (!kept || kept.isDegraded || !this.#isTold()) return false
    const age = ageOf(kept.lifetime, now - kept.madeAt)
    return age === 'fresh' || age === 'grace'
  }

  /** One at a time; who takes longer than a second does not keep the next from it. */
  #mayMakeAnew(kept: Kept): boolean {
    const now = this.#clock.monotonicMs()
    if (kept.beingMadeSince !== null && now - kept.beingMadeSince < makingMsMax) return false
    kept.beingMadeSince = now
    return true
  }

  #forget(changed: Changed): void {
    this.#generation++
    if (changed === 'anything') {
      this.#answers.clear()
      return
    }
    if (changed.articleIds.size > 0) this.#answers.evictShowing([...changed.articleIds, anyArticle])
    if (changed.railsOf.size > 0) this.#answers.evictShowing([...changed.railsOf].map(railOf))
  }
}

export interface ReadyAnswersOptions {
  readonly manager: Pick<Manager, 'isTold' | 'onChanged'>
  readonly clock: Clock
  /** From 0 to below 1. */
  readonly random: () => number
  /** 0: nothing is kept. */
  readonly bytesMax: number
}

export interface Found {
  readonly answer: ReadyAnswer
  readonly isStale: boolean
}

/** `list`: it shows what is newest, so that any article may alter it. */
export type AnswerKind = 'article' | 'list'

/** Stands for every article, and for the rail of one, among what an answer shows. No id has a `*` or a `:`. */
export const anyArticle = '*'
export const railOf = (articleId: string): string => `rail:${articleId}`

interface Kept {
  readonly answer: ReadyAnswer
  readonly lifetime: Lifetime
  /** On the monotonic clock. */
  readonly madeAt: number
  readonly tookMs: number
  readonly isDegraded: boolean
  beingMadeSince: number | null
}

/** What changes is forgotten by id; these bound how old a page's ages (`5 minutes ago`) and navigation may be. */
const lifetimes: Readonly<Record<AnswerKind, Lifetime>> = {
  article: { freshMs: 60_000, graceMs: 10 * 60_000, ifErrorMs: 10 * 60_000 },
  list: { freshMs: 10_000, graceMs: 60_000, ifErrorMs: 60_000 },
}
const degradedLifetime: Lifetime = { freshMs: 400, graceMs: 400, ifErrorMs: 400 }
const makingMsMax = 1_000
