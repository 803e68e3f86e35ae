/**
 * The claim: onward finds better related articles than Lucene's MoreLikeThis (which most sites have behind their rail,
 * through Elasticsearch or OpenSearch), MiniSearch and SQLite's FTS5, and finds them faster.
 *
 *     node benchmarks/related-peers.ts [--data FOLDER] [--corpus reuters21578] [--corpus reuters21578:labelled] [--corpus bbc] [--peer NAME ...]
 *                                      [--budget 120] [--lucene-jars FOLDER] [--json]
 *
 * FOLDER defaults to `$ONWARD_DATA`. Every peer gets the same texts in the same order, in a process of its own on one core
 * (taskset), one after the other in one run. Lucene needs a JDK and its jars; as root on Debian they are installed, and
 * without them it is left out with the reason. Lucene's settings: EnglishAnalyzer, one field of title and body with term
 * vectors, in memory, BM25; MoreLikeThis with its defaults (a term twice in the article, in five articles at least) unless
 * the name says otherwise.
 *
 * - Quality is precision@5 by topic code (reuters21578) or section (bbc), asked of the articles that have one: of the first
 *   five related ones that have a label, the share that has one in common. `all places` counts what has no label, and a
 *   place that is empty, as a miss: a peer that gives nothing where it is unsure does well by the first and badly by the second.
 *   `onward is better by` settles it: onward (rules off) is asked for no more places than the peer has filled. In brackets
 *   the 95% bootstrap interval. `onward, rules off` is like for like: no floor, repeats and all. `onward, as served` is what
 *   readers get. `reuters21578:labelled` holds the articles with a topic code and no others.
 * - Speed is articles a second of processor time, to take each in and to ask for its related ones once. onward keeps the
 *   neighbours of all others true as well while it does; `all rails and reasons` is what its indexer does beyond that: it makes every
 *   rail that has changed, with a reason in words for each place, which no other peer gives. Where a peer is not done within the budget (seconds), the time of what
 *   was asked is taken for the rest, and its quality is of what was asked.
 * - A publication is one article added to all others, and its related ones, in milliseconds of wall time.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { drawRatios, type Interval, intervalOf, type Ratio, ratioOf, seededRandom } from '../src/evaluate/bootstrap.ts'
import { labelOverlapAt } from '../src/evaluate/metrics.ts'
import { type FoundLucene, provideLucene } from './peers/lucene.ts'
import type { PeerArticle, PeerFigures } from './peers/peer.ts'
import { machine } from './support/machine.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    corpus: { type: 'string', multiple: true, default: ['reuters21578', 'reuters21578:labelled', 'bbc'] },
    peer: { type: 'string', multiple: true },
    budget: { type: 'string', default: '120' },
    late: { type: 'string', default: '300' },
    'lucene-jars': { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
const data = values.data ?? process.env.ONWARD_DATA
if (!data) {
  process.stderr.write('Name the folder of the data: --data FOLDER, or ONWARD_DATA.\n')
  process.exit(1)
}
const budgetMs = Number(values.budget) * 1000
const late = Number(values.late)
const seed = 1
const rulesOff = 'onward, rules off'

type Labels = ReadonlyMap<string, readonly string[]>
/** The first five of each article that was asked about. */
type Lists = ReadonlyMap<string, readonly string[]>

interface PeerCommand {
  readonly name: string
  /** What is run, but for the four arguments that all have. */
  readonly command: readonly string[]
  /** Lucene's settings come after them. */
  readonly settings?: readonly string[]
  readonly texts: 'jsonl' | 'tsv'
}

interface PeerResult {
  readonly peer: string
  readonly version: string
  readonly asked: number
  readonly precision: Interval
  readonly precisionAllPlaces: Interval
  /** Null of the first, which the others are compared with. */
  readonly advantage: Interval | null
  readonly articlesPerCpuSecond: number
  readonly articlesPerSecond: number
  readonly publishP50Ms: number
  readonly publishP99Ms: number
  readonly peakMb: number
}

