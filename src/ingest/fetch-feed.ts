import { lookup as lookUp } from 'node:dns'
import { createRequire } from 'node:module'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import type { Readable } from 'node:stream'
import { createBrotliDecompress, createUnzip, createZstdDecompress } from 'node:zlib'
import { Agent, buildConnector, request } from 'undici'
import { type Clock, systemClock } from '../concurrency/clock.ts'
import { SourceError } from '../errors.ts'

/**
 * Fetches feeds: the only HTTP that onward ever sends.
 *
 * An address comes from outside, and so does every redirect: connections to this machine, its network and other
 * addresses that are not public are refused where the connection is made, so that neither a name that resolves to one nor
 * an address written as a number gets through (OWASP, Server Side Request Forgery Prevention).
 */
export class FeedFetcher implements AsyncDisposable {
  readonly #options: Required<FetchOptions>
  readonly #clock: Clock
  readonly #agent: Agent

  constructor(options: FetchOptions & { readonly clock?: Clock } = {}) {
    this.#clock = options.clock ?? systemClock
    this.#options = {
      allowPrivateAddresses: options.allowPrivateAddresses ?? false,
      deadlineMs: options.deadlineMs ?? 30_000,
      bytesMax: options.bytesMax ?? 64 * 1024 * 1024,
      ratioMax: options.ratioMax ?? 250,
    }
    this.#agent = new Agent({
      connect: this.#options.allowPrivateAddresses ? {} : publicOnlyConnector(),
      connections: 4,
      headersTimeout: this.#options.deadlineMs,
      bodyTimeout: this.#options.deadlineMs,
    })
  }

  /**
   * @throws FetchError with what went wrong, in words; or the reason of `signal`
   */
  async fetch(
    address: string,
    options: { readonly validators?: Validators | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Fetched> {
    const { validators, signal } = options
    signal?.throwIfAborted()
    // One controller for the deadline and the caller: AbortSignal.any would hang on to a long-lived signal.
    const stop = new AbortController()
    const onAbort = () => stop.abort(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    const late = `did not answer completely within ${this.#options.deadlineMs / 1000} s`
    const cancel = this.#clock.after(this.#options.deadlineMs, () => stop.abort(new FetchError(address, late)))
    try {
      return await this.#withOneRetry(address, validators, stop.signal)
    } catch (error) {
      if (stop.signal.aborted) throw stop.signal.reason
      throw error instanceof FetchError ? error : new FetchError(address, reasonOf(error), { cause: error })
    } finally {
      cancel()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // destroy, not close: a feed that hangs would hold the end of the program.
    await this.#agent.destroy()
  }

  async #withOneRetry(address: string, validators: Validators | undefined, signal: AbortSignal): Promise<Fetched> {
    try {
      return await this.#follow(address, validators, signal)
    } catch (error) {
      if (signal.aborted || !isNetworkFailure(error)) throw error
      return await this.#follow(address, validators, signal)
    }
  }

  async #follow(address: string, validators: Validators | undefined, signal: AbortSignal): Promise<Fetched> {
    const notes: string[] = []
    let url = httpUrl(address, address)
    for (let redirects = 0; ; redirects++) {
      const response = await request(url, {
        dispatcher: this.#agent,
        signal,
        headers: {
          'user-agent': userAgent,
          accept: 'application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5',
          'accept-encoding': 'gzip, br, zstd, deflate',
          // Validators belong to the address that gave them.
          ...(validators?.url === url.href ? conditional(validators) : {}),
        },
      })
      const { statusCode, headers, body } = response
      const header = (name: string) => [headers[name]].flat()[0]
      const discard = () => {
        body.on('error', () => {})
        body.destroy()
      }
      const location = header('location')
      if (statusCode >= 300 && statusCode < 400 && statusCode !== 304 && location !== undefined) {
        discard()
        if (redirects === redirectsMax) throw new FetchError(address, `redirects more than ${redirectsMax} times`)
        const next = httpUrl(URL.parse(location, url.href)?.href ?? location, address)
        if (url.protocol === 'https:' && next.protocol === 'http:')
          notes.push(`${url.href} redirects from https to http`)
        url = next
        continue
      }
      if (statusCode === 304) {
        discard()
        return { state: 'not-modified', notes }
      }
      if (statusCode !== 200) {
        discard()
        throw new FetchError(address, statusText(statusCode), {
          retryAfterMs: retryAfterMs(header('retry-after'), this.#clock.now()),
        })
      }
      const bytes = await this.#read(body, header('content-encoding') ?? '', address)
      return {
        state: 'fetched',
        bytes,
        url: url.href,
        contentType: header('content-type'),
        validators: { url: url.href, etag: header('etag'), lastModified: header('last-modified') },
        notes,
      }
    }
  }

  /** undici's own limit counts the bytes on the wire: half a megabyte of gzip became 537 MB. Here decoded bytes count. */
  async #read(body: Readable, encoding: string, address: string): Promise<Uint8Array> {
    const { bytesMax, ratioMax } = this.#options
    const decoder = decoderFor(encoding, address)
    let received = 0
    if (decoder) {
      body.on('data', (chunk: Uint8Array) => {
        received += chunk.length
      })
      // What breaks the wire ends the decoder, so that whoever reads it hears of it.
      body.on('error', (error) => decoder.destroy(error)).pipe(decoder)
    }
    const stream: AsyncIterable<Uint8Array> = decoder ?? body
    const chunks: Uint8Array[] = []
    let decoded = 0
    try {
      for await (const chunk of stream) {
        decoded += chunk.length
        if (decoded > bytesMax) throw new FetchError(address, `is larger than ${bytesMax} bytes`)
        if (decoder && isBomb({ decoded, encoded: received, ratioMax })) {
          throw new FetchError(address, `unpacks to more than ${ratioMax} times its size, as only a bomb does`)
        }
        chunks.push(chunk)
      }
    } finally {
      body.on('error', () => {})
      body.destroy()
      decoder?.destroy()
    }
    return Buffer.concat(chunks)
  }
}

export interface FetchOptions {
  /** True: addresses of this machine and of its network may be fetched. Default false. */
  readonly allowPrivateAddresses?: boolean
  /** For the whole of it, with redirects and the retry; default 30,000 ms. */
  readonly deadlineMs?: number
  /** Decoded; default 64 MB. */
  readonly bytesMax?: number
  /** How many times its size on the wire a body may unpack to, once it is large; default 250. */
  readonly ratioMax?: number
}

/** What a conditional request is made with (RFC 9110, section 13). */
export interface Validators {
  /** The address that gave them, after redirects. */
  readonly url: string
  readonly etag: string | undefined
  readonly lastModified: string | undefined
}

export type Fetched =
  | {
      readonly state: 'fetched'
      readonly bytes: Uint8Array
      /** After redirects. */
      readonly url: string
      readonly contentType: string | undefined
      readonly validators: Validators
      /** What its operator should know, such as a redirect from https to http. */
      readonly notes: readonly string[]
    }
  | { readonly state: 'not-modified'; readonly notes: readonly string[] }

/** A feed could not be fetched. */
export class FetchError extends SourceError {
  /** What the server asked for, in milliseconds; undefined when it asked for nothing. */
  readonly retryAfterMs: number | undefined

  constructor(
    address: string,
    why: string,
    options: ErrorOptions & { readonly retryAfterMs?: number | undefined } = {},
  ) {
    super(address, `${withoutSecrets(address)} ${why}.`, options)
    this.retryAfterMs = options.retryAfterMs
  }
}

/** True when unpacked data is larger than any text unpacks to; small data may have any ratio. */
export function isBomb({
  decoded,
  encoded,
  ratioMax,
}: {
  decoded: number
  encoded: number
  ratioMax: number
}): boolean {
  return decoded > ratioCheckedFromBytes && decoded > ratioMax * Math.max(1, encoded)
}

/** True for an address that is not on the public internet. */
export function isPrivateAddress(address: string): boolean {
  const version = isIP(address)
  return version === 0 || privateAddresses.check(address, version === 6 ? 'ipv6' : 'ipv4')
}

// A gzip of news text is a 3rd to a 10th of its size; of one line repeated, a 200th; gzip's own bound is 1,032.
const ratioCheckedFromBytes = 1024 * 1024
const redirectsMax = 5

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }
const userAgent = `onward/${version}`

