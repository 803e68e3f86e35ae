import type { FastifyReply, FastifyRequest } from 'fastify'
import { DeadlineExceededError } from '../errors.ts'
import type { BulkResult, Publisher } from '../manager/publisher.ts'
import type { PutOutcome } from '../store/store.ts'
import { railAnswer, railTiming, shownBy } from './article-routes.ts'
import { articleTiming, sendWithEtag, serverTiming } from './conditional-reply.ts'
import { BulkStoppedError, HttpError } from './error-reply.ts'
import {
  answers,
  idParameter,
  listParameters,
  railParameters,
  recordBody,
  recordLinesBody,
  republishParameter,
} from './openapi-schemas.ts'
import { ReadyAnswer } from './ready-answer.ts'
import { readJsonBody, readLines } from './request-body.ts'
import {
  articleQuery,
  listQuery,
  parseArticleId,
  parseQuery,
  railQuery,
  withdrawQuery,
  writeQuery,
} from './request-query.ts'
import { openRequestScope, type RequestScope } from './request-scope.ts'
import { securityHeaders } from './security-headers.ts'
import { offerAnswer, type Route, routeParameters, type SiteContext, underMount } from './site-context.ts'
import { requireWriteToken } from './write-token.ts'

/** Articles as JSON: read by anybody, written with a token. */
export function apiRoutes(context: SiteContext): Route[] {
  return context.publisher === null
    ? readingRoutes(context)
    : [...readingRoutes(context), ...writingRoutes(context, context.publisher)]
}

