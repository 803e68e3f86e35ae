/**
 * The claim: of more readers than can be served, as many are served as could be without the others; the others are told
 * so at once; and whoever asks for what is in memory notices nothing.
 *
 *     node benchmarks/overload.ts [--data FILE | --store URL] [--bound lanes|processor|both] [--seconds 60] [--json]
 *
 * - `lanes`: reading an article takes 20 ms longer than it does, eight are read at a time: 400 a second. 2,000 a second
 *   are asked for. Goodput at least 0.9 of the capacity, p99 of the admitted under the article's deadline of 800 ms,
 *   refusals decided within 5 ms.
 * - `processor`: uncached pages at twice the rate that the server was measured to sustain. Goodput at least 0.7 of it.
 *
 * Capacity is measured in the same run, by readers who ask again as soon as they are answered: as many as the lane has places,
 * or the best of several numbers of them. The load is open loop: arrivals by chance, times counted from the scheduled arrival; how late the
 * generator itself was is beside them. Meanwhile 50 a second ask for three pages that are in memory, and 10 a second for `/healthz`.
 * Pages under overload are those of distinct articles, in turn; with more requests than articles they come again when they have
 * long left a memory of 16 MiB. When a refusal was decided is what the server counted itself, in its own metrics.
 *
 * The server is held to core 0, the load to core 1.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { seededRandom } from '../src/generate/seeded-random.ts'
import { optionSpecs } from '../src/options.ts'
import { arrivals } from './support/arrivals.ts'
import { articlesInTurn, shuffledIds } from './support/article-ids.ts'
import { countedRequests } from './support/counted-requests.ts'
import { machine } from './support/machine.ts'
import { milliseconds, quantile } from './support/open-loop.ts'
import { processorMs, untilIdle } from './support/processor-time.ts'
import { closedLoop, RawClient } from './support/raw-client.ts'
import { pinSelf, type ServerProcess, startServer } from './support/server-process.ts'
import { storeToMeasure } from './support/source.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    store: { type: 'string' },
    bound: { type: 'string', default: 'both' },
    seconds: { type: 'string', default: '60' },
    json: { type: 'boolean', default: false },
  },
})
const seconds = Number(values.seconds)
const hotArticles = 3
/** Asked for in turn, fewer would stay in a memory of 16 MiB. */
const articlesMin = 5000
const lanesAtATime = 8
/** Nothing is learnt from code that has not been compiled, that of refusals included. */
const warmUpSeconds = 5
const slowMs = 20
const folder = await mkdtemp(join(tmpdir(), 'onward-overload-'))
try {
  const store = await storeToMeasure(values, folder)
  const ids = await shuffledIds(store)
  if (ids.length < articlesMin)
    throw new Error(`There are ${ids.length} articles; at least ${articlesMin} are needed. Set ONWARD_DATA.`)
  const isPinned = pinSelf(1)
  const runs: Run[] = []
  if (values.bound !== 'processor') runs.push(await boundByLanes(store, ids))
  if (values.bound !== 'lanes') runs.push(await boundByProcessor(store, ids))
  const result: Result = {
    seconds,
    isPinned,
    articles: ids.length,
    articleDeadlineMs: optionSpecs.articleBudgetMs.default,
    machine: machine(),
    runs,
  }
  process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : table(result))
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function boundByLanes(store: string, ids: readonly string[]): Promise<Run> {
  await using server = await start(store, {
    ONWARD_REHEARSE: `article=slow:${slowMs}`,
    ONWARD_ARTICLES_AT_A_TIME: `${lanesAtATime}`,
  })
  await sustained(server, ids, 64, warmUpSeconds)
  const capacity = await sustained(server, ids, lanesAtATime, 5)
  return await overloaded('lanes', server, ids, { capacity, rate: 2000 })
}

