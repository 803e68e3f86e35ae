import type { OutgoingHttpHeader } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Rail } from '../manager/manager.ts'
import { sendWithEtag, serverTiming } from './conditional-reply.ts'
import { HttpError } from './error-reply.ts'
import { htmlAnswers, idParameter, pagingParameter, railParameters, sectionParameter } from './openapi-schemas.ts'
import {
  articlePageClosing,
  articlePageParts,
  frontPage,
  railFragment,
  sectionPage,
  stylesheetBytes,
} from './pages/page.ts'
import { ReadyAnswer } from './ready-answer.ts'
import { anyArticle, railOf } from './ready-answers.ts'
import { fragmentQuery, parseArticleId, parsePageQuery, parseQuery, parseSectionName } from './request-query.ts'
import { openRequestScope } from './request-scope.ts'
import { securityHeaders } from './security-headers.ts'
import { offerAnswer, type Route, type RouteKind, routeParameters, type SiteContext, siteView } from './site-context.ts'
import { openPage, sendPage, streamedHead } from './stream-page.ts'

/** The reader's pages, and the rail alone as HTML for pages that others make. */
export function articleRoutes(context: SiteContext): Route[] {
  return [
    {
      method: 'GET',
      path: '/articles/:id',
      group: 'pages',
      kind: 'page',
      schema: {
        operationId: 'articlePage',
        tags: ['pages'],
        summary: 'The page of an article',
        description:
          'HTML in one response: the article is sent as soon as it is read, its related articles follow. ' +
          '`data-related-state` says what became of them.',
        params: idParameter,
        response: htmlAnswers('The page, streamed.', [400, 404, 410, 503]),
      },
      handle: (request, reply) => streamArticlePage(context, request, reply),
    },
    {
      method: 'GET',
      path: '/',
      group: 'pages',
      kind: 'page',
      schema: {
        operationId: 'frontPage',
        tags: ['pages'],
        summary: 'The front page: the newest articles',
        querystring: pagingParameter,
        response: htmlAnswers('The page.', [400, 503]),
      },
      async handle(request, reply) {
        const { before } = parsePageQuery(request.query)
        const keep = offerAnswer(context, request)
        const { articles, ms } = await readList(context, reply, before === undefined ? {} : { before })
        const body = frontPage({ site: siteView(context, request), articles, before })
        keep?.(listAnswer('/', body, ms), 'list')
        return sendPageWithEtag(request, reply, ms, body)
      },
    },
    {
      method: 'GET',
      path: '/sections/:section',
      group: 'pages',
      kind: 'page',
      schema: {
        operationId: 'sectionPage',
        tags: ['pages'],
        summary: 'The newest articles of a section',
        params: sectionParameter,
        querystring: pagingParameter,
        response: htmlAnswers('The page.', [400, 404, 503]),
      },
      async handle(request, reply) {
        const section = parseSectionName(routeParameters(request).section)
        const { before } = parsePageQuery(request.query)
        const query = before === undefined ? { section } : { section, before }
        const keep = offerAnswer(context, request)
        const { articles, ms } = await readList(context, reply, query)
        if (articles.articles.length === 0 && before === undefined) {
          throw new HttpError(
            404,
            'SECTION_NOT_FOUND',
            `No article is published in the section ${JSON.stringify(section)}.`,
          )
        }
        const body = sectionPage({ site: siteView(context, request), section, articles, before })
        keep?.(listAnswer('/sections/:section', body, ms), 'list')
        return sendPageWithEtag(request, reply, ms, body)
      },
    },
    {
      method: 'GET',
      path: '/fragments/articles/:id/related',
      group: 'fragments',
      kind: 'fragment',
      schema: {
        operationId: 'relatedFragment',
        tags: ['fragments'],
        summary: 'The related articles alone, as HTML',
        description: 'For edge-side includes and islands.',
        params: idParameter,
        querystring: railParameters({ explain: false }),
        response: htmlAnswers('The fragment: one element, without a page around it.', [400, 404, 410, 503]),
      },
      async handle(request, reply) {
        const articleId = parseArticleId(routeParameters(request).id)
        const query = parseQuery(fragmentQuery, request.query)
        const keep = offerAnswer(context, request)
        using scope = openRequestScope(reply.raw, {
          clock: context.clock,
          budgetMs: context.limits.readBudgetMs,
          what: 'The related articles',
        })
        const rail = await scope.within(context.manager.openRail(articleId, { ...query, signal: scope.signal }))
        const body = railFragment({ site: siteView(context, request), rail, articleId, links: 'publisher' })
        keep?.(
          railAnswer({
            route: '/fragments/articles/:id/related',
            kind: 'fragment',
            contentType: html,
            body,
            rail,
            articleId,
          }),
          'article',
        )
        reply.headers(securityHeaders.fragment).header('server-timing', railTiming(rail))
        return sendWithEtag(request, reply, { contentType: html, body })
      },
    },
  ]
}

