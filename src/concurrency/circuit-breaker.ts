import { OnwardError } from '../errors.ts'
import type { Clock } from './clock.ts'
import { withDeadline } from './deadline.ts'
import { refusal } from './refusal.ts'

/**
 * Stops calling what keeps failing, and finds out by itself when it works again.
 *
 * - **closed**: calls pass. It opens on `failuresInRow` failures in a row, or when at least `failureShare` of at least
 *   `callsMin` calls within the last `windowMs` failed. Only a failure opens it.
 * - **open**: every call is refused at once with {@link CircuitOpenError}, for `openMs`; where it opens again within `windowMs` of having
 *   closed though no probe had failed, for twice as long as the last time, up to `openMsMax`. After a failed probe it is open
 *   for `probeEveryMs` only: what is down is known to be back within that and two probes. All of these with up to a fifth more or
 *   less by chance, so that nodes do not come back in step.
 * - **probing**: calls are still refused, and `probe` runs in the background: the usual half-open state sacrifices
 *   a reader's request to find out. `probesToClose` probes have to succeed, `probeEveryMs` apart, before it closes: one
 *   success may be luck. The first that fails, or takes more than `probeBudgetMs`, opens it again.
 *
 * It never rests while it is open: there is always a timer that leads to a probe, or a probe that has a deadline.
 *
 * A call counts where it began: what ends after the breaker has opened says nothing of the time after. A call whose
 * caller left (`signal`) counts as neither, and nor does what `isFailure` says is none.
 *
 * Sources: M. Nygard, Release It!; the window and its numbers are Resilience4j's and Hystrix's usage.
 */
export class CircuitBreaker implements Disposable {
  readonly #options: CircuitBreakerOptions
  readonly #settings: CircuitBreakerSettings
  #state: BreakerState
  #probeStop: AbortController | null = null
  #cancelTimer: () => void = () => {}
  #disposed = false

  constructor(options: CircuitBreakerOptions) {
    this.#options = options
    this.#settings = { ...circuitBreakerDefaults, ...options.settings }
    this.#state = closedAt(options.clock.monotonicMs(), null)
  }

  get state(): BreakerState['state'] {
    return this.#state.state
  }