const folder = mkdtempSync(join(tmpdir(), 'onward-peers-'))
try {
  const lucene = provideLucene(folder, values['lucene-jars'])
  const wanted = peers(lucene).filter(({ name }) => values.peer === undefined || values.peer.includes(name))
  const skipped = lucene.reason === null ? [] : [`Lucene is left out: ${lucene.reason}.`]
  const corpora = values.corpus.map((corpus) => measureCorpus(corpus, wanted))
  const results = {
    machine: machine(),
    onCore: pinnedCore(),
    budgetSeconds: budgetMs / 1000,
    late,
    seed,
    skipped,
    corpora,
  }
  process.stdout.write(values.json ? `${JSON.stringify(results)}\n` : tables(results))
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function peers(lucene: FoundLucene): PeerCommand[] {
  // One core, and so one that does all, as for Java below: V8 would have four threads for the collection of garbage.
  const script = (file: string, ...more: string[]) => [
    process.execPath,
    '--v8-pool-size=1',
    join(import.meta.dirname, 'peers', file),
    ...more,
  ]
  // The garbage collector that takes least of one core, and no compiler threads beside it.
  const java = ['java', '-XX:+UseSerialGC', '-Xmx1g', '-cp', lucene.classPath ?? '', 'MoreLikeThisPeer']
  const moreLikeThis = (name: string, settings: readonly string[]): PeerCommand[] =>
    lucene.classPath === null ? [] : [{ name, command: java, settings, texts: 'tsv' }]
  return [
    { name: rulesOff, command: script('onward.ts', 'text'), texts: 'jsonl' },
    { name: 'onward, as served', command: script('onward.ts'), texts: 'jsonl' },
    { name: 'onward, all rails and reasons', command: script('onward.ts', 'rails'), texts: 'jsonl' },
    ...moreLikeThis('Lucene, 25 terms', ['25', '2', '5']),
    ...moreLikeThis('Lucene, 50 terms', ['50', '2', '5']),
    ...moreLikeThis('Lucene, 25 terms, any word', ['25', '1', '2']),
    { name: 'SQLite FTS5, 25 terms', command: script('sqlite-fts5.ts'), texts: 'jsonl' },
    { name: 'MiniSearch, 25 terms', command: script('minisearch.ts'), texts: 'jsonl' },
  ]
}

function measureCorpus(corpus: string, wanted: readonly PeerCommand[]) {
  const { articles, labels } = readCorpus(corpus)
  const files = { jsonl: join(folder, 'texts.jsonl'), tsv: join(folder, 'texts.tsv') }
  writeFileSync(files.jsonl, articles.map((article) => `${JSON.stringify(article)}\n`).join(''))
  const plain = (text: string) => text.replaceAll(/\s+/g, ' ')
  writeFileSync(files.tsv, articles.map(({ id, title, body }) => `${id}\t${plain(title)}\t${plain(body)}\n`).join(''))
  let onward: Lists | null = null
  const results = wanted.map((peer) => {
    process.stderr.write(`${corpus}: ${peer.name} ...\n`)
    const measured = measurePeer(peer, { texts: files[peer.texts], articles: articles.length, labels, onward })
    onward ??= peer.name === rulesOff ? measured.lists : null
    return measured.result
  })
  return { corpus, articles: articles.length, labelled: labels.size, results }
}

function measurePeer(
  { name, command, settings = [] }: PeerCommand,
  corpus: {
    readonly texts: string
    readonly articles: number
    readonly labels: Labels
    /** What onward gives with its rules off, to compare with; null when it was not asked. */
    readonly onward: Lists | null
  },
): { readonly result: PeerResult; readonly lists: Lists } {
  const listsFile = join(folder, 'lists.tsv')
  const [file = '', ...given] = [
    ...onOneCore(),
    ...command,
    corpus.texts,
    listsFile,
    String(budgetMs),
    String(late),
    ...settings,
  ]
  const said = execFileSync(file, given, { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', maxBuffer: 2 ** 26 })
  const figures = JSON.parse(said) as PeerFigures
  const lists = readLists(listsFile)
  const perSecond = (indexMs: number, queryMs: number) =>
    Math.round(corpus.articles / ((indexMs + (queryMs / figures.asked) * corpus.articles) / 1000))
  const result: PeerResult = {
    peer: name,
    version: figures.version,
    asked: figures.asked,
    ...precisionOf(lists, corpus.labels),
    advantage: corpus.onward === null ? null : advantage(corpus.onward, lists, corpus.labels),
    articlesPerCpuSecond: perSecond(figures.indexCpuMs, figures.queryCpuMs),
    articlesPerSecond: perSecond(figures.indexMs, figures.queryMs),
    publishP50Ms: quantile(figures.publishMs, 0.5),
    publishP99Ms: quantile(figures.publishMs, 0.99),
    peakMb: figures.peakMb,
  }
  return { result, lists }
}

function readLists(file: string): Lists {
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  return new Map(
    lines.map((line) => {
      const [id = '', list = ''] = line.split('\t')
      return [
        id,
        list
          .split(' ')
          .filter((other) => other !== '')
          .slice(0, 5),
      ] as const
    }),
  )
}

function precisionOf(lists: Lists, labels: Labels) {
  const overlaps = overlapsOf(lists, labels, (id) => lists.get(id)!)
  const numerators = Float64Array.from(overlaps, ({ sharing }) => sharing)
  const ofLabelled: Ratio = { numerators, denominators: Float64Array.from(overlaps, ({ labelled }) => labelled) }
  const ofAll: Ratio = { numerators, denominators: new Float64Array(overlaps.length).fill(5) }
  const [one, all] = drawRatios([ofLabelled, ofAll], seededRandom(seed))
  return {
    precision: intervalOf(ratioOf(ofLabelled), one!),
    precisionAllPlaces: intervalOf(ratioOf(ofAll), all!),
  }
}

/** How much better onward is, where it is asked for no more places than the peer has filled. */
function advantage(onward: Lists, peer: Lists, labels: Labels): Interval {
  const cut = (id: string) => (onward.get(id) ?? []).slice(0, peer.get(id)!.length)
  const ratios = [cut, (id: string) => peer.get(id)!].map((listOf): Ratio => {
    const overlaps = overlapsOf(peer, labels, listOf)
    return {
      numerators: Float64Array.from(overlaps, ({ sharing }) => sharing),
      denominators: Float64Array.from(overlaps, ({ labelled }) => labelled),
    }
  })
  const [ours, theirs] = drawRatios(ratios, seededRandom(seed))
  return intervalOf(
    ratioOf(ratios[0]!) - ratioOf(ratios[1]!),
    ours!.map((value, draw) => value - theirs![draw]!),
  )
}

function overlapsOf(asked: Lists, labels: Labels, listOf: (id: string) => readonly string[]) {
  return [...asked.keys()].flatMap((id) => {
    const own = labels.get(id)
    return own === undefined ? [] : [labelOverlapAt(5, listOf(id), own, (other) => labels.get(other) ?? [])]
  })
}

/** `NAME:labelled` is the articles of NAME that have a label, and no others. */
function readCorpus(corpus: string) {
  const [name = '', part] = corpus.split(':')
  const all = gunzipSync(readFileSync(join(data!, `${name}.jsonl.gz`)))
    .toString()
    .trim()
    .split('\n')
    .map(
      (line) =>
        JSON.parse(line) as { id: string; title: string; body: string; publishedAt?: string; labels?: string[] },
    )
  const rows = part === 'labelled' ? all.filter(({ labels: own }) => own && own.length > 0) : all
  const labels = new Map(rows.flatMap(({ id, labels: own }) => (own && own.length > 0 ? [[id, own] as const] : [])))
  const articles = rows.map(
    ({ id, title, body, publishedAt }): PeerArticle => ({
      id,
      title,
      body,
      publishedAtMs: publishedAt === undefined ? 0 : Date.parse(publishedAt),
    }),
  )
  return { articles: inAskingOrder(articles), labels }
}

/** Shuffled, so that a budget that runs out leaves a fair sample; the newest last, since those are published one by one. */
function inAskingOrder(articles: readonly PeerArticle[]): PeerArticle[] {
  const random = seededRandom(seed)
  const shuffled = articles.map((article) => ({ article, place: random() })).sort((a, b) => a.place - b.place)
  const mixed = shuffled.map(({ article }) => article)
  const newest = new Set(mixed.toSorted((a, b) => a.publishedAtMs - b.publishedAtMs).slice(-late))
  return [...mixed.filter((article) => !newest.has(article)), ...newest]
}

function onOneCore(): string[] {
  const core = pinnedCore()
  return core === null ? [] : ['taskset', '-c', String(core)]
}

/** The last core; null where a process cannot be kept on one. */
function pinnedCore(): number | null {
  const hasTaskset = spawnSync('taskset', ['--version'], { stdio: 'ignore' }).error === undefined
  return hasTaskset ? availableParallelism() - 1 : null
}

function quantile(numbers: readonly number[], q: number): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]! * 100) / 100
}

