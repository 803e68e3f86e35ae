/**
 * Every figure of the embedded store: what a write and a read cost, and what the main thread feels of it.
 *
 *     node benchmarks/store.ts [FILE]      JSON Lines, gzip or plain; default: $ONWARD_DATA/reuters21578.jsonl.gz
 */
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { PreparedArticle } from '../src/article/article.ts'
import { ingest } from '../src/ingest/ingest.ts'
import { Preparer } from '../src/ingest/preparer.ts'
import type { RailItem } from '../src/related/related.ts'
import { openStore, temporaryStoreFolder } from '../src/store/open-store.ts'
import { machine } from './support/machine.ts'

const source = process.argv[2] ?? join(process.env.ONWARD_DATA ?? '.', 'reuters21578.jsonl.gz')
const now = Date.now()
const batch = await prepared(source)
const ids = batch.map(({ input }) => input.id)

await using folder = await temporaryStoreFolder()
await using store = await openStore(folder.url)
console.log(`${batch.length} articles of ${source}. ${machine()}`)
console.log(`${'what'.padEnd(34)}       ms       a second   loop busy   loop delay p99   cpu ms`)

await measured('idle', 1, () => new Promise((resolve) => setTimeout(resolve, 500)))
await measured('store all', batch.length, () => putAll())
await measured('store all again', batch.length, () => putAll())

const lease = { name: 'benchmark', holder: 'benchmark' }
const token = await store.takeLease({ ...lease, forMs: 3_600_000, now })
if (token === null) throw new Error('Nobody else can hold the lease of a new store.')
const rails = ids.map((articleId, index) => ({ articleId, items: JSON.stringify(railOf(index)) }))
await measured('write all rails', rails.length, async () => {
  for (let at = 0; at < rails.length; at += 250) {
    await store.writeRails({ rails: rails.slice(at, at + 250), cursor: at, lease: { ...lease, token }, now })
  }
})
await measured('load the index', ids.length, async () => {
  for (let afterId = ''; ; ) {
    const page = await store.readIndexPage({ afterId, limit: 500, now })
    const last = page.at(-1)
    if (!last) return
    afterId = last.id
  }
})
for (const askers of [1, 64]) {
  const reads = askers === 1 ? 4000 : 20_000
  await flood(`read an article, ${askers} at a time`, reads, askers, (id) => store.readArticle(id, { now }))
  await flood(`read a rail of 6, ${askers} at a time`, reads, askers, (id) => store.readRail(id, { now, limit: 6 }))
}
await flood('list 30, 8 at a time', 2000, 8, () => store.listArticles({ now, limit: 30 }))
await flood('sections', 100, 1, () => store.listSections({ now }))
await flood('status', 100, 1, () => store.readStatus({ now }))
await flood('take an article down', 50, 1, (id) => store.withdrawArticle(id, { now }))

async function prepared(from: string): Promise<PreparedArticle[]> {
  await using preparer = new Preparer()
  const all: PreparedArticle[] = []
  await ingest([from], {
    preparer,
    write: async (part) => {
      all.push(...part)
      return part.map(({ input }) => ({ id: input.id, outcome: 'created', seq: null }))
    },
  })
  return all
}

async function putAll(): Promise<void> {
  for (let at = 0; at < batch.length; at += 250) {
    await store.putArticles(batch.slice(at, at + 250), { now, republish: false })
  }
}

/** Scattered over the corpus, so that reading a rail touches pages as far apart as real ones do. */
function railOf(index: number): RailItem[] {
  return Array.from({ length: 24 }, (_, place) => ({
    id: ids[(index + place * 37 + 1) % ids.length] ?? '',
    score: 0.5,
    reason: { kind: 'story', terms: ['ferry', 'fog', 'harbour'] },
  }))
}

/** `askers` that each ask again when they have their answer, over ids that are far apart. */
async function flood(what: string, total: number, askers: number, read: (id: string) => Promise<unknown>) {
  let next = 0
  const ask = async () => {
    while (next < total) await read(ids[(next++ * 7919) % ids.length] ?? '')
  }
  await measured(what, total, () => Promise.all(Array.from({ length: askers }, ask)))
}

async function measured(what: string, count: number, work: () => Promise<unknown>): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const cpuBefore = process.cpuUsage()
  const loopBefore = performance.eventLoopUtilization()
  const startedAt = performance.now()
  delay.enable()
  await work()
  delay.disable()
  const ms = performance.now() - startedAt
  const { user, system } = process.cpuUsage(cpuBefore)
  const busy = performance.eventLoopUtilization(loopBefore).utilization
  const cells = [
    ms.toFixed(0),
    Math.round((count / ms) * 1000),
    busy.toFixed(2),
    (delay.percentile(99) / 1e6).toFixed(1),
  ]
  const widths = [9, 15, 12, 17]
  const row = cells.map((cell, index) => String(cell).padStart(widths[index] ?? 0)).join('')
  console.log(`${what.padEnd(34)}${row}${((user + system) / 1000).toFixed(0).padStart(9)}`)
}
