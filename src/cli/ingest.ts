import { open } from 'node:fs/promises'
import { type App, openApp } from '../app.ts'
import { systemClock } from '../concurrency/clock.ts'
import { problemText, SourceError } from '../errors.ts'
import { waitUntilIndexed } from '../indexer/wait-until-indexed.ts'
import { follow, type IngestOptions, type IngestSummary, ingest, type Rejected } from '../ingest/ingest.ts'
import { Preparer } from '../ingest/preparer.ts'
import { putArticles } from '../ingest/publish-articles.ts'
import { resolveOption } from '../options.ts'
import { defaultStoreUrl, type IngestFlags } from './cli.ts'
import { openProgress, type Progress } from './progress.ts'

/**
 * Reads the sources into the store and waits for the rails; with `--every` goes on following the addresses.
 *
 * @returns the exit code: 1 when a source could not be read. Rejected records are told and do not count as failure.
 */
export async function ingestCommand(sources: string[], flags: IngestFlags, signal: AbortSignal): Promise<number> {
  const startedAt = performance.now()
  await using stack = new AsyncDisposableStack()
  const store = resolveOption('store', flags.store) ?? defaultStoreUrl
  const app = flags.dryRun ? null : stack.use(await openApp({ store }, { loadsIndexAtStart: false }))
  const rejects = stack.use(new RejectsFile(flags.rejects ?? defaultRejectsFile))
  const allowPrivateAddresses = resolveOption('allowPrivateAddresses', flags.allowPrivateAddresses)

  const options: IngestOptions = {
    write: (batch) => writeTo(app, batch, { republish: flags.republish === true, signal }),
    preparer: app?.preparer ?? stack.use(new Preparer()),
    concurrency: flags.concurrency,
    dryRun: flags.dryRun === true,
    fetch: { allowPrivateAddresses },
    signal,
    onRejected: (rejected) => rejects.add(rejected),
  }

  const summary = await readOnce(sources, options, app)
  await rejects.flush()
  print(describe(summary, flags.dryRun === true))
  await reportRejects(rejects, summary)
  for (const { message } of summary.failed) complain(message)
  for (const note of summary.notes) complain(note)
  if (app) {
    using progress = openProgress(process.stderr, 'rails', 'articles')
    await railsDone(app, progress, signal)
    print(`Rails are up to date, ${seconds(performance.now() - startedAt)} in all.`)
  }
  print(`Peak memory ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB.`)
  if (flags.every !== undefined) {
    await followAddresses(sources, flags.every, options, signal)
    await rejects.flush()
  }
  return summary.failed.length > 0 ? 1 : 0
}

/** Nothing is worked out while articles still come in: a bulk load fixes its term statistics once, for all of them. */
async function readOnce(sources: readonly string[], options: IngestOptions, app: App | null): Promise<IngestSummary> {
  const release = app?.indexer.holdBack() ?? (() => {})
  using progress = openProgress(process.stderr, 'reading', 'articles')
  try {
    return await ingest(sources, {
      ...options,
      onProgress: ({ records, bytesRead, bytesTotal }) =>
        progress.update({ count: records, share: bytesTotal ? Math.min(1, bytesRead / bytesTotal) : null }),
    })
  } finally {
    release()
  }
}

async function followAddresses(
  sources: readonly string[],
  everyMs: number,
  options: IngestOptions,
  signal: AbortSignal,
): Promise<void> {
  const addresses = sources.filter((source) => /^https?:\/\//i.test(source))
  if (addresses.length === 0) {
    throw new SourceError(
      sources.join(' '),
      '--every follows addresses (http or https), and none was named. Files are read once.',
    )
  }
  print(
    `Following ${addresses.length} ${addresses.length === 1 ? 'address' : 'addresses'} every ${seconds(everyMs)}. Ctrl-C stops it.`,
  )
  await follow(addresses, {
    ...options,
    everyMs,
    signal,
    onRound(round) {
      print(`${new Date(systemClock.now()).toISOString()} ${describe(round, options.dryRun === true)}`)
      for (const { message } of round.failed) complain(message)
    },
  })
}

function writeTo(
  app: App | null,
  batch: Parameters<IngestOptions['write']>[0],
  options: { republish: boolean; signal: AbortSignal },
) {
  if (!app) throw new Error('A dry run writes nothing.')
  return putArticles(app.store, batch, { ...options, clock: systemClock })
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

async function reportRejects(rejects: RejectsFile, summary: IngestSummary): Promise<void> {
  if (summary.rejected === 0) return
  for (const { source, line, item, problems } of rejects.first) {
    const place = line === null ? `item ${item}` : `line ${line}`
    complain(`${source}, ${place}: ${problems.map(problemText).join('; ')}`)
  }
  const more = summary.rejected - rejects.first.length
  complain(`${more > 0 ? `... and ${more} more. ` : ''}All rejected records with their reasons are in ${rejects.path}.`)
}

/** Rejected records as JSON Lines; the file is made, or made anew, with the first of them. */
class RejectsFile implements AsyncDisposable {
  readonly path: string
  readonly first: Rejected[] = []
  #file: ReturnType<typeof open> | null = null
  #waiting: string[] = []
  #writing: Promise<void> = Promise.resolve()
  #failure: unknown = null

  constructor(path: string) {
    this.path = path
  }

  add(rejected: Rejected): void {
    if (this.first.length < shownRejects) this.first.push(rejected)
    const { problems, ...rest } = rejected
    this.#waiting.push(`${JSON.stringify({ ...rest, reasons: problems.map(problemText) })}\n`)
    if (this.#waiting.length > 1) return
    this.#writing = this.#writing
      .then(() => this.#write())
      .catch((error: unknown) => {
        this.#failure ??= error
      })
  }

  /** @throws SourceError when the file could not be written */
  async flush(): Promise<void> {
    await this.#writing
    if (this.#failure === null) return
    const why = this.#failure instanceof Error ? this.#failure.message : String(this.#failure)
    throw new SourceError(
      this.path,
      `The rejects file ${this.path} cannot be written: ${why}. Name another with --rejects FILE.`,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const file = await this.#file
    await file?.close()
  }

  async #write(): Promise<void> {
    this.#file ??= open(this.path, 'w')
    const file = await this.#file
    const lines = this.#waiting.splice(0)
    await file.appendFile(lines.join(''))
  }
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
