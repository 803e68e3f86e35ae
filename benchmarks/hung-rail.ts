/**
 * The claim: a rail that hangs, fails or is slow costs the article nothing. First byte and complete article (through
 * `</article>`) are within 1.25 times of a server that has no rail at all, at p99, on articles that were not asked for
 * before, with the circuit breaker and without. And the answer as JSON, which has to wait for the rail or do without, takes at most
 * 25 ms more.
 *
 *     node benchmarks/hung-rail.ts [--data FILE | --store URL] [--rail hang|fail|slow:2000|asis|none] [--of page|json]
 *       [--rate 500] [--rounds 10] [--seconds 2] [--json]
 *
 * FILE is JSON Lines, plain or gzip; default `$ONWARD_DATA/reuters21578.jsonl.gz`, else the sample newsroom, whose articles
 * have to be asked for again and again. The servers are up all the time, each in a process of its own, on one store and on core 0, the load
 * on core 1; nothing is kept in memory. Rounds alternate between them, with the same articles and arrivals, so that what else
 * the machine does falls on all. `held closed` is a server whose breakers never open, so that every single rail is waited for.
 * The load is open loop; see `support/open-loop.ts`. Two seconds on other articles are not counted. `--rail none`
 * compares the server without a rail to itself: how far that ratio is from 1 is how much the machine disturbs the rest.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { seededRandom } from '../src/generate/seeded-random.ts'
import { articlesInTurn, shuffledIds } from './support/article-ids.ts'
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
import { pinSelf, startServer } from './support/server-process.ts'
import { storeToMeasure } from './support/source.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    store: { type: 'string' },
    rail: { type: 'string', default: 'hang' },
    of: { type: 'string', default: 'page' },
    rate: { type: 'string', default: '500' },
    rounds: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
})
const [rate, rounds, seconds] = [Number(values.rate), Number(values.rounds), Number(values.seconds)]
const isPage = values.of !== 'json'
const folder = await mkdtemp(join(tmpdir(), 'onward-hung-rail-'))
try {
  const store = await storeToMeasure(values, folder)
  const isPinned = pinSelf(1)
  const articles = articlesInTurn(await shuffledIds(store))
  const script = join(import.meta.dirname, 'support', 'rail-site.ts')
  const start = (rail: string, breakers: 'auto' | 'held-closed') =>
    startServer(script, { args: [store, rail, breakers], core: 0 })
  await using without = await start('none', 'auto')
  await using faulty = await start(values.rail, 'auto')
  await using unguarded = await start(values.rail, 'held-closed')
  const sites = [
    { name: 'no rail', origin: without.origin, rounds: [] as Served[][] },
    { name: `rail ${values.rail}`, origin: faulty.origin, rounds: [] as Served[][] },
    { name: `rail ${values.rail}, held closed`, origin: unguarded.origin, rounds: [] as Served[][] },
  ]
  const warmUp = articles.take(rate * 2)
  for (const { origin } of sites) await load(origin, warmUp, 2)
  for (let round = 0; round < rounds; round++) {
    const fresh = articles.take(Math.ceil(rate * seconds * 1.5))
    for (const site of round % 2 === 0 ? sites : sites.toReversed()) {
      site.rounds.push(await load(site.origin, fresh, seconds, round))
    }
  }
  const rows = sites.map(({ name, rounds }) => summary(name, rounds))
  const [base, ...others] = rows as [Row, ...Row[]]
  const result: Result = {
    rail: values.rail,
    of: isPage ? 'page' : 'json',
    rate,
    rounds,
    seconds,
    isPinned,
    machine: machine(),
    articlesRepeat: articles.areRepeated(),
    rows,
    compared: others.map((row) => ({
      server: row.server,
      firstByte: ratios(base.firstByte, row.firstByte),
      article: ratios(base.article, row.article),
      addedMs: { p50: row.whole.p50 - base.whole.p50, p99: row.whole.p99 - base.whole.p99 },
    })),
  }
  process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : table(result))
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function load(origin: string, ids: readonly string[], forSeconds: number, round = -1): Promise<Served[]> {
  let next = 0
  return await openLoop({
    url: () => `${origin}${isPage ? 'articles' : 'v1/articles'}/${ids[next++ % ids.length]}`,
    rate,
    seconds: forSeconds,
    random: seededRandom(round + 2),
    ...(isPage ? { articleEnd: '</article>' } : {}),
  })
}

function summary(server: string, rounds: readonly Served[][]): Row {
  const all = rounds.flat()
  const times = (what: 'firstByteMs' | 'articleMs' | 'completeMs'): Times => ({
    ...percentiles(all, what),
    p99OfRounds: rounds.map((round) => percentiles(round, what).p99),
  })
  const late = lateness(all)
  return { server, firstByte: times('firstByteMs'), article: times('articleMs'), whole: times('completeMs'), late }
}

/** `p99` over all requests; `p99MedianRound` is steadier where other work on the machine hits single rounds. */
function ratios(base: Times, faulty: Times): Ratios {
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

function table(result: Result): string {
  const cells = (times: Times) => [times.p50, times.p99].map((ms) => milliseconds(ms, 2).padStart(9)).join('')
  const columns = ({ firstByte, article, whole }: Row) => (isPage ? [firstByte, article, whole] : [firstByte, whole])
  return [
    `${result.rate} ${isPage ? 'pages' : 'JSON answers'}/s, ${result.rounds} rounds of ${result.seconds} s each for each server, ${result.articlesRepeat ? 'articles REPEATED for want of more' : 'distinct articles'}, ${result.isPinned ? 'servers and load each on a core of their own' : 'NOT held to cores'}. ${result.machine}`,
    `${' '.repeat(30)}${'first byte ms'.padStart(18)}${isPage ? 'article ms'.padStart(18) : ''}${'whole answer ms'.padStart(18)}`,
    `${'server'.padEnd(30)}${'      p50      p99'.repeat(isPage ? 3 : 2)} requests  failed  generator late p99`,
    ...result.rows.map(
      (row) =>
        `${row.server.padEnd(30)}${columns(row).map(cells).join('')}${String(row.whole.requests).padStart(9)}${String(row.whole.failed).padStart(8)}${milliseconds(row.late.p99, 2).padStart(20)}`,
    ),
    ...result.compared.map((compared) => comparison(compared)),
    '',
  ].join('\n')
}

function comparison({ server, firstByte, article, addedMs }: Result['compared'][number]): string {
  if (!isPage) {
    return `${server} compared to no rail: ${addedMs.p50.toFixed(2)} ms more at p50, ${addedMs.p99.toFixed(2)} at p99`
  }
  const shown = ({ p50, p99, p99MedianRound }: Ratios) =>
    `p50 ${p50.toFixed(2)}, p99 ${p99.toFixed(2)} (median round ${p99MedianRound.toFixed(2)})`
  return `${server} / no rail: first byte ${shown(firstByte)}; complete article ${shown(article)}`
}

interface Result {
  readonly rail: string
  readonly of: 'page' | 'json'
  readonly rate: number
  readonly rounds: number
  readonly seconds: number
  readonly isPinned: boolean
  readonly machine: string
  readonly articlesRepeat: boolean
  readonly rows: readonly Row[]
  readonly compared: ReadonlyArray<{
    readonly server: string
    readonly firstByte: Ratios
    readonly article: Ratios
    /** Of whole answers. */
    readonly addedMs: { readonly p50: number; readonly p99: number }
  }>
}

interface Ratios {
  readonly p50: number
  readonly p99: number
  readonly p99MedianRound: number
}

interface Times extends Percentiles {
  readonly p99OfRounds: readonly number[]
}

interface Row {
  readonly server: string
  readonly firstByte: Times
  readonly article: Times
  readonly whole: Times
  readonly late: { readonly p50: number; readonly p99: number }
}