async function boundByProcessor(store: string, ids: readonly string[]): Promise<Run> {
  await using server = await start(store, {})
  await sustained(server, ids, 64, warmUpSeconds)
  const ladder: number[] = []
  for (const atATime of [8, 16, 32, 64]) ladder.push(await sustained(server, ids, atATime, 3))
  const capacity = Math.max(...ladder)
  return await overloaded('processor', server, ids, { capacity, rate: 2 * capacity })
}

async function start(store: string, env: NodeJS.ProcessEnv): Promise<ServerProcess> {
  const script = join(import.meta.dirname, 'support', 'service-site.ts')
  // Room for the pages that stay, since they are asked for often, and for none that is asked for once in a while.
  const memory = { ONWARD_CACHE_BYTES_MAX: `${16 * 1024 * 1024}` }
  const server = await startServer(script, { args: [store], core: 0, env: { ...memory, ...env } })
  await untilIdle(server.pid)
  return server
}

/** Pages a second, when `atATime` readers ask again as soon as they are answered. */
async function sustained(server: ServerProcess, ids: readonly string[], atATime: number, forSeconds: number) {
  using client = new RawClient({ origin: server.origin, connectionsMax: atATime })
  await client.connectAll()
  const articles = articlesInTurn(ids.slice(hotArticles))
  const path = () => `/articles/${articles.one()}`
  return (await closedLoop({ client, path, atATime, seconds: forSeconds })).perSecond
}

async function overloaded(
  bound: string,
  server: ServerProcess,
  ids: readonly string[],
  { capacity, rate }: { capacity: number; rate: number },
): Promise<Run> {
  const { origin } = server
  const articles = articlesInTurn(ids.slice(hotArticles))
  const hot = articlesInTurn(ids.slice(0, hotArticles))
  const streams = [
    stream(origin, { rate, connectionsMax: 1000, seed: 1, path: () => `/articles/${articles.one()}` }),
    stream(origin, { rate: 50, connectionsMax: 50, seed: 2, path: () => `/articles/${hot.one()}` }),
    stream(origin, { rate: 10, connectionsMax: 20, seed: 3, path: () => '/healthz' }),
  ] as const
  using _closing = closingAll(streams.map(({ client }) => client))
  for (const { client } of streams) await client.connectAll()
  using warm = new RawClient({ origin, connectionsMax: 1 })
  for (const id of ids.slice(0, hotArticles)) await warm.get(`/articles/${id}`)

  const before = await countedRequests(origin)
  const usedBefore = await processorMs(server.pid)
  const startedAt = performance.now()
  const [uncached, kept, health] = await Promise.all(streams.map(({ run }) => run()))
  const busy = ((await processorMs(server.pid)) - usedBefore) / (performance.now() - startedAt)
  const after = await countedRequests(origin)
  const counted = (withinMs?: number) =>
    after('/articles/:id', '5xx', withinMs) - before('/articles/:id', '5xx', withinMs)
  if (!uncached || !kept || !health) throw new Error('A stream has not run.')
  const admitted = uncached.filter(({ status }) => status === 200)
  return {
    bound,
    capacity,
    rate,
    goodput: admitted.length / seconds,
    goodputOfCapacity: admitted.length / seconds / capacity,
    serverBusy: busy,
    admitted: timesOf(admitted),
    refused: timesOf(uncached.filter(({ status }) => status === 503)),
    refusedWithin5MsAtServer: counted(5) / counted(),
    otherwiseFailed: uncached.filter(({ status }) => status !== 200 && status !== 503).length,
    kept: { ...timesOf(kept), notServed: kept.filter(({ status }) => status !== 200).length },
    health: { ...timesOf(health), notServed: health.filter(({ status }) => status !== 200).length },
    generatorLate: percentilesOf(uncached.map(({ lateMs }) => lateMs)),
  }
}

