import type { Clock } from '../concurrency/clock.ts'
import { systemClock } from '../concurrency/clock.ts'
import { siblingModule, Thread, ThreadClosedError } from '../concurrency/thread.ts'
import { DeadlineExceededError, OverloadedError, SourceError } from '../errors.ts'
import type { DocumentItem, ParsedDocument, UnreadableDocument } from './feed-record.ts'
import type { PrepareResult, RawLine, RawRecord } from './prepare-record.ts'
import type { PrepareAnswer, PrepareRequest } from './prepare-thread.ts'

/**
 * Checks, sanitises and fingerprints records, and reads documents, in a thread of its own: nothing that comes in from
 * outside is parsed on the main thread, where it would hold up readers.
 *
 * What takes longer than `deadlineMs` is killed with the thread, and only it is given up: the rest of its batch is done again
 * one by one in a new thread. Jobs run in the order in which they were asked for; the thread starts with the first.
 */
export class Preparer implements AsyncDisposable {
  readonly #thread: Thread<PrepareRequest, PrepareAnswer>
  readonly #deadlineMs: number
  readonly #clock: Clock
  #started = false
  #closed = false
  #waiting = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: PreparerOptions = {}) {
    this.#deadlineMs = options.deadlineMs ?? defaultDeadlineMs
    this.#clock = options.clock ?? systemClock
    this.#thread = new Thread<PrepareRequest, PrepareAnswer>({
      name: 'prepare',
      url: siblingModule(import.meta.url, 'prepare-thread'),
      pendingMax: 1,
      // A hostile feed may hold many documents that each want killing: at the default deadline this is never the limit.
      restartsPerMinute: 1000,
    })
  }

  /**
   * Prepares records as they came out of JSON. The results are in the order of the records.
   *
   * @throws OverloadedError when too many batches wait already, ThreadClosedError after `close`, or the reason of `signal`
   */
  prepareRecords(
    records: readonly unknown[],
    options: { readonly source?: string | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<PrepareResult[]> {
    return this.#prepare(
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
      lines.map((json) => ({ json })),
      options,
    )
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

  /** Waits for what was asked for before, then ends the thread. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#last
    await this.#thread.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #prepareItems(items: readonly DocumentItem[], signal: AbortSignal | undefined): Promise<PrepareResult[]> {
    const prepared = await this.#prepare(
      items.filter((item) => item.ok).map(({ record, baseUrl }) => ({ record, baseUrl })),
      { signal },
    )
    const next = prepared.values()
    return items.map((item) => (item.ok ? (next.next().value ?? givenUp(item.record, this.#deadlineMs)) : item))
  }

  #prepare(
    records: ReadonlyArray<RawRecord | RawLine>,
    { source, signal }: { source?: string | undefined; signal?: AbortSignal | undefined },
  ): Promise<PrepareResult[]> {
    if (records.length === 0) return Promise.resolve([])
    return this.#inTurn(async () => {
      const results = await this.#recordsWithin(records, source)
      if (results) return [...results]
      // One of them took too long, and the thread with all of them is gone. Alone, each has the whole time for itself.
      const oneByOne: PrepareResult[] = []
      for (const record of records) {
        const alone = records.length === 1 ? null : await this.#recordsWithin([record], source)
        oneByOne.push(alone?.[0] ?? givenUp('record' in record ? record.record : null, this.#deadlineMs))
      }
      return oneByOne
    }, signal)
  }

  async #recordsWithin(
    records: ReadonlyArray<RawRecord | RawLine>,
    source: string | undefined,
  ): Promise<readonly PrepareResult[] | null> {
    const answer = await this.#within({ kind: 'records', records, source })
    return answer?.kind === 'records' ? answer.results : null
  }

  #parse(
    request: Extract<PrepareRequest, { kind: 'document' }>,
    source: string,
    signal: AbortSignal | undefined,
  ): Promise<ParsedDocument | UnreadableDocument> {
    return this.#inTurn(async () => {
      const answer = await this.#within(request)
      if (answer?.kind === 'document') return answer.document
      throw new SourceError(source, `${source} could not be read within ${this.#deadlineMs} ms, and was given up.`)
    }, signal)
  }

  /** The thread's answer, or null when the thread was killed because the time was up. */
  async #within(request: PrepareRequest): Promise<PrepareAnswer | null> {
    // A thread takes half a second to load what it works with: that is not the document's fault.
    if (!this.#started) await this.#thread.request({ kind: 'start' })
    this.#started = true
    const tooLate = new DeadlineExceededError('Preparing an article', this.#deadlineMs)
    let killing: Promise<void> | undefined
    const cancel = this.#clock.after(this.#deadlineMs, () => {
      killing = this.#thread.kill(tooLate)
    })
    try {
      return await this.#thread.request(request)
    } catch (error) {
      this.#started = false
      // A thread that died of this very work (out of memory, a stack too deep) is the same as one that took too long.
      if (error === tooLate || hasCode(error, 'THREAD_DIED')) return null
      throw error
    } finally {
      cancel()
      await killing
    }
  }

  /** One job after the other. A caller that leaves is let go at once; what it asked for ends within the deadline. */
  async #inTurn<Result>(job: () => Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
    signal?.throwIfAborted()
    if (this.#closed) throw new ThreadClosedError('prepare')
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
  readonly clock?: Clock
}

export interface PreparedDocument {
  /** In words: `RSS`, `Atom`, `JSON` ... */
  readonly format: string
  readonly feedTitle: string | undefined
  readonly results: readonly PrepareResult[]
}

/** The largest article allowed, 2 MB, takes 2.5 s as short paragraphs; what takes 5 s was written to. */
const defaultDeadlineMs = 5000
const recordsPerJob = 200
/** Each job holds at most a few MB; HTTP pushes and a dozen sources at once stay far below. */
const jobsWaitingMax = 256

function givenUp(record: unknown, deadlineMs: number): PrepareResult {
  const id: unknown =
    typeof record === 'object' && record !== null && Object.hasOwn(record, 'id') ? Reflect.get(record, 'id') : undefined
  return {
    ok: false,
    ...(typeof id === 'string' || typeof id === 'number' ? { id: String(id) } : {}),
    problems: [{ path: '', message: `could not be prepared within ${deadlineMs} ms, and was given up` }],
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
