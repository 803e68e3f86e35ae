/**
 * A site for `benchmarks/hung-rail.ts`: node rail-site.ts STORE_URL none|asis|hang|fail|slow:2000 [auto|held-closed].
 *
 * With `none` the very same pages are served by the very same code, but there is no rail to read: the page that cannot
 * be slowed by one. Prints its address, ends on SIGTERM.
 */
import { once } from 'node:events'
import { openApp } from '../../src/app.ts'
import { systemClock } from '../../src/concurrency/clock.ts'
import { createHttpServer } from '../../src/http/server.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { RailRead, Store } from '../../src/store/store.ts'

const [store, rail = 'asis', breakers] = process.argv.slice(2)
if (!store) throw new Error('Expected: node rail-site.ts STORE_URL none|asis|hang|fail|slow:2000 [auto|held-closed]')
const isRehearsal = rail !== 'none' && rail !== 'asis'

await using opening = new AsyncDisposableStack()
const sound = opening.use(await openStore(store))
const app = opening.use(
  await openApp(
    {
      store: rail === 'none' ? withoutRail(sound) : sound,
      cacheBytesMax: 0,
      breakers: breakers === 'held-closed' ? 'held-closed' : 'auto',
      ...(isRehearsal ? { rehearse: `rail=${rail}` } : {}),
    },
    // Nothing is published meanwhile. Loaded, the index would be in one of the two servers and not in the other.
    { loadsIndexAtStart: false },
  ),
)
const server = opening.use(
  await createHttpServer({
    manager: app.manager,
    publisher: null,
    token: null,
    site: { name: 'benchmark', baseUrl: null },
    readiness: async () => ({ ready: true, checks: {} }),
    metrics: null,
    logger: null,
    clock: systemClock,
    cacheBytesMax: 0,
  }),
)
const { url } = await server.listen({ port: 0, host: '127.0.0.1' })
process.stdout.write(`${url}/\n`)
await once(process, 'SIGTERM')

function withoutRail(whole: Store): Store {
  const none: RailRead = { state: 'found', basis: 'related', version: 0, generatedAt: null, items: [] }
  return new Proxy(whole, {
    get(target, key) {
      if (key === 'readRail') return () => Promise.resolve(none)
      const member: unknown = Reflect.get(target, key, target)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}
