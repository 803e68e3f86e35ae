import { OverloadedError } from '../errors.ts'
import type { Clock } from './clock.ts'
import { afterBudget, exceeded } from './deadline.ts'
import { refusal } from './refusal.ts'

/**
 * One load for many askers: those who ask for a key while it is being loaded share that load.
 *
 * - At most one wanted load a key: a second one begins only after the first has ended, was told to stop, or was
 *   overtaken by an invalidation.
 * - A load belongs to the generation in which it began; {@link invalidate} ends that generation. Askers from before may
 *   still get what it loads, marked `current: false`; whoever asks after gets a load that began after. There is nothing
 *   to remember for a key that is not being loaded, so generations cost no memory: the load in flight is its own number.
 * - An asker who leaves (`signal`, or his `budgetMs` is used up) fails nobody else. The last one to leave stops the load, and the next to ask starts
 *   afresh rather than inherit the failure of a load that was told to stop.
 * - A load that hangs is stopped after `loadBudgetMs` and fails those who wait for it; then the key is free again.
 * - At most `loadsMax` loads are in flight, overtaken ones included; past that the asker is refused at once. Askers of a
 *   key that is being loaded are never refused, for they cost nothing: how many there are is bounded by what serves them.
 * - Nothing is cached, failures neither: the next asker after a failure starts a new load.
 *
 * The idea is Go's `singleflight` (https://pkg.go.dev/golang.org/x/sync/singleflight). Its two known traps are what the
 * generations and the counting of askers are for: `Forget` does not tell a load that it was overtaken, so that its old
 * value is cached after the invalidation; and when the first asker is cancelled, so are all the others.
 */
export class Coalesce<Value, Context = never> {
  readonly #load: CoalescedLoad<Value, Context>
  readonly #options: CoalesceOptions<Value>
  // Of each key the one load that may be joined. An overtaken load is no more in here; it lives on in its askers.
  readonly #joinable = new Map<string, Load<Value>>()
  #inFlight = 0

  constructor(load: CoalescedLoad<Value, Context>, options: CoalesceOptions<Value>) {
    this.#load = load
    this.#options = options
  }

  /** How many loads are in flight, overtaken ones included. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Whether one who asks now would join a load. */
  isLoading(key: string): boolean {
    return this.#joinable.has(key)
  }

  /**
   * @param options.context handed to the load where this asker begins it: what matters about who asked first
   * @throws OverloadedError when a load would have to be started and `loadsMax` are in flight
   * @throws DeadlineExceededError when the load took longer than `loadBudgetMs`, or than this asker's `budgetMs`
   * @throws what the load threw
   * @throws the reason of `signal`
   */
  ask(key: string, options: AskOptions<Context> = {}): Promise<Loaded<Value>> {
    const { signal, budgetMs = Number.POSITIVE_INFINITY } = options
    const { clock, what } = this.#options
    if (signal?.aborted) return Promise.reject(signal.reason)
    if (budgetMs <= 0) return Promise.reject(exceeded(what, budgetMs))
    const shared = this.#joinable.get(key)
    if (!shared && this.#inFlight >= this.#options.loadsMax) {
      return Promise.reject(
        refusal(() => new OverloadedError(`${what}: ${this.#options.loadsMax} loads are in flight already.`)),
      )
    }
    const load = shared ?? this.#begin(key)
    return new Promise((resolve, reject) => {
      const forget = () => {
        cancelTimer()
        signal?.removeEventListener('abort', onAbort)
      }
      const asker: Asker<Value> = { resolve, reject, forget }
      const goAway = (reason: unknown) => {
        forget()
        reject(reason)
        if (leave(load, asker) === 'was-the-last') this.#abandon(key, load)
      }
      const onAbort = () => goAway(signal?.reason)
      const cancelTimer = afterBudget(clock, budgetMs, () => goAway(exceeded(what, budgetMs)))
      signal?.addEventListener('abort', onAbort, { once: true })
      load.askers.add(asker)
      if (!shared) this.#run(key, load, options.context)
    })
  }

  /**
   * What is loaded under `key` is not true any more: nobody who asks from now on is given what a load brings that began
   * before. Call it after the change can be read, or the next load may bring the old value again.
   */
  invalidate(key: string): void {
    const load = this.#joinable.get(key)
    if (load) this.#overtake(key, load)
  }

