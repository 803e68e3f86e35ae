import { appendFileSync, closeSync, openSync, statSync } from 'node:fs'
import { type App, openApp } from '../app.ts'
import { systemClock } from '../concurrency/clock.ts'
import { InvalidOptionError, problemText } from '../errors.ts'
import { waitUntilIndexed } from '../indexer/wait-until-indexed.ts'
import {
  follow,
  type IngestOptions,
  type IngestProgress,
  type IngestSummary,
  ingest,
  type Rejected,
} from '../ingest/ingest.ts'
import { Preparer } from '../ingest/preparer.ts'
import { putArticles } from '../ingest/publish-articles.ts'
import { resolveOption } from '../options.ts'
import { defaultStoreUrl, type IngestFlags } from './cli.ts'
import { openProgress, type Progress } from './progress.ts'
import { splitTables } from './table-sources.ts'

/**
 * Reads the sources into the store and waits for the rails; with `--every` goes on following the addresses and tables.
 *
 * When it fails or is stopped on the way, it says what is stored by then before it throws.
 *
 * @returns the exit code: 1 when a source could not be read, or the rejects not be written. Rejected records are told and
 *   do not count as failure.
 */
export async function ingestCommand(sources: string[], flags: IngestFlags, signal: AbortSignal): Promise<number> {
  const startedAt = performance.now()
  const { every } = flags
  const { names, tables } = await splitTables(sources, flags.mapping)
  const followed = names.filter((source) => /^https?:\/\//i.test(source)).length + tables.length
  if (every !== undefined && followed === 0) {
    throw new InvalidOptionError(
      '--every follows addresses (http or https) and tables of databases, and none was named. Files are read once.',
    )
  }
  await using stack = new AsyncDisposableStack()
  const rejects = stack.use(RejectsFile.open(flags.rejects, new Date(systemClock.now()).toISOString()))
  const store = resolveOption('store', flags.store) ?? defaultStoreUrl
  const app = flags.dryRun ? null : stack.use(await openApp({ store }, { loadsIndexAtStart: false }))
  const reading = stack.use(new FirstReading(app))
  const isDryRun = app === null
  let stored = 0
  let first: IngestSummary | null = null
  let isFirstRoundDone = false

  const options: IngestOptions = {
    async write(batch) {
      if (!app) throw new Error('A dry run writes nothing.')
      // Without the signal: a batch that was begun is stored (some 20 ms), so that what is told of a stop is true.
      const results = await putArticles(app.store, batch, { republish: flags.republish === true, clock: systemClock })
      stored += results.filter(({ seq }) => seq !== null).length
      return results
    },
    tables,
    preparer: app?.preparer ?? stack.use(new Preparer()),
    concurrency: flags.concurrency,
    dryRun: isDryRun,
    fetch: { allowPrivateAddresses: resolveOption('allowPrivateAddresses', flags.allowPrivateAddresses) },
    signal,
    onRejected: (rejected) => rejects.add(rejected),
    onProgress: (progress) => reading.update(progress),
  }

  async function onFirstRound(round: IngestSummary): Promise<void> {
    first = round
    reading[Symbol.dispose]()
    print(describe(round, isDryRun))
    report(round, rejects)
    if (app) {
      using progress = openProgress(process.stderr, 'rails', 'articles')
      await railsDone(app, progress, signal)
      print(`Rails are up to date, ${seconds(performance.now() - startedAt)} in all.`)
    }
    print(`Peak memory ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB.`)
    isFirstRoundDone = true
    if (every === undefined) return
    const what = tables.length === 0 ? ['address', 'addresses'] : ['source', 'sources']
    print(`Following ${followed} ${followed === 1 ? what[0] : what[1]} every ${seconds(every)}. Ctrl-C stops it.`)
  }

  async function onRound(round: IngestSummary): Promise<void> {
    if (!isFirstRoundDone) return await onFirstRound(round)
    print(`${new Date(systemClock.now()).toISOString()} ${describe(round, isDryRun)}`)
    report(round, rejects)
  }

  try {
    if (every === undefined) await onRound(await ingest(names, options))
    else await follow(names, { ...options, everyMs: every, signal, onRound })
    // Following ends without a word when it is stopped. So it should, but not in the middle of the first round.
    if (!isFirstRoundDone) signal.throwIfAborted()
  } catch (error) {
    reading[Symbol.dispose]()
    rejects.report()
    if (stored > 0) complain(`${inWords(stored)} stored before it stopped; the same command goes on from there.`)
    else if (first !== null && !isFirstRoundDone) complain('The same command goes on with the rails.')
    throw error
  }
  return summaryFailed(first) || rejects.failure !== null ? 1 : 0
}

/**
 * The reading of the first round: its progress is shown, and no rail is worked out while articles still come in, so that
 * a bulk load fixes its term statistics once, for all of them.
 */
class FirstReading implements Disposable {
  readonly #release: () => void
  #progress: Progress | null = openProgress(process.stderr, 'reading', 'articles')

  constructor(app: App | null) {
    this.#release = app?.indexer.holdBack() ?? (() => {})
  }

  update({ records, bytesRead, bytesTotal, rowsTotal }: IngestProgress): void {
    const [done, total] = rowsTotal === null ? [bytesRead, bytesTotal] : [records, rowsTotal]
    this.#progress?.update({ count: records, share: total ? Math.min(1, done / total) : null })
  }

  /** Ends it; a second time does nothing. */
  [Symbol.dispose](): void {
    this.#progress?.[Symbol.dispose]()
    this.#progress = null
    this.#release()
  }
}

function summaryFailed(summary: IngestSummary | null): boolean {
  return summary !== null && summary.failed.length > 0
}

function report(round: IngestSummary, rejects: RejectsFile): void {
  rejects.report()
  for (const { message } of round.failed) complain(message)
  for (const note of round.notes) complain(note)
}

async function railsDone(app: App, progress: Progress, signal: AbortSignal): Promise<void> {
  await waitUntilIndexed(app.store, {
    clock: systemClock,
    signal,
    onProgress: ({ rails, articles }) =>
      progress.update({ count: rails, share: articles.visible === 0 ? null : Math.min(1, rails / articles.visible) }),
  })
}

function describe(summary: IngestSummary, dryRun: boolean): string {
  const { records, sources, rejected, outcomes, accepted, tookMs, notModified } = summary
  const parts = dryRun
    ? [`${accepted} fit to be stored`]
    : [
        `${outcomes.created} new`,
        `${outcomes.updated} changed`,
        `${outcomes.unchanged} unchanged`,
        ...(outcomes.withdrawn > 0 ? [`${outcomes.withdrawn} taken down`] : []),
        ...(outcomes.tombstoned > 0
          ? [`${outcomes.tombstoned} left alone, since they were taken down (--republish brings them back)`]
          : []),
        ...(outcomes.outdated > 0 ? [`${outcomes.outdated} older than what is stored`] : []),
      ]
  const from = `${sources} ${sources === 1 ? 'source' : 'sources'}${notModified > 0 ? `, ${notModified} of them not modified` : ''}`
  const rate = Math.round(records / Math.max(0.001, tookMs / 1000))
  return `${records} records from ${from}: ${parts.join(', ')}, ${rejected} rejected; ${seconds(tookMs)}, ${rate} a second.`
}

/**
 * Rejected records as JSON Lines, each with the time of its run.
 *
 * Written synchronously, a few lines at a time: nothing else waits on this thread, and a slow disk then slows the reading
 * and not the memory grow. Once a write has failed, records are only counted.
 */
class RejectsFile implements Disposable {
  /** Why it cannot be written, as a sentence. */
  failure: string | null = null
  readonly #path: string
  readonly #run: string
  readonly #isNamed: boolean
  #file: number | null = null
  #lines: string[] = []
  #count = 0
  #first: Rejected[] = []

  private constructor(path: string, run: string, isNamed: boolean) {
    this.#path = path
    this.#run = run
    this.#isNamed = isNamed
  }

  /**
   * A file that was named is made anew, at once. The default one is added to, with the first record: nobody asked for it,
   * so that what an earlier run wrote there is not this one's to delete.
   *
   * @throws InvalidOptionError when the file that was named cannot be written
   */
  static open(named: string | undefined, run: string): RejectsFile {
    const rejects = new RejectsFile(named ?? defaultRejectsFile, run, named !== undefined)
    if (named === undefined) return rejects
    // Opening a pipe would wait for its reader, and nothing could call that off.
    if (statSync(named, { throwIfNoEntry: false })?.isFIFO()) {
      throw new InvalidOptionError(`--rejects names ${named}, which is a pipe; name a file.`)
    }
    try {
      rejects.#file = openSync(named, 'w')
    } catch (error) {
      throw new InvalidOptionError(unwritable(named, error))
    }
    return rejects
  }

  add(rejected: Rejected): void {
    this.#count++
    if (this.#first.length < shownRejects) this.#first.push(rejected)
    if (this.failure !== null) return
    const { problems, ...rest } = rejected
    this.#lines.push(`${JSON.stringify({ run: this.#run, ...rest, reasons: problems.map(problemText) })}\n`)
    if (this.#lines.length >= linesPerWrite) this.#write()
  }

  /** Says what was rejected since the last report. */
  report(): void {
    this.#write()
    for (const { source, line, item, id, problems } of this.#first) {
      const place = line !== null ? `line ${line}` : item !== null ? `item ${item}` : `row ${id}`
      complain(`${source}, ${place}: ${problems.map(problemText).join('; ')}`)
    }
    const more = this.#count - this.#first.length
    if (more > 0) complain(`... and ${more} more.`)
    if (this.#count > 0) complain(this.failure ?? this.#whereTheyAre())
    this.#count = 0
    this.#first = []
  }

  [Symbol.dispose](): void {
    this.#write()
    if (this.#file !== null) closeSync(this.#file)
    this.#file = null
  }

  #whereTheyAre(): string {
    if (this.#isNamed) return `All rejected records with their reasons are in ${this.#path}.`
    return `All rejected records with their reasons were added to ${this.#path}; those of this run say "run":"${this.#run}".`
  }

  #write(): void {
    if (this.#lines.length === 0) return
    try {
      this.#file ??= openSync(this.#path, 'a')
      appendFileSync(this.#file, this.#lines.join(''))
    } catch (error) {
      this.failure = unwritable(this.#path, error)
    }
    this.#lines = []
  }
}

function unwritable(path: string, error: unknown): string {
  const why = error instanceof Error ? error.message : String(error)
  return `The rejects file ${path} cannot be written: ${why}. Name another with --rejects FILE.`
}

/** `1 article was`, `3,750 articles were`. */
function inWords(articles: number): string {
  return articles === 1 ? '1 article was' : `${articles.toLocaleString('en')} articles were`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

function complain(text: string): void {
  process.stderr.write(`${text}\n`)
}

const defaultRejectsFile = 'onward-rejects.jsonl'
const shownRejects = 5
const linesPerWrite = 100
