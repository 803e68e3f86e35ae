/**
 * The claim: while the database is killed (-9), stands still (SIGSTOP) or cannot be reached (what is sent is lost), a node at half of
 * its capacity fails no page that is in memory, answers or refuses every other within the deadline, and says of each answer that is not
 * fresh that it is not; within a second of the database's return it serves as before, with no more connections than before; no request
 * hangs, and the process lives.
 *
 *     node benchmarks/database-outage.ts [--on postgres,mariadb] [--faults killed,paused,black-holed] [--times 20] [--json]
 *
 * The node is `onward serve --role web` in a process of its own, on a database that is started for this and that it reaches by a wire
 * which can be cut. Nine in ten requests are for 40 pages that are in memory, one is for a page that is not (10,000 in turn, more than
 * fit). First the capacity is found, by as many requests as 32 readers get answered in five seconds, this generator's own work on
 * the same processors included. Then half of that is sent, on a schedule that the node cannot slow down, and each fault comes
 * `--times` times, for two seconds, with two seconds after its end. As it ends, an article that was in memory and that no reader
 * asks for is corrected in the database, past the node.
 *
 * Exit code 1 where something is not as claimed.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openStore } from '../src/store/open-store.ts'
import { railsLease, type Store } from '../src/store/store.ts'
import { numberedArticle } from '../test/store/numbered-article.ts'
import { cuttableWire } from '../test/support/cuttable-wire.ts'
import type { DatabaseServer } from '../test/support/database-process.ts'
import { startNode } from '../test/support/fleet.ts'
import { startMariadb } from '../test/support/mariadb-server.ts'
import { startPostgres } from '../test/support/postgres-server.ts'
import { machine } from './support/machine.ts'
import { quantile } from './support/open-loop.ts'
import { type Answer, PageReaders } from './support/page-readers.ts'

const faultNames = ['killed', 'paused', 'black-holed'] as const
type FaultName = (typeof faultNames)[number]

const { values } = parseArgs({
  options: {
    on: { type: 'string', default: 'postgres,mariadb' },
    faults: { type: 'string', default: faultNames.join(',') },
    times: { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
  },
})
const times = Number(values.times)
const faults = values.faults.split(',').map((given) => {
  const fault = faultNames.find((name) => name === given)
  if (!fault) throw new Error(`--faults ${given}: expected ${faultNames.join(', ')}.`)
  return fault
})
const [keptPages, otherPages, keptShare] = [40, 10_000, 0.9]
const [outageMs, recoveryMs] = [2000, 2000]
/** What the node has to decide in (`ONWARD_ARTICLE_BUDGET_MS`), and what a busy machine may add to it. */
const deadlineMs = 800 + 200
/** Of a process: see `laneSettings` in the store. */
const connectionsMax = 18
/** A read that the database had in hand as the fault began may still be answered by what is on its way. */
const surelyDownMs = 300
/** The one that is corrected: no reader asks for it, since what was corrected is not in memory any more. */
const correctedPage = keptPages + otherPages

interface Outage {
  readonly from: number
  readonly until: number
  /** From a correction that was made at its end until that was shown. */
  readonly toldAfterMs: number
  readonly connections: number
}

interface Row {
  readonly store: string
  readonly fault: FaultName
  readonly perSecond: number
  readonly kept: { readonly requests: number; readonly failed: number; readonly slowestMs: number }
  readonly other: {
    readonly requests: number
    readonly refused: number
    readonly failed: number
    readonly late: number
    readonly slowestMs: number
  }
  /** Answers to requests for other pages that were made and answered in an outage; `silent` are those that do not tell of it. */
  readonly degraded: { readonly answers: number; readonly silent: number }
  readonly hung: number
  /** Of each outage, from its end: until the last request for another page was sent that was not answered in full. */
  readonly asBeforeAfterMs: readonly number[]
  readonly toldAfterMs: readonly number[]
  readonly connectionsAfter: number
  readonly isAlive: boolean
}

const rows: Row[] = []
for (const name of values.on.split(',')) {
  await using server = name === 'mariadb' ? await startMariadb() : await startPostgres()
  const url = await server.createDatabase()
  await fill(url)
  for (const fault of faults) rows.push(await troubled(name, server, url, fault))
}
process.stdout.write(values.json ? `${JSON.stringify({ times, machine: machine(), rows }, null, 2)}\n` : table())
if (rows.some((row) => failuresOf(row).length > 0)) process.exitCode = 1

