/**
 * The claim: a publication is in an old article's rail, and a takedown out of it, within a second at p99, over HTTP, with
 * an archive behind and readers in front; the event loop is not held for it.
 *
 *     node benchmarks/freshness.ts [--articles 100000] [--publications 20] [--readers 200] [--seconds 30] [--json]
 *
 * The archive is generated, a thousand articles a day, posted and worked through; then the server is started again on it, and
 * how long it takes until it answers, and until a publication is in an old rail, is told. Then `--publications` a second are
 * put, each published now and a follow-up of an article of the last thirty days whose rail has a weak sixth place, or none: what belongs to a
 * story of twenty articles of one day has no place for what comes weeks later. It has three fifths of that article's text, the rest from another,
 * so that it is no repeat. Meanwhile `--readers` a second open pages (both open loop, Poisson). The page of the old article and its
 * rail as JSON are asked for over and over, every 25 ms, until the new one is in both; then every second one is taken down
 * and they are asked for until it is in neither. A stand-in list of the newest counts as neither: it would hold any new article, and
 * an old one never. Times count from the scheduled publication, and from the request to take down; what takes above ten seconds has
 * failed, and counts as infinite, as does what was refused. The delay of the event loop is the server's, at a resolution of 1 ms; an
 * idle loop is beside.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type GeneratedArticle, generateArticles } from '../src/generate/generate-articles.ts'
import { seededRandom } from '../src/generate/seeded-random.ts'
import { arrivals } from './support/arrivals.ts'
import { machine } from './support/machine.ts'
import { milliseconds, quantile } from './support/open-loop.ts'
import { RawClient } from './support/raw-client.ts'
import { type Answers, startWatchedServer, type WatchedServer } from './support/watched-server.ts'

const { values } = parseArgs({
  options: {
    articles: { type: 'string', default: '100000' },
    publications: { type: 'string', default: '20' },
    readers: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '30' },
    json: { type: 'boolean', default: false },
  },
})
const count = Number(values.articles)
const [publications, readers, seconds] = [values.publications, values.readers, values.seconds].map(Number) as [
  number,
  number,
  number,
]
const token = 'a-token-of-this-benchmark-alone'
const headers = { authorization: `Bearer ${token}` }
const pollMs = 25
const lateMs = 10_000
/** A follow-up of 30 days later comes to a third of its likeness in text, which is some three fifths: more than this. */
const weakPlaceMax = 0.15
const railStates: ReadonlySet<string | undefined> = new Set(['fresh', 'stale'])

const folder = await mkdtemp(join(tmpdir(), 'onward-freshness-'))
try {
  const store = `sqlite:${join(folder, 'onward.db')}`
  const latest = await fill(store)
  const startedAt = performance.now()
  await using server = await startWatchedServer(store, { ONWARD_TOKEN: token })
  const answeredMs = performance.now() - startedAt
  const first = await publishAndSee(
    server,
    latest.at(-1)!,
    followUp(latest.at(-1)!, latest[0]!, 'first'),
    performance.now(),
  )
  const start = { 'answers after': answeredMs, 'a publication is seen after': answeredMs + first }
  await server.ask('delay')
  await pause(5000)
  const idle = await server.ask('delay')
  const result: Result = {
    articles: count,
    publications,
    readers,
    seconds,
    machine: machine(),
    start,
    idle,
    ...(await measure(server, latest, await withRoom(server, latest))),
  }
  process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : table(result))
} finally {
  await rm(folder, { recursive: true, force: true })
}

/** Gives the articles of the last thirty days, or the latest third of fewer. */
async function fill(store: string): Promise<GeneratedArticle[]> {
  await using server = await startWatchedServer(store, { ONWARD_TOKEN: token })
  const latest: GeneratedArticle[] = []
  let lines: string[] = []
  let posted = 0
  const post = async () => {
    const body = lines.join('\n')
    posted += lines.length
    lines = []
    const response = await fetch(`${server.origin}v1/articles`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/x-ndjson' },
      body,
    })
    const answer = await response.text()
    if (response.status !== 200) throw new Error(`A bulk was answered with ${response.status}: ${answer.slice(0, 500)}`)
    process.stderr.write(`\r${posted} of ${count} articles posted`)
  }
  let read = 0
  // They end yesterday: what is published later than now is under an embargo.
  const from = new Date(Date.now() - (count / 1000 + 2) * 86_400_000).toISOString()
  for (const article of generateArticles({ articles: count, seed: 1, perDay: 1000, from })) {
    lines.push(JSON.stringify(article))
    if (++read > count - Math.min(30_000, count / 3)) latest.push(article)
    if (lines.length === 500) await post()
  }
  if (lines.length > 0) await post()
  for (let detail = ''; detail !== 'the rails are up to date'; await pause(500)) {
    const ready = (await (await fetch(`${server.origin}readyz`)).json()) as { checks: { rails?: { detail: string } } }
    detail = ready.checks.rails?.detail ?? ''
    process.stderr.write(`\r${detail}          `)
  }
  process.stderr.write('\n')
  return latest
}

