/**
 * The claim: while a whole archive is ingested over HTTP, and readers are served, the event loop is never held for long: its
 * delay is under 10 ms at p99.
 *
 *     node benchmarks/event-loop.ts [--data FILE] [--rate 300] [--batch 500] [--json]
 *
 * FILE is JSON Lines; default `$ONWARD_DATA/reuters21578.jsonl.gz`, else the sample newsroom. Its first 500 articles are there before; the
 * others are posted to `/v1/articles`, `--batch` lines at a time, one post after the other, while `--rate` pages a second of the first 500
 * are asked for (open loop). Then come the rails: they are worked out in threads until the index has caught up. The delay is measured in
 * the server's process with a resolution of 1 ms, so that an idle loop shows some 1 ms; an idle one is beside, and one that only serves.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { seededRandom } from '../src/generate/seeded-random.ts'
import { arrivals } from './support/arrivals.ts'
import { articlesInTurn } from './support/article-ids.ts'
import { machine } from './support/machine.ts'
import { milliseconds, quantile } from './support/open-loop.ts'
import { RawClient } from './support/raw-client.ts'
import { articleSource } from './support/source.ts'
import { type Answers, startWatchedServer, type WatchedServer } from './support/watched-server.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    rate: { type: 'string', default: '300' },
    batch: { type: 'string', default: '500' },
    json: { type: 'boolean', default: false },
  },
})
const [rate, batch] = [Number(values.rate), Number(values.batch)]
const token = 'a token of this benchmark alone'.replaceAll(' ', '-')
const firstArticles = 500
const folder = await mkdtemp(join(tmpdir(), 'onward-event-loop-'))
try {
  const lines = await recordsOf(articleSource(values.data))
  await using server = await startWatchedServer(`sqlite:${join(folder, 'onward.db')}`, { ONWARD_TOKEN: token })
  await post(server, lines.slice(0, firstArticles))
  await untilIndexed(server)
  const ids = lines.slice(0, firstArticles).map((line) => String((JSON.parse(line) as { id: unknown }).id))
  await phase(server, ids, () => pause(2000))
  const rest = lines.slice(firstArticles)
  const result: Result = {
    articles: rest.length,
    rate,
    batch,
    machine: machine(),
    phases: [
      { what: 'idle', ...(await idle(server)) },
      { what: 'serving', ...(await phase(server, ids, () => pause(5000))) },
      { what: 'serving, ingesting', ...(await phase(server, ids, () => postAll(server, rest))) },
      { what: 'serving, rails being worked out', ...(await phase(server, ids, () => untilIndexed(server))) },
    ],
  }
  process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : table(result))
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function recordsOf(file: string): Promise<string[]> {
  const bytes = await readFile(file)
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
  return text.split('\n').filter((line) => line !== '')
}

async function idle(server: WatchedServer): Promise<Measured> {
  await server.ask('delay')
  const startedAt = performance.now()
  await pause(5000)
  return { seconds: (performance.now() - startedAt) / 1000, delay: await server.ask('delay'), pages: null }
}

/** What the loop's delay and the readers' pages were until `work` was done. */
async function phase(server: WatchedServer, ids: readonly string[], work: () => Promise<unknown>): Promise<Measured> {
  using client = new RawClient({ origin: server.origin, connectionsMax: 200 })
  const articles = articlesInTurn(ids)
  const pages: Array<{ readonly ms: number; readonly ok: boolean }> = []
  const random = seededRandom(1)
  await server.ask('delay')
  const startedAt = performance.now()
  let isDone = false
  const working = work().finally(() => {
    isDone = true
  })
  const send = (dueAt: number) =>
    client.ask(`/articles/${articles.one()}`, ({ status, completeAt }) =>
      pages.push({ ms: completeAt - dueAt, ok: status === 200 }),
    )
  while (!isDone) await arrivals({ rate, seconds: 0.5, random, send })
  await working
  const seconds = (performance.now() - startedAt) / 1000
  const delay = await server.ask('delay')
  const times = pages.map(({ ms }) => ms).toSorted((a, b) => a - b)
  const notServed = pages.filter(({ ok }) => !ok).length
  return {
    seconds,
    delay,
    pages: { served: pages.length - notServed, notServed, p50: quantile(times, 0.5), p99: quantile(times, 0.99) },
  }
}

async function postAll(server: WatchedServer, lines: readonly string[]): Promise<void> {
  for (let from = 0; from < lines.length; from += batch) {
    await post(server, lines.slice(from, from + batch))
    process.stderr.write(`\r${Math.min(from + batch, lines.length)} of ${lines.length} articles`)
  }
  process.stderr.write('\n')
}

async function post(server: WatchedServer, lines: readonly string[]): Promise<void> {
  const response = await fetch(`${server.origin}v1/articles`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' },
    body: lines.join('\n'),
  })
  const answer = await response.text()
  if (response.status !== 200) throw new Error(`A bulk was answered with ${response.status}: ${answer.slice(0, 500)}`)
}

async function untilIndexed(server: WatchedServer): Promise<void> {
  for (;;) {
    const { checks } = (await (await fetch(`${server.origin}readyz`)).json()) as {
      checks: { rails?: { detail: string } }
    }
    if (checks.rails?.detail === 'the rails are up to date') return
    await pause(500)
  }
}

function table({ phases, ...about }: Result): string {
  return [
    `${about.articles} articles posted, ${about.batch} at a time; ${about.rate} pages/s. ${about.machine}`,
    `${''.padEnd(34)}${'seconds'.padStart(9)}${'loop delay p50'.padStart(16)}${'p99'.padStart(9)}${'max'.padStart(9)}${'pages'.padStart(9)}${'failed'.padStart(8)}${'p50'.padStart(9)}${'p99'.padStart(9)}`,
    ...phases.map(({ what, seconds, delay, pages }) =>
      [
        what.padEnd(34),
        seconds.toFixed(1).padStart(9),
        milliseconds(delay.p50Ms, 2).padStart(16),
        milliseconds(delay.p99Ms, 2).padStart(9),
        milliseconds(delay.maxMs, 2).padStart(9),
        String(pages?.served ?? '').padStart(9),
        String(pages?.notServed ?? '').padStart(8),
        pages ? milliseconds(pages.p50, 2).padStart(9) : '',
        pages ? milliseconds(pages.p99, 2).padStart(9) : '',
      ].join(''),
    ),
    'All times in milliseconds but the first.',
    '',
  ].join('\n')
}

interface Measured {
  readonly seconds: number
  readonly delay: Answers['delay']
  readonly pages: {
    readonly served: number
    readonly notServed: number
    readonly p50: number
    readonly p99: number
  } | null
}

interface Result {
  readonly articles: number
  readonly rate: number
  readonly batch: number
  readonly machine: string
  readonly phases: ReadonlyArray<Measured & { readonly what: string }>
}
