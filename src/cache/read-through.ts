import type { Clock } from '../concurrency/clock.ts'
import { Coalesce, type Loaded } from '../concurrency/coalesce.ts'
import type { Deadline } from '../concurrency/deadline.ts'
import type { Importance } from '../concurrency/limiter.ts'
import { DeadlineExceededError, OverloadedError } from '../errors.ts'
import { type Age, ageOf, isRefreshDueEarly, type Lifetime, withJitter } from './lifetime.ts'
import { MemoryCache } from './memory-cache.ts'

/**
 * Reads values by key: from memory where a copy is good enough, else from where they come from, once for all who ask.
 *
 * What happens to a read, by the age of the copy (see `cache/lifetime.ts`):
 *
 * | copy      | what is served |
 * | --------- | --- |
 * | fresh     | the copy; now and then, near its end, one reader has it loaded again behind it |
 * | grace     | the copy, at once, called stale; it is loaded again behind it, twice a second at most |
 * | if-error  | what is loaded; the copy, called stale, when that fails or takes longer than `patienceMs` |
 * | none      | what is loaded; when that fails, the failure |
 *
 * Rules that override all of that:
 * - {@link forget} ends every copy that shows an id, of whatever age, at once: a takedown overrides every grace. What is
 *   being loaded meanwhile may have been read before the change, so it is kept by nobody, and who asks after `forget`
 *   gets what began to be loaded after it.
 * - A copy that is to stand in for a failed load is looked up when the load has failed, not before it began: it may have
 *   been forgotten in between.
 * - While `isTold()` is false, nobody would tell us of a change: every copy counts as `if-error` then.
 * - `lifetime(value)` null: the value is not kept.
 */
export class ReadThrough<Value> {
  readonly #options: ReadThroughOptions<Value>
  readonly #copies: MemoryCache<Copy<Value>>
  /** What says that there is nothing, apart: a crawl through unknown ids must not push out what readers read. */
  readonly #negatives: MemoryCache<Copy<Value>>
  readonly #loads: Coalesce<Timed<Value>, Importance>
  /** By key, the load that goes on though no reader may wait for it, unless a change has overtaken it. */
  readonly #behind = new Map<string, object>()
  readonly #stop = new AbortController()

  constructor(options: ReadThroughOptions<Value>) {
    const { clock, what, loadBudgetMs, loadsMax, bytesMax, load } = options
    this.#options = options
    this.#copies = new MemoryCache({ bytesMax })
    this.#negatives = new MemoryCache({ bytesMax: Math.min(bytesMax, negativeBytesMax) })
    this.#loads = new Coalesce<Timed<Value>, Importance>(
      async (key, signal, importance = 'essential') => {
        const startedAt = clock.monotonicMs()
        const value = await load(key, { signal, importance })
        return { value, loadMs: clock.monotonicMs() - startedAt }
      },
      { clock, what, loadBudgetMs, loadsMax, onLoaded: (key, loaded) => this.#keep(key, loaded) },
    )
  }

  /**
   * @param options.importance of the load, where this read has to begin one
   * @throws what loading throws when no copy may stand in; OverloadedError; DeadlineExceededError; the reason of `signal`
   */
  async read(key: string, read: ReadThroughRead): Promise<Served<Value>> {
    const { signal } = read
    signal?.throwIfAborted()
    const kept = this.peek(key)
    if (kept) return kept
    try {
      const { value } = await this.#load(key, read)
      return { value: value.value, state: 'fresh', from: 'load' }
    } catch (error) {
      // Whatever else went wrong in the same moment: who has left has left.
      signal?.throwIfAborted()
      // Looked up only now: what was here before the load may have been forgotten while we waited for it.
      const copy = this.#standIn(key)
      if (!copy) throw error
      return { value: copy.value, state: 'stale', from: 'memory' }
    }
  }