/** Articles in whose rail a follow-up will find a place, as many as there are publications. */
async function withRoom(server: WatchedServer, latest: readonly GeneratedArticle[]): Promise<GeneratedArticle[]> {
  const found: GeneratedArticle[] = []
  const wanted = Math.ceil(publications * seconds * 1.25)
  for (let at = 0; at < latest.length && found.length < wanted; at++) {
    const article = latest[(at * 7919) % latest.length]!
    const response = await fetch(`${server.origin}v1/articles/${article.id}/related`)
    const { items } = (await response.json()) as { items?: ReadonlyArray<{ score?: number }> }
    if (items && (items[5]?.score ?? 0) < weakPlaceMax) found.push(article)
    process.stderr.write(`\r${found.length} articles with room in their rail, of ${at + 1}`)
  }
  if (found.length < wanted)
    throw new Error(`Only ${found.length} articles have room in their rail; ${wanted} are needed.`)
  return found
}

async function measure(server: WatchedServer, latest: readonly GeneratedArticle[], olds: readonly GeneratedArticle[]) {
  using client = new RawClient({ origin: server.origin, connectionsMax: 400 })
  const random = seededRandom(2)
  const seen: number[] = []
  const gone: number[] = []
  const pages: Array<{ readonly ms: number; readonly ok: boolean }> = []
  const work: Array<Promise<unknown>> = []
  const refused: unknown[] = []
  let number = 0
  const any = () => latest[Math.floor(random() * latest.length)]!
  const read = (dueAt: number) =>
    client.ask(`/articles/${any().id}`, ({ status, completeAt }) =>
      pages.push({ ms: completeAt - dueAt, ok: status === 200 }),
    )
  const publish = (dueAt: number) => {
    const at = number++
    const old = olds[at % olds.length]!
    const article = followUp(old, any(), String(at))
    const done = (async () => {
      seen.push(await publishAndSee(server, old, article, dueAt))
      if (at % 2 === 0) gone.push(await takeDownAndSee(server, old, article.id))
    })().catch((error: unknown) => refused.push(error))
    work.push(done)
  }
  await Promise.all([arrivals({ rate: readers, seconds: 5, random, send: read })])
  await server.ask('delay')
  pages.length = 0
  await Promise.all([
    arrivals({ rate: readers, seconds, random: seededRandom(3), send: read }),
    arrivals({ rate: publications, seconds, random: seededRandom(4), send: publish }),
  ])
  await Promise.all(work)
  if (refused.length > 0) process.stderr.write(`${refused.length} were refused; the first: ${refused[0]}\n`)
  for (const _ of refused) seen.push(Number.POSITIVE_INFINITY)
  const delay = await server.ask('delay')
  return {
    seen: quantiles(seen),
    gone: quantiles(gone),
    pages: quantiles(pages.map(({ ms, ok }) => (ok ? ms : Number.POSITIVE_INFINITY))),
    delay,
  }
}

/** An article that tells on what `old` told: three fifths of its text, the rest of another's. */
function followUp(old: GeneratedArticle, other: GeneratedArticle, name: string) {
  const { title, section, tags, source, language } = old
  const part = (text: string, from: number, to: number) => text.slice(text.length * from, text.length * to)
  return {
    id: `followup-${name}`,
    title: `${title}, ${name}`,
    body: `${part(old.body, 0.4, 1)} ${part(other.body, 0, 0.4)}`,
    ...{ section, tags, source, language },
    publishedAt: new Date().toISOString(),
  }
}

/** Milliseconds since `dueAt`; infinite when it is not seen in time. */
async function publishAndSee(
  server: WatchedServer,
  old: GeneratedArticle,
  article: ReturnType<typeof followUp>,
  dueAt: number,
): Promise<number> {
  const response = await fetch(`${server.origin}v1/articles/${article.id}`, {
    method: 'PUT',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(article),
  })
  const answer = await response.text()
  if (!response.ok) throw new Error(`A publication was answered with ${response.status}: ${answer.slice(0, 500)}`)
  return untilRail(server, old.id, dueAt, (rail) => rail.has(article.id))
}