  /**
   * Calls `work` unless the breaker is open.
   *
   * It sets no deadline: work that hangs has to reject by itself to be counted.
   *
   * @throws CircuitOpenError
   * @throws what `work` throws
   */
  async run<T>(work: () => Promise<T>, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<T> {
    const begun = this.#state
    if (begun.state !== 'closed') {
      throw refusal(() => new CircuitOpenError(this.#options.name, this.#retryAfterMs()))
    }
    const { period } = begun
    try {
      const result = await work()
      this.#record(period, 'succeeded')
      return result
    } catch (error) {
      const counts = !options.signal?.aborted && (this.#options.isFailure?.(error) ?? true)
      if (counts) this.#record(period, 'failed')
      throw error
    }
  }

  /** Ends the timer and the probe. The breaker stays as it is. */
  [Symbol.dispose](): void {
    this.#disposed = true
    this.#cancelTimer()
    this.#probeStop?.abort(new DOMException('The circuit breaker is closed down.', 'AbortError'))
  }

  #record(period: object, outcome: 'succeeded' | 'failed'): void {
    const state = this.#state
    if (state.state !== 'closed' || state.period !== period || this.#disposed) return
    this.#become(
      afterCall(state, outcome, {
        nowMs: this.#options.clock.monotonicMs(),
        settings: this.#settings,
        held: this.#held,
      }),
    )
  }

  #become(next: BreakerState): void {
    const previous = this.#state
    this.#state = next
    if (next.state === 'open' && previous !== next) {
      const openMs = withChance(next.openMs, this.#options.random())
      this.#plan(openMs, () => this.#become({ state: 'probing', openMs: next.openMs, succeeded: 0 }))
      this.#options.onEvent?.({ name: this.#options.name, became: 'open', forMs: openMs, because: next.because })
    } else if (next.state === 'probing') {
      if (next.succeeded === 0) {
        this.#options.onEvent?.({ name: this.#options.name, became: 'probing' })
        void this.#probe()
      } else {
        this.#plan(this.#settings.probeEveryMs, () => void this.#probe())
      }
    } else if (next.state === 'closed' && previous.state !== 'closed') {
      this.#options.onEvent?.({ name: this.#options.name, became: 'closed' })
    }
  }

  async #probe(): Promise<void> {
    const { clock, name, probe } = this.#options
    const stop = new AbortController()
    this.#probeStop = stop
    let outcome: 'succeeded' | 'failed'
    try {
      const budgetMs = this.#settings.probeBudgetMs
      await withDeadline(probe, { clock, budgetMs, what: `The probe of ${name}`, signal: stop.signal })
      outcome = 'succeeded'
    } catch {
      // A probe's failure is the answer that was asked for; the event of opening again tells of it.
      outcome = 'failed'
    }
    this.#probeStop = null
    if (this.#state.state !== 'probing' || this.#disposed) return
    this.#become(afterProbe(this.#state, outcome, { nowMs: clock.monotonicMs(), settings: this.#settings }))
  }

  #plan(delayMs: number, then: () => void): void {
    this.#cancelTimer = () => {}
    if (!this.#disposed) this.#cancelTimer = this.#options.clock.after(delayMs, then)
  }

  get #held(): boolean {
    return this.#options.heldClosed ?? false
  }

  #retryAfterMs(): number {
    return this.#state.state === 'open' ? this.#state.openMs : this.#settings.probeEveryMs
  }
}

export interface CircuitBreakerOptions {
  /** Of what is called, for events and messages. */
  readonly name: string
  readonly clock: Clock
  /** From 0 to below 1. */
  readonly random: () => number
  /** Finds out cheaply whether calls would succeed again: resolves for yes. */
  readonly probe: (signal: AbortSignal) => Promise<unknown>
  /** Default: every rejection is a failure. */
  readonly isFailure?: ((error: unknown) => boolean) | undefined
  /** Must not throw. */
  readonly onEvent?: ((event: CircuitBreakerEvent) => void) | undefined
  /** Never opens, whatever fails: to measure what the breaker is worth. Default false. */
  readonly heldClosed?: boolean | undefined
  readonly settings?: Partial<CircuitBreakerSettings> | undefined
}

export interface CircuitBreakerSettings {
  readonly windowMs: number
  readonly callsMin: number
  /** 0 to 1. */
  readonly failureShare: number
  readonly failuresInRow: number
  readonly openMs: number
  readonly openMsMax: number
  readonly probeEveryMs: number
  readonly probeBudgetMs: number
  readonly probesToClose: number
}

export const circuitBreakerDefaults: CircuitBreakerSettings = {
  windowMs: 10_000,
  callsMin: 20,
  failureShare: 0.5,
  failuresInRow: 5,
  openMs: 500,
  openMsMax: 8000,
  // A reader after the return waits for a probe that hangs yet, this (and a fifth), a probe, this again, and another.
  probeEveryMs: 125,
  probeBudgetMs: 250,
  probesToClose: 2,
}

export type CircuitBreakerEvent =
  | {
      readonly name: string
      readonly became: 'open'
      readonly forMs: number
      readonly because: 'failures-in-row' | 'failure-share' | 'probe-failed'
    }
  | { readonly name: string; readonly became: 'probing' }
  | { readonly name: string; readonly became: 'closed' }

/** Not tried, because what would be called keeps failing. */
export class CircuitOpenError extends OnwardError {
  /** When trying again may succeed, in milliseconds from now. */
  readonly retryAfterMs: number

