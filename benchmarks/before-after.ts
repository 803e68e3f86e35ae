/**
 * The claim: a site that fetches related articles synchronously stalls at 40 readers a second, on every route; the same
 * site with onward does not.
 *
 *     node benchmarks/before-after.ts [--data FILE] [--rate 40] [--seconds 30] [--json]
 *
 * FILE is JSON Lines, plain or gzip; default `$ONWARD_DATA/reuters21578.jsonl.gz`, else the sample newsroom. Both sites
 * (`examples/before`, `examples/after`) run on the same articles, one after the other, each in a process of its own; the
 * load comes from this one. Arrivals are on a schedule (Poisson), and latency counts from the scheduled arrival, so that
 * a stalled site cannot hide its stall by slowing its readers down. Meanwhile another route, which touches no database,
 * is asked for 5 times a second. The first 2 seconds of each site are apart and not counted.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import { loadCms } from '../examples/load-cms.ts'
import { machine } from './support/machine.ts'
import { lateness, milliseconds, openLoop, type Percentiles, percentiles } from './support/open-loop.ts'
import { seededRandom } from './support/seeded-random.ts'
import { startServer } from './support/server-process.ts'
import { articleSource, ingestInto } from './support/source.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    rate: { type: 'string', default: '40' },
    seconds: { type: 'string', default: '30' },
    json: { type: 'boolean', default: false },
  },
})
const source = articleSource(values.data)
const rate = Number(values.rate)
const seconds = Number(values.seconds)
const folder = await mkdtemp(join(tmpdir(), 'onward-before-after-'))
try {
  const cms = join(folder, 'cms.db')
  const articles = await loadCms(source, cms)
  const data = { cms, ...(await ingestInto(folder, source)) }
  const ids = idsIn(cms)
  const sites = [await measure('before', data, ids), await measure('after', data, ids)]
  const result = { articles, rate, seconds, machine: machine(), sites }
  process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : table(result))
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function measure(
  name: 'before' | 'after',
  data: { cms: string; store: string },
  ids: readonly string[],
): Promise<MeasuredSite> {
  await using site = await startServer(join(import.meta.dirname, '..', 'examples', name, 'server.ts'), {
    env: { PORT: '0', CMS: data.cms, ONWARD_STORE: data.store },
  })
  const random = seededRandom(7)
  const anyArticle = () => `${site.origin}articles/${encodeURIComponent(ids[Math.floor(random() * ids.length)] ?? '')}`
  await openLoop({ url: anyArticle, rate: Math.min(rate, 20), seconds: 2, random })
  const [pages, others] = await Promise.all([
    openLoop({ url: anyArticle, rate, seconds, random, articleEnd: '</article>' }),
    openLoop({ url: () => `${site.origin}about`, rate: 5, seconds, random: seededRandom(11) }),
  ])
  return {
    name,
    articlePage: percentiles(pages),
    otherRoute: percentiles(others),
    generatorLateMs: lateness([...pages, ...others]),
  }
}

function idsIn(cms: string): string[] {
  using database = new DatabaseSync(cms, { readOnly: true })
  return database
    .prepare('SELECT id FROM article')
    .all()
    .map(({ id }) => String(id))
}

function table(result: {
  articles: number
  rate: number
  seconds: number
  machine: string
  sites: readonly MeasuredSite[]
}): string {
  const row = (site: string, what: string, { requests, failed, p50, p99, max }: Percentiles) =>
    [
      site.padEnd(8),
      what.padEnd(16),
      ...[requests, failed].map((count) => String(count).padStart(9)),
      ...[p50, p99, max].map((ms) => milliseconds(ms).padStart(11)),
    ].join('')
  return [
    `${result.articles} articles, ${result.rate} readers/s for ${result.seconds} s, uniform over all articles. ${result.machine}`,
    'site    what             requests   failed     p50 ms     p99 ms     max ms',
    ...result.sites.flatMap(({ name, articlePage, otherRoute }) => [
      row(name, 'article page', articlePage),
      row(name, 'another route', otherRoute),
    ]),
    ...result.sites.map(
      ({ name, generatorLateMs: { p50, p99 } }) =>
        `The load generator itself was late by ${milliseconds(p50)} ms (p50), ${milliseconds(p99)} ms (p99) with ${name}; the times above include it.`,
    ),
    '',
  ].join('\n')
}

interface MeasuredSite {
  readonly name: string
  readonly articlePage: Percentiles
  readonly otherRoute: Percentiles
  readonly generatorLateMs: { readonly p50: number; readonly p99: number }
}