async function takeDownAndSee(server: WatchedServer, old: GeneratedArticle, id: string): Promise<number> {
  const startedAt = performance.now()
  const response = await fetch(`${server.origin}v1/articles/${id}`, { method: 'DELETE', headers })
  await response.arrayBuffer()
  if (!response.ok) throw new Error(`A takedown was answered with ${response.status}.`)
  return untilRail(server, old.id, startedAt, (rail) => !rail.has(id))
}

async function untilRail(
  server: WatchedServer,
  id: string,
  startedAt: number,
  isTrue: (rail: ReadonlySet<string>) => boolean,
): Promise<number> {
  while (performance.now() - startedAt < lateMs) {
    const rails = await Promise.all([railOf(server, id), railOnPage(server, id)])
    if (rails.every((rail) => rail !== null && isTrue(rail))) return performance.now() - startedAt
    await pause(pollMs)
  }
  return Number.POSITIVE_INFINITY
}

/** Null: it could not be had. */
async function railOf(server: WatchedServer, id: string): Promise<ReadonlySet<string> | null> {
  const response = await fetch(`${server.origin}v1/articles/${id}/related`)
  const answer = (await response.json()) as { state?: string; items?: ReadonlyArray<{ id: string }> }
  if (!answer.items || !railStates.has(answer.state)) return null
  return new Set(answer.items.map((item) => item.id))
}

async function railOnPage(server: WatchedServer, id: string): Promise<ReadonlySet<string> | null> {
  const page = await (await fetch(`${server.origin}articles/${id}`)).text()
  const [, state] = /data-related-state="([a-z]+)"/.exec(page) ?? []
  if (!railStates.has(state)) return null
  const rail = page.slice(page.indexOf('</article>'))
  return new Set(Array.from(rail.matchAll(/href="\/articles\/([^"]+)"/g), ([, linked]) => linked ?? ''))
}

function quantiles(times: readonly number[]): Times {
  const ascending = times.toSorted((a, b) => (a === b ? 0 : a < b ? -1 : 1))
  return {
    count: times.length,
    failed: times.filter((ms) => !Number.isFinite(ms)).length,
    p50: quantile(ascending, 0.5),
    p99: quantile(ascending, 0.99),
    max: quantile(ascending, 1),
  }
}

function table({ start, idle, delay, seen, gone, pages, ...about }: Result): string {
  const row = (what: string, { count: times, failed, p50, p99, max }: Times) =>
    [
      what.padEnd(40),
      ...[String(times), String(failed), milliseconds(p50), milliseconds(p99), milliseconds(max)].map((cell) =>
        cell.padStart(9),
      ),
    ].join('')
  const loop = (what: string, { p50Ms, p99Ms, maxMs }: Answers['delay']) =>
    `${what.padEnd(40)}${['', '', ...[p50Ms, p99Ms, maxMs].map((ms) => milliseconds(ms, 2))].map((cell) => cell.padStart(9)).join('')}`
  return [
    `${about.articles} articles, ${about.publications} publications/s and ${about.readers} readers/s for ${about.seconds} s. ${about.machine}`,
    `Started again: answers after ${milliseconds(start['answers after'], 0)} ms, the first publication is in an old rail after ${milliseconds(start['a publication is seen after'], 0)} ms.`,
    `${''.padEnd(40)}${['times', 'failed', 'p50', 'p99', 'max'].map((head) => head.padStart(9)).join('')}`,
    row('published to seen in an old rail, ms', seen),
    row('taken down to gone from it, ms', gone),
    row('a page, ms', pages),
    loop('event loop delay, idle, ms', idle),
    loop('event loop delay, ms', delay),
    '',
  ].join('\n')
}

interface Times {
  readonly count: number
  readonly failed: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

interface Result {
  readonly articles: number
  readonly publications: number
  readonly readers: number
  readonly seconds: number
  readonly machine: string
  /** Milliseconds since the process was started. */
  readonly start: { readonly 'answers after': number; readonly 'a publication is seen after': number }
  readonly idle: Answers['delay']
  readonly seen: Times
  readonly gone: Times
  readonly pages: Times
  readonly delay: Answers['delay']
}