  /** What can be served without waiting, if anything; begins to load it again behind the reader where that is due. */
  peek(key: string): Served<Value> | null {
    const copy = this.#copyOf(key)
    if (!copy || !this.#options.isTold()) return null
    const age = this.#ageOf(copy)
    if (age === 'fresh') {
      if (this.#isDueEarly(copy)) this.#refresh(key, copy)
      return { value: copy.value, state: 'fresh', from: 'memory' }
    }
    if (age !== 'grace') return null
    this.#refresh(key, copy)
    return { value: copy.value, state: 'stale', from: 'memory' }
  }

  /** Whether {@link read} could only be served by a load that it begins itself: no copy could stand in, and there is none to join. */
  needsLoad(key: string): boolean {
    return !this.#standIn(key) && !this.#loads.isLoading(key)
  }

  /** These ids have changed: whatever shows them, and whatever is being loaded, is not good for those who ask from now on. */
  forget(ids: Iterable<string>): void {
    const changed = [...ids]
    this.#copies.evictShowing(changed)
    this.#negatives.evictShowing(changed)
    // All of them: which ids a load will show is known only when it has ended.
    this.#loads.invalidateAll()
    this.#behind.clear()
  }

  /** As {@link forget}, for values that are untrue by themselves and not for the ids that they show. */
  forgetKeys(keys: Iterable<string>): void {
    for (const key of keys) {
      this.#copies.delete(key)
      this.#negatives.delete(key)
      this.#loads.invalidate(key)
      this.#behind.delete(key)
    }
  }

  /** What is held at present. */
  get usage(): ReadThroughUsage {
    return {
      copies: this.#copies.size + this.#negatives.size,
      bytes: this.#copies.bytes + this.#negatives.bytes,
      idsShown: this.#copies.idsShown + this.#negatives.idsShown,
      loadsInFlight: this.#loads.inFlight,
      loadsBehind: this.#behind.size,
    }
  }

  /** Stops what is loaded behind readers. Reads under way go on to their end. */
  close(): void {
    this.#stop.abort(new DOMException('The cache is closed.', 'AbortError'))
  }

  async #load(key: string, { importance, signal, deadline }: ReadThroughRead): Promise<Loaded<Timed<Value>>> {
    const ask = (atMostMs = Number.POSITIVE_INFINITY) =>
      this.#loads.ask(key, {
        signal,
        budgetMs: Math.min(atMostMs, deadline?.remainingMs() ?? Number.POSITIVE_INFINITY),
        context: importance,
      })
    if (this.#standIn(key)) {
      // Loaded behind the reader too, or a load that hangs would be stopped each time that a reader's patience ends, and
      // nobody would ever learn that it hangs.
      this.#loadBehind(key, importance)
      const { clock, patienceMs } = this.#options
      const startedAt = clock.monotonicMs()
      try {
        return await ask(patienceMs)
      } catch (error) {
        const isPatienceOver = error instanceof DeadlineExceededError && clock.monotonicMs() - startedAt >= patienceMs
        // Patience is for those who have something else: when that was forgotten meanwhile, the load is waited for.
        if (!isPatienceOver || this.#standIn(key)) throw error
      }
    }
    const joinsOneBehind = this.#behind.has(key)
    if (this.#options.goesOn) this.#loadBehind(key, importance)
    try {
      return await ask()
    } catch (error) {
      // It was begun for nobody, and shed as such. Somebody is here now.
      if (!joinsOneBehind || !(error instanceof OverloadedError) || signal?.aborted) throw error
      return await ask()
    }
  }

  #refresh(key: string, copy: Copy<Value>): void {
    const now = this.#options.clock.monotonicMs()
    if (copy.refreshedAt !== null && now - copy.refreshedAt < refreshEveryMs) return
    copy.refreshedAt = now
    this.#loadBehind(key, 'background')
  }