function readingRoutes(context: SiteContext): Route[] {
  const { manager, clock, limits } = context
  const openScope = (reply: FastifyReply, what: string) =>
    openRequestScope(reply.raw, { clock, budgetMs: limits.readBudgetMs, what })
  return [
    {
      method: 'GET',
      path: '/v1/articles/:id',
      group: 'api',
      kind: 'api',
      schema: {
        operationId: 'readArticle',
        tags: ['articles'],
        summary: 'An article and its related articles',
        description: '`related.state` says what became of the related articles; they never make the article fail.',
        params: idParameter,
        response: answers({ 200: ['The article.', 'ServedArticle'] }, [304, 400, 404, 410, 503]),
      },
      async handle(request, reply) {
        const articleId = parseArticleId(routeParameters(request).id)
        parseQuery(articleQuery, request.query)
        const keep = offerAnswer(context, request)
        using scope = openScope(reply, 'The article')
        const served = await scope.within(manager.handleRequest({ articleId }, { signal: scope.signal }))
        const { article, articleState, related, timing } = served
        const relatedArticles = underMount(served.relatedArticles, context.linkPrefix(request))
        const articlePart = articleTiming({ articleMs: timing.articleMs, articleState })
        const railPart = { name: 'rail', ms: timing.railMs }
        reply.header('server-timing', serverTiming([articlePart, { ...railPart, description: related.state }]))
        const body = JSON.stringify({ article, relatedArticles, related })
        keep?.(
          new ReadyAnswer([body], {
            route: '/v1/articles/:id',
            contentType: json,
            headers: securityHeaders.api,
            timing: [articlePart, railPart],
            state: articleState === 'fresh' ? related.state : articleState,
            shows: shownBy(article.id, { items: relatedArticles }),
          }),
          'article',
        )
        return sendJson(request, reply, body)
      },
    },
    {
      method: 'GET',
      path: '/v1/articles/:id/related',
      group: 'api',
      kind: 'api',
      schema: {
        operationId: 'readRelated',
        tags: ['articles'],
        summary: 'The related articles alone',
        params: idParameter,
        querystring: railParameters({ explain: true }),
        response: answers({ 200: ['The related articles, best first.', 'Rail'] }, [304, 400, 404, 410, 503]),
      },
      async handle(request, reply) {
        const articleId = parseArticleId(routeParameters(request).id)
        const { limit, exclude, explain = false } = parseQuery(railQuery, request.query)
        // What a score is made of is asked of the index each time: nobody else would hear that it has changed.
        const keep = explain ? null : offerAnswer(context, request)
        using scope = openScope(reply, 'The related articles')
        const rail = await scope.within(manager.openRail(articleId, { limit, exclude, signal: scope.signal }))
        const ids = rail.items.map((item) => item.id)
        const { signal } = scope
        const parts = explain ? await scope.within(manager.explainScores(articleId, ids, { signal })) : null
        const isRelated = rail.basis === 'related'
        const answer = {
          articleId,
          state: rail.state,
          basis: rail.basis,
          version: rail.version,
          generatedAt: rail.generatedAt,
          tookMs: Math.round(rail.tookMs * 10) / 10,
          items: underMount(rail.items, context.linkPrefix(request)).map((item, at) => ({
            id: item.id,
            url: item.url,
            title: item.title,
            publishedAt: item.publishedAt,
            section: item.section,
            source: item.source,
            image: item.image,
            reason: item.reason,
            score: item.score,
            position: item.position,
            pinned: item.pinned,
            ...(parts === null ? {} : { parts: isRelated ? (parts[at] ?? null) : null }),
          })),
        }
        reply.header('server-timing', railTiming(rail))
        const body = JSON.stringify(answer)
        // How long it took is new each time; the rest is what a reader would call the same.
        const sameAs = JSON.stringify({ ...answer, tookMs: 0 })
        const about = { route: '/v1/articles/:id/related', kind: 'api', contentType: json } as const
        keep?.(railAnswer({ ...about, body, rail, articleId, sameAs }), 'article')
        return sendJson(request, reply, body, sameAs)
      },
    },
    {
      method: 'GET',
      path: '/v1/articles/:id/story',
      group: 'api',
      kind: 'api',
      schema: {
        operationId: 'readStory',
        tags: ['articles'],
        summary: 'The story so far',
        description:
          'The articles that tell the same story, oldest first, the asked one among them; at most 50. They are found in the ' +
          'related articles. What is not visible now is not in it.',
        params: idParameter,
        response: answers({ 200: ['The story, oldest first.', 'Story'] }, [304, 400, 404, 410, 503]),
      },
      async handle(request, reply) {
        const articleId = parseArticleId(routeParameters(request).id)
        parseQuery(articleQuery, request.query)
        using scope = openScope(reply, 'The story')
        const story = await scope.within(manager.openStory(articleId, { signal: scope.signal }))
        const prefix = context.linkPrefix(request)
        const answer = {
          articleId,
          version: story.version,
          generatedAt: story.generatedAt,
          articles: story.articles.map((article) => ({
            id: article.id,
            url: article.url ?? `${prefix}/articles/${article.id}`,
            title: article.title,
            standfirst: article.standfirst,
            publishedAt: article.publishedAt,
            section: article.section,
            source: article.source,
            image: article.image,
            isAsked: article.id === articleId,
          })),
        }
        return sendJson(request, reply, JSON.stringify(answer))
      },
    },
    {
      method: 'GET',
      path: '/v1/articles',
      group: 'api',
      kind: 'api',
      schema: {
        operationId: 'listArticles',
        tags: ['articles'],
        summary: 'The newest articles',
        description: 'For the next page, send `next` as `before`; on the last page it is null.',
        querystring: listParameters,
        response: answers({ 200: ['The list, newest first.', 'ArticleList'] }, [304, 400, 503]),
      },
      async handle(request, reply) {
        const { limit = listLimit, section, before } = parseQuery(listQuery, request.query)
        using scope = openScope(reply, 'The list of articles')
        const query = {
          limit,
          ...(section === undefined ? {} : { section }),
          ...(before === undefined ? {} : { before }),
        }
        const { articles, next } = await scope.within(manager.listArticles(query, { signal: scope.signal }))
        return sendJson(request, reply, JSON.stringify({ articles, next }))
      },
    },
  ]
}

