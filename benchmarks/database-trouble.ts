/**
 * The claim: with a database that is slow, ends connections or stops answering, one more asker than there are connections in the
 * lanes for articles, rails and writing, and askers that give up, no request hangs, no connection is lost to its lane or left behind,
 * and each answer belongs to its own question.
 *
 *     node benchmarks/database-trouble.ts [--on postgres,mariadb] [--requests 100000] [--seed 1] [--json]
 *
 * Nine askers of articles on eight connections and five of rails on four ask again as soon as they are answered; a third of their
 * requests is aborted, at once or within five milliseconds. Three publishers on two connections publish meanwhile. The server is
 * started for this, in a temporary folder. After every thousand requests something happens to it: articles are locked for a while, at
 * times for longer than a statement may take; every connection is ended; it is paused for longer than a client waits.
 *
 * Afterwards: every request is settled; as many reads as there are connections are seen by the server at the same time, so that
 * none is lost to its lane; every acknowledged publication is in the change feed under its number; the server sees no more
 * connections than allowed, and none once the store is closed. Exit code 1 where one of these is not so.
 */
import { performance } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { OverloadedError, StoreUnavailableError } from '../src/errors.ts'
import { seededRandom } from '../src/generate/seeded-random.ts'
import { openStore } from '../src/store/open-store.ts'
import type { PutResult, Store } from '../src/store/store.ts'
import { numberedArticle } from '../test/store/numbered-article.ts'
import { machine } from './support/machine.ts'
import { type TroubledDatabase, troubledMariadb, troubledPostgres } from './support/troubled-database.ts'

const databases: Readonly<Record<string, () => Promise<TroubledDatabase>>> = {
  postgres: troubledPostgres,
  mariadb: troubledMariadb,
}