  #loadBehind(key: string, importance: Importance): void {
    if (this.#behind.has(key) || this.#stop.signal.aborted) return
    const load = {}
    this.#behind.set(key, load)
    this.#loads
      .ask(key, { signal: this.#stop.signal, context: importance })
      .catch((error: unknown) => {
        // A reader who waits for it too hears of it.
        if (importance === 'background' && !this.#stop.signal.aborted) this.#options.onFailedBehind(key, error)
      })
      .finally(() => {
        if (this.#behind.get(key) === load) this.#behind.delete(key)
      })
  }

  #keep(key: string, { value, loadMs }: Timed<Value>): void {
    const { clock, random, about } = this.#options
    const { lifetime, isNegative, bytes, shows } = about(key, value)
    this.#copies.delete(key)
    this.#negatives.delete(key)
    if (!lifetime) return
    const copy = {
      value,
      loadMs,
      loadedAt: clock.monotonicMs(),
      lifetime: withJitter(lifetime, random()),
      refreshedAt: null,
    }
    const into = isNegative ? this.#negatives : this.#copies
    into.set(key, copy, { bytes, shows })
  }

  #copyOf(key: string): Copy<Value> | null {
    return this.#copies.get(key) ?? this.#negatives.get(key) ?? null
  }

  #standIn(key: string): Copy<Value> | null {
    const copy = this.#copyOf(key)
    return copy && this.#ageOf(copy) !== 'expired' ? copy : null
  }

  #ageOf({ lifetime, loadedAt }: Copy<Value>): Age {
    return ageOf(lifetime, this.#options.clock.monotonicMs() - loadedAt)
  }

  #isDueEarly({ lifetime, loadedAt, loadMs }: Copy<Value>): boolean {
    const { clock, random } = this.#options
    return isRefreshDueEarly(lifetime, { ageMs: clock.monotonicMs() - loadedAt, loadMs }, random())
  }
}

export interface ReadThroughOptions<Value> {
  /** For error messages: `Reading the article`. */
  readonly what: string
  readonly clock: Clock
  /** From 0 to below 1. */
  readonly random: () => number
  readonly load: (
    key: string,
    options: { readonly signal: AbortSignal; readonly importance: Importance },
  ) => Promise<Value>
  /** How long a load may take, in milliseconds, however many wait for it. */
  readonly loadBudgetMs: number
  readonly loadsMax: number
  /** Whether a load goes on when its last reader has left: what it brings is kept for the next. */
  readonly goesOn: boolean
  /** How long a load is waited for where a copy could stand in, in milliseconds. */
  readonly patienceMs: number
  /** 0: nothing is kept, and loads are still shared. */
  readonly bytesMax: number
  /** Whether somebody would tell us, by `forget`, of what changes. */
  readonly isTold: () => boolean
  readonly about: (key: string, value: Value) => AboutValue
  /** Told of a load that failed with no reader waiting for it. Must not throw. */
  readonly onFailedBehind: (key: string, error: unknown) => void
}

export interface AboutValue {
  /** Null: it is not kept. */
  readonly lifetime: Lifetime | null
  /** It says that there is nothing under the key. */
  readonly isNegative: boolean
  /** An estimate. */
  readonly bytes: number
  /** Whose change makes it untrue. */
  readonly shows: readonly string[]
}

export interface ReadThroughRead {
  readonly importance: Importance
  /** How long this reader waits; default: as long as loads may take. */
  readonly deadline?: Deadline | undefined
  readonly signal?: AbortSignal | undefined
}

export interface ReadThroughUsage {
  readonly copies: number
  /** By the estimates of `about`. */
  readonly bytes: number
  /** How many different ids would end a copy by their change. */
  readonly idsShown: number
  /** Overtaken ones included. */
  readonly loadsInFlight: number
  /** Those that go on though no reader may wait for them. */
  readonly loadsBehind: number
}

export interface Served<Value> {
  readonly value: Value
  readonly state: 'fresh' | 'stale'
  readonly from: 'memory' | 'load'
}

interface Timed<Value> {
  readonly value: Value
  readonly loadMs: number
}

interface Copy<Value> extends Timed<Value> {
  /** On the monotonic clock. */
  readonly loadedAt: number
  readonly lifetime: Lifetime
  /** When it was last to be loaded again behind a reader, likewise; null: never yet. */
  refreshedAt: number | null
}

/** While the store is down every reader of a hot page would be refused a load otherwise. */
const refreshEveryMs = 500
/** Some twenty thousand ids. */
const negativeBytesMax = 4 * 1024 * 1024
