import type { Clock } from '../concurrency/clock.ts'
import { systemClock } from '../concurrency/clock.ts'
import { siblingModule, Thread, ThreadClosedError } from '../concurrency/thread.ts'
import { DeadlineExceededError, OnwardError, OverloadedError, SourceError } from '../errors.ts'
import type { DocumentItem, ParsedDocument, UnreadableDocument } from './feed-record.ts'
import type { RawEntry } from './prepare-entry.ts'
import type { PrepareResult, RawLine, RawRecord } from './prepare-record.ts'
import type { PrepareAnswer, PrepareRequest, PrepareThreadData } from './prepare-thread.ts'

/**
 * Checks, sanitises and fingerprints records, and reads documents, in threads of its own: nothing that comes in from
 * outside is parsed on the main thread, where it would hold up readers.
 *
 * - A record that takes longer than `deadlineMs` is killed with its thread and rejected, and so is one that the thread
 *   dies of; the rest of its batch goes on in a new thread.
 * - A batch has `batchBudgetMs`; what is left of it then is rejected with the reason.
 * - An asker who leaves is let go at once, and what was asked for ends within a quarter of a second.
 * - Batches and documents run in the order in which they were asked for. Single records have a thread of their own, so
 *   that no bulk and no feed holds up an editor. Each thread starts with its first job.
 */
export class Preparer implements AsyncDisposable {
  readonly #batches: Lane
  readonly #single: Lane
  readonly #deadlineMs: number
  readonly #batchBudgetMs: number
  readonly #clock: Clock

  constructor(options: PreparerOptions = {}) {
    this.#deadlineMs = options.deadlineMs ?? defaultDeadlineMs
    this.#batchBudgetMs = options.batchBudgetMs ?? this.#deadlineMs * 4
    this.#clock = options.clock ?? systemClock
    this.#batches = new Lane('prepare', this.#deadlineMs, this.#clock)
    this.#single = new Lane('prepare single', this.#deadlineMs, this.#clock)
  }

