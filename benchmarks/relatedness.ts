import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { seededRandom } from '../src/generate/seeded-random.ts'
import { defaultNeighbours } from '../src/related/neighbours.ts'
import { defaultRules, type RelatedDocument } from '../src/related/related.ts'
import { RelatedIndex } from '../src/related/related-index.ts'

/**
 * Claim: the index finds related articles well, and fast enough to work out a rail when an article is published.
 *
 * node benchmarks/relatedness.ts --data FOLDER [--json]
 *
 * Speeds are of texts to neighbours in both directions (what a retrieval library does), and of texts to rails with their
 * reasons as JSON, ready to be stored. On a shared machine the figure a second of processor time is the fairer one.
 *
 * Precision@5: of the first five related articles, how many share a label (reuters21578: a topic code; bbc: the section),
 * with the 95% interval of a bootstrap over queries.
 * - `by score`: the floor and the repeats rule off. What has no label counts as a miss, and so does a missing article.
 * - `by score, labelled only`: the same, what has no label left out of the count (half of reuters21578 has none).
 * - `as served`: the rails that readers get: repeats shown once, the floor applied. Of what is shown, the share that hits.
 */
const { values } = parseArgs({ options: { data: { type: 'string' }, json: { type: 'boolean', default: false } } })
const folder = values.data ?? process.env.ONWARD_DATA
if (!folder) {
  process.stderr.write('Name the folder of the data: --data FOLDER, or ONWARD_DATA.\n')
  process.exit(1)
}

interface Labelled {
  readonly document: RelatedDocument
  readonly labels: readonly string[]
}

const reuters = readLabelled('reuters21578')
const bbc = readLabelled('bbc')
const results = {
  node: process.version,
  reuters21578: { ...quality(reuters), ...speed(reuters) },
  bbc: quality(bbc),
  publishing: publishing(reuters),
  peakMemoryMb: Math.round(process.resourceUsage().maxRSS / 1024),
}
if (values.json) process.stdout.write(`${JSON.stringify(results)}\n`)
else {
  const { node, publishing: one, peakMemoryMb, ...corpora } = results
  for (const [corpus, figures] of Object.entries(corpora)) printTable(corpus, figures)
  printTable('publishing one by one into the full index', one)
  printTable('process', { node, peakMemoryMb })
}

function readLabelled(name: string): Labelled[] {
  const lines = gunzipSync(readFileSync(join(folder!, `${name}.jsonl.gz`)))
    .toString()
    .trim()
    .split('\n')
  return lines.map((line) => {
    const row = JSON.parse(line) as { id: string; title: string; body: string; publishedAt?: string; labels?: string[] }
    const publishedAtMs = row.publishedAt === undefined ? 0 : Date.parse(row.publishedAt)
    const { id, title, body } = row
    const unknown = { standfirst: '', section: null, tags: [], source: null, evolvedFrom: null }
    return { document: { ...unknown, id, title, body, language: 'en', publishedAtMs }, labels: row.labels ?? [] }
  })
}

function quality(articles: readonly Labelled[]) {
  const byId = new Map(articles.map((article) => [article.document.id, article]))
  const byScore = indexed(articles, {
    neighbours: { ...defaultNeighbours, textMin: 0 },
    rules: { ...defaultRules, collapseRepeats: false },
  })
  const served = indexed(articles, {})
  const scored: Hits[] = []
  const shown: Hits[] = []
  let empty = 0
  for (const { document, labels } of articles) {
    if (labels.length === 0) continue
    const hitsOf = (index: RelatedIndex): Hits => {
      const others = index
        .ranking(document.id)
        .slice(0, 5)
        .map(({ id }) => byId.get(id)!)
      return {
        shown: others.length,
        labelled: others.filter((other) => other.labels.length > 0).length,
        hits: others.filter((other) => other.labels.some((label) => labels.includes(label))).length,
      }
    }
    scored.push(hitsOf(byScore.index))
    const rail = hitsOf(served.index)
    shown.push(rail)
    if (rail.shown === 0) empty++
  }
  return {
    articles: articles.length,
    queries: scored.length,
    'precision@5, by score': withInterval(scored, () => 5),
    'precision@5, by score, labelled only': withInterval(scored, ({ labelled }) => labelled),
    'precision@5, as served': withInterval(shown, ({ shown: count }) => count),
    'precision@5, as served, labelled only': withInterval(shown, ({ labelled }) => labelled),
    'rails of five, as served': share(
      shown.reduce((sum, rail) => sum + rail.shown, 0),
      shown.length * 5,
    ),
    'queries without a rail': empty,
    'neighbours by score, articles/s of processor time': byScore.perSecond,
    'neighbours as served, articles/s of processor time': served.perSecond,
  }
}

