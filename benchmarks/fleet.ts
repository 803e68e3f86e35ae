/**
 * The claim: what is published, and what is taken down, is so on every node of a fleet within a second (p99) with Redis, and within two
 * seconds without, also when Redis is killed in the midst of it.
 *
 *     node benchmarks/fleet.ts [--on postgres,mariadb] [--redis | --no-redis] [--articles 100] [--json]
 *
 * Four web nodes, an indexer and its standby, each `onward serve` in a process of its own, with a database and a Redis that are started
 * for this, all on one machine. Into an archive of 2,000 articles of 500 stories and 100 that begin a story, the second article
 * of each of these 100 is published, one every `--every` (400) milliseconds, at one web node after the other; ten later each is taken
 * down again. Each time every node is asked place after place, until it shows the article, or does not any more: on its page, as JSON, and
 * in the rail of the article that began its story, on that one's page and as JSON. Times count from before the request that
 * publishes or takes down is sent. Meanwhile readers ask for pages of the archive, at 20 a second of each node.
 *
 * A fleet that has just been started compiles what it runs, eight processes on a few cores at once: twelve articles are published and taken
 * down one after the other before anything is measured, and readers come for three seconds before the first that counts.
 *
 * Played are, on each database: with Redis; with a Redis that is killed when half is done; without. Exit code 1 where a p99 is over its
 * bound, a reader's page failed, or what was taken down shows again in the end.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/concurrency/clock.ts'
import { seededRandom } from '../src/generate/seeded-random.ts'
import { waitUntilIndexed } from '../src/indexer/wait-until-indexed.ts'
import { openStore } from '../src/store/open-store.ts'
import {
  type FleetNode,
  isShownIn,
  type Place,
  places,
  publishAt,
  startNode,
  takeDownAt,
  untilAll,
} from '../test/support/fleet.ts'
import { startMariadb } from '../test/support/mariadb-server.ts'
import { startPostgres } from '../test/support/postgres-server.ts'
import { openPrivateRedis } from '../test/support/redis-server.ts'
import { preparedStoryArticle, storyArticle, storySize } from '../test/support/story-articles.ts'
import { machine } from './support/machine.ts'
import { openLoop, percentiles, quantile } from './support/open-loop.ts'

const { values } = parseArgs({
  options: {
    on: { type: 'string', default: 'postgres,mariadb' },
    redis: { type: 'boolean' },
    articles: { type: 'string', default: '100' },
    every: { type: 'string', default: '400' },
    json: { type: 'boolean', default: false },
  },
  allowNegative: true,
})
const [articles, everyMs] = [Number(values.articles), Number(values.every)]
const webNodes = 4
const archiveStories = 500
const readersPerSecond = 20
const takenDownAfter = 10
const warmUps = 12
const readersFirstMs = 3000
/** Whoever waits for longer has found a fault. */
const givenUpAfterMs = 20_000

type Redis = 'with' | 'killed' | 'without'
const played = (['with', 'killed', 'without'] as const).filter(
  (redis) => values.redis === undefined || values.redis === (redis !== 'without'),
)
const boundMs: Readonly<Record<Redis, number>> = { with: 1000, killed: 2000, without: 2000 }

interface Row {
  readonly store: string
  readonly redis: Redis
  readonly published: Readonly<Record<Place, readonly number[]>>
  readonly takenDown: Readonly<Record<Place, readonly number[]>>
  /** What every place had, for each article. */
  readonly everywhere: { readonly published: readonly number[]; readonly takenDown: readonly number[] }
  /** Taken down, and shown somewhere in the end. */
  readonly backAgain: number
  readonly readers: { readonly requests: number; readonly failed: number; readonly p50: number; readonly p99: number }
}

const rows: Row[] = []
for (const store of values.on.split(',')) for (const redis of played) rows.push(await play(store, redis))
process.stdout.write(values.json ? `${JSON.stringify({ articles, machine: machine(), rows }, null, 2)}\n` : table())
if (rows.some((row) => failuresOf(row).length > 0)) process.exitCode = 1

