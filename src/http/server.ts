import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { type Clock, systemClock } from '../concurrency/clock.ts'
import type { Manager } from '../manager/manager.ts'
import type { Publisher } from '../manager/publisher.ts'
import { HttpError, malformedRequestReply } from './error-reply.ts'
import { defaultCacheBytesMax } from './fastify-plugin.ts'
import { createHotPath } from './hot-path.ts'
import { KnownSections } from './known-sections.ts'
import { ReadyAnswers } from './ready-answers.ts'
import { requestIds } from './request-ids.ts'
import { allGroups, registerRoutes, routesOf, sendError, withoutReaders } from './routes.ts'
import {
  limitsFrom,
  type MetricsSource,
  type Readiness,
  type RequestLimits,
  type RouteGroup,
  type ServedRequest,
  type SiteContext,
  type SiteName,
} from './site-context.ts'

/**
 * onward as an HTTP server of its own. It does not listen before `listen`.
 *
 * Request heads must arrive within 5 s, records within 10 s and bulks within 120 s; connections that carry nothing for
 * 60 s are closed.
 */
export async function createHttpServer(options: HttpOptions): Promise<HttpServer> {
  const clock = options.clock ?? systemClock
  const limits = limitsFrom(options.limits)
  const prefix = options.prefix ?? ''
  const chance = options.chance ?? Math.random
  const sections = new KnownSections(options.manager, clock)
  const ready = new ReadyAnswers({
    manager: options.manager,
    clock,
    random: Math.random,
    bytesMax: options.cacheBytesMax ?? defaultCacheBytesMax,
  })
  const context: SiteContext = {
    manager: options.manager,
    publisher: options.publisher,
    token: options.token,
    site: options.site,
    readiness: options.readiness,
    metrics: options.metrics,
    clock,
    sections,
    limits,
    linkPrefix: () => prefix,
    ready,
    addressOf: (request) => request.raw.url ?? '/',
    chance,
    onServed: options.onServed ?? null,
  }

  const wanted = routesOf(context, options.routes ?? allGroups)
  const routes = options.servesReaders === false ? withoutReaders(wanted) : wanted
  const nextRequestId = requestIds()
  const answerReady = createHotPath({ context, ready, routes, nextRequestId, onServed: context.onServed })
  let isClosing = false
  const app = Fastify({
    // Fastify gives a server of its own its timeouts; one that it is handed has to have them already.
    serverFactory(handler) {
      const server = createServer(
        {
          headersTimeout: headersTimeoutMs,
          // Above the head's timeout, or a slow body would never be cut. It is the bulk's, since node has one for all;
          // the routes hold records to their own, which is shorter.
          requestTimeout: limits.bulkBudgetMs + connectionsCheckingMs,
          keepAliveTimeout: keepAliveMs,
          connectionsCheckingInterval: connectionsCheckingMs,
        },
        (request, response) => {
          const url = request.url ?? '/'
          const isOurs = prefix === '' || url.startsWith(prefix)
          // While it closes, answers say `Connection: close`, which the router sees to.
          if (isOurs && !isClosing && answerReady(request, response, prefix, url.slice(prefix.length))) return
          handler(request, response)
        },
      )
      server.setTimeout(idleConnectionMs)
      return server
    },
    trustProxy: false,
    forceCloseConnections: 'idle',
    // What comes on an open connection while the server closes is still served, with `Connection: close`.
    return503OnClosing: false,
    // Ids are checked by their route, which can say what an id looks like; the address as a whole has a bound.
    routerOptions: { maxParamLength: 4096 },
    genReqId: nextRequestId,
    ...(options.logger ? { loggerInstance: options.logger } : { logger: false }),
    logController: new LogController({ disableRequestLogging: true }),
    // Nothing is logged by request here, and a logger for each is a fiftieth of what a page costs.
    childLoggerFactory: (logger) => logger,
    frameworkErrors: (error, request, reply) => {
      sendError(context, request, reply, error)
    },
    clientErrorHandler: (error, socket) => endMalformed(error, socket),
  })
  await app.register(
    async (inner: FastifyInstance) => registerRoutes(inner, routes, context, { ownsRoot: true, sendsReady: false }),
    {
      prefix,
    },
  )
  if (prefix !== '') {
    app.setNotFoundHandler((request, reply) => {
      if (request.url === '/') return reply.redirect(`${prefix}/`)
      return sendError(
        context,
        request,
        reply,
        new HttpError(404, 'ROUTE_NOT_FOUND', `Everything is under ${prefix}/.`),
      )
    })
  }
  await app.ready()
  const node = app.server
  let closing: Promise<void> | null = null
  const close = () => {
    isClosing = true
    closing ??= closeServer(app, node, options.closeWithinMs ?? closeWithinMs).finally(() => ready[Symbol.dispose]())
    return closing
  }

  return {
    fastify: app,
    async listen({ port, host }) {
      // Known before the first page, when that is quick; a store in trouble does not keep the server from starting.
      await sections.refresh()
      // One address, not one server for each that `localhost` has: Fastify gives the further ones no timeouts.
      await app.listen({ port, host: host === 'localhost' ? '127.0.0.1' : host })
      return { url: urlOf(node) }
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

export interface HttpOptions {
  readonly manager: Manager
  /** Null: articles are not taken over HTTP. */
  readonly publisher: Publisher | null
  /** What writers have to send; null or empty: writes answer 403 and say what to do. */
  readonly token: string | null
  readonly site: SiteName
  /** The path that everything stands under, such as `/news`; default: the root. */
  readonly prefix?: string
  readonly readiness: (signal: AbortSignal) => Promise<Readiness>
  readonly metrics: MetricsSource | null
  /** A pino logger; null: nothing is logged. Requests are reported to `onServed`, not logged here. */
  readonly logger: FastifyBaseLogger | null
  /** Called once for each request when its answer is complete or its reader has gone. Must not throw. */
  readonly onServed?: (served: ServedRequest) => void
  readonly clock?: Clock
  /** Default: all. */
  readonly routes?: readonly RouteGroup[]
  /** False: pages and fragments answer 503, since this process is not for readers. Default true. */
  readonly servesReaders?: boolean
  readonly limits?: Partial<RequestLimits>
  /** How long `close` waits for answers under way, in milliseconds; default 5000. */
  readonly closeWithinMs?: number
  readonly chance?: () => number
  /** How much memory ready answers may take, in bytes; 0: none are kept. Default 64 MiB. */
  readonly cacheBytesMax?: number
}

export interface HttpServer extends AsyncDisposable {
  readonly fastify: FastifyInstance
  /** Port 0 takes a free one. @throws the system's error, such as EADDRINUSE */
  listen(at: { readonly port: number; readonly host: string }): Promise<{ readonly url: string }>
  /** Takes no more requests, lets those under way finish within a bound, then cuts what is left. Once is enough. */
  close(): Promise<void>
}

const headersTimeoutMs = 5_000
const connectionsCheckingMs = 1_000
/** Longer than the idle timeout that load balancers have by default (60 s) would be better there, and worse for the open web. */
const keepAliveMs = 15_000
const idleConnectionMs = 60_000
const closeWithinMs = 5_000

async function closeServer(app: FastifyInstance, node: Server, withinMs: number): Promise<void> {
  // A connection that becomes idle after the closing has begun is closed by nobody else: it would hold the end up for
  // the rest of its keep-alive time.
  const sweep = setInterval(() => node.closeIdleConnections(), 20)
  const cut = setTimeout(() => node.closeAllConnections(), withinMs)
  try {
    await app.close()
  } finally {
    clearInterval(sweep)
    clearTimeout(cut)
  }
}

function endMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  // Half an answer may be on its way already: a second head in the middle of it would be taken for its body.
  if (socket.bytesWritten > 0) socket.destroy()
  else socket.end(malformedRequestReply(error.code), () => socket.destroy())
}

function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}
