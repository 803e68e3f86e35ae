import type { FastifyReply, FastifyRequest, FastifySchema } from 'fastify'
import type { Clock } from '../concurrency/clock.ts'
import type { Manager } from '../manager/manager.ts'
import type { Publisher } from '../manager/publisher.ts'
import type { RelatedArticle } from '../related/related.ts'
import type { KnownSections } from './known-sections.ts'
import type { SiteView } from './pages/page.ts'
import type { ReadyAnswers } from './ready-answers.ts'
import { articleBudgetMs, railCapMs } from './stream-page.ts'

/** What the routes have in common, whether onward runs as a server of its own or inside another site. */
export interface SiteContext {
  readonly manager: Manager
  /** Null: this onward takes no articles over HTTP, and the routes that would are not there. */
  readonly publisher: Publisher | null
  readonly token: string | null
  readonly site: SiteName
  readonly readiness: ((signal: AbortSignal) => Promise<Readiness>) | null
  readonly metrics: MetricsSource | null
  readonly clock: Clock
  readonly sections: KnownSections
  readonly limits: RequestLimits
  /** The path under which this request's routes are mounted, such as `/news`; empty at the root. */
  linkPrefix(request: FastifyRequest): string
  /** Complete answers, kept by their {@link addressOf}; null: none are kept. */
  readonly ready: ReadyAnswers | null
  /** The address as readers ask for it, mounts included; it begins with the {@link linkPrefix}. */
  addressOf(request: FastifyRequest): string
  /** 0 to 1. */
  chance(): number
  readonly onServed: ((served: ServedRequest) => void) | null
}

export interface SiteName {
  readonly name: string
  /** Where readers reach the site, such as `https://news.example`, without a `/` at its end; null when it is not known. */
  readonly baseUrl: string | null
}

export interface Readiness {
  readonly ready: boolean
  /** One entry for each thing that has to work, in words for an operator; never a secret. */
  readonly checks: Readonly<Record<string, { readonly ok: boolean; readonly detail: string }>>
}

export interface MetricsSource {
  readonly contentType: string
  text(): Promise<string>
}

/** One request that was answered, or left by its reader. */
export interface ServedRequest {
  readonly requestId: string
  readonly method: string
  /** The route's template, such as `/articles/:id`, and never the path itself: it labels metrics. */
  readonly route: string
  /** The path without its query: what a log line shows. */
  readonly path: string
  readonly status: number
  readonly tookMs: number
  /** The reader left before the answer was complete. */
  readonly aborted: boolean
}

export interface RequestLimits {
  /** The longest record that PUT takes, and the longest line of a bulk, in bytes. */
  readonly recordBytesMax: number
  /** The longest bulk, in bytes. */
  readonly bulkBytesMax: number
  /** How long a record may take to arrive and be stored, in milliseconds. */
  readonly recordBudgetMs: number
  readonly bulkBudgetMs: number
  /** The last resort behind the manager's own budgets for what is read, in milliseconds. */
  readonly readBudgetMs: number
  readonly railCapMs: number
}

export const defaultLimits: RequestLimits = {
  recordBytesMax: 4 * 1024 * 1024,
  bulkBytesMax: 64 * 1024 * 1024,
  recordBudgetMs: 10_000,
  // The largest bulk at 1 MiB a second and the time to store it; a longer one is better sent in parts.
  bulkBudgetMs: 120_000,
  readBudgetMs: articleBudgetMs,
  railCapMs,
}

/** Options that every way to run the routes takes; what is left out has the default. */
export function limitsFrom(given: Partial<RequestLimits> | undefined): RequestLimits {
  return { ...defaultLimits, ...given }
}

export type RouteKind = 'page' | 'fragment' | 'api'

/** Which routes a site wants; `pages` are the reader's, `health` is `/healthz`, `/readyz` and `/metrics`. */
export type RouteGroup = 'pages' | 'fragments' | 'api' | 'health'

export interface Route {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** A template such as `/articles/:id`. */
  readonly path: string
  readonly group: RouteGroup
  /** What its errors look like. */
  readonly kind: RouteKind
  readonly schema: FastifySchema
  handle(request: FastifyRequest, reply: FastifyReply): Promise<unknown>
}

export function siteView(context: SiteContext, request: FastifyRequest): SiteView {
  return {
    name: context.site.name,
    baseUrl: context.site.baseUrl,
    prefix: context.linkPrefix(request),
    sections: context.sections.current(),
    now: context.clock.now(),
  }
}

/**
 * Where a complete answer to this request is to be kept, once it is made: null when it is not, since it has a query or
 * is for a HEAD. To be called before anything is read.
 */
export function offerAnswer(context: SiteContext, request: FastifyRequest) {
  if (context.ready === null || request.method !== 'GET') return null
  const address = context.addressOf(request)
  return address.includes('?') ? null : context.ready.offer(address)
}

/** A store knows nothing of mounts: its paths of onward's own pages get theirs here. */
export function underMount(items: readonly RelatedArticle[], prefix: string): readonly RelatedArticle[] {
  if (prefix === '') return items
  return items.map((item) => (item.url.startsWith('/') ? { ...item, url: prefix + item.url } : item))
}

/** The parameters of a route's template. */
export function routeParameters(request: FastifyRequest): Readonly<Record<string, unknown>> {
  return request.params as Readonly<Record<string, unknown>>
}