async function troubled(name: string, server: DatabaseServer, url: string, fault: FaultName): Promise<Row> {
  await using wire = await cuttableWire(server.port)
  await using node = await startNode('web', {
    store: url.replace(`:${server.port}/`, `:${wire.port}/`),
    env: {
      // The pages that are asked for all the time stay, of the others a few hundred.
      ONWARD_CACHE_BYTES_MAX: String(32 * 1024 * 1024),
    },
    timeoutMs: 20 * 60_000,
  })
  await using direct = await openStore(url)
  await using load = new PageReaders(node.url, { keptPages, otherPages, keptShare })
  await load.warm()
  const capacity = await load.capacity()
  const perSecond = Math.round(capacity / 2)
  const answers: Answer[] = []
  const sending = load.send(perSecond, (answer) => answers.push(answer))
  const outages: Outage[] = []
  await pause(recoveryMs)
  for (let time = 0; time < times; time++) {
    process.stderr.write(`\r${name}, ${fault}: ${time + 1} of ${times}, ${perSecond} requests a second `)
    const from = performance.now()
    await begin(fault, server, wire)
    await pause(outageMs)
    await end(fault, server, wire)
    const until = performance.now()
    const toldAfterMs = await corrected(direct, node.url, time)
    await pause(Math.max(0, until + recoveryMs - performance.now()))
    outages.push({ from, until, toldAfterMs, connections: wire.connections().client })
  }
  process.stderr.write('\n')
  const hung = await sending.stop()
  return rowOf({ name, fault, perSecond, answers, outages, hung, isAlive: await isAlive(node.url) })
}

async function begin(fault: FaultName, server: DatabaseServer, wire: { cut(): void }): Promise<void> {
  if (fault === 'killed') await server.kill()
  else if (fault === 'paused') server.pause()
  else wire.cut()
}

async function end(fault: FaultName, server: DatabaseServer, wire: { mend(): void }): Promise<void> {
  if (fault === 'killed') await server.restart()
  else if (fault === 'paused') server.resume()
  else wire.mend()
}

/** Articles by number, each with a rail of its own that was made by hand: nobody keeps rails here. */
async function fill(url: string): Promise<void> {
  await using store = await openStore(url)
  const count = keptPages + otherPages + 1
  await store.putArticles(
    Array.from({ length: count }, (_, number) => numberedArticle(number)),
    { now: Date.now(), republish: false },
  )
  const lease = { name: railsLease, holder: 'benchmark' }
  const token = await store.takeLease({ ...lease, forMs: 60_000, now: Date.now() })
  if (token === null) throw new Error('Nobody else can hold the lease of a new store.')
  for (let first = 0; first < count; first += 500) {
    const rails = Array.from({ length: Math.min(500, count - first) }, (_, index) => ({
      articleId: String(first + index),
      items: JSON.stringify([
        { id: String((first + index + 1) % count), score: 0.5, reason: { kind: 'story', terms: ['ferry', 'fog'] } },
      ]),
    }))
    await store.writeRails({ rails, cursor: count, lease: { ...lease, token }, now: Date.now() })
  }
}

/** Corrects an article that the node has in memory, past the node; gives after how long the node showed it. */
async function corrected(direct: Store, node: string, time: number): Promise<number> {
  const title = `Corrected ${time}`
  const id = String(correctedPage)
  await putUntilTaken(direct, correctedPage, title)
  const since = performance.now()
  const giveUpAt = since + 30_000
  while (performance.now() < giveUpAt) {
    const body = await (await fetch(`${node}/articles/${id}`)).text()
    if (body.includes(title)) return performance.now() - since
    await pause(10)
  }
  return Infinity
}

async function putUntilTaken(store: Store, number: number, title: string): Promise<void> {
  // A later time than the last, or it would be an older version.
  const article = numberedArticle(number, { title, updatedAt: new Date().toISOString() })
  for (let tries = 0; ; tries++) {
    try {
      await store.putArticles([article], { now: Date.now(), republish: false })
      return
    } catch (error) {
      if (tries === 100) throw error
      await pause(20)
    }
  }
}

async function isAlive(url: string): Promise<boolean> {
  return await fetch(new URL('/healthz', url)).then(
    ({ ok }) => ok,
    () => false,
  )
}

