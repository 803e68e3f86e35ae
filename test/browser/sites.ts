import { loadSample, openApp } from '../../src/app.ts'
import { createHttpServer } from '../../src/http/server.ts'
import { openService, type Service } from '../../src/service.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** The sample newsroom as `onward serve` shows it, without its last `/`. */
export interface SampleSite extends AsyncDisposable {
  readonly origin: string
  readonly store: Store
}

export async function openSampleSite(): Promise<SampleSite> {
  await using opening = new AsyncDisposableStack()
  const folder = opening.use(await temporaryFolder())
  const store = opening.use(await openStore(`sqlite:${folder.file('news.db')}`))
  {
    await using loading = await openApp({ store })
    await loadSample(loading)
  }
  const service: Service = opening.use(
    await openService({ store, port: 0, logLevel: 'silent', siteName: 'The Halvern Courier' }),
  )
  const closing = opening.move()
  return { origin: new URL(service.url).origin, store, [Symbol.asyncDispose]: () => closing.disposeAsync() }
}

/** The same site while something is wrong, and so patient with its rails that a browser can look at the page meanwhile. */
export async function openPatientSite(given: {
  store: Store
  rehearse?: string
}): Promise<{ origin: string } & AsyncDisposable> {
  await using opening = new AsyncDisposableStack()
  const app = opening.use(await openApp({ ...given, ...patience }, { loadsIndexAtStart: false }))
  const server = opening.use(
    await createHttpServer({
      manager: app.manager,
      publisher: null,
      token: null,
      site: { name: 'The Halvern Courier', baseUrl: null },
      readiness: async () => ({ ready: true, checks: {} }),
      metrics: null,
      logger: null,
      limits: { railCapMs: patienceMs, readBudgetMs: patienceMs },
      closeWithinMs: 100,
    }),
  )
  const { url } = await server.listen({ port: 0, host: '127.0.0.1' })
  const closing = opening.move()
  return { origin: new URL(url).origin, [Symbol.asyncDispose]: () => closing.disposeAsync() }
}

/** A store whose rails are read when `release` has been called, and not before. */
export function holdRails(store: Store): { store: Store; release: () => void } {
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const held = new Proxy(store, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target)
      if (typeof member !== 'function') return member
      if (key !== 'readRail') return member.bind(target)
      return (...call: unknown[]) => released.then(() => Reflect.apply(member, target, call))
    },
  })
  return { store: held, release }
}

const patienceMs = 60_000
// The article's too: on a machine that is busy with other tests a browser would be shown the page of a refusal.
const patience = { articleBudgetMs: patienceMs, railBudgetMs: patienceMs }
