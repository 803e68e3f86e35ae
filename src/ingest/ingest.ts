import type { PreparedArticle } from '../article/article.ts'
import { type Clock, pause, systemClock } from '../concurrency/clock.ts'
import type { Problem, SourceError } from '../errors.ts'
import type { PutOutcome, PutResult } from '../store/store.ts'
import { FeedFetcher, FetchError, type FetchOptions, type Validators } from './fetch-feed.ts'
import { noOutcomes } from './no-outcomes.ts'
import type { RawEntry } from './prepare-entry.ts'
import type { PrepareResult } from './prepare-record.ts'
import type { Preparer } from './preparer.ts'
import { findSources, type ReadLimits, readParts, readSource, type Source, type SourcePart } from './read-files.ts'
import type { TableReader } from './tables/read-table.ts'

/**
 * Reads files, folders, addresses and standard input (`-`), and tables, and writes their articles.
 *
 * Reading, preparing and writing overlap, and each waits for the next when that is slower. What is wrong with a record
 * rejects that record; what is wrong with a source fails that source; neither stops the rest. Records of one source are
 * written in their order.
 *
 * @throws what `write` throws, at once: a store that is gone would fail every batch; and the reason of `signal`
 */
export async function ingest(names: readonly string[], options: IngestOptions): Promise<IngestSummary> {
  await using fetcher = new FeedFetcher({ ...options.fetch, ...(options.clock ? { clock: options.clock } : {}) })
  return await ingestWith(fetcher, names, options, new Map())
}

/**
 * Keeps reading addresses and tables every `everyMs` milliseconds, until `signal` aborts; gives nothing then and does not throw.
 *
 * Of a table only what has changed is read, and a row that is rejected again and again is told once. Requests are conditional, so that a feed that has not changed costs a 304. Each wait is longer or shorter by up to a
 * tenth, so that many followers do not come at once, and never shorter than what a server asked for with Retry-After.
 * The first round reads files too.
 *
 * @throws what `write` or `onRound` throws
 */