function tables(results: {
  readonly machine: string
  readonly onCore: number | null
  readonly skipped: readonly string[]
  readonly corpora: ReadonlyArray<ReturnType<typeof measureCorpus>>
}): string {
  const head = `${results.machine}; ${results.onCore === null ? 'not kept on one core (no taskset)' : 'each peer on one core'}\n`
  return [head, ...results.skipped.map((line) => `${line}\n`), ...results.corpora.map(table)].join('')
}

function table({ corpus, articles, labelled, results }: ReturnType<typeof measureCorpus>): string {
  const interval = ({ value, low, high }: Interval) => `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`
  const header = [
    '',
    'precision@5',
    'all places',
    'onward is better by',
    'articles/cpu s',
    'articles/s',
    'publish p50',
    'p99 ms',
    'peak MiB',
  ]
  const rows = results.map((one) => [
    one.asked < articles ? `${one.peer} (asked ${one.asked})` : one.peer,
    interval(one.precision),
    interval(one.precisionAllPlaces),
    one.advantage === null ? '' : interval(one.advantage),
    String(one.articlesPerCpuSecond),
    String(one.articlesPerSecond),
    one.publishP50Ms.toFixed(2),
    one.publishP99Ms.toFixed(2),
    String(one.peakMb),
  ])
  const widths = [41, 23, 23, 25, 16, 12, 13, 10, 10]
  const line = (cells: readonly string[]) =>
    cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[at]!))).join('')
  return `\n${corpus}: ${articles} articles, ${labelled} labelled\n${[header, ...rows].map(line).join('\n')}\n`
}
