import { pause, systemClock } from '../../concurrency/clock.ts'

/** What an incident does to a site's database. */
export type FaultKind = 'rail-hangs' | 'database-gone'

/**
 * A fault that begins and ends by itself at times fixed in advance, seen by every thread of the site at once.
 *
 * It cannot be switched by a message at the moment itself: a site whose event loop is stalled would not hear of it.
 */
export class Fault {
  readonly shared: SharedArrayBuffer
  readonly #state: Float64Array

  constructor(shared = new SharedArrayBuffer(3 * Float64Array.BYTES_PER_ELEMENT)) {
    this.shared = shared
    this.#state = new Float64Array(shared)
  }

  /** Times in milliseconds since the epoch, since they count in several processes. */
  plan(kind: FaultKind, fromMs: number, untilMs: number): void {
    this.#state.set([kinds.indexOf(kind), fromMs, untilMs])
  }

  /** What is the matter at this moment; null when all is well. */
  now(): FaultKind | null {
    const [kind = 0, from = 0, until = 0] = this.#state
    const now = Date.now()
    return now >= from && now < until ? (kinds[kind] ?? null) : null
  }

  /**
   * What a synchronous query feels: the lookup of related articles holds its thread until the incident is over, and a
   * database that is gone refuses at once.
   */
  strike(what: 'article' | 'related'): void {
    this.refuse()
    if (this.now() !== 'rail-hangs' || what !== 'related') return
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, this.#msLeft())
  }

  /** The same for a query that is waited for: it holds its connection and no thread. @throws the reason of `signal` */
  async hold(what: 'article' | 'related', signal: AbortSignal): Promise<void> {
    this.refuse()
    if (this.now() === 'rail-hangs' && what === 'related') await pause(systemClock, this.#msLeft(), signal)
  }

  /** What a database that is gone does to whoever wants a connection. */
  refuse(): void {
    if (this.now() === 'database-gone') throw new Error('The database is gone.')
  }

  #msLeft(): number {
    return Math.max(0, (this.#state[2] ?? 0) - Date.now())
  }
}

const kinds: readonly FaultKind[] = ['rail-hangs', 'database-gone']
