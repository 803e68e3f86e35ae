import { type App, type AppOptions, openApp } from './app.ts'
import { systemClock } from './concurrency/clock.ts'
import { publish } from './events.ts'
import { createHttpServer } from './http/server.ts'
import type { Readiness } from './http/site-context.ts'
import { openLogs } from './observability/logs.ts'
import { openMetrics } from './observability/metrics.ts'

/** The site and the API on a port, with metrics and logs, over everything that {@link openApp} opens. */
export interface Service extends AsyncDisposable {
  readonly app: App
  /** Where it answers, such as `http://127.0.0.1:3000`. */
  readonly url: string
}

/** One of several processes that share a port. */
export interface WorkerOf {
  /** From 1. */
  readonly number: number
  readonly of: number
}

/**
 * Opens an app and listens. Disposing stops listening, lets the requests under way finish within a bound, and closes the app.
 *
 * @param given as for `openApp`; a `store` must be named
 * @param worker which of several processes on one port this is; null: it has the port for itself
 * @throws InvalidOptionError, StoreUnavailableError, or the system's error when the port cannot be had
 */
export async function openService(
  given: AppOptions,
  { worker = null }: { readonly worker?: WorkerOf | null } = {},
): Promise<Service> {
  await using opening = new AsyncDisposableStack()
  const app = opening.use(await openApp(given))
  const { options } = app
  const logs = opening.use(openLogs({ level: options.logLevel, accessLog: options.accessLog }))
  const metrics = opening.use(openMetrics({ worker: worker?.number ?? null }))
  const server = opening.use(
    await createHttpServer({
      manager: app.manager,
      publisher: app.publisher,
      token: options.token,
      site: { name: options.siteName, baseUrl: options.baseUrl },
      readiness: (signal) => readiness(app, worker, signal),
      metrics,
      logger: logs.logger,
      clock: systemClock,
      // The other half is the manager's.
      cacheBytesMax: Math.floor(options.cacheBytesMax / 2),
      onServed(served) {
        metrics.observeRequest(served)
        logs.logRequest(served)
      },
    }),
  )
  const { url } = await server.listen({ port: options.port, host: options.host })
  const closing = opening.move()
  return { app, url, [Symbol.asyncDispose]: () => closing.disposeAsync() }
}

/**
 * Ready when the store answers and the change feed is heard: who is not told of a takedown cannot promise it. A rail that
 * lags behind, or a shared cache that is away, is no reason to take a node out of service.
 */
async function readiness(
  { store, manager, options }: App,
  worker: WorkerOf | null,
  signal: AbortSignal,
): Promise<Readiness> {
  const isTold = manager.isTold()
  const feed = {
    ok: isTold,
    detail: isTold
      ? 'changes are heard of'
      : `nothing was heard for ${options.feedSilenceMs} ms or longer: no copy is served before the store was asked`,
  }
  // Who has to ask each of them (a takedown with its proof) knows by this whom it has asked.
  const self = worker ? { worker: { ok: true, detail: `${worker.number} of ${worker.of}` } } : {}
  try {
    const { articles, lastSeq, indexedSeq } = await store.readStatus({ now: systemClock.now(), signal })
    const lag = lastSeq - indexedSeq
    const rails = lag === 0 ? 'the rails are up to date' : `changes still to be worked into the rails: ${lag}`
    return {
      ready: isTold,
      checks: {
        feed,
        store: { ok: true, detail: `${articles.visible} articles visible, ${articles.withdrawn} taken down` },
        rails: { ok: true, detail: rails },
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