async function play(name: string, redis: Redis): Promise<Row> {
  await using server = name === 'mariadb' ? await startMariadb() : await startPostgres()
  await using cache = redis === 'without' ? null : await openPrivateRedis()
  const url = await server.createDatabase()
  const fleet = { store: url, cache: cache?.url ?? null, timeoutMs: 10 * 60_000 }
  await fill(url)
  await using opened = new AsyncDisposableStack()
  const start = async (role: 'web' | 'indexer') => opened.use(await startNode(role, fleet))
  await start('indexer')
  await start('indexer')
  await using store = await openStore(url)
  await waitUntilIndexed(store, { clock: systemClock })
  const nodes: FleetNode[] = []
  while (nodes.length < webNodes) nodes.push(await start('web'))
  await warm(nodes)
  for (let index = articles; index < articles + warmUps; index++) {
    const node = nodes[index % webNodes]
    if (!node) continue
    await timed(nodes, index, true, () => publishAt(node, newcomer(index)))
    await timed(nodes, index, false, () => takeDownAt(node, newcomer(index).id))
  }

  const seconds = ((articles + takenDownAfter) * everyMs + readersFirstMs) / 1000
  const reading = nodes.map((node, index) =>
    openLoop({
      url: pagesOf(node, index),
      rate: readersPerSecond,
      seconds,
      random: seededRandom(index),
      articleEnd: '</article>',
    }),
  )
  const published: Array<Promise<Record<Place, number>>> = []
  const takenDown: Array<Promise<Record<Place, number>>> = []
  await pause(readersFirstMs)
  const startedAt = performance.now()
  for (let tick = 0; tick < articles + takenDownAfter; tick++) {
    await pause(Math.max(0, startedAt + tick * everyMs - performance.now()))
    if (redis === 'killed' && tick === Math.floor(articles / 2)) await cache?.kill()
    const node = nodes[tick % webNodes]
    if (!node) continue
    if (tick < articles) published.push(timed(nodes, tick, true, () => publishAt(node, newcomer(tick))))
    const old = tick - takenDownAfter
    // One that is not there yet cannot be taken down; that it is late is told of its publication.
    if (old >= 0) takenDown.push(takenDownOnce(published[old], nodes, old, node))
    process.stderr.write(`\r${name}, ${redis} Redis: ${tick + 1} of ${articles + takenDownAfter} `)
  }
  process.stderr.write('\n')
  const all = { published: await Promise.all(published), takenDown: await Promise.all(takenDown) }
  const served = percentiles((await Promise.all(reading)).flat())
  return {
    store: name,
    redis,
    published: byPlace(all.published),
    takenDown: byPlace(all.takenDown),
    everywhere: { published: all.published.map(last), takenDown: all.takenDown.map(last) },
    backAgain: await shownAgain(nodes),
    readers: served,
  }
}

/** The archive: whole stories, and after them the articles that begin one. */
async function fill(url: string): Promise<void> {
  await using store = await openStore(url)
  const archive = Array.from({ length: archiveStories * storySize }, (_, number) => preparedStoryArticle(number))
  const beginnings = Array.from({ length: articles + warmUps }, (_, index) => preparedStoryArticle(numberOf(index)))
  await store.putArticles([...archive, ...beginnings], { now: Date.now(), republish: false })
}

/** So that every node has in memory what has to be forgotten. */
async function warm(nodes: readonly FleetNode[]): Promise<void> {
  const signal = AbortSignal.timeout(60_000)
  for (const { url } of nodes) {
    for (let index = 0; index < articles; index++) {
      const railOf = storyArticle(numberOf(index)).id
      for (const place of ['rail in a page', 'rail in json'] as const)
        await isShownIn(place, url, { id: 'none', railOf }, signal)
    }
  }
}

