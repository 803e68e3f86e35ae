/**
 * The claim: a page that is not in memory goes out at no less than 0.6 of the rate at which a bare `node:http` handler
 * reads the same article and rail by way of the same kind of store and sends the same bytes.
 *
 *     node benchmarks/uncached-page.ts [--data FILE [--on sqlite|postgres] | --store URL] [--pages 2000] [--pairs 8] [--seconds 3] [--connections 32] [--json]
 *
 * FILE is JSON Lines; default `$ONWARD_DATA/reuters21578.jsonl.gz`, else the sample newsroom. A store that has been
 * ingested is named by `--store`. `--on postgres` ingests into a PostgreSQL that is started for it, in a temporary folder. What each site does is in `support/uncached-site.ts`. `caches off` keeps nothing;
 * `caches too small` keeps every page and loses it again before it is asked for a second time, since pages are asked for
 * in turn: what keeping costs is paid, and nothing is ever found.
 *
 * Each server is a process of its own, held to core 0 with its store's threads; the load is held to core 1, and asks as fast as
 * it is answered. Rounds alternate between the servers; the ratio is the median over the pairs. Processor time is of all threads
 * of a server, for an answer: it says more than the rate does where other work runs on the same core.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { DatabaseServer } from '../test/support/database-process.ts'
import { startPostgres } from '../test/support/postgres-server.ts'
import { articlesInTurn, shuffledIds } from './support/article-ids.ts'
import { machine } from './support/machine.ts'
import { median } from './support/median.ts'
import { processorMs, untilIdle } from './support/processor-time.ts'
import { closedLoop, RawClient } from './support/raw-client.ts'
import { pinSelf, type ServerProcess, startServer } from './support/server-process.ts'
import { articleSource, ingestInto, storeToMeasure } from './support/source.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    store: { type: 'string' },
    on: { type: 'string', default: 'sqlite' },
    pages: { type: 'string', default: '2000' },
    pairs: { type: 'string', default: '8' },
    seconds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '32' },
    json: { type: 'boolean', default: false },
  },
})
const [pairs, seconds, connections] = [Number(values.pairs), Number(values.seconds), Number(values.connections)]
/** Some twenty pages. */
const smallCacheBytes = 1024 * 1024
const folder = await mkdtemp(join(tmpdir(), 'onward-uncached-page-'))
try {
  await using opening = new AsyncDisposableStack()
  const store =
    values.on === 'postgres'
      ? await postgresStore(opening.use(await startPostgres()))
      : await storeToMeasure(values, folder)
  const ids = (await shuffledIds(store)).slice(0, Number(values.pages))
  const isPinned = pinSelf(1)
  const script = join(import.meta.dirname, 'support', 'uncached-site.ts')
  const start = (kind: string, cacheBytesMax: number) =>
    startServer(script, { args: [kind, store, `${cacheBytesMax}`], core: 0, input: ids.join('\n') })
  await using bare = await start('bare', 0)
  await using uncached = await start('onward', 0)
  await using tooSmall = await start('onward', smallCacheBytes)
  const sites = [
    { name: 'node:http, bare', server: bare, rounds: [] as Round[] },
    { name: 'onward, caches off', server: uncached, rounds: [] as Round[] },
    { name: 'onward, caches too small', server: tooSmall, rounds: [] as Round[] },
  ]
  const pages = articlesInTurn(ids)
  // It loads its index at start, in a thread on the same core.
  for (const { server } of sites) await untilIdle(server.pid)
  for (const { server } of sites) await measure(server, pages.one, 2)
  for (let pair = 0; pair < pairs; pair++) {
    for (const { server, rounds } of pair % 2 === 0 ? sites : sites.toReversed()) {
      rounds.push(await measure(server, pages.one, seconds))
    }
    process.stderr.write(`\rround ${pair + 1} of ${pairs}`)
  }
  process.stderr.write('\n')
  const base = sites[0]?.rounds ?? []
  const result: Result = {
    pages: ids.length,
    pairs,
    seconds,
    connections,
    isPinned,
    machine: machine(),
    rows: sites.map(({ name, rounds }) => ({
      server: name,
      perSecond: median(rounds.map(({ perSecond }) => perSecond)),
      busy: median(rounds.map(({ busy }) => busy)),
      processorMs: median(rounds.map(({ processorMs }) => processorMs)),
      ofBare: median(rounds.map(({ perSecond }, pair) => perSecond / (base[pair]?.perSecond ?? Number.NaN))),
      ofBareWorst: Math.min(...rounds.map(({ perSecond }, pair) => perSecond / (base[pair]?.perSecond ?? Number.NaN))),
      ofBareByProcessor: median(
        rounds.map(({ processorMs }, pair) => (base[pair]?.processorMs ?? Number.NaN) / processorMs),
      ),
      failed: rounds.reduce((sum, { failed }) => sum + failed, 0),
    })),
  }
  process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : table(result))
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function postgresStore(server: DatabaseServer): Promise<string> {
  return (await ingestInto(folder, articleSource(values.data), await server.createDatabase())).store
}

interface Result {
  readonly pages: number
  readonly pairs: number
  readonly seconds: number
  readonly connections: number
  readonly isPinned: boolean
  readonly machine: string
  readonly rows: ReadonlyArray<{
    readonly server: string
    readonly perSecond: number
    readonly busy: number
    readonly processorMs: number
    readonly ofBare: number
    readonly ofBareWorst: number
    readonly ofBareByProcessor: number
    readonly failed: number
  }>
}

interface Round {
  readonly perSecond: number
  /** Of one core. */
  readonly busy: number
  /** Of all threads, for an answer. */
  readonly processorMs: number
  readonly failed: number
}

async function measure(server: ServerProcess, nextId: () => string, forSeconds: number): Promise<Round> {
  using client = new RawClient({ origin: server.origin, connectionsMax: connections })
  await client.connectAll()
  const before = await processorMs(server.pid)
  const startedAt = performance.now()
  const { perSecond, others } = await closedLoop({
    client,
    path: () => `/articles/${nextId()}`,
    atATime: connections,
    seconds: forSeconds,
  })
  const used = (await processorMs(server.pid)) - before
  const busy = used / (performance.now() - startedAt)
  return { perSecond, busy, processorMs: used / (perSecond * forSeconds), failed: others }
}

function table({ rows, ...about }: Result): string {
  return [
    `${about.pages} pages in turn, ${about.connections} connections, ${about.pairs} rounds of ${about.seconds} s each, ${about.isPinned ? 'server and load each on a core of its own' : 'NOT held to cores'}. ${about.machine}`,
    `${'server'.padEnd(26)}${'answers/s'.padStart(11)}${'core busy'.padStart(11)}${'of bare'.padStart(9)}${'worst pair'.padStart(12)}${'processor ms'.padStart(14)}${'of bare'.padStart(9)}${'failed'.padStart(8)}`,
    ...rows.map(
      (row) =>
        `${row.server.padEnd(26)}${row.perSecond.toFixed(0).padStart(11)}${`${(100 * row.busy).toFixed(0)}%`.padStart(11)}${row.ofBare.toFixed(2).padStart(9)}${row.ofBareWorst.toFixed(2).padStart(12)}${row.processorMs.toFixed(3).padStart(14)}${row.ofBareByProcessor.toFixed(2).padStart(9)}${String(row.failed).padStart(8)}`,
    ),
    '',
  ].join('\n')
}