function writingRoutes(context: SiteContext, publisher: Publisher): Route[] {
  const { clock, limits, token } = context
  return [
    {
      method: 'PUT',
      path: '/v1/articles/:id',
      group: 'api',
      kind: 'api',
      schema: {
        operationId: 'publishArticle',
        tags: ['publishing'],
        summary: 'Publish or correct an article',
        description:
          'The same record twice changes nothing. An older `updatedAt` than the stored one is refused, and so is an ' +
          'article that was taken down, unless `republish=true`.',
        security: [{ token: [] }],
        params: idParameter,
        querystring: republishParameter,
        body: recordBody,
        response: answers(
          {
            200: ['It was there before; `outcome` says what became of it.', 'PublishResult'],
            201: ['It is new.', 'PublishResult'],
          },
          [400, 401, 403, 408, 409, 410, 413, 415, 503],
        ),
      },
      async handle(request, reply) {
        requireWriteToken(request.headers.authorization, token)
        const articleId = parseArticleId(routeParameters(request).id)
        const { republish = false } = parseQuery(writeQuery, request.query)
        using scope = openRequestScope(reply.raw, { clock, budgetMs: limits.recordBudgetMs, what: 'Publishing' })
        const { signal } = scope
        const record = await arriving(request, readJsonBody(request.raw, { bytesMax: limits.recordBytesMax, signal }))
        const { outcome, id } = await scope.within(publisher.publish(articleId, record, { republish, signal }))
        refuseWhatWasNotStored(outcome, id)
        const url = `${context.linkPrefix(request)}/articles/${id}`
        if (outcome === 'created') {
          reply.code(201).header('location', `${context.linkPrefix(request)}/v1/articles/${id}`)
        }
        return sendResult(reply, { id, outcome, url })
      },
    },
    {
      method: 'DELETE',
      path: '/v1/articles/:id',
      group: 'api',
      kind: 'api',
      schema: {
        operationId: 'withdrawArticle',
        tags: ['publishing'],
        summary: 'Take an article down',
        description: 'Its text is deleted, and it answers 410 until it is republished with `republish=true`.',
        security: [{ token: [] }],
        params: idParameter,
        response: answers({ 200: ['It is down.', 'WithdrawResult'] }, [400, 401, 403, 404, 503]),
      },
      async handle(request, reply) {
        requireWriteToken(request.headers.authorization, token)
        const articleId = parseArticleId(routeParameters(request).id)
        parseQuery(withdrawQuery, request.query)
        using scope = openRequestScope(reply.raw, { clock, budgetMs: limits.recordBudgetMs, what: 'The takedown' })
        const withdrawn = await scope.within(publisher.withdraw(articleId, { signal: scope.signal }))
        return sendResult(reply, { id: articleId, outcome: withdrawn.outcome, withdrawnAt: withdrawn.withdrawnAt })
      },
    },
    {
      method: 'POST',
      path: '/v1/articles',
      group: 'api',
      kind: 'api',
      schema: {
        operationId: 'publishArticles',
        tags: ['publishing'],
        summary: 'Publish many articles as JSON Lines',
        description: 'A line that is wrong is listed in the answer, and the others are stored.',
        security: [{ token: [] }],
        querystring: republishParameter,
        body: recordLinesBody,
        response: answers({ 200: ['What became of the lines.', 'BulkResult'] }, [400, 401, 403, 408, 413, 415, 503]),
      },
      async handle(request, reply) {
        requireWriteToken(request.headers.authorization, token)
        const { republish = false } = parseQuery(writeQuery, request.query)
        using scope = openRequestScope(reply.raw, { clock, budgetMs: limits.bulkBudgetMs, what: 'Publishing' })
        const result = await publishBody(publisher, request, {
          republish,
          scope,
          bytesMax: limits.bulkBytesMax,
          lineBytesMax: limits.recordBytesMax,
        })
        return sendResult(reply, result)
      },
    },
  ]
}

const listLimit = 20