function stream(
  origin: string,
  options: { rate: number; connectionsMax: number; seed: number; path: () => string },
): { readonly client: RawClient; run(): Promise<Answered[]> } {
  const { rate, connectionsMax, seed, path } = options
  const client = new RawClient({ origin, connectionsMax })
  return {
    client,
    async run() {
      const answered: Array<Promise<Answered>> = []
      const send = (dueAt: number) => {
        const sentAt = performance.now()
        const { promise, resolve } = Promise.withResolvers<Answered>()
        client.ask(path(), ({ status, completeAt }) =>
          resolve({ status, tookMs: completeAt - Math.min(dueAt, sentAt), lateMs: Math.max(0, sentAt - dueAt) }),
        )
        answered.push(promise)
      }
      await arrivals({ rate, seconds, random: seededRandom(seed), send })
      return await Promise.all(answered)
    },
  }
}

function closingAll(clients: readonly RawClient[]): Disposable {
  const closing = new DisposableStack()
  for (const client of clients) closing.use(client)
  return closing
}

function timesOf(answered: readonly Answered[]): Times {
  return { requests: answered.length, ...percentilesOf(answered.map(({ tookMs }) => tookMs)) }
}

function percentilesOf(times: readonly number[]) {
  const ascending = times.toSorted((a, b) => a - b)
  return { p50: quantile(ascending, 0.5), p99: quantile(ascending, 0.99) }
}

function table({ runs, ...about }: Result): string {
  const row = (name: string, times: Times, rest = '') =>
    `  ${name.padEnd(30)}${String(times.requests).padStart(9)}${milliseconds(times.p50, 2).padStart(10)}${milliseconds(times.p99, 2).padStart(10)}  ${rest}`
  return [
    `${about.seconds} s each, ${about.articles} articles, ${about.isPinned ? 'server and load each on a core of its own' : 'NOT held to cores'}. ${about.machine}`,
    ...runs.flatMap((run) => [
      `bound by ${run.bound}: capacity ${run.capacity.toFixed(0)}/s, asked ${run.rate.toFixed(0)}/s, goodput ${run.goodput.toFixed(0)}/s = ${(100 * run.goodputOfCapacity).toFixed(1)}% of capacity; server's core ${(100 * run.serverBusy).toFixed(0)}% busy`,
      `  ${'times in ms'.padEnd(30)}${'requests'.padStart(9)}${'p50'.padStart(10)}${'p99'.padStart(10)}`,
      row('admitted', run.admitted, `deadline ${about.articleDeadlineMs} ms`),
      row(
        'refused',
        run.refused,
        `${(100 * run.refusedWithin5MsAtServer).toFixed(2)}% decided within 5 ms at the server`,
      ),
      row('kept page', run.kept, `${run.kept.notServed} not served`),
      row('/healthz', run.health, `${run.health.notServed} not served`),
      `  otherwise failed ${run.otherwiseFailed}; the generator was late by ${run.generatorLate.p50.toFixed(2)} ms at p50, ${run.generatorLate.p99.toFixed(2)} at p99`,
    ]),
    '',
  ].join('\n')
}

interface Answered {
  readonly status: number
  readonly tookMs: number
  readonly lateMs: number
}

interface Times {
  readonly requests: number
  readonly p50: number
  readonly p99: number
}

interface Run {
  /** What sets the capacity. */
  readonly bound: string
  /** These three a second. */
  readonly capacity: number
  readonly rate: number
  readonly goodput: number
  readonly goodputOfCapacity: number
  readonly serverBusy: number
  readonly admitted: Times
  readonly refused: Times
  readonly refusedWithin5MsAtServer: number
  readonly otherwiseFailed: number
  readonly kept: Times & { readonly notServed: number }
  readonly health: Times & { readonly notServed: number }
  readonly generatorLate: { readonly p50: number; readonly p99: number }
}

interface Result {
  readonly seconds: number
  readonly isPinned: boolean
  readonly articles: number
  readonly articleDeadlineMs: number
  readonly machine: string
  readonly runs: readonly Run[]
}