  /** {@link invalidate} for every key: for when it is not known what has changed. */
  invalidateAll(): void {
    for (const [key, load] of this.#joinable) this.#overtake(key, load)
  }

  #begin(key: string): Load<Value> {
    const load: Load<Value> = { state: 'current', askers: new Set(), stop: new AbortController(), cancelTimer: null }
    this.#joinable.set(key, load)
    this.#inFlight++
    return load
  }

  #run(key: string, load: Load<Value>, context: Context | undefined): void {
    const { clock, loadBudgetMs, what, onLoaded } = this.#options
    load.cancelTimer = afterBudget(clock, loadBudgetMs, () => {
      const reason = exceeded(what, loadBudgetMs)
      for (const asker of this.#end(key, load)) asker.reject(reason)
      load.stop.abort(reason)
    })
    // Whichever comes after the end, be it a value or a rejection, finds nobody to tell.
    this.#started(key, load.stop.signal, context)
      .then((value) => {
        const current = load.state === 'current'
        // In the same turn in which the load stops being joinable: there is no gap in which an invalidation is missed.
        if (current) onLoaded?.(key, value)
        for (const asker of this.#end(key, load)) asker.resolve({ value, current })
      })
      .catch((error: unknown) => {
        for (const asker of this.#end(key, load)) asker.reject(error)
      })
  }

  // The promise of a load that throws before it gives one is a rejected one.
  async #started(key: string, signal: AbortSignal, context: Context | undefined): Promise<Value> {
    return await this.#load(key, signal, context)
  }

  #overtake(key: string, load: Load<Value>): void {
    this.#joinable.delete(key)
    load.state = 'overtaken'
  }

  #abandon(key: string, load: Load<Value>): void {
    this.#end(key, load)
    load.stop.abort(new DOMException('Nobody waits for this load any more.', 'AbortError'))
  }

  #end(key: string, load: Load<Value>): Asker<Value>[] {
    if (load.state === 'ended') return []
    if (load.state === 'current') this.#joinable.delete(key)
    load.state = 'ended'
    load.cancelTimer?.()
    this.#inFlight--
    const askers = [...load.askers]
    load.askers.clear()
    for (const asker of askers) asker.forget()
    return askers
  }
}

/** Loads what is under `key`; it should stop when `signal` aborts, and is not waited for any more then. */
export type CoalescedLoad<Value, Context> = (
  key: string,
  signal: AbortSignal,
  context: Context | undefined,
) => Promise<Value>

export interface AskOptions<Context> {
  /** How long this asker waits, in milliseconds; default: as long as the load may take. At 0 or less he does not ask. */
  readonly budgetMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly context?: Context | undefined
}

export interface CoalesceOptions<Value> {
  readonly clock: Clock
  /** For error messages: `The rails`. */
  readonly what: string
  /** How long a load may take, in milliseconds, however many wait for it. */
  readonly loadBudgetMs: number
  readonly loadsMax: number
  /**
   * Told of each value that is still current when its load ends, before any asker is: this is where a cache takes it.
   *
   * It is a callback, and synchronous, because an asker hears of the value some microtasks later, and in between the
   * key may be invalidated: a cache that is filled by the asker would keep the old value. What it throws fails the askers.
   */
  readonly onLoaded?: ((key: string, value: Value) => void) | undefined
}

export interface Loaded<Value> {
  readonly value: Value
  /** False: the key was invalidated while this was being loaded. Good enough for this asker, and for no cache. */
  readonly current: boolean
}

interface Load<Value> {
  /** `overtaken`: its key was invalidated. `ended`: its askers have been answered, or have all left. */
  state: 'current' | 'overtaken' | 'ended'
  readonly askers: Set<Asker<Value>>
  readonly stop: AbortController
  /** Of its budget. */
  cancelTimer: (() => void) | null
}

interface Asker<Value> {
  readonly resolve: (loaded: Loaded<Value>) => void
  readonly reject: (reason: unknown) => void
  readonly forget: () => void
}

function leave<Value>(load: Load<Value>, asker: Asker<Value>): 'was-the-last' | 'others-wait' {
  load.askers.delete(asker)
  return load.askers.size === 0 ? 'was-the-last' : 'others-wait'
}
