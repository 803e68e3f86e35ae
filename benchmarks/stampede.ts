/**
 * The claim: ten thousand readers who ask for one article at once, when it is not in memory or past its time, have it and
 * its rail loaded once each, and none of them is refused.
 *
 *     node benchmarks/stampede.ts [--readers 10000] [--rounds 5] [--connections 1000] [--json]
 *
 * `handleRequest`: all ask within one turn of the event loop. `HTTP`: by `--connections` connections, each of which asks again
 * as soon as it is answered, until all readers have been served. An article was never asked for (`absent`), or its copy is
 * past its time and within its grace (`in grace`: it is served as it was, and loaded behind the readers), or it has just been
 * told to have changed (`evicted`). Each round takes another article. Loads are counted at the store, under all that is onward's.
 *
 * On the sample newsroom: how large a store is makes no difference here. Time passes by moving the clock that it is handed.
 */
import { parseArgs } from 'node:util'
import { loadSample, openApp, servingSettings } from '../src/app.ts'
import { type Clock, systemClock } from '../src/concurrency/clock.ts'
import { createHttpServer } from '../src/http/server.ts'
import { ArticleServing } from '../src/manager/serve-article.ts'
import { resolveOptions } from '../src/options.ts'
import { openStore, temporaryStoreFolder } from '../src/store/open-store.ts'
import { shuffledIds } from './support/article-ids.ts'
import { countingStore, type Reads } from './support/counting-store.ts'
import { machine } from './support/machine.ts'
import { median } from './support/median.ts'
import { RawClient } from './support/raw-client.ts'

const { values } = parseArgs({
  options: {
    readers: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '1000' },
    json: { type: 'boolean', default: false },
  },
})
const [readers, rounds, connections] = [Number(values.readers), Number(values.rounds), Number(values.connections)]
const minuteMs = 60_000
let movedMs = 0
const clock: Clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + movedMs }

await using opening = new AsyncDisposableStack()
const { url: store } = opening.use(await temporaryStoreFolder())
{
  await using newsroom = await openApp({ store })
  await loadSample(newsroom)
}
const ids = await shuffledIds(store)
const counting = countingStore(opening.use(await openStore(store)))
const manager = new ArticleServing(
  counting.store,
  { clock, random: Math.random },
  {
    ...servingSettings(resolveOptions()),
    // Older articles stay fresh for up to ten times as long: a grace that all of them come into.
    articleLifetime: { freshMs: minuteMs, graceMs: 60 * minuteMs, ifErrorMs: 120 * minuteMs },
    railLifetime: { freshMs: minuteMs, graceMs: 60 * minuteMs, ifErrorMs: 120 * minuteMs },
  },
)
opening.defer(() => manager.close())
// Nobody follows the store's changes here, so the manager is told now and again that nothing has changed.
const telling = setInterval(() => manager.heardFromFeed(), 500)
opening.defer(() => clearInterval(telling))
const server = opening.use(
  await createHttpServer({
    manager,
    publisher: null,
    token: null,
    site: { name: 'benchmark', baseUrl: null },
    readiness: async () => ({ ready: true, checks: {} }),
    metrics: null,
    logger: null,
    clock,
  }),
)
const { url } = await server.listen({ port: 0, host: '127.0.0.1' })
const client = opening.use(new RawClient({ origin: url, connectionsMax: connections }))
await client.connectAll()
const failures: Record<string, number> = {}

