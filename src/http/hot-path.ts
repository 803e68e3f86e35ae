import type { IncomingMessage, ServerResponse } from 'node:http'
import { OverloadedError } from '../errors.ts'
import { publish } from '../events.ts'
import { acceptedEncoding } from './accepted-encoding.ts'
import { errorReply, problemDocument } from './error-reply.ts'
import { errorPage } from './pages/page.ts'
import type { AskedFor } from './ready-answer.ts'
import type { ReadyAnswers } from './ready-answers.ts'
import { securityHeaders } from './security-headers.ts'
import type { Route, ServedRequest, SiteContext } from './site-context.ts'

/**
 * What is answered before the router: kept answers, from ready bytes, and refusals under overload, before anything is
 * spent on them.
 *
 * It gives false for whatever it does not answer, and has then done nothing to the response.
 *
 * Headers are looked at as they came: node makes an object of them, at a tenth of what such an answer costs.
 */
export function createHotPath(options: HotPathOptions): HotPath {
  const { context, ready, routes, nextRequestId, onServed } = options
  const { clock } = context
  const refusals = new Refusals(context, routes)

  return (request, response, mount, path) => {
    const asked = whatIsAskedFor(request)
    if (asked === null) return false
    const startedAt = clock.monotonicMs()
    const address = mount === '' ? path : mount + path
    const inTime = ready.find(address, startedAt)
    const refused = inTime === null ? refusals.routeRefused(path) : null
    if (inTime === null && refused === null) return false
    // The one who was let through to make a page anew, and is refused, is sent the old one: what is kept goes last.
    const found = inTime ?? ready.standIn(address)
    let status: number
    let route: string
    if (found) {
      status = found.answer.send(response, asked, found.isStale)
      route = found.answer.about.route
      const { state } = found.answer.about
      publish('answer-ready', () => ({ route, state: found.isStale ? 'stale' : state, status }))
    } else if (refused === null) {
      return false
    } else {
      refusals.send(response, refused, { mount, isHead: asked.isHead })
      status = 503
      route = refused.route
      publish('read-shed', () => ({ lane: 'article', importance: 'essential' }))
    }
    onServed?.({
      requestId: nextRequestId(),
      method: request.method ?? 'GET',
      route,
      path,
      status,
      tookMs: clock.monotonicMs() - startedAt,
      aborted: false,
    })
    return true
  }
}

/** @param mount the path that the routes stand under, such as `/news`; @param path the rest of the address, query and all */
export type HotPath = (request: IncomingMessage, response: ServerResponse, mount: string, path: string) => boolean

export interface HotPathOptions {
  readonly context: SiteContext
  readonly ready: ReadyAnswers
  /** What is served here: what the site around it serves itself is not ours to refuse. */
  readonly routes: ReadonlyArray<Pick<Route, 'path'>>
  readonly nextRequestId: () => string
  /** Told of each answer as it is handed over. Must not throw. */
  readonly onServed: ((served: ServedRequest) => void) | null
}

/** Null for what only the router can answer: other methods, and a GET that brings a body. */
export function whatIsAskedFor(request: IncomingMessage): AskedFor | null {
  const isHead = request.method === 'HEAD'
  if (!isHead && request.method !== 'GET') return null
  let accepted: string | undefined
  let ifNoneMatch: string | undefined
  const { rawHeaders } = request
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? ''
    // By length first: of the headers that browsers send few have these lengths.
    switch (name.length) {
      case 15:
        if (name.toLowerCase() === 'accept-encoding') accepted = joined(accepted, rawHeaders[at + 1])
        break
      case 13:
        if (name.toLowerCase() === 'if-none-match') ifNoneMatch = joined(ifNoneMatch, rawHeaders[at + 1])
        break
      case 14:
        if (name.toLowerCase() === 'content-length' && rawHeaders[at + 1] !== '0') return null
        break
      case 17:
        if (name.toLowerCase() === 'transfer-encoding') return null
        break
    }
  }
  return { isHead, encoding: acceptedEncoding(accepted), ifNoneMatch }
}

function joined(before: string | undefined, value = ''): string {
  return before === undefined ? value : `${before}, ${value}`
}

/** Articles that are not in memory, refused while more of them are asked for than can be read. */
class Refusals {
  readonly #context: SiteContext
  readonly #refusable: readonly RefusedRoute[]
  /** By mount and route: both are few. */
  readonly #made = new Map<string, Refusal>()

  constructor(context: SiteContext, routes: HotPathOptions['routes']) {
    this.#context = context
    this.#refusable = refusedRoutes.filter(({ route }) => routes.some(({ path }) => path === route))
  }

  routeRefused(path: string): RefusedRoute | null {
    for (const refused of this.#refusable) {
      if (!path.startsWith(refused.path)) continue
      const articleId = path.slice(refused.path.length)
      // What is no plain id is the router's to explain.
      if (!/^[\w.~-]{1,100}$/.test(articleId)) return null
      return this.#context.manager.refusesNow(articleId) ? refused : null
    }
    return null
  }

  send(response: ServerResponse, refused: RefusedRoute, { mount, isHead }: { mount: string; isHead: boolean }): void {
    const key = mount + refused.path
    const refusal = this.#made.get(key) ?? this.#make(refused, mount)
    this.#made.set(key, refusal)
    // Spread by chance: who was refused together shall not come back together.
    const retryAfter = 1 + Math.floor(this.#context.chance() * retryAfterSecondsMax)
    response.writeHead(503, [...refusal.head, 'retry-after', String(retryAfter)])
    if (isHead) response.end()
    else response.end(refusal.body)
  }

  #make({ kind, path }: RefusedRoute, mount: string): Refusal {
    const reply = errorReply(new OverloadedError('More articles are asked for than can be read.'), '', 0)
    const { site } = this.#context
    const text =
      kind === 'api'
        ? problemDocument(reply, mount + path)
        : errorPage({
            site: { ...site, prefix: mount, sections: [], now: this.#context.clock.now() },
            status: reply.status,
            title: 'Many people are reading at this moment',
            detail: reply.detail,
          })
    const body = Buffer.from(text)
    const head = {
      ...securityHeaders[kind],
      'content-type': kind === 'api' ? 'application/problem+json; charset=utf-8' : 'text/html; charset=utf-8',
      'content-length': String(body.length),
      'cache-control': 'no-store',
    }
    return { body, head: Object.entries(head).flat() }
  }
}

interface RefusedRoute {
  readonly path: string
  readonly route: string
  readonly kind: 'page' | 'api'
}

interface Refusal {
  readonly head: readonly string[]
  readonly body: Buffer
}

const refusedRoutes: readonly RefusedRoute[] = [
  { path: '/v1/articles/', route: '/v1/articles/:id', kind: 'api' },
  { path: '/articles/', route: '/articles/:id', kind: 'page' },
]
const retryAfterSecondsMax = 3
