import type { IncomingMessage, ServerResponse } from 'node:http'
import Fastify, { type FastifyBaseLogger, type FastifyRequest, LogController } from 'fastify'
import type { Manager } from '../manager/manager.ts'
import { errorReply, HttpError, problemDocument } from './error-reply.ts'
import { type MountOptions, mountedContext, mountedGroups } from './fastify-plugin.ts'
import { createHotPath } from './hot-path.ts'
import { requestIds } from './request-ids.ts'
import { methodsAt, openApiRoute, pathOf, registerRoutes, routesOf, sendError } from './routes.ts'
import { securityHeaders } from './security-headers.ts'

/** For a site that keeps its own templates and takes the streaming alone. */
export { type StreamArticleOptions, type StreamedArticle, streamArticle } from './stream-page.ts'

/**
 * onward's routes as a request handler: for `http.createServer(handler)`, and for Express under any path
 * (`app.use('/news', createHandler(manager))`).
 *
 * What it has no route for goes to `next`, or is answered 404 where there is none. A known address with another method
 * is answered 405. It opens nothing that has to be closed; the manager stays the caller's.
 */
export function createHandler(manager: Manager, options: HandlerOptions = {}): OnwardHandler {
  const prefix = options.prefix ?? ''
  const mounts = new WeakMap<IncomingMessage, string>()
  const linkPrefix = (request: FastifyRequest) => mounts.get(request.raw) ?? prefix
  const context = mountedContext(manager, options, {
    linkPrefix,
    addressOf: (request) => linkPrefix(request) + (request.raw.url ?? '/'),
  })
  const routes = routesOf(context, options.routes ?? mountedGroups)
  // A Fastify that never listens: its router, and the same routes as everywhere.
  const app = Fastify({
    ...(options.logger ? { loggerInstance: options.logger } : { logger: false }),
    logController: new LogController({ disableRequestLogging: true }),
    // Nothing is logged by request here, and a logger for each is a fiftieth of what a page costs.
    childLoggerFactory: (logger) => logger,
    routerOptions: { maxParamLength: 4096 },
    frameworkErrors: (error, request, reply) => {
      sendError(context, request, reply, error)
    },
  })
  app.register(async (inner) => registerRoutes(inner, routes, context, { ownsRoot: true, sendsReady: false }))
  const starting = Promise.resolve(app.ready())
  let started = false
  starting.then(
    () => {
      started = true
    },
    () => {},
  )

  const hasApi = routes.some(({ group }) => group === 'api')
  const addressed = hasApi ? [...routes, openApiRoute] : routes

  const { ready, onServed } = context
  const answerReady = createHotPath({ context, ready, routes, nextRequestId: requestIds(), onServed })

  return (request, response, next) => {
    const address = request.url ?? '/'
    const inner = withoutPrefix(address, prefix)
    if (inner !== null && answerReady(request, response, mountPath(request) + prefix, inner)) return
    const owned = inner !== null && methodsAt(addressed, pathOf({ url: inner })).length > 0
    if (!owned && next) {
      next()
      return
    }
    if (inner === null) {
      answerOutside(response, prefix)
      return
    }
    mounts.set(request, mountPath(request) + prefix)
    // The router looks at `url`. Nobody behind us reads it any more: from here on the request is ours to answer.
    request.url = inner
    if (started) {
      app.routing(request, response)
      return
    }
    starting.then(
      () => app.routing(request, response),
      (error: unknown) => {
        if (next) next(error)
        else response.writeHead(500).end()
      },
    )
  }
}

export type OnwardHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void

export interface HandlerOptions extends MountOptions {
  /**
   * The path that the routes stand under, such as `/news`, where nobody strips it: plain `node:http`. Express strips
   * the path that it mounts under, and it is found on the request.
   */
  readonly prefix?: string
  readonly logger?: FastifyBaseLogger
}

function answerOutside(response: ServerResponse, prefix: string): void {
  const reply = errorReply(new HttpError(404, 'ROUTE_NOT_FOUND', `Everything is under ${prefix}/.`), '', 0)
  response.writeHead(reply.status, {
    ...securityHeaders.api,
    'content-type': 'application/problem+json; charset=utf-8',
    'cache-control': 'no-store',
  })
  response.end(problemDocument(reply, pathOf(response.req)))
}

/** The path that Express has stripped. */
function mountPath(request: IncomingMessage): string {
  return 'baseUrl' in request && typeof request.baseUrl === 'string' ? request.baseUrl : ''
}

function withoutPrefix(address: string, prefix: string): string | null {
  if (prefix === '') return address
  if (!address.startsWith(prefix)) return null
  const rest = address.slice(prefix.length)
  if (rest === '' || rest.startsWith('?')) return `/${rest}`
  return rest.startsWith('/') ? rest : null
}
