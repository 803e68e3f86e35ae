import type { IncomingMessage } from 'node:http'
import { InvalidRequestError } from '../errors.ts'
import { HttpError } from './error-reply.ts'

/**
 * The body of a request that holds JSON: its text, which is for a thread to parse, since 4 MB of it would hold up
 * readers here.
 *
 * A body that a site's own parser (Express's `express.json()`) has read already is given as that parser made it.
 *
 * @throws HttpError 413, 415; InvalidRequestError when it is empty or not UTF-8; the reason of `signal`
 */
export async function readJsonBody(
  request: IncomingMessage,
  options: { readonly bytesMax: number; readonly signal: AbortSignal },
): Promise<unknown> {
  requireMediaType(request, jsonTypes, 'Send one JSON object as `Content-Type: application/json`.')
  const parsed = alreadyRead(request)
  if (parsed !== undefined && typeof parsed !== 'string' && !Buffer.isBuffer(parsed)) return parsed
  const text = utf8Text(parsed ?? (await wholeBody(request, options)))
  if (text === null) throw invalidBody('is not UTF-8')
  if (text.trim() === '') throw invalidBody('is empty; one article as a JSON object was expected')
  return text
}

/** A line that is not given as text, and why, as a sentence without the line. */
export interface UnreadableLine {
  readonly problem: string
}

/**
 * The body of a request line by line, as it arrives: nothing is read that nobody has asked for yet.
 *
 * Empty lines are given too, so that line numbers stay those of the sender; a line end after the last line is not. A
 * line that is too long is not kept while it arrives.
 *
 * @throws HttpError 413 or 415, the reason of `signal`
 */
export async function* readLines(
  request: IncomingMessage,
  options: { readonly bytesMax: number; readonly lineBytesMax: number; readonly signal: AbortSignal },
): AsyncGenerator<string | UnreadableLine, void, undefined> {
  requireMediaType(request, lineTypes, 'Send one JSON object a line as `Content-Type: application/x-ndjson`.')
  const parsed = alreadyRead(request)
  const source =
    typeof parsed === 'string' || Buffer.isBuffer(parsed) ? [Buffer.from(parsed)] : bodyChunks(request, options)
  // The parts of a line that has no end yet are joined once, when it ends: joining at each chunk would be quadratic.
  let parts: Buffer[] = []
  let partBytes = 0
  const take = (part: Buffer) => {
    partBytes += part.length
    if (partBytes <= options.lineBytesMax) parts.push(part)
    else parts = []
  }
  const finish = () => {
    const line =
      partBytes > options.lineBytesMax
        ? { problem: `is ${partBytes} bytes long; at most ${options.lineBytesMax} were expected` }
        : lineText(Buffer.concat(parts))
    parts = []
    partBytes = 0
    return line
  }
  for await (const chunk of source) {
    let start = 0
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      take(chunk.subarray(start, end))
      start = end + 1
      yield finish()
    }
    if (start < chunk.length) take(chunk.subarray(start))
  }
  if (partBytes > 0) yield finish()
}

const lineFeed = 0x0a
const jsonTypes = /^(?:application\/json|application\/[\w.-]+\+json)$/
const lineTypes = /^application\/(?:x-ndjson|ndjson|jsonl|x-jsonl|jsonlines|x-jsonlines)$/

function requireMediaType(request: IncomingMessage, types: RegExp, expected: string): void {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase()
  if (encoding !== undefined && encoding !== '' && encoding !== 'identity') {
    throw new HttpError(415, 'UNSUPPORTED_ENCODING', 'A compressed body is not taken here.', {
      hint: 'Send the body without Content-Encoding.',
      headers: { 'accept-encoding': 'identity' },
    })
  }
  const sent = request.headers['content-type']
  // A sender that does not say is taken at its best: the token already keeps browsers' simple requests out.
  if (sent === undefined) return
  const mediaType = sent.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (!types.test(mediaType)) {
    throw new HttpError(
      415,
      'UNSUPPORTED_MEDIA_TYPE',
      `A body of type ${JSON.stringify(mediaType)} is not taken here.`,
      {
        hint: expected,
      },
    )
  }
}

function alreadyRead(request: IncomingMessage): unknown {
  return request.readableEnded && 'body' in request ? request.body : undefined
}

async function wholeBody(
  request: IncomingMessage,
  options: { readonly bytesMax: number; readonly signal: AbortSignal },
): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of bodyChunks(request, options)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/**
 * Reads by `data` events and not by the stream's own iterator, which either destroys the connection when it is left
 * early (and with it the answer that says why) or stops it from being drained.
 */
async function* bodyChunks(
  request: IncomingMessage,
  { bytesMax, signal }: { readonly bytesMax: number; readonly signal: AbortSignal },
): AsyncGenerator<Buffer, void, undefined> {
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) throw tooLarge(bytesMax)
  const arrived: Buffer[] = []
  let bytes = 0
  let ended = request.readableEnded
  let failure: unknown = null
  let wake = () => {}
  const onData = (chunk: Buffer) => {
    arrived.push(chunk)
    request.pause()
    wake()
  }
  const onEnd = () => {
    ended = true
    wake()
  }
  const onFailure = (error: unknown) => {
    failure = error
    wake()
  }
  const onAbort = () => onFailure(signal.reason)
  request.on('data', onData).on('end', onEnd).on('error', onFailure)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    if (signal.aborted) onAbort()
    for (;;) {
      for (let chunk = arrived.shift(); chunk !== undefined; chunk = arrived.shift()) {
        bytes += chunk.length
        if (bytes > bytesMax) throw tooLarge(bytesMax)
        yield chunk
      }
      if (failure !== null) throw failure
      if (ended) return
      const more = new Promise<void>((resolve) => {
        wake = resolve
      })
      request.resume()
      await more
    }
  } finally {
    request.off('data', onData).off('end', onEnd).off('error', onFailure)
    signal.removeEventListener('abort', onAbort)
  }
}

function tooLarge(bytesMax: number): HttpError {
  return new HttpError(413, 'BODY_TOO_LARGE', `The body is longer than the ${bytesMax} bytes that are taken here.`)
}

function lineText(bytes: Buffer): string | UnreadableLine {
  const text = utf8Text(bytes)
  if (text === null) return { problem: 'is not UTF-8' }
  return text.endsWith('\r') ? text.slice(0, -1) : text
}

// Fatal, because the replacement characters of a lenient reading would be stored as the article's text. Drops a BOM.
const utf8 = new TextDecoder('utf-8', { fatal: true })

function utf8Text(bytes: Buffer | string): string | null {
  if (typeof bytes === 'string') return bytes
  try {
    return utf8.decode(bytes)
  } catch {
    return null
  }
}

function invalidBody(message: string): InvalidRequestError {
  return new InvalidRequestError('The body', [{ path: '', message }])
}
