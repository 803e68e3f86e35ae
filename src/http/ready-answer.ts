import { hash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { Encoding } from './accepted-encoding.ts'
import { serverTiming } from './conditional-reply.ts'
import { etagOf, matchesEtag } from './etag.ts'

/**
 * A complete answer that can be sent as it is, any number of times: bodies and heads are made once.
 *
 * Nothing is made before it is needed, since most answers are for articles that nobody asks for twice: the bytes and the
 * ETag with the first reader who is sent it, a compressed body behind the back of the first who takes one, who is sent
 * what there is. Browsers keep it but ask each time (`no-cache`), so that a takedown is seen at the next look.
 */
export class ReadyAnswer {
  readonly #about: AboutAnswer
  /** Until the first reader is sent it. */
  #parts: ReadonlyArray<string | Buffer>
  #made: Made | null = null

  /** @param parts the body, in the order in which it is sent */
  constructor(parts: ReadonlyArray<string | Buffer>, about: AboutAnswer) {
    this.#parts = parts
    this.#about = about
  }

  /** An estimate of what it takes in memory, compressed bodies and all. */
  get bytes(): number {
    return this.#parts.reduce((sum, part) => sum + part.length, 0) * 2 + 2048
  }

  get about(): AboutAnswer {
    return this.#about
  }

  /**
   * Sends it: 200, or 304 when the reader has it already. A HEAD gets the head alone.
   *
   * @param isStale it is older than it should be: said in `Server-Timing`
   * @returns the status
   */
  send(response: ServerResponse, asked: AskedFor, isStale: boolean): number {
    this.#made ??= this.#make()
    const { bodies, digest } = this.#made
    if (asked.ifNoneMatch !== undefined && matchesEtag(asked.ifNoneMatch, digest)) {
      response.writeHead(304, this.#head('identity', isStale, 'not-modified'))
      response.end()
      return 304
    }
    const encoding = bodies[asked.encoding] ? asked.encoding : 'identity'
    if (encoding !== asked.encoding) this.#compress(asked.encoding)
    response.writeHead(200, this.#head(encoding, isStale, 'whole'))
    if (asked.isHead) response.end()
    else response.end(bodies[encoding])
    return 200
  }

  #make(): Made {
    const identity = Buffer.concat(this.#parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
    this.#parts = []
    const digest = hash('sha1', this.#about.sameAs ?? identity, 'base64url')
    return { digest, bodies: { identity }, heads: [], tried: new Set() }
  }

  #head(encoding: Encoding, isStale: boolean, what: 'whole' | 'not-modified'): string[] {
    const made = this.#made
    if (!made) return []
    // A place for each, in place of a key that would have to be put together for each reader.
    const place = (what === 'whole' ? 0 : 6) + places[encoding] + (isStale ? 1 : 0)
    const known = made.heads[place]
    if (known) return known
    const { contentType, headers, timing, state } = this.#about
    const body = made.bodies[encoding]
    const said = isStale ? 'stale' : state
    const head = {
      ...headers,
      ...(what === 'whole' ? { 'content-type': contentType, 'content-length': String(body?.length ?? 0) } : {}),
      ...(what === 'whole' && encoding !== 'identity' ? { 'content-encoding': encoding } : {}),
      'cache-control': 'no-cache',
      etag: etagOf(made.digest, { encoding, isWeak: this.#about.sameAs !== undefined }),
      vary: 'accept-encoding',
      'server-timing': serverTiming([
        { name: 'memory', ms: 0 },
        ...timing.map((part) => (part.name === 'rail' || isStale ? { ...part, description: said } : part)),
      ]),
    }
    const flat = Object.entries(head).flat()
    made.heads[place] = flat
    return flat
  }

  #compress(encoding: Encoding): void {
    const made = this.#made
    const identity = made?.bodies.identity
    if (!made || !identity || identity.length < worthCompressing || made.tried.has(encoding)) return
    // What finds no place is compressed for a later reader.
    if (compressing >= compressingMax) return
    made.tried.add(encoding)
    compressing++
    const packed = encoding === 'br' ? brotli(identity, brotliOptions) : gzipped(identity)
    packed
      .then(
        (body) => {
          if (body.length < identity.length) made.bodies[encoding] = body
        },
        // It is sent as it is: nothing else depends on it.
        () => {},
      )
      .finally(() => compressing--)
  }
}

export interface AboutAnswer {
  /** The template of its route, for metrics. */
  readonly route: string
  readonly contentType: string
  readonly headers: Readonly<Record<string, string>>
  /** How long its parts took when it was made. */
  readonly timing: ReadonlyArray<{ readonly name: string; readonly ms: number; readonly description?: string }>
  /** What has to be the same for the answer to count as the same, where that is less than the body: its ETag is a weak one. */
  readonly sameAs?: string
  /** What became of its rail, or `fresh` where it has none. */
  readonly state: string
  /** Articles whose change makes it untrue. */
  readonly shows: readonly string[]
}

/** What of a request decides which bytes answer it. */
export interface AskedFor {
  readonly isHead: boolean
  readonly encoding: Encoding
  readonly ifNoneMatch: string | undefined
}

interface Made {
  readonly digest: string
  readonly bodies: Partial<Record<Encoding, Buffer>>
  /** By {@link places}. */
  readonly heads: string[][]
  readonly tried: Set<Encoding>
}

const places: Readonly<Record<Encoding, number>> = { identity: 0, gzip: 2, br: 4 }
const brotli = promisify(brotliCompress)
const gzipped = promisify(gzip)
/** Half of the best quality's gain for a hundredth of its time. */
const brotliOptions = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }
/** In bytes: below that the head is most of the answer. */
const worthCompressing = 1024
/** In all: of the four threads that Node has for it two are left for files and names. */
const compressingMax = 2
let compressing = 0