  constructor(name: string, retryAfterMs: number) {
    super('CIRCUIT_OPEN', `${name} is not called while it keeps failing. It is probed; try again later.`)
    this.retryAfterMs = retryAfterMs
  }
}

/** What the breaker knows. Values: each call or probe makes a new one. */
export type BreakerState =
  | {
      readonly state: 'closed'
      /** The same object for as long as the breaker stays closed. */
      readonly period: object
      /** Null: it has never been open, or long enough ago. */
      readonly reopened: { readonly closedAtMs: number; readonly lastOpenMs: number } | null
      readonly failuresInRow: number
      /** Oldest first, one for each tenth of the window in which there was a call. */
      readonly slots: readonly CallSlot[]
    }
  | {
      readonly state: 'open'
      /** Before chance. */
      readonly openMs: number
      readonly because: 'failures-in-row' | 'failure-share' | 'probe-failed'
    }
  | { readonly state: 'probing'; readonly openMs: number; readonly succeeded: number }

type ClosedState = Extract<BreakerState, { state: 'closed' }>
type ProbingState = Extract<BreakerState, { state: 'probing' }>

interface CallSlot {
  readonly number: number
  readonly succeeded: number
  readonly failed: number
}

function closedAt(nowMs: number, lastOpenMs: number | null): ClosedState {
  const reopened = lastOpenMs === null ? null : { closedAtMs: nowMs, lastOpenMs }
  return { state: 'closed', period: {}, reopened, failuresInRow: 0, slots: [] }
}

function afterCall(
  closed: ClosedState,
  outcome: 'succeeded' | 'failed',
  { nowMs, settings, held }: { nowMs: number; settings: CircuitBreakerSettings; held: boolean },
): BreakerState {
  const slots = countedIn(closed.slots, outcome, nowMs, settings.windowMs)
  if (outcome === 'succeeded') return { ...closed, slots, failuresInRow: 0 }

  const failuresInRow = closed.failuresInRow + 1
  const failed = slots.reduce((sum, slot) => sum + slot.failed, 0)
  const calls = slots.reduce((sum, slot) => sum + slot.failed + slot.succeeded, 0)
  const tooMany = calls >= settings.callsMin && failed >= calls * settings.failureShare
  const openMs = firstOpenMs(closed.reopened, nowMs, settings)
  if (!held && failuresInRow >= settings.failuresInRow) return { state: 'open', openMs, because: 'failures-in-row' }
  if (!held && tooMany) return { state: 'open', openMs, because: 'failure-share' }
  return { ...closed, slots, failuresInRow }
}

function afterProbe(
  probing: ProbingState,
  outcome: 'succeeded' | 'failed',
  { nowMs, settings }: { nowMs: number; settings: CircuitBreakerSettings },
): BreakerState {
  // A longer time each time would be waited for by readers after the return. Probes are few and cheap, and no reader is one.
  if (outcome === 'failed') return { state: 'open', openMs: settings.probeEveryMs, because: 'probe-failed' }
  const succeeded = probing.succeeded + 1
  return succeeded >= settings.probesToClose ? closedAt(nowMs, probing.openMs) : { ...probing, succeeded }
}

// A tenth of the window at a time: an exact window would have to remember every call.
function countedIn(slots: readonly CallSlot[], outcome: 'succeeded' | 'failed', nowMs: number, windowMs: number) {
  const number = Math.floor(nowMs / (windowMs / slotsPerWindow))
  const last = slots.at(-1)
  const open = last?.number === number ? last : { number, succeeded: 0, failed: 0 }
  const earlier = slots.filter((slot) => slot.number > number - slotsPerWindow && slot.number !== number)
  return [...earlier, { ...open, [outcome]: open[outcome] + 1 }]
}

const slotsPerWindow = 10

function firstOpenMs(reopened: ClosedState['reopened'], nowMs: number, settings: CircuitBreakerSettings): number {
  const flaps = reopened !== null && nowMs - reopened.closedAtMs < settings.windowMs
  return flaps ? Math.max(settings.openMs, doubled(reopened.lastOpenMs, settings)) : settings.openMs
}

function doubled(openMs: number, settings: CircuitBreakerSettings): number {
  return Math.min(openMs * 2, settings.openMsMax)
}

function withChance(ms: number, random: number): number {
  return ms * (0.8 + 0.4 * random)
}
