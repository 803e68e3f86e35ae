/**
 * The claim: a page that is kept goes out at no less than 0.85 of the rate at which bare `node:http` sends the same bytes
 * and the same headers.
 *
 *     node benchmarks/hot-page.ts [--data FILE] [--path /articles/ID] [--pairs 8] [--seconds 3] [--encoding br|gzip|identity] [--json]
 *
 * Each server is a process of its own, held to core 0; the load is held to core 1, and asks as fast as it is answered.
 * Rounds alternate between the servers, so that what else the machine does falls on all; the ratio is the median over
 * the pairs. A server whose core was not busy was not measured, but the load was: its share is beside its rate. `wrk` keeps
 * it busy where it is installed; without it a client in this process does what it can.
 * onward is the service as installed: metrics, events, `Server-Timing` and its worker threads are on.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { machine } from './support/machine.ts'
import { median } from './support/median.ts'
import { processorMs, untilIdle } from './support/processor-time.ts'
import { hasWrk, rawLoad, wrkLoad } from './support/raw-load.ts'
import { pinSelf, type ServerProcess, startServer } from './support/server-process.ts'
import { articleSource, ingestInto } from './support/source.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    path: { type: 'string', default: '/articles/1' },
    pairs: { type: 'string', default: '8' },
    seconds: { type: 'string', default: '3' },
    encoding: { type: 'string', default: 'identity' },
    connections: { type: 'string', default: '64' },
    json: { type: 'boolean', default: false },
  },
})
const client = hasWrk() ? 'wrk' : 'node'
const [pairs, seconds, connections] = [Number(values.pairs), Number(values.seconds), Number(values.connections)]
const folder = await mkdtemp(join(tmpdir(), 'onward-hot-page-'))
try {
  const { store } = await ingestInto(folder, articleSource(values.data))
  const isPinned = pinSelf(1)
  const script = join(import.meta.dirname, 'support', 'hot-site.ts')
  const start = (kind: string) => startServer(script, { args: [kind, store, values.path], core: 0 })
  await using onward = await start('onward')
  await using bare = await start('bare')
  await using fastify = await start('fastify')
  const sites = [
    { name: 'node:http, bare', server: bare, rounds: [] as Round[] },
    { name: 'onward', server: onward, rounds: [] as Round[] },
    { name: 'Fastify, no plugins', server: fastify, rounds: [] as Round[] },
  ]
  // It loads its index at start, in a thread on the same core.
  for (const { server } of sites) await untilIdle(server.pid)
  for (const { server } of sites) await measure(server, 1)
  for (let pair = 0; pair < pairs; pair++) {
    for (const { server, rounds } of sites) rounds.push(await measure(server, seconds))
    process.stderr.write(`\rround ${pair + 1} of ${pairs}`)
  }
  process.stderr.write('\n')
  const base = sites[0]?.rounds ?? []
  const result = {
    path: values.path,
    encoding: values.encoding,
    pairs,
    seconds,
    connections,
    isPinned,
    client,
    machine: machine(),
    rows: sites.map(({ name, rounds }) => ({
      server: name,
      perSecond: median(rounds.map(({ perSecond }) => perSecond)),
      busy: median(rounds.map(({ busy }) => busy)),
      ofBare: median(rounds.map(({ perSecond }, pair) => perSecond / (base[pair]?.perSecond ?? Number.NaN))),
      ofBareWorst: Math.min(...rounds.map(({ perSecond }, pair) => perSecond / (base[pair]?.perSecond ?? Number.NaN))),
    })),
  }
  process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : table(result))
} finally {
  await rm(folder, { recursive: true, force: true })
}

interface Round {
  readonly perSecond: number
  /** Of one core. */
  readonly busy: number
}

async function measure(server: ServerProcess, forSeconds: number): Promise<Round> {
  const before = await processorMs(server.pid)
  const startedAt = performance.now()
  const headers = { 'accept-encoding': values.encoding }
  const load = { origin: server.origin, path: values.path, headers, connections, seconds: forSeconds }
  const { perSecond } = client === 'wrk' ? await wrkLoad(load) : await rawLoad(load)
  const busy = ((await processorMs(server.pid)) - before) / (performance.now() - startedAt)
  return { perSecond, busy }
}

function table({
  rows,
  ...about
}: {
  rows: ReadonlyArray<{ server: string; perSecond: number; busy: number; ofBare: number; ofBareWorst: number }>
  path: string
  encoding: string
  pairs: number
  seconds: number
  connections: number
  isPinned: boolean
  client: string
  machine: string
}): string {
  return [
    `${about.path}, ${about.encoding}, ${about.connections} connections, ${about.pairs} rounds of ${about.seconds} s each, ${about.isPinned ? 'server and load each on a core of its own' : 'NOT held to cores'}, load by ${about.client}. ${about.machine}`,
    `${'server'.padEnd(22)}${'answers/s'.padStart(12)}${'core busy'.padStart(12)}${'of bare'.padStart(10)}${'worst pair'.padStart(12)}`,
    ...rows.map(
      (row) =>
        `${row.server.padEnd(22)}${row.perSecond.toFixed(0).padStart(12)}${`${(100 * row.busy).toFixed(0)}%`.padStart(12)}${row.ofBare.toFixed(2).padStart(10)}${row.ofBareWorst.toFixed(2).padStart(12)}`,
    ),
    '',
  ].join('\n')
}
