import type { FastifyInstance } from 'fastify'
import { type Clock, systemClock } from '../concurrency/clock.ts'
import type { Manager } from '../manager/manager.ts'
import type { Publisher } from '../manager/publisher.ts'
import { KnownSections } from './known-sections.ts'
import { ReadyAnswers } from './ready-answers.ts'
import { registerRoutes, routesOf } from './routes.ts'
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
 * onward's routes inside an existing Fastify site: `app.register(onwardPlugin, { manager, prefix: '/news' })`.
 *
 * Everything it sets up (error pages, body reading, hooks) stays within its own context: the site's other routes do
 * not notice it. With a prefix it answers for all addresses below it; without one, those it has no route for stay the
 * site's. A site that uses `@fastify/swagger` finds the routes in its own document. The manager stays the caller's to
 * close.
 */
export async function onwardPlugin(app: FastifyInstance, options: OnwardPluginOptions): Promise<void> {
  const context = mountedContext(options.manager, options, {
    linkPrefix: () => app.prefix,
    addressOf: (request) => request.raw.url ?? '/',
  })
  app.addHook('onClose', async () => context.ready[Symbol.dispose]())
  const routes = routesOf(context, options.routes ?? mountedGroups)
  await registerRoutes(app, routes, context, { ownsRoot: false, sendsReady: true })
}

/** What the routes need of a drop-in, its defaults filled in. */
export function mountedContext(
  manager: Manager,
  options: MountOptions,
  addresses: Pick<SiteContext, 'linkPrefix' | 'addressOf'>,
): SiteContext & { readonly ready: ReadyAnswers } {
  const clock = options.clock ?? systemClock
  return {
    manager,
    publisher: options.publisher ?? null,
    token: options.token ?? null,
    site: options.site ?? defaultSite,
    readiness: options.readiness ?? null,
    metrics: options.metrics ?? null,
    clock,
    sections: new KnownSections(manager, clock),
    limits: limitsFrom(options.limits),
    ...addresses,
    ready: new ReadyAnswers({
      manager,
      clock,
      random: Math.random,
      bytesMax: options.cacheBytesMax ?? defaultCacheBytesMax,
    }),
    chance: Math.random,
    onServed: options.onServed ?? null,
  }
}

/** What the drop-ins take: only the manager has no default. */
export interface MountOptions {
  /** Default null: articles are not taken over HTTP. */
  readonly publisher?: Publisher | null
  /** What writers have to send. */
  readonly token?: string | null
  /** Default: named `onward`, at an unknown address. */
  readonly site?: SiteName
  /** Default: the reader's pages, the fragments and the API. `/healthz` and the like are the site's own. */
  readonly routes?: readonly RouteGroup[]
  readonly readiness?: (signal: AbortSignal) => Promise<Readiness>
  readonly metrics?: MetricsSource | null
  readonly limits?: Partial<RequestLimits>
  readonly onServed?: (served: ServedRequest) => void
  readonly clock?: Clock
  /** How much memory ready answers may take, in bytes; 0: none are kept. Default 64 MiB. */
  readonly cacheBytesMax?: number
}

/** Half of what the manager's options give to all copies together. */
export const defaultCacheBytesMax = 64 * 1024 * 1024

export interface OnwardPluginOptions extends MountOptions {
  readonly manager: Manager
  /** Read by Fastify itself. */
  readonly prefix?: string
}

const defaultSite: SiteName = { name: 'onward', baseUrl: null }
export const mountedGroups: readonly RouteGroup[] = ['pages', 'fragments', 'api']
