import { answers, inlineAnswer } from './openapi-schemas.ts'
import { openRequestScope } from './request-scope.ts'
import { securityHeaders } from './security-headers.ts'
import type { Readiness, Route, SiteContext } from './site-context.ts'

/** Whether this process lives, whether it can serve, and what it counts. */
export function healthRoutes(context: SiteContext): Route[] {
  const { readiness, metrics } = context
  const routes: Route[] = [
    {
      method: 'GET',
      path: '/healthz',
      group: 'health',
      kind: 'api',
      schema: {
        operationId: 'healthz',
        tags: ['health'],
        summary: 'The process answers',
        description: 'Touches nothing: a store in trouble is no reason to restart the process.',
        response: inlineAnswer(200, 'It does.', { status: 'ok' }),
      },
      async handle(_request, reply) {
        return reply
          .headers(securityHeaders.api)
          .header('cache-control', 'no-store')
          .header('content-type', 'application/json; charset=utf-8')
          .send('{"status":"ok"}')
      },
    },
  ]
  if (readiness) {
    routes.push({
      method: 'GET',
      path: '/readyz',
      group: 'health',
      kind: 'api',
      schema: {
        operationId: 'readyz',
        tags: ['health'],
        summary: 'Articles can be served',
        response: answers(
          { 200: ['They can.', 'Readiness'], 503: ['They cannot; `checks` says why.', 'Readiness'] },
          [],
        ),
      },
      async handle(_request, reply) {
        using scope = openRequestScope(reply.raw, {
          clock: context.clock,
          budgetMs: readinessBudgetMs,
          what: 'The check',
        })
        const state = await scope.within(readiness(scope.signal)).catch(notReady)
        reply.headers(securityHeaders.api).header('cache-control', 'no-store')
        if (!state.ready) reply.code(503).header('retry-after', '1')
        return reply.header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(state))
      },
    })
  }
  if (metrics) {
    routes.push({
      method: 'GET',
      path: '/metrics',
      group: 'health',
      kind: 'api',
      schema: {
        operationId: 'metrics',
        tags: ['health'],
        summary: 'What this process counts, as Prometheus text',
        response: {
          200: { description: 'The metrics.', content: { 'text/plain': { schema: { type: 'string' } } } },
        },
      },
      async handle(_request, reply) {
        const text = await metrics.text()
        return reply
          .headers(securityHeaders.api)
          .header('cache-control', 'no-store')
          .header('content-type', metrics.contentType)
          .send(text)
      },
    })
  }
  return routes
}

/** Less than the usual timeout of a load balancer's probe, in milliseconds. */
const readinessBudgetMs = 2_000

// The reason stays in the log: a probe's answer is public.
function notReady(): Readiness {
  return { ready: false, checks: { self: { ok: false, detail: 'The check failed or took too long.' } } }
}
