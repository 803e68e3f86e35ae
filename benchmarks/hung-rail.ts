/**
 * The claim: a rail that hangs, fails or is slow costs the article nothing. First byte and complete article (through
 * `</article>`) are within 1.25 times of a server that has no rail at all, at p99, on articles that were not asked for before.
 *
 *     node benchmarks/hung-rail.ts [--data FILE] [--rail hang|fail|slow:2000|asis|none] [--rate 100] [--rounds 20] [--seconds 2] [--json]
 *
 * FILE is JSON Lines, plain or gzip; default `$ONWARD_DATA/reuters21578.jsonl.gz`, else the sample newsroom, whose articles
 * have to be asked for again and again. Both servers are up all the time, each in a process of its own, on one store;
 * rounds alternate between them, with the same articles and arrivals, so that what else the machine does falls on both.
 * The load is open loop; see `support/open-loop.ts`. A first second on other articles is not counted. `--rail none`
 * compares the server without a rail to itself: how far that ratio is from 1 is how much the machine disturbs the rest.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/concurrency/clock.ts'
import { seededRandom } from '../src/generate/seeded-random.ts'
import { openStore } from '../src/store/open-store.ts'
import { machine } from './support/machine.ts'
import {
  lateness,
  milliseconds,
  openLoop,
  type Percentiles,
  percentiles,
  quantile,
  type Served,
} from './support/open-loop.ts'
import { startServer } from './support/server-process.ts'
import { articleSource, ingestInto } from './support/source.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    rail: { type: 'string', default: 'hang' },
    rate: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
})
const [rate, rounds, seconds] = [Number(values.rate), Number(values.rounds), Number(values.seconds)]
const folder = await mkdtemp(join(tmpdir(), 'onward-hung-rail-'))
try {
  const { store } = await ingestInto(folder, articleSource(values.data))
  const articles = articlesInTurn(await shuffledIds(store))
  const script = join(import.meta.dirname, 'support', 'rail-site.ts')
  await using without = await startServer(script, { args: [store, 'none'] })
  await using faulty = await startServer(script, { args: [store, values.rail] })
  const sites = [
    { name: 'no rail', origin: without.origin, rounds: [] as Served[][] },
    { name: `rail ${values.rail}`, origin: faulty.origin, rounds: [] as Served[][] },
  ] as const
  const warmUp = articles.take(rate)
  for (const { origin } of sites) await load(origin, warmUp, 1)
  for (let round = 0; round < rounds; round++) {
    const fresh = articles.take(Math.ceil(rate * seconds * 1.5))
    for (const site of round % 2 === 0 ? sites : sites.toReversed()) {
      site.rounds.push(await load(site.origin, fresh, seconds, round))
    }
  }
  const rows = sites.map(({ name, rounds }) => summary(name, rounds))
  const [base, withFault] = rows as [Row, Row]
  const result = {
    rail: values.rail,
    rate,
    rounds,
    seconds,
    machine: machine(),
    articlesRepeat: articles.areRepeated(),
    rows,
    ratios: {
      firstByte: ratios(base.firstByte, withFault.firstByte),
      article: ratios(base.article, withFault.article),
    },
  }
  process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : table(result))
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function load(origin: string, ids: readonly string[], forSeconds: number, round = -1): Promise<Served[]> {
  let next = 0
  return await openLoop({
    url: () => `${origin}articles/${ids[next++ % ids.length]}`,
    rate,
    seconds: forSeconds,
    random: seededRandom(round + 2),
    articleEnd: '</article>',
  })
}

function summary(server: string, rounds: readonly Served[][]): Row {
  const all = rounds.flat()
  const times = (what: 'firstByteMs' | 'articleMs' | 'completeMs'): Times => ({
    ...percentiles(all, what),
    p99OfRounds: rounds.map((round) => percentiles(round, what).p99),
  })
  const late = lateness(all)
  return { server, firstByte: times('firstByteMs'), article: times('articleMs'), page: times('completeMs'), late }
}

/** `p99` over all requests; `p99MedianRound` is steadier where other work on the machine hits single rounds. */
function ratios(base: Times, faulty: Times) {
  const ofRounds = faulty.p99OfRounds.map((p99, round) => p99 / (base.p99OfRounds[round] ?? Number.NaN))
  return {
    p50: faulty.p50 / base.p50,
    p99: faulty.p99 / base.p99,
    p99MedianRound: quantile(
      ofRounds.toSorted((a, b) => a - b),
      0.5,
    ),
  }
}

async function shuffledIds(store: string): Promise<string[]> {
  await using opened = await openStore(store)
  const ids: string[] = []
  for (let rows = -1; rows !== 0; ) {
    const page = await opened.readIndexPage({ afterId: ids.at(-1) ?? '', limit: 500, now: systemClock.now() })
    ids.push(...page.map(({ article }) => article.id))
    rows = page.length
  }
  const random = seededRandom(5)
  return ids
    .map((id) => ({ id, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ id }) => id)
}

function table(result: {
  rail: string
  rate: number
  rounds: number
  seconds: number
  machine: string
  articlesRepeat: boolean
  rows: readonly Row[]
  ratios: Record<'firstByte' | 'article', Record<'p50' | 'p99' | 'p99MedianRound', number>>
}): string {
  const cells = (times: Times) => [times.p50, times.p99].map((ms) => milliseconds(ms, 2).padStart(9)).join('')
  const { firstByte, article } = result.ratios
  return [
    `${result.rate} pages/s, ${result.rounds} rounds of ${result.seconds} s each for each server, ${result.articlesRepeat ? 'articles REPEATED for want of more' : 'distinct articles'}. ${result.machine}`,
    `${' '.repeat(20)}     first byte ms        article ms           page ms`,
    `${'server'.padEnd(20)}${'      p50      p99'.repeat(3)} requests  failed  generator late p99`,
    ...result.rows.map(
      (row) =>
        `${row.server.padEnd(20)}${cells(row.firstByte)}${cells(row.article)}${cells(row.page)}${String(row.page.requests).padStart(9)}${String(row.page.failed).padStart(8)}${milliseconds(row.late.p99, 2).padStart(20)}`,
    ),
    `with rail ${result.rail} / without a rail:  first byte p50 ${firstByte.p50.toFixed(2)}, p99 ${firstByte.p99.toFixed(2)} (median round ${firstByte.p99MedianRound.toFixed(2)});  complete article p50 ${article.p50.toFixed(2)}, p99 ${article.p99.toFixed(2)} (median round ${article.p99MedianRound.toFixed(2)})`,
    '',
  ].join('\n')
}

/** Hands out articles that were not handed out before, for as long as there are any. */
function articlesInTurn(ids: readonly string[]) {
  if (ids.length === 0) throw new Error('There are no articles to measure on.')
  let next = 0
  return {
    take: (count: number): string[] => Array.from({ length: count }, () => ids[next++ % ids.length] ?? ''),
    areRepeated: () => next > ids.length,
  }
}

interface Times extends Percentiles {
  readonly p99OfRounds: readonly number[]
}

interface Row {
  readonly server: string
  readonly firstByte: Times
  readonly article: Times
  readonly page: Times
  readonly late: { readonly p50: number; readonly p99: number }
}