/**
 * Hands the lines of the body to the publisher, all but those that are no text: they are rejected here.
 *
 * @throws BulkStoppedError
 */
async function publishBody(
  publisher: Publisher,
  request: FastifyRequest,
  options: {
    readonly republish: boolean
    readonly scope: RequestScope
    readonly bytesMax: number
    readonly lineBytesMax: number
  },
): Promise<BulkResult> {
  const { republish, scope, bytesMax, lineBytesMax } = options
  const { signal } = scope
  const unreadable: Array<BulkResult['rejected'][number]> = []
  let unreadableCount = 0
  let failure: unknown = null
  async function* readable() {
    let number = 0
    try {
      for await (const line of readLines(request.raw, { bytesMax, lineBytesMax, signal })) {
        number += 1
        if (typeof line !== 'string') {
          unreadableCount += 1
          if (unreadable.length < rejectedListedMax) {
            unreadable.push({ line: number, problems: [{ path: '', message: line.problem }] })
          }
        }
        // An empty line in its place, so that the publisher counts on as the sender does.
        yield typeof line === 'string' ? line : ''
      }
    } catch (error) {
      // What went wrong with the body is what the sender has to know, whatever the publisher makes of it.
      failure = error
      throw error
    }
  }
  const lines = readable()
  let storedThroughLine = 0
  const publishing = {
    republish,
    signal,
    onStoredThrough(line: number) {
      storedThroughLine = line
    },
  }
  const published = scope.within(publisher.publishLines(lines, publishing)).catch((error: unknown) => {
    throw failure ?? error
  })
  try {
    const result = await arriving(request, published)
    return {
      ...result,
      lines: result.lines + unreadableCount,
      rejected: [...result.rejected, ...unreadable].toSorted((a, b) => a.line - b.line).slice(0, rejectedListedMax),
      rejectedCount: result.rejectedCount + unreadableCount,
    }
  } catch (error) {
    throw new BulkStoppedError(storedThroughLine, error)
  } finally {
    // A publisher that left early leaves listeners behind otherwise. Not awaited: it waits for a read under way.
    lines.return(undefined).catch(() => {})
  }
}

const rejectedListedMax = 1000

// A body that came too slowly is its sender's doing, and is told apart from a store that was too slow.
async function arriving<Value>(request: FastifyRequest, work: Promise<Value>): Promise<Value> {
  try {
    return await work
  } catch (error) {
    if (error instanceof DeadlineExceededError && !request.raw.complete) {
      throw new HttpError(408, 'BODY_TOO_SLOW', 'The body did not arrive in time.', {
        headers: { connection: 'close' },
      })
    }
    throw error
  }
}

function refuseWhatWasNotStored(outcome: PutOutcome, id: string): void {
  if (outcome === 'outdated') {
    throw new HttpError(
      409,
      'ARTICLE_OUTDATED',
      `A newer version of ${JSON.stringify(id)} is stored: nothing was changed.`,
      {
        hint: 'Send an `updatedAt` that is not older than the stored one.',
        members: { id, outcome },
      },
    )
  }
  if (outcome === 'tombstoned') {
    throw new HttpError(
      410,
      'ARTICLE_TOMBSTONED',
      `The article ${JSON.stringify(id)} was taken down: nothing was changed.`,
      {
        hint: 'Send it again with ?republish=true to bring it back.',
        members: { id, outcome },
      },
    )
  }
}

function sendJson(request: FastifyRequest, reply: FastifyReply, body: string, sameAs?: string): FastifyReply {
  reply.headers(securityHeaders.api)
  return sendWithEtag(request, reply, {
    contentType: json,
    body,
    ...(sameAs === undefined ? {} : { sameAs }),
  })
}

function sendResult(reply: FastifyReply, result: object): FastifyReply {
  return reply
    .headers(securityHeaders.api)
    .header('cache-control', 'no-store')
    .header('content-type', json)
    .send(JSON.stringify(result))
}

const json = 'application/json; charset=utf-8'
