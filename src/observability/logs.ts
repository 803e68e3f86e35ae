import pino, { type DestinationStream, type Logger } from 'pino'
import { subscribe } from '../events.ts'

/**
 * The log of a running onward: one JSON line for each thing that somebody should know of.
 *
 * What is logged: failures in the background, lanes of the store that keep failing, reads that are shed, takedowns,
 * requests that failed or were slow, and each request when
 * `accessLog` is asked for. What is never logged: texts of articles, queries, headers, tokens. Lines are written in
 * the background (`flush` before the process ends): at peak hours a blocked terminal must not block a reader.
 */
export function openLogs(options: LogOptions = {}): Logs {
  const destination = options.destination ?? forgivingDestination(options.file ?? standardOutput)
  const logger = pino(
    {
      level: options.level ?? 'info',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError, error: describeError },
      redact: { paths: [...secretKeys, ...secretKeys.map((key) => `*.${key}`)], censor: '[secret]' },
    },
    destination,
  )
  const slowMs = options.slowMs ?? 1_000
  const accessLog = options.accessLog ?? false

  const sparing = new Sparing(sameFailureEveryMs)
  // What is not enough for a line goes out soon all the same: a quiet site's log would lag for hours otherwise.
  const flushTimer = setInterval(() => logger.flush(), flushEveryMs)
  flushTimer.unref()

  const unsubscribe = [
    subscribe('background-failed', ({ what, error }) => logger.error({ what, err: error }, 'background work failed')),
    subscribe('request-failed', ({ requestId, code, error }) => {
      // At peak hour a store that is down fails thousands of requests a second, all of them alike.
      const { isDue, leftOut } = sparing.ask(code)
      if (isDue) logger.error({ requestId, code, leftOut, err: error }, 'a request failed')
    }),
    subscribe('refresh-failed', ({ what, error }) => {
      const { isDue, leftOut } = sparing.ask(`refresh ${what}`)
      if (isDue) logger.warn({ what, leftOut, err: error }, 'a copy could not be read again and is served on')
    }),
    subscribe('read-shed', ({ lane, importance }) => {
      const { isDue, leftOut } = sparing.ask(`shed ${lane} ${importance}`)
      if (isDue) logger.warn({ lane, importance, leftOut }, 'reads are refused for want of room')
    }),
    subscribe('breaker-changed', ({ lane, became, forMs, because }) => {
      if (became === 'open') logger.warn({ lane, forMs, because }, 'a lane keeps failing and is not asked')
      if (became === 'closed') logger.info({ lane }, 'a lane works again')
    }),
    subscribe('leadership-changed', ({ leads, because }) => {
      if (leads) logger.info({ because }, 'keeps the rails from now on')
      else logger.info({ because }, 'keeps the rails no longer')
    }),
    subscribe('rails-unkept', ({ forMs }) =>
      logger.warn({ forMs }, 'nobody keeps the rails: start a process with --role indexer or all'),
    ),
    subscribe('article-withdrawn', ({ articleId }) => logger.info({ articleId }, 'article taken down')),
  ]

  const close = async () => {
    for (const stop of unsubscribe.splice(0)) stop()
    clearInterval(flushTimer)
    await new Promise<void>((resolve) => logger.flush(() => resolve()))
  }

  return {
    logger,
    logRequest(request) {
      if (request.status >= 500 && request.status !== 503) logger.error(line(request), 'request failed')
      else if (request.tookMs >= slowMs) logger.warn(line(request), 'request was slow')
      else if (accessLog) logger.info(line(request), 'request')
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

export interface LogOptions {
  /** Default `info`. */
  readonly level?: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** True: a line for each request. Default false: at 10,000 requests a second the log is the largest load there is. */
  readonly accessLog?: boolean
  /** Requests that take at least this long are logged, in milliseconds; default 1000. */
  readonly slowMs?: number
  /** The number of the open file that is written to; default 1, standard output. */
  readonly file?: number
  /** In place of `file`. A destination that is handed in stays its owner's to end. */
  readonly destination?: DestinationStream
}

export interface Logs extends AsyncDisposable {
  readonly logger: Logger
  logRequest(request: LoggedRequest): void
  /** Ends the subscriptions and writes out what is buffered. */
  close(): Promise<void>
}

/** What is logged of a request; HTTP reports more than this. */
export interface LoggedRequest {
  readonly requestId: string
  readonly method: string
  /** Without its query: that may hold what a reader typed. */
  readonly path: string
  readonly status: number
  readonly tookMs: number
  readonly aborted: boolean
}

const standardOutput = 1
const bufferBytes = 4096
/** What a log that is slower than its site may hold in memory; lines past that are dropped. */
const bufferBytesMax = 4 * 1024 * 1024
const flushEveryMs = 1_000
/** Of failures with one code, one line in this time; it says how many were left out before it. */
const sameFailureEveryMs = 5_000
const secretKeys = ['token', 'authorization', 'password', 'body', 'bodyHtml']
const pathLengthMax = 200
const causesMax = 5

function line({ requestId, method, path, status, tookMs, aborted }: LoggedRequest) {
  return {
    requestId,
    method,
    path: path.slice(0, pathLengthMax),
    status,
    tookMs: Math.round(tookMs * 10) / 10,
    ...(aborted ? { aborted } : {}),
  }
}

/** Lets one of a kind through in each span of time, and counts what it held back. Kinds are few: they are error codes. */
class Sparing {
  readonly #everyMs: number
  readonly #kinds = new Map<string, { readonly at: number; leftOut: number }>()

  constructor(everyMs: number) {
    this.#everyMs = everyMs
  }

  ask(kind: string): { readonly isDue: boolean; readonly leftOut: number } {
    const now = performance.now()
    const last = this.#kinds.get(kind)
    if (last && now - last.at < this.#everyMs) {
      last.leftOut++
      return { isDue: false, leftOut: last.leftOut }
    }
    this.#kinds.set(kind, { at: now, leftOut: 0 })
    return { isDue: true, leftOut: last?.leftOut ?? 0 }
  }
}

/**
 * A file that is written to in the background, and given up when it fails: a log on a full disk must not end the
 * process, and pino's own hook would try for ever to write out the rest before it lets the process end.
 */
function forgivingDestination(file: number): DestinationStream & { flush(done?: () => void): void } {
  const stream = pino.destination({ dest: file, sync: false, minLength: bufferBytes, maxLength: bufferBytesMax })
  let isGivenUp = false
  stream.on('error', () => {
    if (isGivenUp) return
    isGivenUp = true
    stream.destroy()
  })
  return {
    write(line) {
      if (!isGivenUp) stream.write(line)
    },
    flush(done = () => {}) {
      if (isGivenUp) done()
      else stream.flush(() => done())
    },
  }
}

interface DescribedError {
  readonly name: string
  readonly message: string
  readonly code?: unknown
  readonly stack?: string
  readonly cause?: DescribedError
}

// pino's own serializer copies every property of an error, and a driver's error may carry its parameters: an article.
function describeError(error: unknown, depth = 0): DescribedError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  return {
    name: error.name,
    message: error.message,
    ...('code' in error ? { code: error.code } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error.cause === undefined || depth >= causesMax ? {} : { cause: describeError(error.cause, depth + 1) }),
  }
}