async function timed(nodes: readonly FleetNode[], index: number, isShown: boolean, change: () => Promise<void>) {
  const since = performance.now()
  const railOf = storyArticle(numberOf(index)).id
  try {
    // Refused is late for ever, and no reason to measure no further.
    await change()
    const signal = AbortSignal.timeout(givenUpAfterMs)
    return await untilAll(nodes, { id: newcomer(index).id, railOf, isShown }, { since, signal })
  } catch (error) {
    process.stderr.write(`\n${newcomer(index).id}, ${isShown ? 'published' : 'taken down'}: ${error}\n`)
    return Object.fromEntries(places.map((place) => [place, Infinity])) as Record<Place, number>
  }
}

async function takenDownOnce(
  isPublished: Promise<unknown> | undefined,
  nodes: readonly FleetNode[],
  index: number,
  by: FleetNode,
): Promise<Record<Place, number>> {
  await isPublished
  return await timed(nodes, index, false, () => takeDownAt(by, newcomer(index).id))
}

async function shownAgain(nodes: readonly FleetNode[]): Promise<number> {
  const signal = AbortSignal.timeout(60_000)
  let count = 0
  for (let index = 0; index < articles; index++) {
    const about = { id: newcomer(index).id, railOf: storyArticle(numberOf(index)).id }
    const seen = nodes.flatMap(({ url }) => places.map((place) => isShownIn(place, url, about, signal)))
    if ((await Promise.all(seen)).includes(true)) count++
  }
  return count
}

/** The number of the article that begins the `index`th story after those of the archive. */
function numberOf(index: number): number {
  return (archiveStories + index) * storySize
}

function newcomer(index: number) {
  return storyArticle(numberOf(index) + 1)
}

function pagesOf({ url }: FleetNode, seed: number): () => string {
  const random = seededRandom(seed + 100)
  return () => `${url}/articles/${storyArticle(Math.floor(random() * archiveStories * storySize)).id}`
}

function byPlace(all: ReadonlyArray<Record<Place, number>>): Record<Place, number[]> {
  return Object.fromEntries(places.map((place) => [place, all.map((times) => times[place])])) as Record<Place, number[]>
}

function last(times: Readonly<Record<Place, number>>): number {
  return Math.max(...Object.values(times))
}

function failuresOf({ redis, everywhere, backAgain, readers }: Row): string[] {
  const p99 = (times: readonly number[]) => quantile(times.toSorted(ascending), 0.99)
  return [
    ...(p99(everywhere.published) > boundMs[redis] ? ['publications are late'] : []),
    ...(p99(everywhere.takenDown) > boundMs[redis] ? ['takedowns are late'] : []),
    ...(backAgain > 0 ? ['what was taken down came back'] : []),
    ...(readers.failed > 0 ? ['pages failed'] : []),
  ]
}

function table(): string {
  const lines = [
    `${articles} publications and ${articles} takedowns, one of each every ${everyMs} ms; ${webNodes} web nodes, indexer and standby; milliseconds until it is so on all nodes. ${machine()}`,
  ]
  for (const row of rows) {
    const { readers } = row
    const line = (what: string, times: readonly number[]) => {
      const sorted = times.toSorted(ascending)
      return `  ${what.padEnd(30)}${[0.5, 0.99, 1].map((share) => quantile(sorted, share).toFixed(0).padStart(8)).join('')}`
    }
    lines.push(
      `${row.store}, ${row.redis === 'killed' ? 'Redis killed when half was done' : `${row.redis} Redis`}`.padEnd(32) +
        ['p50', 'p99', 'max'].map((title) => title.padStart(8)).join(''),
      ...places.map((place) => line(`published, ${place}`, row.published[place])),
      line('published, everywhere', row.everywhere.published),
      ...places.map((place) => line(`taken down, ${place}`, row.takenDown[place])),
      line('taken down, everywhere', row.everywhere.takenDown),
      `  shown again in the end: ${row.backAgain}; readers: ${readers.requests} pages, ${readers.failed} failed, p50 ${readers.p50.toFixed(1)}, p99 ${readers.p99.toFixed(0)} ms`,
      `  ${failuresOf(row).join(', ') || 'as claimed'}`,
    )
  }
  return `${lines.join('\n')}\n`
}

function ascending(a: number, b: number): number {
  return a === b ? 0 : a - b
}