// IANA's registries of special-purpose addresses (RFC 6890 and what came after). An IPv4 address that is written as IPv6
// (::ffff:127.0.0.1) is checked as IPv4 by BlockList itself; NAT64 and 6to4 carry one inside, and could lead anywhere.
const privateAddresses = new BlockList()
for (const [address, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  privateAddresses.addSubnet(address, bits, 'ipv4')
}
for (const [address, bits] of [
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const) {
  privateAddresses.addSubnet(address, bits, 'ipv6')
}

function publicOnlyConnector(): buildConnector.connector {
  const connect = buildConnector({ lookup: publicLookup })
  return (options, callback) => {
    // A lookup is never asked for an address that is written out.
    const host = options.hostname.replace(/^\[|\]$/g, '')
    if (isIP(host) !== 0 && isPrivateAddress(host)) return callback(new PrivateAddressError(host), null)
    return connect(options, callback)
  }
}

const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookUp(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, '', 0)
    const open = addresses.filter(({ address }) => !isPrivateAddress(address))
    const [only] = open
    if (only === undefined) return callback(new PrivateAddressError(hostname), '', 0)
    return options.all ? callback(null, open) : callback(null, only.address, only.family)
  })
}

class PrivateAddressError extends Error {
  constructor(host: string) {
    super(`${host} is not an address on the public internet`)
  }
}

