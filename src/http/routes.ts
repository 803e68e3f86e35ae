import type { IncomingMessage } from 'node:http'
import swagger from '@fastify/swagger'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { html } from 'ghtml'
import { publish } from '../events.ts'
import { apiRoutes } from './api-routes.ts'
import { articleRoutes } from './article-routes.ts'
import { type ErrorReply, errorReply, HttpError, problemDocument } from './error-reply.ts'
import { healthRoutes } from './health-routes.ts'
import { whatIsAskedFor } from './hot-path.ts'
import { schemaIdPrefix, sharedSchemas } from './openapi-schemas.ts'
import { errorPage } from './pages/page.ts'
import type { Found } from './ready-answers.ts'
import { securityHeaders } from './security-headers.ts'
import { type Route, type RouteGroup, type RouteKind, type SiteContext, siteView } from './site-context.ts'

/** Every route that this context can serve, of the groups asked for. */
export function routesOf(context: SiteContext, groups: readonly RouteGroup[]): readonly Route[] {
  const routes = [...articleRoutes(context), ...apiRoutes(context), ...healthRoutes(context)]
  return routes.filter(({ group }) => groups.includes(group))
}

/**
 * The same routes for a process that is not for readers: pages and fragments answer 503. Not 404, which a crawler that a load
 * balancer sends here by mistake would take for the end of an article.
 */
export function withoutReaders(routes: readonly Route[]): readonly Route[] {
  return routes.map((route) =>
    route.group === 'pages' || route.group === 'fragments' ? { ...route, handle: refuseReaders } : route,
  )
}

async function refuseReaders(): Promise<never> {
  throw new HttpError(503, 'NOT_FOR_READERS', 'This server keeps the related lists and shows no pages.', {
    hint: 'Ask one with the role web or all; a load balancer must not send readers here.',
    headers: { 'retry-after': '1' },
  })
}

export const allGroups: readonly RouteGroup[] = ['pages', 'fragments', 'api', 'health']

/**
 * Puts the routes into `app`, with their own way of checking, of reading bodies and of saying what went wrong.
 *
 * `app` is a context of its own: nothing of this reaches the routes around it. Unknown addresses below its prefix are
 * answered here too; without a prefix they are left to whoever owns `app`, unless `ownsRoot`.
 */
export async function registerRoutes(
  app: FastifyInstance,
  routes: readonly Route[],
  context: SiteContext,
  options: {
    readonly ownsRoot: boolean
    /** Where nobody stands before the router who would: kept answers are sent from a hook. */
    readonly sendsReady: boolean
  },
): Promise<void> {
  // The schemas are for the document alone: a site's own Ajv would coerce, or drop unknown keys without a word.
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  // Bodies are read by the routes, after the token is checked and as slowly as they are stored.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.setErrorHandler((error, request, reply) => sendError(context, request, reply, error))
  app.addHook('onRequest', (request, reply, done) => {
    watchRequest(context, request, reply)
    refuseLongAddress(request.raw)
    if (options.sendsReady) {
      const found = context.ready?.find(context.addressOf(request)) ?? null
      if (found && sendFound(request, reply, found)) return
    }
    done()
  })
  for (const schema of sharedSchemas) app.addSchema(schema)
  const described = await describeRoutes(app, routes, context)

  for (const route of routes) {
    app.route({
      method: route.method,
      url: route.path,
      schema: route.schema,
      exposeHeadRoute: route.method === 'GET',
      config: { onwardKind: route.kind },
      handler: (request, reply) => route.handle(request, reply),
    })
  }
  if (options.ownsRoot || app.prefix !== '') {
    app.setNotFoundHandler((request, reply) => {
      const path = pathOf(request.raw).slice(app.prefix.length) || '/'
      const allowed = methodsAt(described ? [...routes, openApiRoute] : routes, path)
      if (allowed.length === 0) throw new HttpError(404, 'ROUTE_NOT_FOUND', 'There is nothing at this address.')
      const allow = [...allowed, 'OPTIONS'].join(', ')
      if (request.method === 'OPTIONS')
        return reply.headers(securityHeaders.api).header('allow', allow).code(204).send()
      throw new HttpError(405, 'METHOD_NOT_ALLOWED', `${request.method} is not taken at this address.`, {
        hint: `Taken are ${allow}.`,
        headers: { allow },
      })
    })
  }
}