export async function follow(names: readonly string[], options: FollowOptions): Promise<void> {
  const clock = options.clock ?? systemClock
  const { signal } = options
  const random = options.random ?? Math.random
  const validators = new Map<string, Validators>()
  const notBefore = new Map<string, number>()
  await using fetcher = new FeedFetcher({ ...options.fetch, clock })
  const { tables = [] } = options
  const rejects = new RepeatedRejects(tables.map(({ name }) => name))
  let due = names
  while (!signal.aborted) {
    try {
      const round = { ...options, onRejected: rejects.round(options.onRejected) }
      const summary = await ingestWith(fetcher, due, round, validators)
      for (const { error } of summary.failed) {
        if (!(error instanceof FetchError) || error.retryAfterMs === undefined) continue
        notBefore.set(error.source, clock.monotonicMs() + Math.min(error.retryAfterMs, retryAfterMaxMs))
      }
      await options.onRound?.(summary)
    } catch (error) {
      if (signal.aborted) return
      throw error
    }
    do {
      await pauseUnlessAborted(options.everyMs * (0.9 + 0.2 * random()), clock, signal)
      due = names.filter((name) => /^https?:\/\//i.test(name) && (notBefore.get(name) ?? 0) <= clock.monotonicMs())
    } while (due.length + tables.length === 0 && !signal.aborted)
  }
}

/**
 * The articles in sources, in order, checked and as a store would be handed them: for what works without a store.
 *
 * @throws SourceError at the first source that cannot be read, unless `onFailed` takes it; the reason of `signal`
 */
export async function* readArticles(
  names: string | readonly string[],
  options: ReadArticlesOptions,
): AsyncGenerator<PreparedArticle> {
  await using fetcher = new FeedFetcher({ ...options.fetch, ...(options.clock ? { clock: options.clock } : {}) })
  const { sources, failed } = await findSources(typeof names === 'string' ? [names] : names)
  const fail = (error: SourceError) => {
    if (!options.onFailed) throw error
    options.onFailed(error)
  }
  failed.forEach(fail)
  for (const source of sources) {
    try {
      const parts = partsOf(source, { fetcher, options, validators: new Map(), onBytes: () => {}, onNote: () => {} })
      // The next part is prepared while the caller works on this one.
      for await (const { results } of ahead(parts, (part) => prepare(part, source, options), partsAhead)) {
        for (const { result, line, item } of results) {
          if (result.ok) yield result.prepared
          else options.onRejected?.(rejection(source, result, { line, item }))
        }
      }
    } catch (error) {
      if (!isSourceError(error)) throw error
      fail(error)
    }
  }
}

/** What reading needs, whoever takes the articles. */
export interface ReadOptions {
  readonly preparer: Preparer
  /** Called for each record that is not taken, in the order of its source. */
  readonly onRejected?: ((rejected: Rejected) => void) | undefined
  readonly signal?: AbortSignal | undefined
  readonly fetch?: FetchOptions | undefined
  readonly limits?: ReadLimits | undefined
  readonly clock?: Clock | undefined
}

export interface ReadArticlesOptions extends ReadOptions {
  readonly onFailed?: ((error: SourceError) => void) | undefined
}

export interface IngestOptions extends ReadOptions {
  /** Called with one batch of a source at a time. */
  readonly write: (batch: PreparedArticle[]) => Promise<PutResult[]>
  /** Tables of content systems, besides what is named. */
  readonly tables?: readonly TableReader[] | undefined
  /** How many sources are read at once; default 4. */
  readonly concurrency?: number | undefined
  /** The most articles that are written at once; default 250. */
  readonly batchSize?: number | undefined
  /** Called after each batch. */
  readonly onProgress?: ((progress: IngestProgress) => void) | undefined
  /** Called once for each source when it is done or has failed. */
  readonly onSource?: ((report: SourceReport) => void) | undefined
  /** True: everything is read and checked, nothing is written. */
  readonly dryRun?: boolean | undefined
}

export interface FollowOptions extends IngestOptions {
  readonly everyMs: number
  readonly signal: AbortSignal
  /** Called after each round, which it may hold the next one up for; what it throws ends the following. */
  readonly onRound?: ((summary: IngestSummary) => void | Promise<void>) | undefined
  /** 0 to 1, for the jitter; default `Math.random`. */
  readonly random?: (() => number) | undefined
}

export interface Rejected {
  readonly source: string
  /** The line in JSON Lines, from 1; null for a document or a table. */
  readonly line: number | null
  /** The place in a document, from 1; null for JSON Lines and for a table, whose rows are told by their ids. */
  readonly item: number | null
  /** As it came, where there was one. */
  readonly id?: string
  readonly problems: readonly Problem[]
}

export interface IngestProgress {
  readonly sourcesDone: number
  readonly sourcesTotal: number
  /** Records read so far, those that were rejected among them. */
  readonly records: number
  readonly rejected: number
  /** As they lie on the disk, and so the same unit as `bytesTotal`. */
  readonly bytesRead: number
  /** Null when a source does not say how large it is (standard input, an address). */
  readonly bytesTotal: number | null
  /** How many rows there are to read; null when other sources than tables are read, or a table does not say. */
  readonly rowsTotal: number | null
  readonly tookMs: number
}

export interface SourceReport {
  readonly source: string
  /** In words: `JSON Lines`, `RSS`, `NewsML-G2` ...; null when it failed before that was known. */
  readonly format: string | null
  readonly records: number
  readonly rejected: number
  readonly state: 'read' | 'not-modified' | 'failed'
  readonly error?: SourceError
}

export interface IngestSummary {
  readonly sources: number
  readonly failed: ReadonlyArray<{ readonly source: string; readonly message: string; readonly error: SourceError }>
  /** Addresses that answered 304. */
  readonly notModified: number
  /** `accepted` and `rejected` together. */
  readonly records: number
  readonly accepted: number
  readonly rejected: number
  /** What became of those that were accepted; all 0 in a dry run. */
  readonly outcomes: Readonly<Record<PutOutcome, number>>
  readonly bytesRead: number
  readonly tookMs: number
  /** What an operator should know and is no failure, such as a redirect from https to http. */
  readonly notes: readonly string[]
}

async function ingestWith(
  fetcher: FeedFetcher,
  names: readonly string[],
  options: IngestOptions,
  validators: Map<string, Validators>,
): Promise<IngestSummary> {
  const { signal, clock = systemClock, batchSize = 250 } = options
  signal?.throwIfAborted()
  const startedAt = clock.monotonicMs()
  const named = await findSources(names)
  const tables = new Map((options.tables ?? []).map((table) => [table.name, table]))
  const found = { ...named, sources: [...named.sources, ...[...tables.keys()].map(tableSource)] }
  const tally = new Tally(found.sources, () => clock.monotonicMs() - startedAt)
  const failed = (
    source: string,
    error: SourceError,
    format: string | null,
    counts: { records: number; rejected: number },
  ) => {
    tally.failed.push({ source, message: error.message, error })
    options.onSource?.({ source, format, ...counts, state: 'failed', error })
  }
  for (const error of found.failed) failed(error.source, error, null, { records: 0, rejected: 0 })

  // One that fails for good (the store is gone) stops the others, which would go on to write.
  const stop = new AbortController()
  const onAbort = () => stop.abort(signal?.reason)
  if (signal?.aborted) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  const reading: IngestOptions = { ...options, signal: stop.signal }

  async function ingestSource(source: Source): Promise<void> {
    const counts = { records: 0, rejected: 0 }
    let format: string | null = null
    let modified = true
    try {
      const parts = partsOf(source, {
        fetcher,
        options: reading,
        validators,
        onBytes: (bytes) => tally.addBytes(bytes),
        onNote: (note) => tally.notes.push(note),
        onRows: (rows) => tally.addRows(source.name, rows),
        table: tables.get(source.name),
        onNotModified: () => {
          modified = false
        },
      })
      for await (const prepared of ahead(parts, (part) => prepare(part, source, reading), partsAhead)) {
        format = prepared.format
        const accepted: PreparedArticle[] = []
        for (const { result, line, item } of prepared.results) {
          counts.records += 1
          if (result.ok) accepted.push(result.prepared)
          else {
            counts.rejected += 1
            options.onRejected?.(rejection(source, result, { line, item }))
          }
        }
        tally.count(prepared.results.length, accepted.length)
        for (let at = 0; at < accepted.length && !options.dryRun; at += batchSize) {
          tally.add(await options.write(accepted.slice(at, at + batchSize)))
          stop.signal.throwIfAborted()
        }
        options.onProgress?.(tally.progress())
      }
      if (!modified) tally.notModified += 1
      options.onSource?.({ source: source.name, format, ...counts, state: modified ? 'read' : 'not-modified' })
    } catch (error) {
      if (stop.signal.aborted || !isSourceError(error)) throw error
      // What was read of it stays: a feed that broke off in the middle gave its first articles. But the next round must see
      // it again, and not be told that nothing has changed.
      if (!(error instanceof FetchError)) validators.delete(source.name)
      failed(source.name, error, format, counts)
    }
    tally.sourcesDone += 1
    options.onProgress?.(tally.progress())
  }

  const queue = found.sources.values()
  const worker = async () => {
    for (const source of queue) await ingestSource(source)
  }
  try {
    const workers = Array.from({ length: Math.max(1, options.concurrency ?? 4) }, () =>
      worker().catch((error: unknown) => {
        stop.abort(error)
        throw error
      }),
    )
    // All are waited for, so that nothing is written after this has thrown; the first failure is the reason of the others.
    await Promise.allSettled(workers)
    if (stop.signal.aborted) throw stop.signal.reason
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
  return tally.summary()
}

interface PreparedPart {
  readonly format: string
  readonly results: ReadonlyArray<{
    readonly result: PrepareResult
    readonly line: number | null
    readonly item: number | null
  }>
}

type FetchedPart =
  | (SourcePart & { readonly contentType?: string | undefined; readonly url?: string | undefined })
  | { readonly kind: 'rows'; readonly entries: readonly RawEntry[] }

async function* partsOf(
  source: Source,
  context: {
    fetcher: FeedFetcher
    options: ReadOptions
    validators: Map<string, Validators>
    onBytes: (bytes: number) => void
    onNote: (note: string) => void
    onNotModified?: () => void
    table?: TableReader | undefined
    onRows?: (rows: number) => void
  },
): AsyncGenerator<FetchedPart> {
  const { fetcher, options, validators, onBytes, table, onRows } = context
  const { limits, signal } = options
  if (table) {
    for await (const entries of table.read({ signal, onRows })) yield { kind: 'rows', entries }
    return
  }
  if (source.kind !== 'url') {
    yield* readSource(source, { ...limits, onBytes, signal })
    return
  }
  const fetched = await fetcher.fetch(source.name, { validators: validators.get(source.name), signal })
  for (const note of fetched.notes) context.onNote(note)
  if (fetched.state === 'not-modified') {
    context.onNotModified?.()
    return
  }
  const { bytes, contentType, url } = fetched
  for await (const part of readParts(once(bytes), source.name, { ...limits, onBytes }))
    yield { ...part, contentType, url }
  // Only now: had it failed on the way, the next round would be told that nothing has changed.
  validators.set(source.name, fetched.validators)
}

async function prepare(part: FetchedPart, source: Source, { preparer, signal }: ReadOptions): Promise<PreparedPart> {
  if (part.kind === 'document') {
    const { contentType, url } = part
    const document = await preparer.prepareDocument(part.bytes, { source: source.name, contentType, url, signal })
    return {
      format: document.format,
      results: document.results.map((result, index) => ({ result, line: null, item: index + 1 })),
    }
  }
  if (part.kind === 'rows') {
    const prepared = await preparer.prepareEntries(part.entries, { signal })
    return { format: 'table', results: prepared.map((result) => ({ result, line: null, item: null })) }
  }
  const results = await preparer.prepareLines(
    part.lines.map(({ text }) => text),
    { signal },
  )
  const read = part.lines.map(({ line }, index) => ({ result: results[index] ?? lost, line, item: null }))
  const skipped = part.skipped.map(({ line, message }) => ({
    result: { ok: false as const, problems: [{ path: '', message }] },
    line,
    item: null,
  }))
  return { format: 'JSON Lines', results: [...read, ...skipped].toSorted((a, b) => a.line - b.line) }
}

const lost: PrepareResult = { ok: false, problems: [{ path: '', message: 'was lost on its way' }] }

/**
 * What `work` makes of each item, in order, with up to `count` items worked on before they are asked for.
 *
 * After a failure, or when the consumer leaves, no more is read; what is under way is waited for.
 */
async function* ahead<Item, Result>(
  items: AsyncIterable<Item>,
  work: (item: Item) => Promise<Result>,
  count: number,
): AsyncGenerator<Result> {
  const started: Array<Promise<Result>> = []
  try {
    for await (const item of items) {
      const result = work(item)
      // Its failure is heard of when its turn comes.
      result.catch(() => {})
      started.push(result)
      if (started.length > count) yield await takeFirst(started)
    }
    while (started.length > 0) yield await takeFirst(started)
  } catch (error) {
    // The results before the item that failed to be read are still good.
    while (started.length > 0) yield await takeFirst(started)
    throw error
  } finally {
    await Promise.allSettled(started)
  }
}

function takeFirst<Result>(started: Array<Promise<Result>>): Promise<Result> {
  const first = started.shift()
  if (first === undefined) throw new Error('Nothing was started.')
  return first
}

// One is being prepared and one waits, while a third is read: more would only hold memory.
const partsAhead = 2
// A server that asks for a day is asked again before that: it may have been a mistake.
const retryAfterMaxMs = 6 * 60 * 60_000

class Tally {
  readonly failed: Array<IngestSummary['failed'][number]> = []
  readonly notes: string[] = []
  readonly #sources: readonly Source[]
  readonly #tookMs: () => number
  readonly #outcomes = noOutcomes()
  readonly #rows = new Map<string, number>()
  #records = 0
  #accepted = 0
  #bytesRead = 0
  sourcesDone = 0
  notModified = 0

  constructor(sources: readonly Source[], tookMs: () => number) {
    this.#sources = sources
    this.#tookMs = tookMs
  }

  addBytes(bytes: number): void {
    this.#bytesRead += bytes
  }

  addRows(table: string, rows: number): void {
    this.#rows.set(table, rows)
  }

  count(records: number, accepted: number): void {
    this.#records += records
    this.#accepted += accepted
  }

  add(results: readonly PutResult[]): void {
    for (const { outcome } of results) this.#outcomes[outcome] += 1
  }

  progress(): IngestProgress {
    const sizes = this.#sources.map(({ bytes }) => bytes)
    return {
      sourcesDone: this.sourcesDone,
      sourcesTotal: this.#sources.length,
      records: this.#records,
      rejected: this.#records - this.#accepted,
      bytesRead: this.#bytesRead,
      bytesTotal: sizes.includes(null) ? null : sizes.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0),
      rowsTotal:
        this.#rows.size < this.#sources.length ? null : this.#rows.values().reduce((sum, rows) => sum + rows, 0),
      tookMs: this.#tookMs(),
    }
  }

  summary(): IngestSummary {
    return {
      sources:
        this.#sources.length +
        this.failed.filter(({ source }) => !this.#sources.some(({ name }) => name === source)).length,
      failed: this.failed,
      notModified: this.notModified,
      records: this.#records,
      accepted: this.#accepted,
      rejected: this.#records - this.#accepted,
      outcomes: this.#outcomes,
      bytesRead: this.#bytesRead,
      tookMs: this.#tookMs(),
      notes: this.notes,
    }
  }
}

function rejection(
  source: Source,
  result: Extract<PrepareResult, { ok: false }>,
  place: { line: number | null; item: number | null },
): Rejected {
  return {
    source: source.name,
    ...place,
    ...(result.id === undefined ? {} : { id: result.id }),
    problems: result.problems,
  }
}

function tableSource(name: string): Source {
  return { name, kind: 'table', bytes: null }
}

/** What was rejected in the last round is not told again in the next: of tables the latest rows are read every time. */
class RepeatedRejects {
  readonly #tables: ReadonlySet<string>
  #known: ReadonlySet<string> = new Set()

  constructor(tables: readonly string[]) {
    this.#tables = new Set(tables)
  }

  /** For one round: what is new is handed on. */
  round(onRejected: IngestOptions['onRejected']): NonNullable<IngestOptions['onRejected']> {
    const last = this.#known
    const seen = new Set<string>()
    this.#known = seen
    return (rejected) => {
      const key = JSON.stringify([rejected.source, rejected.id, rejected.problems])
      if (this.#tables.has(rejected.source)) {
        if (seen.size < rejectsKnownMax) seen.add(key)
        if (last.has(key)) return
      }
      onRejected?.(rejected)
    }
  }
}

const rejectsKnownMax = 10_000

function isSourceError(error: unknown): error is SourceError {
  return error instanceof Error && 'code' in error && error.code === 'SOURCE_UNREADABLE'
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function pauseUnlessAborted(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  // A clock's timer never keeps the process alive, and following is what this process is for.
  const alive = setInterval(() => {}, 2 ** 30)
  try {
    await pause(clock, ms, signal)
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    clearInterval(alive)
  }
}
