import { type App, type AppOptions, openApp } from './app.ts'
import { systemClock } from './concurrency/clock.ts'
import { createHttpServer } from './http/server.ts'
import { openLogs } from './observability/logs.ts'
import { openMetrics } from './observability/metrics.ts'
import { openReadiness, type WorkerOf } from './readiness.ts'

/** The site and the API on a port, with metrics and logs, over everything that {@link openApp} opens. */
export interface Service extends AsyncDisposable {
  readonly app: App
  /** Where it answers, such as `http://127.0.0.1:3000`. */
  readonly url: string
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
  const metrics = opening.use(
    openMetrics({ worker: worker?.number ?? null, role: options.role, keepsRails: app.indexer.leads }),
  )
  const server = opening.use(
    await createHttpServer({
      manager: app.manager,
      publisher: app.publisher,
      token: options.token,
      site: { name: options.siteName, baseUrl: options.baseUrl },
      readiness: openReadiness(app, worker),
      servesReaders: options.role !== 'indexer',
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
  // Where articles are taken over HTTP the first is not to be slower than the next. It is over before the preparer is closed.
  if (options.token !== null) void app.preparer.warmUp()
  const closing = opening.move()
  return { app, url, [Symbol.asyncDispose]: () => closing.disposeAsync() }
}
