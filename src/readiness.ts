import type { App } from './app.ts'
import { systemClock } from './concurrency/clock.ts'
import { publish } from './events.ts'
import type { Readiness } from './http/site-context.ts'
import type { StoreStatus } from './store/store.ts'

/**
 * What `/readyz` says. Ready when the store answers and the change feed is heard: who is not told of a takedown cannot promise
 * it. Rails that lag behind, or that nobody keeps, and a shared cache that is away, are no reason to take a node out of service.
 *
 * @param worker which of several processes on one port this is; null: it has the port for itself
 */
export function openReadiness(app: App, worker: WorkerOf | null): (signal: AbortSignal) => Promise<Readiness> {
  const { store, manager, options } = app
  const unkept = new UnkeptRails(options.railsUnkeptMs)
  return async (signal) => {
    const isTold = manager.isTold()
    const feed = {
      ok: isTold,
      detail: isTold
        ? 'changes are heard of'
        : `nothing was heard for ${options.feedSilenceMs} ms or longer: no copy is served before the store was asked`,
    }
    // Who has to ask each of them (a takedown with its proof) knows by this whom it has asked.
    const self = {
      role: { ok: true, detail: roleOf(app) },
      ...(worker ? { worker: { ok: true, detail: `${worker.number} of ${worker.of}` } } : {}),
    }
    try {
      const now = systemClock.now()
      const status = await store.readStatus({ now, signal })
      const { articles, lastSeq, indexedSeq } = status
      const lag = lastSeq - indexedSeq
      const rails = lag === 0 ? 'the rails are up to date' : `changes still to be worked into the rails: ${lag}`
      const unkeptMs = unkept.lookAt(status, now)
      return {
        ready: isTold,
        checks: {
          feed,
          store: { ok: true, detail: `${articles.visible} articles visible, ${articles.withdrawn} taken down` },
          rails:
            unkeptMs === null
              ? { ok: true, detail: rails }
              : {
                  ok: false,
                  detail: `nobody has kept the rails for ${Math.round(unkeptMs / 1000)} s: start a process with --role indexer or all; ${rails}`,
                },
          ...self,
        },
      }
    } catch (error) {
      signal.throwIfAborted()
      // Anybody may ask: a driver's words, which may name paths and hosts, go to the log only.
      publish('background-failed', () => ({ what: 'asking the store whether it is ready', error }))
      return {
        ready: false,
        checks: { feed, store: { ok: false, detail: 'the store cannot be relied on; the log says why' }, ...self },
      }
    }
  }
}

/** One of several processes that share a port. */
export interface WorkerOf {
  /** From 1. */
  readonly number: number
  readonly of: number
}

/** Begins with the role as it is given, for whoever reads it by program. */
function roleOf({ options, indexer }: App): string {
  if (options.role === 'web') return 'web: serves readers and keeps no rails'
  return `${options.role}: ${indexer.leads ? 'keeps the rails' : 'stands by to keep the rails'}`
}

/** Tells since when nobody has kept the rails, from one look at the store to the next. */
class UnkeptRails {
  readonly #toleratedMs: number
  #since: number | null = null
  #isTold = false

  constructor(toleratedMs: number) {
    this.#toleratedMs = toleratedMs
  }

  /** For how long nobody has, in milliseconds; null while somebody does, or for no longer than is tolerated. */
  lookAt({ railsKeptUntil }: Pick<StoreStatus, 'railsKeptUntil'>, now: number): number | null {
    if (railsKeptUntil !== null && railsKeptUntil > now) {
      this.#since = null
      this.#isTold = false
      return null
    }
    // When a lease was given back nobody knows: it counts from the first look that saw it.
    this.#since ??= railsKeptUntil ?? now
    const forMs = now - this.#since
    if (forMs <= this.#toleratedMs) return null
    if (!this.#isTold) publish('rails-unkept', () => ({ forMs }))
    this.#isTold = true
    return forMs
  }
}