interface Hits {
  readonly shown: number
  readonly labelled: number
  readonly hits: number
}

/** Texts to neighbours in both directions: reading, statistics, weights, pools. */
function indexed(articles: readonly Labelled[], options: ConstructorParameters<typeof RelatedIndex>[0]) {
  const started = process.cpuUsage()
  const index = new RelatedIndex(options)
  for (const { document } of articles) index.put(document)
  index.settle({ givesRails: false })
  const { user, system } = process.cpuUsage(started)
  return { index, perSecond: Math.round(articles.length / ((user + system) / 1e6)) }
}

function withInterval(all: readonly Hits[], counted: (hits: Hits) => number): string {
  const random = seededRandom(1)
  const meanOf = (pick: (at: number) => Hits) => {
    let hits = 0
    let whole = 0
    for (let at = 0; at < all.length; at++) {
      const one = pick(at)
      hits += one.hits
      whole += counted(one)
    }
    return share(hits, whole)
  }
  const means = Array.from({ length: 500 }, () => meanOf(() => all[Math.floor(random() * all.length)]!))
  return `${meanOf((at) => all[at]!)} (${quantile(means, 0.025)} to ${quantile(means, 0.975)})`
}

/** From texts to every rail with its reasons, as text for the store. */
function speed(articles: readonly Labelled[]) {
  const started = process.cpuUsage()
  const startedAt = performance.now()
  const index = new RelatedIndex()
  for (const { document } of articles) index.put(document)
  const slices: number[] = []
  let bytes = 0
  for (let remaining = 1; remaining > 0; ) {
    const at = performance.now()
    const settled = index.settle({ atMost: 64 })
    for (const { items } of settled.rails) bytes += JSON.stringify(items).length
    remaining = settled.remaining
    slices.push(performance.now() - at)
  }
  const wallMs = performance.now() - startedAt
  const { user, system } = process.cpuUsage(started)
  return {
    'articles/s of wall time': Math.round(articles.length / (wallMs / 1000)),
    'articles/s of processor time': Math.round(articles.length / ((user + system) / 1e6)),
    'slice of 64, ms p50': round(quantile(slices, 0.5)),
    'slice of 64, ms p99': round(quantile(slices, 0.99)),
    'stored rails, MB': round(bytes / 1e6),
  }
}

function publishing(articles: readonly Labelled[]) {
  const late = 400
  const index = new RelatedIndex()
  const newest = articles.toSorted((a, b) => a.document.publishedAtMs - b.document.publishedAtMs)
  for (const { document } of newest.slice(0, -late)) index.put(document)
  index.settle()
  const took: number[] = []
  let rails = 0
  for (const { document } of newest.slice(-late)) {
    const at = performance.now()
    index.put(document)
    rails += index.settle().rails.length
    took.push(performance.now() - at)
  }
  return {
    articles: late,
    'ms p50': round(quantile(took, 0.5)),
    'ms p99': round(quantile(took, 0.99)),
    'rails changed by each': round(rails / late),
  }
}

function quantile(numbers: readonly number[], q: number): number {
  return numbers.toSorted((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * q))]!
}

function share(part: number, whole: number): number {
  return Math.round((part / Math.max(1, whole)) * 10_000) / 10_000
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

function printTable(title: string, figures: Record<string, number | string>): void {
  process.stdout.write(`\n${title}\n`)
  for (const [name, figure] of Object.entries(figures)) process.stdout.write(`  ${name.padEnd(48)} ${figure}\n`)
}