export function railTiming(rail: Rail): string {
  return serverTiming([{ name: 'rail', ms: rail.tookMs, description: rail.state }])
}

/** The rail alone, as an answer to keep. */
export function railAnswer(about: {
  readonly route: string
  readonly kind: RouteKind
  readonly contentType: string
  readonly body: string
  readonly rail: Rail
  readonly articleId: string
  readonly sameAs?: string
}): ReadyAnswer {
  const { route, kind, contentType, body, rail, articleId, sameAs } = about
  return new ReadyAnswer([body], {
    route,
    contentType,
    headers: securityHeaders[kind],
    timing: [{ name: 'rail', ms: rail.tookMs }],
    state: rail.state,
    shows: shownBy(articleId, rail),
    ...(sameAs === undefined ? {} : { sameAs }),
  })
}

/** Whose change makes an answer with this rail untrue: the article, its rail, and what stands in it. */
export function shownBy(articleId: string, { items }: { readonly items: Rail['items'] }): string[] {
  return [articleId, railOf(articleId), ...items.map(({ id }) => id)]
}

function listAnswer(route: string, body: string, ms: number): ReadyAnswer {
  return new ReadyAnswer([body], {
    route,
    contentType: html,
    headers: securityHeaders.page,
    timing: [{ name: 'list', ms }],
    state: 'fresh',
    shows: [anyArticle],
  })
}

const html = 'text/html; charset=utf-8'
const frontPageLimit = 30

async function streamArticlePage(context: SiteContext, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const articleId = parseArticleId(routeParameters(request).id)
  const keep = offerAnswer(context, request)
  using scope = openRequestScope(reply.raw, {
    clock: context.clock,
    budgetMs: context.limits.readBudgetMs,
    what: 'The article',
  })
  const opened = await openPage(context.manager, articleId, scope, request.method === 'HEAD')
  const site = siteView(context, request)
  const { beforeStylesheet, afterStylesheet } = articlePageParts({ site, article: opened.article })
  // From here on the response is ours and not Fastify's, so what went wrong before has had its status.
  reply.hijack()
  await sendPage(reply.raw, opened, {
    opening: [beforeStylesheet, stylesheetBytes, afterStylesheet],
    rail: (rail) => railFragment({ site, rail, articleId: opened.article.id, section: opened.article.section }),
    closing: () => articlePageClosing({ site }),
    head: [...setByHooks(reply), ...flat(streamedHead(opened)), ...pageSecurity],
    railCapMs: context.limits.railCapMs,
    clock: context.clock,
    scope,
    onWhole: ({ parts, rail }) => {
      const { article, articleMs, articleState } = opened
      keep?.(
        new ReadyAnswer(parts, {
          route: '/articles/:id',
          contentType: html,
          headers: securityHeaders.page,
          timing: [
            { name: 'article', ms: articleMs },
            { name: 'rail', ms: rail.tookMs },
          ],
          state: articleState === 'fresh' ? rail.state : articleState,
          shows: shownBy(article.id, rail),
        }),
        'article',
      )
    },
  })
}

/** Names and values, one after the other. */
function flat(headers: Readonly<Record<string, OutgoingHttpHeader>>): OutgoingHttpHeader[] {
  const list: OutgoingHttpHeader[] = []
  for (const name in headers) list.push(name, headers[name] ?? '')
  return list
}

const pageSecurity = flat(securityHeaders.page)
const saidByPages = new Set([...Object.keys(securityHeaders.page), 'content-type', 'cache-control', 'server-timing'])

/** What hooks of the surrounding site have set is kept, apart from what a page has to say of itself. */
function setByHooks(reply: FastifyReply): OutgoingHttpHeader[] {
  const set: OutgoingHttpHeader[] = []
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined && !saidByPages.has(name)) set.push(name, value)
  return set
}

async function readList(context: SiteContext, reply: FastifyReply, query: { section?: string; before?: string }) {
  using scope = openRequestScope(reply.raw, {
    clock: context.clock,
    budgetMs: context.limits.readBudgetMs,
    what: 'The list of articles',
  })
  const startedAt = context.clock.monotonicMs()
  const articles = await scope.within(
    context.manager.listArticles({ ...query, limit: frontPageLimit }, { signal: scope.signal }),
  )
  return { articles, ms: context.clock.monotonicMs() - startedAt }
}

function sendPageWithEtag(request: FastifyRequest, reply: FastifyReply, listMs: number, body: string): FastifyReply {
  reply.headers(securityHeaders.page).header('server-timing', serverTiming([{ name: 'list', ms: listMs }]))
  return sendWithEtag(request, reply, { contentType: html, body })
}