const { values } = parseArgs({
  options: {
    on: { type: 'string', default: Object.keys(databases).join(',') },
    requests: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
})
const requests = Number(values.requests)
const articles = 500
const now = 1_793_000_000_000
/** One more than the lane has connections: see `laneSettings` in the store. */
const askers = { article: 9, rail: 5, write: 3 }
/** What a process may open, and the lanes whose connections are counted one by one afterwards. */
const connectionsMax = 18
const laneConnections = { article: 8, rail: 4 }
/** Longer than any request may take by the store's own limits: what is not settled by then hangs. */
const hungAfterMs = 70_000
const left = new Error('left')

const rows: Row[] = []
for (const name of values.on.split(',')) {
  const start = databases[name]
  if (!start) throw new Error(`--on ${name}: expected ${Object.keys(databases).join(' or ')}.`)
  rows.push(await storm(name, start))
}
process.stdout.write(values.json ? `${JSON.stringify({ requests, machine: machine(), rows }, null, 2)}\n` : table())
if (rows.some((row) => failuresOf(row).length > 0)) process.exitCode = 1

interface Row {
  readonly store: string
  readonly seconds: number
  /** Of requests for articles and rails. */
  readonly outcomes: Readonly<Record<Outcome, number>>
  readonly published: number
  readonly publicationsFailed: number
  readonly publicationsHung: number
  /** Acknowledged, and not in the change feed under the number that was given. */
  readonly publicationsLost: number
  readonly troubles: Readonly<Record<string, number>>
  readonly slowestMs: number
  /** Of sockets of this process, for at least 100 ms; without those of the benchmark itself. */
  readonly connectionsPeak: number
  readonly connectionsAfter: number
  readonly connectionsClosed: number
  /** How many reads of a lane the server had in hand at once, afterwards. */
  readonly usable: { readonly article: number; readonly rail: number }
}

type Outcome = 'answered' | 'aborted' | 'refused' | 'failed' | 'wrong' | 'unexpected' | 'hung'

async function storm(name: string, start: () => Promise<TroubledDatabase>): Promise<Row> {
  const random = seededRandom(Number(values.seed))
  await using database = await start()
  const socketsBefore = openSockets()
  const store = await openStore(database.url)
  await using _closing = store
  await fill(store)

  const outcomes = { answered: 0, aborted: 0, refused: 0, failed: 0, wrong: 0, unexpected: 0, hung: 0 }
  const publications = { acknowledged: new Map<number, string>(), failed: 0, hung: 0 }
  const [state, startedAt] = [{ asked: 0, slowestMs: 0, isOver: false }, performance.now()]
  const isOver = () => state.isOver || state.asked >= requests
  const asking = async (ask: (number: number, signal: AbortSignal | undefined) => Promise<boolean>) => {
    while (!isOver()) {
      state.asked++
      const askedAt = performance.now()
      outcomes[await unlessHung(outcomeOf(ask, Math.floor(random() * articles), random))]++
      state.slowestMs = Math.max(state.slowestMs, performance.now() - askedAt)
    }
  }
  const storming = Promise.all([
    ...Array.from({ length: askers.article }, () => asking((number, signal) => readsItsArticle(store, number, signal))),
    ...Array.from({ length: askers.rail }, () => asking((number, signal) => readsItsRail(store, number, signal))),
    ...Array.from({ length: askers.write }, (_, index) =>
      publish(store, articles + index * 1_000_000, isOver, publications),
    ),
  ]).finally(() => {
    state.isOver = true
  })
  // A connection that was ended takes a moment to be gone, while the next is opened already: what counts is there for 100 ms.
  const connections = { now: 0, peak: 0 }
  const watching = setInterval(() => {
    const before = connections.now
    connections.now = openSockets() - socketsBefore
    connections.peak = Math.max(connections.peak, Math.min(before, connections.now))
    process.stderr.write(`\r${name}: ${state.asked} of ${requests} requests`)
  }, 100)
  const troubling = trouble(database, random, () => state.asked, isOver)
  await Promise.allSettled([storming, troubling])
  clearInterval(watching)
  await storming
  const troubles = await troubling
  process.stderr.write('\n')

  const seconds = (performance.now() - startedAt) / 1000
  const usable = {
    article: await readsAtOnce(database, laneConnections.article, () => store.readArticle('1', { now })),
    rail: await readsAtOnce(database, laneConnections.rail, () => store.readRail('1', { now, limit: 6 })),
  }
  const publicationsLost = await missingInFeed(store, publications.acknowledged)
  const connectionsAfter = await settledCount(() => database.connections(), connectionsMax)
  await store[Symbol.asyncDispose]()
  return {
    store: name,
    seconds,
    outcomes,
    published: publications.acknowledged.size,
    publicationsFailed: publications.failed,
    publicationsHung: publications.hung,
    publicationsLost,
    troubles,
    slowestMs: state.slowestMs,
    connectionsPeak: connections.peak,
    connectionsAfter,
    connectionsClosed: await settledCount(() => database.connections(), 0),
    usable,
  }
}

/** Articles by number, each with a rail of its own: an answer tells which question it belongs to. */
async function fill(store: Store): Promise<void> {
  const all = Array.from({ length: articles }, (_, number) => numberedArticle(number))
  await store.putArticles(all, { now, republish: false })
  const lease = { name: 'indexer', holder: 'benchmark' }
  const token = await store.takeLease({ ...lease, forMs: 60_000, now })
  if (token === null) throw new Error('Nobody else can hold the lease of a new store.')
  const rails = all.map(({ input }, number) => ({
    articleId: input.id,
    items: JSON.stringify([
      { id: String((number + 1) % articles), score: 0.5, reason: { kind: 'story', terms: ['ferry', 'fog'] } },
    ]),
  }))
  await store.writeRails({ rails, cursor: articles, lease: { ...lease, token }, now })
}

async function readsItsArticle(store: Store, number: number, signal: AbortSignal | undefined): Promise<boolean> {
  const read = await store.readArticle(String(number), { now, signal })
  return read.state === 'found' && read.article.title === `Article ${number}`
}

async function readsItsRail(store: Store, number: number, signal: AbortSignal | undefined): Promise<boolean> {
  const read = await store.readRail(String(number), { now, limit: 6, signal })
  return read.state === 'found' && read.items.length === 1 && read.items[0]?.id === String((number + 1) % articles)
}

async function outcomeOf(
  ask: (number: number, signal: AbortSignal | undefined) => Promise<boolean>,
  number: number,
  random: () => number,
): Promise<Outcome> {
  const [willLeave, atOnce] = [random() < 1 / 3, random() < 0.5]
  const leaving = new AbortController()
  const leave = () => leaving.abort(left)
  const timer = willLeave && !atOnce ? setTimeout(leave, random() * 5) : undefined
  if (willLeave && atOnce) setImmediate(leave)
  try {
    return (await ask(number, willLeave ? leaving.signal : undefined)) ? 'answered' : 'wrong'
  } catch (error) {
    if (error === left) return 'aborted'
    if (error instanceof OverloadedError) return 'refused'
    if (error instanceof StoreUnavailableError) return 'failed'
    process.stderr.write(`\n${error instanceof Error ? error.stack : error}\n`)
    return 'unexpected'
  } finally {
    clearTimeout(timer)
  }
}

async function unlessHung<T>(settling: Promise<T>): Promise<T | 'hung'> {
  const { promise, resolve, reject } = Promise.withResolvers<T | 'hung'>()
  const timer = setTimeout(() => resolve('hung'), hungAfterMs)
  settling.then(resolve, reject)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
  }
}

async function publish(
  store: Store,
  firstNumber: number,
  isOver: () => boolean,
  publications: { readonly acknowledged: Map<number, string>; failed: number; hung: number },
): Promise<void> {
  for (let number = firstNumber; !isOver(); number++) {
    try {
      const results = await unlessHung(store.putArticles([numberedArticle(number)], { now, republish: false }))
      if (results === 'hung') publications.hung++
      else note(results[0], String(number), publications.acknowledged)
    } catch (error) {
      if (!(error instanceof StoreUnavailableError || error instanceof OverloadedError)) throw error
      publications.failed++
      await pause(20)
    }
  }
}