  /**
   * Prepares records as they came out of JSON. The results are in the order of the records.
   *
   * @throws OverloadedError when too many batches wait already, ThreadClosedError after `close`, PrepareFailedError when
   *   the thread cannot be started, or the reason of `signal`
   */
  prepareRecords(
    records: readonly unknown[],
    options: { readonly source?: string | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<PrepareResult[]> {
    return this.#prepare(
      this.#batches,
      records.map((record) => ({ record })),
      options,
    )
  }

  /** `prepareRecords` for lines of JSON Lines: they are parsed in the thread too. */
  prepareLines(
    lines: readonly string[],
    options: { readonly source?: string | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<PrepareResult[]> {
    return this.#prepare(
      this.#batches,
      lines.map((json) => ({ json })),
      options,
    )
  }

  /** `prepareRecords` for rows of a content system's tables. */
  prepareEntries(
    entries: readonly RawEntry[],
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<PrepareResult[]> {
    return this.#prepare(this.#batches, entries, options)
  }

  /**
   * Prepares one record that is published under `articleId`, in the thread for single records.
   *
   * @param record its JSON as text, which is parsed in the thread, or what came out of JSON
   * @throws as `prepareRecords`
   */
  async prepareOne(
    record: unknown,
    options: { readonly articleId: string; readonly signal?: AbortSignal | undefined },
  ): Promise<PrepareResult> {
    const { articleId, signal } = options
    const raw = typeof record === 'string' ? { json: record, articleId } : { record, articleId }
    const [result] = await this.#prepare(this.#single, [raw], { signal })
    if (!result) throw new PrepareFailedError(new Error('The thread gave no result for a record.'))
    return result
  }

  /** Starts the thread for single records, and what it loads with its first one: a second that no editor has to wait. Never rejects. */
  async warmUp(): Promise<void> {
    const record = {
      id: 'warm-up',
      title: 'The ferry is back',
      body: 'The ferry to the island is back after a month in the yard.',
    }
    await this.prepareOne(record, { articleId: record.id }).catch(() => {})
  }

  /**
   * Reads a document (feed, agency format, JSON) and prepares every item in it.
   *
   * @param options.source how the document is called in errors
   * @param options.url where it was fetched from: its links are relative to that
   * @throws SourceError when it cannot be read as a whole; otherwise as `prepareRecords`
   */
  async prepareDocument(
    bytes: Uint8Array,
    options: {
      readonly source: string
      readonly contentType?: string | undefined
      readonly url?: string | undefined
      readonly signal?: AbortSignal | undefined
    },
  ): Promise<PreparedDocument> {
    const { source, contentType, url, signal } = options
    const document = await this.#parse({ kind: 'document', bytes, contentType, url }, source, signal)
    if (!document.ok) throw new SourceError(source, `${source} ${document.problem}.`)
    const results: PrepareResult[] = []
    for (let at = 0; at < document.items.length; at += recordsPerJob) {
      results.push(...(await this.#prepareItems(document.items.slice(at, at + recordsPerJob), signal)))
    }
    return { format: document.format, feedTitle: document.title, results }
  }

  /** Gives what was asked for before a second to finish, then ends the threads; what is left rejects with ThreadClosedError. */
  async close(): Promise<void> {
    await Promise.all([this.#batches.close(), this.#single.close()])
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #prepareItems(items: readonly DocumentItem[], signal: AbortSignal | undefined): Promise<PrepareResult[]> {
    const prepared = await this.#prepare(
      this.#batches,
      items.filter((item) => item.ok).map(({ record, baseUrl }) => ({ record, baseUrl })),
      { signal },
    )
    const next = prepared.values()
    return items.map((item) => (item.ok ? (next.next().value ?? rejected(item, 'was lost on its way')) : item))
  }

  #prepare(
    lane: Lane,
    records: ReadonlyArray<RawRecord | RawLine | RawEntry>,
    { source, signal }: { source?: string | undefined; signal?: AbortSignal | undefined },
  ): Promise<PrepareResult[]> {
    if (records.length === 0) return Promise.resolve([])
    return lane.inTurn(() => this.#prepareBatch(lane, records, { source, signal }), signal)
  }

  async #prepareBatch(
    lane: Lane,
    records: ReadonlyArray<RawRecord | RawLine | RawEntry>,
    { source, signal }: { source: string | undefined; signal: AbortSignal | undefined },
  ): Promise<PrepareResult[]> {
    const until = this.#clock.monotonicMs() + this.#batchBudgetMs
    const results: PrepareResult[] = []
    // Why one was lost, by its index: those before it went with the thread, and are done again first.
    const lost = new Map<number, string>()
    let sendUpTo = records.length
    for (let raw = records[0]; raw !== undefined; raw = records[results.length]) {
      const at = results.length
      const why = lost.get(at)
      if (why !== undefined) {
        results.push(rejected(raw, why))
        sendUpTo = records.length
      } else if (at > 0 && this.#clock.monotonicMs() >= until) {
        results.push(...records.slice(at).map((left) => rejected(left, overBudget(this.#batchBudgetMs))))
      } else {
        const batch = records.slice(at, Math.max(sendUpTo, at + 1))
        const answer = await lane.ask({ kind: 'records', records: batch, source }, signal)
        if (answer.kind === 'records') results.push(...answer.results)
        else if (answer.kind !== 'lost') throw new Error(`The prepare thread answered ${answer.kind} to records.`)
        else if (answer.index !== null || batch.length === 1) {
          lost.set(at + (answer.index ?? 0), answer.why)
          sendUpTo = at + (answer.index ?? 0)
        } else sendUpTo = at + 1
      }
    }
    return results
  }

  #parse(
    request: Extract<PrepareRequest, { kind: 'document' }>,
    source: string,
    signal: AbortSignal | undefined,
  ): Promise<ParsedDocument | UnreadableDocument> {
    return this.#batches.inTurn(async () => {
      const answer = await this.#batches.ask(request, signal)
      if (answer.kind === 'document') return answer.document
      throw new SourceError(source, `${source} ${answer.kind === 'lost' ? answer.why : 'gave no document'}.`)
    }, signal)
  }
}

/** A thread with its own line of jobs: one after the other, each within its time. */
class Lane {
  readonly #thread: Thread<PrepareRequest, PrepareAnswer>
  readonly #deadlineMs: number
  readonly #clock: Clock
  readonly #progress = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  #started = false
  #closed = false
  #ended = false
  #waiting = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(name: string, deadlineMs: number, clock: Clock) {
    this.#deadlineMs = deadlineMs
    this.#clock = clock
    this.#thread = new Thread<PrepareRequest, PrepareAnswer>({
      name,
      url: siblingModule(import.meta.url, 'prepare-thread'),
      data: { progress: this.#progress.buffer } satisfies PrepareThreadData,
      pendingMax: 1,
      // A hostile feed may hold many documents that each want killing: at the default deadline this is never the limit.
      restartsPerMinute: 1000,
    })
  }

  /** One job after the other. A caller that leaves is let go at once; its job asks the thread for nothing more. */
  async inTurn<Result>(job: () => Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
    signal?.throwIfAborted()
    if (this.#closed) throw new ThreadClosedError(this.#thread.name)
    if (this.#waiting >= jobsWaitingMax) {
      throw new OverloadedError(`${jobsWaitingMax} batches wait to be prepared already.`)
    }
    this.#waiting += 1
    const result = this.#last
      .then(() => {
        signal?.throwIfAborted()
        return job()
      })
      .finally(() => {
        this.#waiting -= 1
      })
    // The chain goes on after a failure, which belongs to its own asker.
    this.#last = result.catch(() => {})
    return await (signal ? unlessAborted(result, signal) : result)
  }

  /**
   * The thread's answer, or why it was lost and with which record.
   *
   * @throws ThreadClosedError once the lane has ended, the reason of `signal`, PrepareFailedError
   */
  async ask(request: PrepareRequest, signal: AbortSignal | undefined): Promise<PrepareAnswer | LostAnswer> {
    signal?.throwIfAborted()
    await this.#start()
    const done = request.kind === 'document' ? 'read' : 'prepared'
    Atomics.store(this.#progress, 0, 0)
    const tooLate = new DeadlineExceededError('Preparing an article', this.#deadlineMs)
    let killed: Promise<void> | undefined
    const kill = () => {
      killed ??= this.#thread.kill(tooLate)
    }
    const cancelDeadline = this.#clock.after(this.#deadlineMs, kill)
    let cancelGrace = () => {}
    const onAbort = () => {
      cancelGrace = this.#clock.after(abandonedAfterMs, kill)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    if (signal?.aborted) onAbort()
    try {
      return await this.#thread.request(request)
    } catch (error) {
      this.#started = false
      if (this.#ended) throw new ThreadClosedError(this.#thread.name)
      signal?.throwIfAborted()
      if (error === tooLate) {
        const why = `could not be ${done} within ${this.#deadlineMs} ms, and was given up`
        return { kind: 'lost', index: Atomics.load(this.#progress, 0), why }
      }
      if (hasCode(error, 'THREAD_DIED')) {
        const why = `could not be ${done}: the thread that did it ran out of memory or failed`
        return { kind: 'lost', index: Atomics.load(this.#progress, 0), why }
      }
      // What is nested thousands deep cannot be sent from thread to thread.
      if (error instanceof Error && error.name === 'RangeError') {
        return { kind: 'lost', index: null, why: 'is nested too deeply to be read' }
      }
      throw error
    } finally {
      cancelDeadline()
      cancelGrace()
      signal?.removeEventListener('abort', onAbort)
      await killed
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    const late = Promise.withResolvers<void>()
    const cancel = this.#clock.after(closeWithinMs, late.resolve)
    await Promise.race([this.#last, late.promise])
    cancel()
    this.#ended = true
    if (this.#waiting > 0) await this.#thread.kill(new ThreadClosedError(this.#thread.name))
    await this.#last
    await this.#thread.close()
  }

  // A thread takes half a second to load what it works with: that is not the record's fault.
  async #start(): Promise<void> {
    if (this.#ended) throw new ThreadClosedError(this.#thread.name)
    if (this.#started) return
    try {
      await this.#thread.request({ kind: 'start' })
    } catch (error) {
      throw this.#ended ? new ThreadClosedError(this.#thread.name) : new PrepareFailedError(error)
    }
    this.#started = true
  }
}

/** What prepares articles cannot be started: no article's fault, and not the store's. */
export class PrepareFailedError extends OnwardError {
  constructor(cause: unknown) {
    super('PREPARE_FAILED', 'Articles cannot be checked just now: the thread that does it cannot be started.', {
      cause,
    })
  }
}

async function unlessAborted<Result>(result: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([result, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

export interface PreparerOptions {
  /** The most that one record, or the parsing of one document, may take; default 5,000 ms. */
  readonly deadlineMs?: number
  /** The most that one batch may take, or 200 items of a document; default four times `deadlineMs`. */
  readonly batchBudgetMs?: number
  readonly clock?: Clock
}

export interface PreparedDocument {
  /** In words: `RSS`, `Atom`, `JSON` ... */
  readonly format: string
  readonly feedTitle: string | undefined
  readonly results: readonly PrepareResult[]
}

interface LostAnswer {
  readonly kind: 'lost'
  /** The record that was being prepared; null when the thread was never reached. */
  readonly index: number | null
  /** As the end of a sentence that starts with the record. */
  readonly why: string
}

/** The largest article allowed, 2 MB, takes 2.5 s as short paragraphs; what takes 5 s was written to. */
const defaultDeadlineMs = 5000
/** Most work ends by itself in this time, which saves the half second that the next thread takes to start. */
const abandonedAfterMs = 250
const closeWithinMs = 1000
const recordsPerJob = 200
/** Each job holds at most a few MB; HTTP pushes and a dozen sources at once stay far below. */
const jobsWaitingMax = 256

function rejected(raw: RawRecord | RawLine | RawEntry, message: string): PrepareResult {
  const record: unknown = 'record' in raw ? raw.record : 'entry' in raw ? { id: raw.articleId } : null
  const id: unknown =
    typeof record === 'object' && record !== null && Object.hasOwn(record, 'id') ? Reflect.get(record, 'id') : undefined
  return {
    ok: false,
    ...(typeof id === 'string' || typeof id === 'number' ? { id: String(id) } : {}),
    problems: [{ path: '', message }],
  }
}

function overBudget(budgetMs: number): string {
  return `was not prepared, since what was sent before it took the ${budgetMs} ms that a batch has; send it again without that`
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
