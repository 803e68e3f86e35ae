import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { isMainThread, Worker } from 'node:worker_threads'
import { generateArticles } from '../src/generate/generate-articles.ts'
import { indexThreadLimits } from '../src/related/index-client.ts'
import type { RelatedDocument } from '../src/related/related.ts'
import { RelatedIndex } from '../src/related/related-index.ts'
import { readSnapshot, writeSnapshot } from '../src/related/snapshot-file.ts'
import { lineChart } from './support/line-chart.ts'
import { machine } from './support/machine.ts'

/**
 * Claim: a publication into a million articles costs at most four times one into 50,000, and an article at most a
 * thousand bytes of memory.
 *
 * node benchmarks/scale.ts [--articles 1000000] [--chart FILE.svg] [--json]
 *
 * Articles are generated from a seed, a thousand a day, and published one by one in the order of time, in a thread with the
 * limits that the index has in a server: read, weighed, their neighbours found and they entered in the pools of others. At each
 * size, over the last two thousand: how long one took (processor time for the mean, wall time for the quantiles), what rails and
 * reasons for the readers add, how many postings and scores were looked at, and resident memory beyond what the process had
 * before, after a collection of garbage. In the end the index is saved, and loaded by a process that does nothing else.
 */
const { values } = parseArgs({
  options: {
    articles: { type: 'string', default: '1000000' },
    chart: { type: 'string' },
    json: { type: 'boolean', default: false },
    /** For the process that loads what was saved. */
    load: { type: 'string' },
  },
})
const most = Number(values.articles)
const sizes = [10_000, 50_000, 100_000, 250_000, 500_000, 1_000_000].filter((size) => size <= most)
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

interface Point {
  readonly articles: number
  readonly 'processor ms each': number
  readonly 'ms p50': number
  readonly 'ms p99': number
  readonly 'ms p50, rails and reasons too': number
  readonly 'rails changed by each': number
  readonly 'postings and scores each': number
  readonly 'bytes an article': number
}

const watched = 2000
const withRails = 200

if (isMainThread) new Worker(import.meta.filename, { argv: process.argv.slice(2), resourceLimits: indexThreadLimits })
else if (values.load !== undefined) loadAlone(values.load)
else measure()

function measure(): void {
  const memoryBefore = residentBytes()
  const index = new RelatedIndex()
  const points: Point[] = []
  let next = 0
  let published = 0
  let took: number[] = []
  let tookWithRails: number[] = []
  let rails = 0
  let work = 0
  let processor = process.cpuUsage()
  let processorMs = 0
  for (const generated of generateArticles({ articles: most, seed: 20_260_101 })) {
    const size = sizes[next]
    if (size === undefined) break
    const document = documentOf(generated)
    const isWatched = published >= size - watched - withRails
    const givesRails = published >= size - withRails
    if (published === size - watched - withRails) {
      took = []
      tookWithRails = []
      rails = 0
      work = index.workDone
    }
    const at = performance.now()
    if (isWatched && !givesRails) processor = process.cpuUsage()
    index.put(document)
    // The first two thousand are a bulk load: statistics of a handful of articles are of no use to anybody.
    if (published >= 2000) rails += index.settle({ givesRails }).rails.length
    if (givesRails) tookWithRails.push(performance.now() - at)
    else if (isWatched) {
      took.push(performance.now() - at)
      const { user, system } = process.cpuUsage(processor)
      processorMs += (user + system) / 1000
    }
    published++
    if (published === size - withRails) work = (index.workDone - work) / watched
    if (published !== size) continue
    points.push({
      articles: size,
      'processor ms each': round(processorMs / watched),
      'ms p50': round(quantile(took, 0.5)),
      'ms p99': round(quantile(took, 0.99)),
      'ms p50, rails and reasons too': round(quantile(tookWithRails, 0.5)),
      'rails changed by each': round(rails / withRails),
      'postings and scores each': Math.round(work),
      'bytes an article': Math.round((residentBytes() - memoryBefore) / size),
    })
    processorMs = 0
    next++
    if (!values.json) printPoint(points.at(-1)!)
  }
  const snapshot = measureSnapshot(index, published)
  if (values.json) process.stdout.write(`${JSON.stringify({ machine: machine(), points, snapshot })}\n`)
  else process.stdout.write(`snapshot: ${JSON.stringify(snapshot)}\n${machine()}\n`)
  if (values.chart !== undefined) writeFileSync(values.chart, chart(points))
}

function measureSnapshot(index: RelatedIndex, published: number) {
  const folder = mkdtempSync(join(tmpdir(), 'onward-scale-'))
  try {
    const file = join(folder, 'index')
    const startedAt = performance.now()
    const data = index.save()
    if (!data) throw new Error('The index is not settled.')
    writeSnapshot(file, data, { cursor: 0, articleId: null, options: '' })
    const savedAt = performance.now()
    const found = readSnapshot(file)
    if (!found) throw new Error('The snapshot cannot be read back.')
    const again = new RelatedIndex()
    again.restore(found.data)
    const loadedAt = performance.now()
    const isSame =
      JSON.stringify(again.ranking(`g${published - 5}`)) === JSON.stringify(index.ranking(`g${published - 5}`))
    const alone = execFileSync(process.execPath, [import.meta.filename, '--load', file], { encoding: 'utf8' })
    return {
      articles: again.size,
      'bytes an article, in a process that loads it': Math.round(Number(alone) / again.size),
      MB: Math.round(statSync(file).size / 1e6),
      'seconds to save': round((savedAt - startedAt) / 1000),
      'seconds to load': round((loadedAt - savedAt) / 1000),
      'gives the same rail': isSame,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function loadAlone(file: string): void {
  const before = residentBytes()
  const found = readSnapshot(file)
  if (!found) throw new Error('The snapshot cannot be read back.')
  const index = new RelatedIndex()
  index.restore(found.data)
  writeSync(1, String(residentBytes() - before))
  // Used afterwards, so that it is not collected before.
  if (index.size === 0) throw new Error('There is nothing in the snapshot.')
}

function documentOf(
  article: ReturnType<typeof generateArticles> extends Generator<infer T> ? T : never,
): RelatedDocument {
  const { id, title, body, section, tags, source, language, publishedAt } = article
  return {
    ...{ id, title, body, section, tags, source, language },
    standfirst: '',
    publishedAtMs: Date.parse(publishedAt),
    evolvedFrom: null,
  }
}

function residentBytes(): number {
  collectGarbage()
  collectGarbage()
  return process.memoryUsage().rss
}

function chart(all: readonly Point[]): string {
  const series = (name: keyof Point) => all.map((point) => ({ x: point.articles, y: point[name] }))
  return lineChart({
    title: 'A publication and an article, as the archive grows',
    xLabel: 'articles (a thousand a day)',
    panels: [
      { label: 'processor time of a publication, ms', points: series('processor ms each') },
      { label: 'resident memory an article, bytes', points: series('bytes an article') },
    ],
  })
}

function printPoint(point: Point): void {
  const lines = Object.entries(point).map(([name, figure]) => `  ${name.padEnd(36)} ${figure}\n`)
  // At once: what a thread writes to its standard output waits for the thread to have nothing to do.
  writeSync(1, `\n${point.articles.toLocaleString('en')} articles\n${lines.join('')}`)
}

function quantile(numbers: readonly number[], q: number): number {
  return numbers.toSorted((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * q))]!
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
