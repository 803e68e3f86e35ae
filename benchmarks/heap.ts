/**
 * The claim: a request leaves nothing behind. Over a million requests of all kinds the heap does not grow.
 *
 *     node benchmarks/heap.ts [--data FILE | --store URL] [--requests 1000000] [--samples 40] [--connections 64] [--json]
 *
 * Of a hundred requests 76 are for pages that are in memory, 6 for pages that are not, 8 for JSON, 4 for `/healthz`, 4 for an article
 * that does not exist, and 2 are broken off by their reader. Memory for copies is 2 MiB, so that it is full before it is
 * measured, and pages that are not in it come in turn. The server is a process of its own; after each part of the requests its
 * heap is measured when a collection has been forced. The first fifth of the samples is left out: code is still being compiled.
 *
 * The slope is that of the least squares, in bytes a request, with its 95% interval.
 */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { seededRandom } from '../src/generate/seeded-random.ts'
import { articlesInTurn, shuffledIds } from './support/article-ids.ts'
import { machine } from './support/machine.ts'
import { RawClient } from './support/raw-client.ts'
import { storeToMeasure } from './support/source.ts'
import { startWatchedServer, type WatchedServer } from './support/watched-server.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    store: { type: 'string' },
    requests: { type: 'string', default: '1000000' },
    samples: { type: 'string', default: '40' },
    connections: { type: 'string', default: '64' },
    json: { type: 'boolean', default: false },
  },
})
const [requests, samples, connections] = [Number(values.requests), Number(values.samples), Number(values.connections)]
const folder = await mkdtemp(join(tmpdir(), 'onward-heap-'))
try {
  const store = await storeToMeasure(values, folder)
  const ids = await shuffledIds(store)
  await using server = await startWatchedServer(store, { ONWARD_CACHE_BYTES_MAX: `${2 * 1024 * 1024}` })
  const startedAt = performance.now()
  const { measured, statuses } = await measure(server, ids)
  const tookMs = performance.now() - startedAt
  const counted = measured.slice(Math.floor(samples / 5))
  const result: Result = {
    requests,
    tookSeconds: tookMs / 1000,
    machine: machine(),
    statuses,
    heap: slopeOf(counted.map(({ done, heapUsed }) => ({ x: done, y: heapUsed }))),
    external: slopeOf(counted.map(({ done, external }) => ({ x: done, y: external }))),
    firstMiB: (counted[0]?.heapUsed ?? Number.NaN) / 2 ** 20,
    lastMiB: (counted.at(-1)?.heapUsed ?? Number.NaN) / 2 ** 20,
    handlesFirst: counted[0]?.handles ?? Number.NaN,
    handlesLast: counted.at(-1)?.handles ?? Number.NaN,
    measured,
  }
  process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : table(result))
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function measure(server: WatchedServer, ids: readonly string[]) {
  using client = new RawClient({ origin: server.origin, connectionsMax: connections })
  await client.connectAll()
  const paths = mixedPaths(ids)
  const statuses: Record<string, number> = {}
  const measured: Sample[] = []
  let asked = 0
  for (let sample = 1; sample <= samples; sample++) {
    const upTo = Math.round((requests * sample) / samples)
    const reader = async () => {
      while (asked < upTo) {
        asked++
        const { path, breaksOff } = paths()
        const status = breaksOff ? await brokenOff(server.origin, path) : (await client.get(path)).status
        statuses[status] = (statuses[status] ?? 0) + 1
      }
    }
    await Promise.all(Array.from({ length: connections }, reader))
    measured.push({ done: asked, ...(await server.ask('heap')) })
    process.stderr.write(`\r${asked} of ${requests} requests`)
  }
  process.stderr.write('\n')
  return { measured, statuses }
}

function mixedPaths(ids: readonly string[]): () => { readonly path: string; readonly breaksOff: boolean } {
  const random = seededRandom(1)
  const hot = articlesInTurn(ids.slice(0, 20))
  const cold = articlesInTurn(ids.slice(20))
  let unknown = 0
  return () => {
    const of100 = random() * 100
    const breaksOff = of100 >= 98
    if (of100 < 76) return { path: `/articles/${hot.one()}`, breaksOff }
    if (of100 < 82) return { path: `/articles/${cold.one()}`, breaksOff }
    if (of100 < 90) return { path: `/v1/articles/${of100 < 86 ? hot.one() : cold.one()}`, breaksOff }
    if (of100 < 94) return { path: '/healthz', breaksOff }
    if (of100 < 98) return { path: `/articles/unknown-${unknown++}`, breaksOff }
    return { path: `/articles/${cold.one()}`, breaksOff }
  }
}

/** Asks, and leaves before it can have been answered. */
async function brokenOff(origin: string, path: string): Promise<'broken off'> {
  const { hostname, port } = new URL(origin)
  const socket = connect({ host: hostname, port: Number(port) })
  socket.on('error', () => {})
  await once(socket, 'connect')
  await new Promise<void>((resolve) => {
    socket.write(`GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\n\r\n`, () => resolve())
  })
  socket.resetAndDestroy()
  return 'broken off'
}

/** Least squares, with the 95% interval of the slope. */
function slopeOf(points: ReadonlyArray<{ readonly x: number; readonly y: number }>): Slope {
  const count = points.length
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / count
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / count
  const spread = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0)
  const bytesARequest = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / spread
  const rest = points.reduce((sum, { x, y }) => sum + (y - meanY - bytesARequest * (x - meanX)) ** 2, 0)
  // Student's t for thirty degrees of freedom; for fewer it is a little more.
  const half = 2.04 * Math.sqrt(rest / (count - 2) / spread)
  return { bytesARequest, from: bytesARequest - half, to: bytesARequest + half }
}

function table(result: Result): string {
  const slope = ({ bytesARequest, from, to }: Slope) =>
    `${bytesARequest.toFixed(3)} bytes a request (95%: ${from.toFixed(3)} to ${to.toFixed(3)})`
  return [
    `${result.requests} requests in ${result.tookSeconds.toFixed(0)} s: ${Object.entries(result.statuses)
      .map(([status, count]) => `${count} ${status}`)
      .join(', ')}. ${result.machine}`,
    `heap       ${slope(result.heap)}; ${result.firstMiB.toFixed(1)} MiB at first, ${result.lastMiB.toFixed(1)} in the end`,
    `external   ${slope(result.external)}`,
    `open handles: ${result.handlesFirst} at first, ${result.handlesLast} in the end`,
    '',
  ].join('\n')
}

interface Sample {
  /** Requests so far. */
  readonly done: number
  readonly heapUsed: number
  readonly external: number
  readonly handles: number
}

interface Slope {
  readonly bytesARequest: number
  readonly from: number
  readonly to: number
}

interface Result {
  readonly requests: number
  readonly tookSeconds: number
  readonly machine: string
  readonly statuses: Readonly<Record<string, number>>
  readonly heap: Slope
  readonly external: Slope
  readonly firstMiB: number
  readonly lastMiB: number
  readonly handlesFirst: number
  readonly handlesLast: number
  readonly measured: readonly Sample[]
}