/** The methods that are taken at `path`; empty when nothing is there. */
export function methodsAt(routes: ReadonlyArray<Pick<Route, 'method' | 'path'>>, path: string): string[] {
  const methods = routes.filter((route) => templateMatches(route.path, path)).map(({ method }) => method)
  return methods.includes('GET') ? ['HEAD', ...methods] : methods
}

/** `/openapi.json`, for those who ask what an address takes. */
export const openApiRoute = { method: 'GET', path: '/openapi.json' } as const

export function pathOf(request: Pick<IncomingMessage, 'url'>): string {
  const url = request.url ?? '/'
  const end = url.search(/[?#]/)
  return end === -1 ? url : url.slice(0, end)
}

/**
 * Answers an error in the form that fits: a page where readers are, a problem document for programs.
 *
 * Where no route says which, the address and then `Accept` do.
 */
export function sendError(
  context: SiteContext,
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
): FastifyReply {
  if (reply.raw.destroyed || reply.raw.socket?.destroyed) return reply.hijack()
  const answer = errorReply(error, String(request.id), context.chance())
  if (answer.status === 503) {
    // The one who was let through to make a page anew is not the one to pay for it.
    const found = context.ready?.standIn(context.addressOf(request)) ?? null
    if (found && sendFound(request, reply, { ...found, isStale: true })) return reply
  }
  // What the reader is told of a fault of ours says nothing of its cause: whoever runs the site needs that.
  if (answer.status >= 500)
    publish('request-failed', () => ({ requestId: String(request.id), code: answer.code, error }))
  const kind = kindOf(request)
  reply.code(answer.status).headers(securityHeaders[kind]).header('cache-control', 'no-store').headers(answer.headers)
  if (kind === 'api') {
    return reply
      .header('content-type', 'application/problem+json; charset=utf-8')
      .send(problemDocument(answer, pathOf(request.raw)))
  }
  reply.header('content-type', 'text/html; charset=utf-8')
  return reply.send(kind === 'fragment' ? errorFragment(answer) : errorHtml(context, request, answer))
}

/** Sends a kept answer by way of the router; false for a request that it cannot answer. */
function sendFound(request: FastifyRequest, reply: FastifyReply, { answer, isStale }: Found): boolean {
  const asked = whatIsAskedFor(request.raw)
  if (asked === null) return false
  reply.hijack()
  // What hooks of the surrounding site have set is kept.
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) reply.raw.setHeader(name, value)
  answer.send(reply.raw, asked, isStale)
  return true
}

function errorHtml(context: SiteContext, request: FastifyRequest, answer: ErrorReply): string {
  return errorPage({
    site: siteView(context, request),
    status: answer.status,
    title: pageTitles[answer.status] ?? answer.title,
    detail: pageDetails[answer.code] ?? answer.detail,
    ...(answer.hint === null ? {} : { hint: answer.hint }),
  })
}

// Small enough to do no harm where an edge server includes it in a page all the same.
function errorFragment(answer: ErrorReply): string {
  return html`<p class="onward-rail" data-related-state="unavailable">${answer.detail}</p>`
}

const pageTitles: Readonly<Record<number, string>> = {
  400: 'That address is not one of ours',
  404: 'There is no such page',
  405: 'That is not possible here',
  410: 'This article was taken down',
  414: 'That address is too long',
  500: 'Something went wrong',
  503: 'We cannot show this just now',
}

/** What a reader is told where the error's own words speak to a publisher. */
const pageDetails: Readonly<Record<string, string>> = {
  ARTICLE_NOT_FOUND: 'There is no article at this address. It may never have been here, or not be published yet.',
}

function kindOf(request: FastifyRequest): RouteKind {
  const config: { onwardKind?: RouteKind } = request.routeOptions.config ?? {}
  if (config.onwardKind !== undefined) return config.onwardKind
  const path = pathOf(request.raw)
  if (/\/(?:v1|fragments)(?:\/|$)/.test(path)) return 'api'
  if (/\/(?:articles|sections)\//.test(path)) return 'page'
  return /\btext\/html\b/i.test(request.headers.accept ?? '') ? 'page' : 'api'
}

/** Twice the longest address of ours, with a query that others have added. */
const addressLengthMax = 4096

function refuseLongAddress(request: IncomingMessage): void {
  const { length } = request.url ?? ''
  if (length > addressLengthMax) {
    throw new HttpError(
      414,
      'URI_TOO_LONG',
      `The address has ${length} characters; at most ${addressLengthMax} are taken.`,
    )
  }
}

function watchRequest(context: SiteContext, request: FastifyRequest, reply: FastifyReply): void {
  const { raw } = reply
  if (hasBody(request.raw)) raw.once('finish', () => endUnreadBody(request.raw, context))
  const { onServed } = context
  if (onServed === null) return
  const startedAt = context.clock.monotonicMs()
  raw.once('close', () =>
    onServed({
      requestId: String(request.id),
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      path: pathOf(request.raw),
      status: raw.statusCode,
      tookMs: context.clock.monotonicMs() - startedAt,
      aborted: !raw.writableFinished,
    }),
  )
}

function hasBody(request: IncomingMessage): boolean {
  const length = request.headers['content-length']
  return request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}

/**
 * How long the rest of a body that was refused is thrown away, in milliseconds. Closing at once would reset the
 * connection, and the sender would never read why it was refused; never closing would let it send for ever.
 */
const lingerMs = 2_000

function endUnreadBody(request: IncomingMessage, context: SiteContext): void {
  if (request.complete) return
  const cancel = context.clock.after(lingerMs, () => request.socket.destroy())
  request.once('close', cancel)
  request.once('end', cancel)
  request.resume()
}

function templateMatches(template: string, path: string): boolean {
  const wanted = template.split('/')
  const given = path.split('/')
  return (
    wanted.length === given.length &&
    wanted.every((part, index) => (part.startsWith(':') ? given[index] !== '' : part === given[index]))
  )
}

/**
 * A site that describes its routes with `@fastify/swagger` finds these in its own document (false). Elsewhere they get
 * a document of their own (true).
 */
async function describeRoutes(app: FastifyInstance, routes: readonly Route[], context: SiteContext): Promise<boolean> {
  if (app.hasDecorator('swagger') || !routes.some(({ group }) => group === 'api')) return false
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'onward',
        description: 'Articles and their related articles.',
        version: 'v1',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      tags: [
        { name: 'articles', description: 'Articles as JSON' },
        { name: 'publishing', description: 'Publish, correct, take down' },
        { name: 'pages', description: "The reader's pages" },
        { name: 'fragments', description: 'Parts of pages, as HTML' },
        { name: 'health', description: 'For those who run it' },
      ],
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    },
    refResolver: {
      buildLocalReference: (json, _baseUri, _fragment, index) =>
        typeof json.$id === 'string' ? json.$id.replace(schemaIdPrefix, '') : `schema-${index}`,
    },
  })
  app.route({
    method: 'GET',
    url: openApiRoute.path,
    exposeHeadRoute: true,
    config: { onwardKind: 'api' },
    schema: { hide: true },
    handler: (request, reply) => {
      // Behind a mount that strips its path, the document has to say where its addresses begin.
      const mount = context.linkPrefix(request)
      const servers = [{ url: mount === app.prefix || mount === '' ? '/' : mount }]
      return reply
        .headers(securityHeaders.api)
        .header('cache-control', 'no-cache')
        .header('content-type', 'application/json; charset=utf-8')
        .send(JSON.stringify({ ...app.swagger(), servers }))
    },
  })
  return true
}

declare module 'fastify' {
  interface FastifyContextConfig {
    onwardKind?: RouteKind
  }
}
