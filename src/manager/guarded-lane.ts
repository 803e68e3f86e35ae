import { CircuitBreaker, type CircuitBreakerEvent, CircuitOpenError } from '../concurrency/circuit-breaker.ts'
import type { Clock } from '../concurrency/clock.ts'
import { withDeadline } from '../concurrency/deadline.ts'
import { type Importance, Limiter } from '../concurrency/limiter.ts'
import { refusal } from '../concurrency/refusal.ts'
import type { RetryBudget } from '../concurrency/retry-budget.ts'
import { InvalidRequestError, OverloadedError, StoreUnavailableError } from '../errors.ts'
import { publish } from '../events.ts'

/**
 * Stands before one lane of the store, so that what happens in it stays in it: a bulkhead.
 *
 * A read passes, in this order: the circuit breaker (is it worth trying?), the limiter (is there room?), a deadline for
 * the attempt; and once more, when it failed and the lane has a budget for retries that is not used up.
 *
 * A refusal for want of room says nothing of the store's health, so the breaker does not count it.
 */
export class GuardedLane implements Disposable {
  readonly #options: GuardedLaneOptions
  readonly #breaker: CircuitBreaker
  readonly #limiter: Limiter

  constructor(options: GuardedLaneOptions) {
    const { name, clock, random, probe, heldClosed, atATimeMax } = options
    this.#options = options
    this.#breaker = new CircuitBreaker({
      name: `The store's ${name} lane`,
      clock,
      random,
      probe,
      heldClosed,
      isFailure: (error) => !(error instanceof OverloadedError || error instanceof InvalidRequestError),
      onEvent: (event) => publish('breaker-changed', () => ({ lane: name, became: event.became, ...whyOf(event) })),
    })
    this.#limiter = new Limiter({
      what: `The store's ${name} lane`,
      clock,
      random,
      settings: {
        limitFirst: Math.min(limitFirst, atATimeMax),
        limitMin: Math.min(limitMin, atATimeMax),
        limitMax: atATimeMax,
        targetMs: waitMsMax,
        intervalMs: burstMsMax[name],
      },
    })
  }

  /**
   * @throws OverloadedError when it was shed; StoreUnavailableError while the breaker is open; DeadlineExceededError
   *   when the last attempt took longer than `attemptMs`; the reason of `signal`; what `work` throws
   */
  async read<T>(work: (signal: AbortSignal) => Promise<T>, { importance, signal }: GuardedRead): Promise<T> {
    const { name } = this.#options
    try {
      return await this.#breaker.run(
        () => this.#limiter.run(() => this.#attempts(work, signal), { importance, signal }),
        { signal },
      )
    } catch (error) {
      if (error instanceof OverloadedError) publish('read-shed', () => ({ lane: name, importance }))
      throw error instanceof CircuitOpenError ? notTried(error) : error
    }
  }

  /** Whether more readers come than can be served: see `Limiter.isCrowded`. */
  get isCrowded(): boolean {
    return this.#limiter.isCrowded('essential')
  }

  /** Whether a read would be refused for want of room, told before anything is spent on it. */
  refusesNow(importance: Importance): boolean {
    return this.#limiter.refusesNow(importance)
  }

  [Symbol.dispose](): void {
    this.#breaker[Symbol.dispose]()
  }

  async #attempts<T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const { name, clock, attemptMs, retries } = this.#options
    const attempt = () => withDeadline(work, { clock, budgetMs: attemptMs, what: `The store's ${name} lane`, signal })
    // Only what is tried earns: a crowd that is refused would pay for a storm of retries.
    retries?.called()
    try {
      return await attempt()
    } catch (error) {
      // What took its whole time may take it again, and what was refused was refused for a reason.
      const mayPass = error instanceof StoreUnavailableError && !signal?.aborted
      if (!mayPass || !retries?.tryRetry()) throw error
      publish('read-retried', () => ({ lane: name, error }))
      return await attempt()
    }
  }
}

export interface GuardedLaneOptions {
  readonly name: LaneName
  readonly clock: Clock
  /** From 0 to below 1. */
  readonly random: () => number
  /** The most that may be read at a time; how many are, within it, is learnt. */
  readonly atATimeMax: number
  /** How long one attempt may take, in milliseconds, without the wait for room. */
  readonly attemptMs: number
  /** Null: what fails is not tried again. */
  readonly retries: RetryBudget | null
  /** Cheap, of the same lane, and true to it: resolves when reads would succeed again. */
  readonly probe: (signal: AbortSignal) => Promise<unknown>
  /** The breaker never opens: to measure what it is worth. */
  readonly heldClosed: boolean
}

export type LaneName = 'article' | 'rail' | 'list'

export interface GuardedRead {
  readonly importance: Importance
  readonly signal?: AbortSignal | undefined
}

/**
 * How long a reader waits for room while more come than can be served, in milliseconds: a refusal shall be decided within
 * 5, and a timer is late by one or two.
 */
const waitMsMax = 3
/**
 * How long a reader may wait for room while a burst is passing, in milliseconds: less than one attempt may take. A process that
 * has stood still for a tenth of a second or two (the collection of garbage on a core that others want too, a disk) finds as many
 * readers as came meanwhile: they are served late, which hardly one of them notices, and not refused. A rail does not hold its page
 * for that.
 */
export const burstMsMax: Readonly<Record<LaneName, number>> = { article: 300, rail: 100, list: 300 }
const limitFirst = 20
const limitMin = 4

function whyOf(event: CircuitBreakerEvent) {
  return event.became === 'open' ? { forMs: event.forMs, because: event.because } : {}
}

function notTried(cause: CircuitOpenError): StoreUnavailableError {
  return refusal(() => new StoreUnavailableError(cause.message, { cause }))
}
