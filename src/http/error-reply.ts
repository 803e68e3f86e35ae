import { STATUS_CODES } from 'node:http'
import { ArticleGoneError, InvalidRequestError, OnwardError, OverloadedError, type Problem } from '../errors.ts'

/**
 * What an error becomes for the one who asked: the one place where error codes meet HTTP statuses.
 *
 * Nothing of an error that is not the asker's reaches them: the log has it, under the id of the request.
 */
export interface ErrorReply {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail: string
  /** What to do about it; null when there is nothing to add. */
  readonly hint: string | null
  readonly problems: readonly Problem[]
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** Extension members of the problem document (RFC 9457, 3.2). */
  readonly members: Readonly<Record<string, unknown>>
}

/** An error of HTTP's own: it carries its status, since nothing below `http/` throws it. */
export class HttpError extends OnwardError {
  readonly status: number
  readonly hint: string | null
  readonly headers: Readonly<Record<string, string>>
  readonly members: Readonly<Record<string, unknown>>

  constructor(
    status: number,
    code: string,
    message: string,
    more: {
      readonly hint?: string
      readonly headers?: Readonly<Record<string, string>>
      readonly members?: Readonly<Record<string, unknown>>
    } = {},
  ) {
    super(code, message)
    this.status = status
    this.hint = more.hint ?? null
    this.headers = more.headers ?? {}
    this.members = more.members ?? {}
  }
}

/** A bulk that ended before its last line: what ended it is the `cause`, which decides the answer. */
export class BulkStoppedError extends OnwardError {
  readonly storedThroughLine: number

  /** @param storedThroughLine every line up to it, counted from 1, was stored or rejected; 0 when none was */
  constructor(storedThroughLine: number, cause: unknown) {
    super('BULK_STOPPED', `The bulk was stopped after line ${storedThroughLine}.`, { cause })
    this.storedThroughLine = storedThroughLine
  }
}

/**
 * @param chance 0 to 1: spreads `Retry-After`, so that those who were refused together do not come back together
 */
export function errorReply(error: unknown, requestId: string, chance: number): ErrorReply {
  if (error instanceof HttpError) {
    return reply(error.status, error.code, error.message, {
      hint: error.hint,
      headers: error.headers,
      members: error.members,
    })
  }
  if (error instanceof BulkStoppedError) {
    const stopped = errorReply(error.cause, requestId, chance)
    const { storedThroughLine } = error
    const done = storedThroughLine === 0 ? '' : ` The lines up to ${storedThroughLine} were stored or rejected.`
    const hint = `${stopped.hint ?? ''}${done}`.trim() || null
    return { ...stopped, hint, members: { ...stopped.members, storedThroughLine } }
  }
  const code = codeOf(error)
  const known = code === null ? undefined : statuses[code]
  if (code === null || known === undefined || !(error instanceof Error)) {
    return reply(500, 'INTERNAL', `Something went wrong here. The log has it under the request id ${requestId}.`)
  }
  return reply(known.status, known.code ?? code, known.detail ?? error.message, {
    problems: error instanceof InvalidRequestError ? error.problems : [],
    members: error instanceof ArticleGoneError ? { withdrawnAt: error.withdrawnAt } : {},
    headers: known.status === 503 ? { 'retry-after': retryAfterSeconds(error, chance) } : {},
  })
}

/** `application/problem+json` (RFC 9457). `about:blank`: the title is the status's own, and `code` says which case it is. */
export function problemDocument(reply: ErrorReply, instance: string): string {
  return JSON.stringify({
    type: 'about:blank',
    title: reply.title,
    status: reply.status,
    detail: reply.hint === null ? reply.detail : `${reply.detail} ${reply.hint}`,
    instance,
    code: reply.code,
    ...(reply.problems.length > 0 ? { problems: reply.problems } : {}),
    ...reply.members,
  })
}

interface KnownError {
  readonly status: number
  /** Stands in for the error's own message where that is for the operator. */
  readonly detail?: string
  /** Stands in for the error's own code where that is a library's. */
  readonly code?: string
}

const storeDetail = 'The articles cannot be read or written just now. Try again shortly.'

// A Map's semantics without its noise: the prototype is cut off, so that a code such as `constructor` finds nothing.
const statuses: Readonly<Record<string, KnownError>> = Object.assign(Object.create(null), {
  INVALID_REQUEST: { status: 400 },
  ARTICLE_NOT_FOUND: { status: 404 },
  ARTICLE_GONE: { status: 410 },
  OVERLOADED: { status: 503, detail: 'There is more to do here than can be done just now. Try again shortly.' },
  STORE_UNAVAILABLE: { status: 503, detail: storeDetail },
  THREAD_DIED: { status: 503, code: 'STORE_UNAVAILABLE', detail: storeDetail },
  THREAD_CLOSED: { status: 503, code: 'STORE_UNAVAILABLE', detail: storeDetail },
  PREPARE_FAILED: { status: 503, detail: 'Articles cannot be checked just now, so none is stored. Try again shortly.' },
  NOT_CONNECTED: { status: 503, detail: 'The site is starting or stopping. Try again shortly.' },
  EXPLANATION_UNAVAILABLE: { status: 503 },
  DEADLINE_EXCEEDED: { status: 503, detail: 'The answer was not ready in time. Try again shortly.' },
  FST_ERR_BAD_URL: { status: 400, code: 'BAD_URL', detail: 'The address is not valid percent-encoding.' },
  FST_ERR_MAX_PARAM_LENGTH: { status: 414, code: 'URI_TOO_LONG', detail: 'A part of the address is too long.' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    status: 415,
    code: 'UNSUPPORTED_MEDIA_TYPE',
    detail: 'The Content-Type header does not name a media type that is taken here.',
  },
} satisfies Record<string, KnownError>)

function reply(
  status: number,
  code: string,
  detail: string,
  more: Partial<Pick<ErrorReply, 'hint' | 'problems' | 'headers' | 'members'>> = {},
): ErrorReply {
  return {
    status,
    code,
    title: STATUS_CODES[status] ?? 'Error',
    detail,
    hint: more.hint ?? null,
    problems: more.problems ?? [],
    headers: more.headers ?? {},
    members: more.members ?? {},
  }
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}

function retryAfterSeconds(error: Error, chance: number): string {
  const ms = error instanceof OverloadedError ? error.retryAfterMs : 1000
  return String(Math.max(1, Math.ceil((ms / 1000) * (1 + chance))))
}

/** The decent answer to bytes that never became a request: node hands over the bare socket. */
export function malformedRequestReply(code: string | undefined): string {
  const { status, detail } = malformed[code ?? ''] ?? { status: 400, detail: 'This is not an HTTP request.' }
  const problem = reply(status, 'MALFORMED_REQUEST', detail)
  const body = JSON.stringify({
    type: 'about:blank',
    title: problem.title,
    status,
    detail,
    code: problem.code,
  })
  return [
    `HTTP/1.1 ${status} ${problem.title}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    'Connection: close',
    '',
    body,
  ].join('\r\n')
}

const malformed: Readonly<Record<string, { status: number; detail: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, detail: 'The address and the headers are longer than 16 KiB together.' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, detail: 'The chunk extensions of the body are too long.' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: 'The request did not arrive in time.' },
}
