import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { readArticleWords } from '../src/related/article-words.ts'
import { defaultNeighbours, Neighbours } from '../src/related/neighbours.ts'
import type { RelatedDocument } from '../src/related/related.ts'
import { RelatedIndex } from '../src/related/related-index.ts'
import { StatisticsCount } from '../src/related/statistics.ts'
import { TermWeigher } from '../src/related/terms.ts'
import { Vocabulary } from '../src/related/vocabulary.ts'

/**
 * Claim: the index finds related articles well, and fast enough to work out a rail when an article is published.
 *
 * node benchmarks/relatedness.ts --data FOLDER [--json]
 *
 * Speeds are of texts to neighbours (`neighbours alone`: what a retrieval library does), and of texts to rails with their
 * reasons as JSON, ready to be stored. On a shared machine the figure a second of processor time is the fairer one.
 *
 * Precision@5: of the first five related articles, how many share a label (reuters21578: a topic code; bbc: the section).
 * - `text`: neighbours by score alone. What has no label counts as a miss, and so does a missing article.
 * - `text, labelled only`: the same, what has no label left out of the count (half of reuters21578 has none).
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
  const { lists, perSecond } = textNeighbours(articles)
  const index = new RelatedIndex()
  for (const { document } of articles) index.put(document)
  index.settle()
  const tally = { queries: 0, hits: 0, labelled: 0, shown: 0, shownLabelled: 0, shownHits: 0, empty: 0 }
  articles.forEach(({ document, labels }, at) => {
    if (labels.length === 0) return
    const isHit = (other: Labelled) => other.labels.some((label) => labels.includes(label))
    tally.queries++
    for (const slot of lists[at]!.slice(0, 5)) {
      const other = articles[slot]!
      if (other.labels.length > 0) tally.labelled++
      if (isHit(other)) tally.hits++
    }
    const rail = index.rail(document.id).slice(0, 5)
    if (rail.length === 0) tally.empty++
    for (const { id } of rail) {
      const other = byId.get(id)!
      tally.shown++
      if (other.labels.length > 0) tally.shownLabelled++
      if (isHit(other)) tally.shownHits++
    }
  })
  return {
    articles: articles.length,
    queries: tally.queries,
    'precision@5, text': share(tally.hits, tally.queries * 5),
    'precision@5, text, labelled only': share(tally.hits, tally.labelled),
    'precision@5, as served': share(tally.shownHits, tally.shown),
    'precision@5, as served, labelled only': share(tally.shownHits, tally.shownLabelled),
    'rails of five, as served': share(tally.shown, tally.queries * 5),
    'queries without a rail': tally.empty,
    'neighbours alone, articles/s of processor time': perSecond,
  }
}

/** Neighbours by score alone: no floor, repeats and all. */
function textNeighbours(articles: readonly Labelled[]) {
  const started = process.cpuUsage()
  const vocabulary = new Vocabulary()
  const words = articles.map(({ document }) => readArticleWords(document, vocabulary))
  const count = new StatisticsCount(vocabulary, articles.length)
  for (const article of words) count.count(article, 'en')
  for (const article of words) count.countPairs(article, 'en')
  const weigher = new TermWeigher(vocabulary, count.freeze())
  const neighbours = new Neighbours((slot) => articles[slot]!.document.id, {
    ...defaultNeighbours,
    textMin: 0,
  })
  articles.forEach(({ document }, slot) => {
    neighbours.add(slot, weigher.weigh(words[slot]!, 'en'), { publishedAtMs: document.publishedAtMs, language: 1 })
    neighbours.connect(slot, () => {})
  })
  const { user, system } = process.cpuUsage(started)
  const perSecond = Math.round(articles.length / ((user + system) / 1e6))
  return {
    perSecond,
    lists: articles.map((_, slot) => neighbours.pool(slot).neighbours.map((neighbour) => neighbour.slot)),
  }
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