const rows: Row[] = []
let next = 0
for (const by of ['handleRequest', 'HTTP'] as const) {
  const crowd = by === 'HTTP' ? crowdOverHttp : crowdInProcess
  for (const was of ['absent', 'in grace', 'evicted'] as const) {
    const tookMs: number[] = []
    const loads: Loads[] = []
    let errors = 0
    for (let round = 0; round < rounds; round++) {
      const id = ids[next++ % ids.length] ?? ''
      await prepare(id, was)
      counting.reset()
      manager.heardFromFeed()
      const startedAt = performance.now()
      errors += await crowd(id)
      tookMs.push(performance.now() - startedAt)
      loads.push(await loadsOf(id, counting.reads))
      process.stderr.write(`\r${by}, ${was}: round ${round + 1} of ${rounds}   `)
    }
    rows.push({
      by,
      was,
      readers: readers * rounds,
      errors,
      articleLoadsMost: Math.max(...loads.map(({ article }) => article)),
      railLoadsMost: Math.max(...loads.map(({ rail }) => rail)),
      loadsFewest: Math.min(...loads.flatMap(({ article, rail }) => [article, rail])),
      medianMs: median(tookMs),
    })
  }
}
process.stderr.write('\n')
const result = { readers, rounds, connections: client.connections, machine: machine(), rows, failures }
process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : table())

async function prepare(id: string, was: Row['was']): Promise<void> {
  manager.heardFromFeed()
  if (was === 'absent') return
  const response = await fetch(`${url}/articles/${id}`)
  await response.arrayBuffer()
  if (was === 'in grace') movedMs += 12 * minuteMs
  else manager.forget(new Set([id]))
}

/** @returns how many were not served their article */
async function crowdInProcess(id: string): Promise<number> {
  const served = await Promise.allSettled(
    Array.from({ length: readers }, () => manager.handleRequest({ articleId: id })),
  )
  for (const one of served) if (one.status === 'rejected') countFailure(String(one.reason))
  return served.filter((one) => one.status === 'rejected' || one.value.article.id !== id).length
}

async function crowdOverHttp(id: string): Promise<number> {
  const served = await Promise.all(Array.from({ length: readers }, () => client.get(`/articles/${id}`)))
  const failed = served.filter(({ status }) => status !== 200)
  for (const { status } of failed) countFailure(status === 0 ? 'connection lost' : `status ${status}`)
  return failed.length
}

function countFailure(what: string): void {
  failures[what] = (failures[what] ?? 0) + 1
}

/** What is loaded behind the readers may not have begun when they have been served. */
async function loadsOf(id: string, reads: Reads): Promise<Loads> {
  return await untilQuiet(() => ({ article: reads.article.get(id) ?? 0, rail: reads.rail.get(id) ?? 0 }))
}

async function untilQuiet(look: () => Loads): Promise<Loads> {
  for (let seen = look(); ; ) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    const now = look()
    if (now.article === seen.article && now.rail === seen.rail) return now
    seen = now
  }
}

function table(): string {
  return [
    `${result.readers} readers at once, ${result.rounds} rounds of each kind, each with another article; HTTP by ${result.connections} connections. ${result.machine}`,
    `${'by'.padEnd(15)}${'the article was'.padEnd(17)}${'readers'.padStart(9)}${'errors'.padStart(8)}${'article loads'.padStart(15)}${'rail loads'.padStart(12)}${'median ms'.padStart(11)}`,
    ...rows.map(
      (row) =>
        `${row.by.padEnd(15)}${row.was.padEnd(17)}${String(row.readers).padStart(9)}${String(row.errors).padStart(8)}${String(row.articleLoadsMost).padStart(15)}${String(row.railLoadsMost).padStart(12)}${row.medianMs.toFixed(0).padStart(11)}`,
    ),
    `Loads are the most of any round; the fewest of any was ${Math.min(...rows.map(({ loadsFewest }) => loadsFewest))}.`,
    ...Object.entries(failures).map(([what, count]) => `${count} errors: ${what}`),
    '',
  ].join('\n')
}

interface Loads {
  readonly article: number
  readonly rail: number
}

interface Row {
  readonly by: 'handleRequest' | 'HTTP'
  readonly was: 'absent' | 'in grace' | 'evicted'
  readonly readers: number
  readonly errors: number
  readonly articleLoadsMost: number
  readonly railLoadsMost: number
  readonly loadsFewest: number
  readonly medianMs: number
}
