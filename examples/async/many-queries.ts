import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PreparedArticle } from '../../src/article/article.ts'
import { systemClock as clock } from '../../src/concurrency/clock.ts'
import { mapConcurrent } from '../../src/concurrency/map-concurrent.ts'
import { openStore } from '../../src/store/open-store.ts'

await using folder = await mkdtempDisposable(join(tmpdir(), 'onward-example-'))
await using store = await openStore(`sqlite:${join(folder.path, 'menu.db')}`, { clock })
const menu = Array.from({ length: 100 }, (_, number) => dish(number))
await store.putArticles(menu, { now: clock.now(), republish: false })
const orders = Array.from({ length: 2200 }, (_, number) => `dish-${number % 100}`)
const read = (id: string, signal?: AbortSignal) => store.readArticle(id, { now: clock.now(), signal })

const allAtOnce = await Promise.allSettled(orders.map((id) => read(id))) // Past the queue's bound: refused.
const bounded = await Array.fromAsync(mapConcurrent(orders, read, { concurrency: 64 })) // All are answered.

const refused = allAtOnce.filter(({ status }) => status === 'rejected')
console.log(`all at once: ${refused.length > 0 ? 'some are refused' : 'all are answered'}`)
console.log(`64 at a time: ${bounded.length} of ${orders.length} are answered`)

function dish(number: number): PreparedArticle {
  return {
    input: { id: `dish-${number}`, title: `Dish ${number}`, body: '', tags: [], status: 'published' },
    fingerprint: String(number),
  }
}