function rowOf(seen: {
  readonly name: string
  readonly fault: FaultName
  readonly perSecond: number
  readonly answers: readonly Answer[]
  readonly outages: readonly Outage[]
  readonly hung: number
  readonly isAlive: boolean
}): Row {
  const { answers, outages } = seen
  const kept = answers.filter(({ isKept }) => isKept)
  const other = answers.filter(({ isKept }) => !isKept)
  const isRefusal = ({ status, saysDegraded }: Answer) => status === 503 && saysDegraded
  const slowestMs = (of: readonly Answer[]) => of.reduce((most, { tookMs }) => Math.max(most, tookMs), 0)
  // Nothing can have been read for these: who answers them answers with less than was asked for.
  const inOutage = other.filter(({ sentAt, tookMs }) =>
    outages.some(({ from, until }) => sentAt > from + surelyDownMs && sentAt + tookMs < until),
  )
  const asBeforeAfterMs = outages.map(({ until }, index) => {
    // What was not answered when the next outage began suffers from that one.
    const next = outages[index + 1]?.from ?? until + recoveryMs
    const notFresh = other.filter(
      ({ sentAt, tookMs, isPage, saysDegraded }) =>
        sentAt > until && sentAt + tookMs < next && (!isPage || saysDegraded),
    )
    return notFresh.reduce((last, { sentAt }) => Math.max(last, sentAt - until), 0)
  })
  return {
    store: seen.name,
    fault: seen.fault,
    perSecond: seen.perSecond,
    kept: { requests: kept.length, failed: kept.filter(({ isPage }) => !isPage).length, slowestMs: slowestMs(kept) },
    other: {
      requests: other.length,
      refused: other.filter(isRefusal).length,
      failed: other.filter((answer) => !answer.isPage && !isRefusal(answer)).length,
      late: other.filter(({ tookMs }) => tookMs > deadlineMs).length,
      slowestMs: slowestMs(other),
    },
    degraded: { answers: inOutage.length, silent: inOutage.filter(({ saysDegraded }) => !saysDegraded).length },
    hung: seen.hung,
    asBeforeAfterMs,
    toldAfterMs: outages.map(({ toldAfterMs }) => toldAfterMs),
    connectionsAfter: Math.max(...outages.map(({ connections }) => connections)),
    isAlive: seen.isAlive,
  }
}

function failuresOf(row: Row): string[] {
  return [
    ...(row.kept.failed > 0 ? ['pages in memory failed'] : []),
    ...(row.other.failed > 0 ? ['pages failed that were not refused'] : []),
    ...(row.other.late > 0 ? ['answers after the deadline'] : []),
    ...(row.degraded.silent > 0 ? ['degraded answers that do not say so'] : []),
    ...(row.hung > 0 ? ['requests hang'] : []),
    ...(Math.max(...row.asBeforeAfterMs) > 1000 ? ['not as before within a second'] : []),
    ...(Math.max(...row.toldAfterMs) > 2000 ? ['told of a correction too late'] : []),
    ...(row.connectionsAfter > connectionsMax ? ['too many connections'] : []),
    ...(row.isAlive ? [] : ['the process is gone']),
  ]
}

function table(): string {
  const lines = [`Each fault ${times} times, for ${outageMs / 1000} s, at half of the node's capacity. ${machine()}`]
  for (const row of rows) {
    const { kept, other, degraded } = row
    const spread = (all: readonly number[]) => {
      const sorted = all.toSorted((a, b) => a - b)
      return `p50 ${quantile(sorted, 0.5).toFixed(0)}, max ${quantile(sorted, 1).toFixed(0)} ms`
    }
    lines.push(
      `${row.store}, ${row.fault}, ${row.perSecond} requests a second`,
      `  pages in memory ${kept.requests}, failed ${kept.failed}, the slowest ${kept.slowestMs.toFixed(0)} ms`,
      `  other pages ${other.requests}, refused ${other.refused}, failed ${other.failed}, later than ${deadlineMs} ms ${other.late}, the slowest ${other.slowestMs.toFixed(0)} ms`,
      `  of these asked and answered in an outage ${degraded.answers}, of which ${degraded.silent} did not say so; hung ${row.hung}`,
      `  after the return: other pages as before ${spread(row.asBeforeAfterMs)}; a correction shown ${spread(row.toldAfterMs)}`,
      `  connections afterwards at most ${row.connectionsAfter} of ${connectionsMax}; the process ${row.isAlive ? 'lives' : 'is gone'}`,
      `  ${failuresOf(row).join(', ') || 'as claimed'}`,
    )
  }
  return `${lines.join('\n')}\n`
}