function note(result: PutResult | undefined, id: string, acknowledged: Map<number, string>): void {
  if (result?.id !== id) throw new Error(`The publication of ${id} was answered with ${result?.id}.`)
  if (result.seq === null) return
  if (acknowledged.has(result.seq)) throw new Error(`Two publications were given the number ${result.seq}.`)
  acknowledged.set(result.seq, id)
}

/** Something after every thousand requests. */
async function trouble(database: TroubledDatabase, random: () => number, asked: () => number, isOver: () => boolean) {
  const counts = { locked: 0, 'locked for too long': 0, cut: 0, paused: 0 }
  const locked = async (ms: number) => {
    const unlock = await database.lock()
    await pause(ms)
    await unlock()
  }
  for (;;) {
    const next = asked() + 1000
    while (asked() < next && !isOver()) await pause(5)
    if (isOver()) return counts
    const chance = random()
    if (chance < 0.5) {
      counts.locked++
      await locked(20 + random() * 280)
    } else if (chance < 0.7) {
      counts['locked for too long']++
      await locked(1300)
    } else if (chance < 0.9) {
      counts.cut++
      await database.cut()
    } else {
      counts.paused++
      database.pause()
      await pause(1600)
      database.resume()
    }
  }
}

/** How many of `count` reads the server has in hand at the same time. */
async function readsAtOnce(database: TroubledDatabase, count: number, read: () => Promise<unknown>): Promise<number> {
  let most = 0
  // Some connections may still have to be opened, and the statements wait for as long as they may only.
  for (let attempt = 0; attempt < 10 && most < count; attempt++) {
    const unlock = await database.lock()
    const reads = Promise.allSettled(Array.from({ length: count }, read))
    const until = performance.now() + 400
    while (most < count && performance.now() < until) most = Math.max(most, await database.waiting())
    await unlock()
    await reads
  }
  return most
}

async function missingInFeed(store: Store, acknowledged: ReadonlyMap<number, string>): Promise<number> {
  const inFeed = new Map<number, string>()
  for (let after = 0; ; ) {
    const changes = await store.readChangedIds({ after, limit: 1000, now })
    const last = changes.at(-1)
    if (!last) break
    for (const { seq, articleId } of changes) inFeed.set(seq, articleId)
    after = last.seq
  }
  return [...acknowledged].filter(([seq, id]) => inFeed.get(seq) !== id).length
}

/** The server learns a little later that a connection was closed. */
async function settledCount(count: () => Promise<number>, atMost: number): Promise<number> {
  let counted = await count()
  for (let attempt = 0; attempt < 100 && counted > atMost; attempt++) {
    await pause(50)
    counted = await count()
  }
  return counted
}

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length
}

function failuresOf(row: Row): string[] {
  const { outcomes, usable } = row
  return [
    ...(outcomes.hung + row.publicationsHung > 0 ? ['requests hang'] : []),
    ...(outcomes.wrong > 0 ? ['answers of others'] : []),
    ...(outcomes.unexpected > 0 ? ['unexpected errors'] : []),
    ...(row.publicationsLost > 0 ? ['publications lost'] : []),
    ...(row.connectionsPeak > connectionsMax ? ['too many connections'] : []),
    ...(row.connectionsAfter > connectionsMax || row.connectionsClosed > 0 ? ['connections left behind'] : []),
    ...(usable.article < laneConnections.article || usable.rail < laneConnections.rail ? ['connections lost'] : []),
  ]
}

function table(): string {
  const lines = [`${requests} requests by one asker more than connections, on each lane. ${machine()}`]
  for (const row of rows) {
    const { outcomes, troubles, usable } = row
    const happened = Object.entries(troubles).map(([what, times]) => `${what} ${times}`)
    lines.push(
      `${row.store}, ${row.seconds.toFixed(0)} s; ${happened.join(', ')} times`,
      `  answered ${outcomes.answered}, aborted ${outcomes.aborted}, failed in time ${outcomes.failed}, refused ${outcomes.refused}; the slowest took ${row.slowestMs.toFixed(0)} ms`,
      `  hung ${outcomes.hung + row.publicationsHung}, answer of another ${outcomes.wrong}, unexpected error ${outcomes.unexpected}`,
      `  published ${row.published}, failed in time ${row.publicationsFailed}, acknowledged and lost ${row.publicationsLost}`,
      `  connections: at most ${row.connectionsPeak} of ${connectionsMax}, ${row.connectionsAfter} afterwards, ${row.connectionsClosed} once closed; usable ${usable.article} of ${laneConnections.article} and ${usable.rail} of ${laneConnections.rail}`,
      `  ${failuresOf(row).join(', ') || 'as claimed'}`,
    )
  }
  return `${lines.join('\n')}\n`
}