function httpUrl(address: string, asked: string): URL {
  const url = URL.parse(address)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new FetchError(
      asked,
      `leads to ${JSON.stringify(address.slice(0, 200))}; an http or https address was expected`,
    )
  }
  return url
}

function conditional({ etag, lastModified }: Validators): Record<string, string> {
  return {
    ...(etag === undefined ? {} : { 'if-none-match': etag }),
    ...(lastModified === undefined ? {} : { 'if-modified-since': lastModified }),
  }
}

function decoderFor(encoding: string, address: string) {
  switch (encoding.trim().toLowerCase()) {
    case '':
    case 'identity':
      return null
    case 'gzip':
    case 'x-gzip':
    case 'deflate':
      return createUnzip()
    case 'br':
      return createBrotliDecompress()
    case 'zstd':
      return createZstdDecompress()
    default:
      throw new FetchError(address, `came in the content encoding ${JSON.stringify(encoding)}, which was not asked for`)
  }
}

/** RFC 9110, section 10.2.3: seconds, or a date. */
function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  const ms = /^\d{1,9}$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}

function statusText(status: number): string {
  const known: Record<number, string> = {
    401: 'asks for a password (401)',
    403: 'refuses to be read (403)',
    404: 'does not exist (404)',
    410: 'is gone for good (410)',
    429: 'asks for fewer requests (429)',
    503: 'is overloaded or under repair (503)',
  }
  return known[status] ?? `answered ${status}; 200 was expected`
}

function isNetworkFailure(error: unknown): boolean {
  const cause = error instanceof FetchError ? undefined : error
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  return /^(?:ECONNRESET|ECONNREFUSED|EPIPE|ETIMEDOUT|EAI_AGAIN|UND_ERR_SOCKET|UND_ERR_CONNECT_TIMEOUT)$/.test(code)
}

function reasonOf(error: unknown): string {
  if (error instanceof PrivateAddressError) {
    return `was refused: ${error.message}; allow private addresses if that is meant`
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const known: Record<string, string> = {
    ENOTFOUND: 'has a host name that does not exist',
    EAI_AGAIN: 'has a host name that could not be looked up',
    ECONNREFUSED: 'refused the connection',
    ECONNRESET: 'broke the connection off',
    UND_ERR_SOCKET: 'broke the connection off',
    UND_ERR_CONNECT_TIMEOUT: 'did not take the connection in time',
    Z_DATA_ERROR: 'is packed in a way that cannot be unpacked',
    Z_BUF_ERROR: 'ends in the middle of its packed data',
  }
  return known[code] ?? `could not be fetched: ${error instanceof Error ? error.message : String(error)}`
}

function withoutSecrets(address: string): string {
  const url = URL.parse(address)
  if (url === null) return address
  url.username = ''
  url.password = ''
  return url.href
}
