import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Article } from '../article/article.ts'
import { type Clock, systemClock } from '../concurrency/clock.ts'
import { DeadlineExceededError } from '../errors.ts'
import { publish } from '../events.ts'
import type { Manager, OpenedArticle, Rail } from '../manager/manager.ts'
import { articleTiming, serverTiming } from './conditional-reply.ts'
import { openRequestScope, ReaderGoneError, type RequestScope } from './request-scope.ts'

/**
 * The page of an article in one response: the article leaves as soon as it is read, the rail follows when it comes.
 *
 * 1. The article and its rail are read at the same time. Until the article is there, nothing is sent, and what goes
 *    wrong rejects: the caller can still answer with a status of its own.
 * 2. Head and article are sent. From here on nothing rejects: a rail that fails, hangs or cannot be rendered is a rail
 *    in state `unavailable` or `late`, and the page is completed all the same, at most `railCapMs` later.
 * 3. When the reader goes away, the reads are told to stop and nothing more is sent.
 *
 * For a site that keeps its own templates. A `HEAD` request gets the head alone, and its rail is not waited for.
 *
 * @throws what `manager.openArticle` throws, before the first byte, unless the reader has gone; nothing afterwards
 */
export async function streamArticle(response: ServerResponse, options: StreamArticleOptions): Promise<StreamedArticle> {
  const clock = options.clock ?? systemClock
  using scope = openRequestScope(response, {
    clock,
    budgetMs: options.articleBudgetMs ?? articleBudgetMs,
    what: 'The article',
    signal: options.signal,
  })
  const isHead = response.req.method === 'HEAD'
  let opened: OpenedArticle
  try {
    opened = await openPage(options.manager, options.articleId, scope, isHead)
  } catch (error) {
    // Nobody is there to be answered: one outcome for a reader who leaves, whenever it is.
    if (error instanceof ReaderGoneError) return leave(response)
    throw error
  }
  return sendPage(response, opened, {
    // Rendered before the head is written: a template that throws here can still become an answer of the caller's own.
    opening: [options.opening(opened.article)],
    rail: options.rail,
    closing: options.closing,
    railCapMs: options.railCapMs,
    head: { ...streamedHead(opened), ...options.headers },
    clock,
    scope,
  })
}

export interface StreamArticleOptions {
  readonly manager: Pick<Manager, 'openArticle'>
  readonly articleId: string
  /** The page up to and with the article; the rail's bytes come after it. */
  opening(article: Article): string
  rail(rail: Rail, article: Article): string
  /** The rest of the page. */
  closing(article: Article): string
  /** Added to, and stronger than, the headers that a streamed page has anyway. */
  readonly headers?: OutgoingHttpHeaders
  readonly signal?: AbortSignal | undefined
  /** Default 5000: the last resort behind the manager's own budget. */
  readonly articleBudgetMs?: number
  /** Default 500: the longest that a page is held for its rail, whatever the manager promised. */
  readonly railCapMs?: number
  readonly clock?: Clock
}

export interface StreamedArticle {
  readonly outcome: 'completed' | 'reader-gone'
  readonly railState: Rail['state'] | null
}

/** The last resort behind the manager's own budget, in milliseconds; past it a reader would have left anyway. */
export const articleBudgetMs = 5_000

/** Three times the manager's budget for a rail: reached only when the manager breaks its promise. */
export const railCapMs = 500

/** Step 1: rejects with what the caller should answer. */
export async function openPage(
  manager: Pick<Manager, 'openArticle'>,
  articleId: string,
  scope: RequestScope,
  isHead: boolean,
): Promise<OpenedArticle> {
  // `rail: false` spares the read of a rail that a HEAD has no use for.
  const options = isHead ? { signal: scope.signal, rail: false } : { signal: scope.signal }
  const opened = await scope.within(manager.openArticle(articleId, options))
  // Handled from its first moment on: a rail that rejects against its promise must not end the process.
  opened.rail.catch(() => {})
  return opened
}

/** Steps 2 and 3: never rejects. */
export async function sendPage(
  response: ServerResponse,
  opened: OpenedArticle,
  page: {
    /** Its pieces in their order, each text or bytes. */
    readonly opening: ReadonlyArray<string | Buffer>
    rail(rail: Rail, article: Article): string
    closing(article: Article): string
    /** All of the head: see {@link streamedHead}. A list of names and values, one after the other, costs least. */
    readonly head: OutgoingHttpHeaders | OutgoingHttpHeader[]
    readonly railCapMs: number | undefined
    readonly clock: Clock
    readonly scope: RequestScope
    /** Told of a page that was sent whole, rail and all. */
    readonly onWhole?: ((page: WholePage) => void) | undefined
  },
): Promise<StreamedArticle> {
  const { article } = opened
  const { scope } = page
  response.writeHead(200, page.head)
  // A reader on a slow line may take longer to receive the article than it may take to be read.
  scope.budgetKept()
  if (response.req.method === 'HEAD') {
    scope.stop(railNotNeeded)
    response.end()
    return { outcome: 'completed', railState: null }
  }
  try {
    // Made into bytes once: node measures a string before it sends it, and whoever keeps the page would do it again.
    const opening = page.opening.map((part) => (typeof part === 'string' ? Buffer.from(part) : part))
    // They leave together with the head: node holds what is written in one turn. (`cork` would send each by itself.)
    for (const part of opening) response.write(part)
    const rail = await railWithin(opened.rail, page.railCapMs ?? railCapMs, page.clock, scope)
    if (response.writableNeedDrain) await drained(response, page.clock)
    if (response.destroyed || (scope.signal.aborted && scope.signal.reason !== railNotNeeded)) return leave(response)
    const railHtml = attempt('rendering the rail', () => page.rail(rail, article))
    const closing = attempt('rendering the end of the page', () => page.closing(article))
    const rest = Buffer.from(railHtml + closing)
    response.end(rest)
    if (railHtml !== '' && closing !== '') page.onWhole?.({ parts: [...opening, rest], rail })
    return { outcome: 'completed', railState: rail.state }
  } catch {
    return leave(response)
  }
}

/** What the head of a page says that is sent before its rail is known. */
export function streamedHead(
  opened: OpenedArticle,
): Record<'content-type' | 'cache-control' | 'server-timing', string> {
  return {
    'content-type': 'text/html; charset=utf-8',
    // It may not be kept: the rail's state would be kept with it.
    'cache-control': 'no-store',
    'server-timing': serverTiming([articleTiming(opened)]),
  }
}

export interface WholePage {
  /** In the order in which they were sent. */
  readonly parts: readonly Buffer[]
  readonly rail: Rail
}

// Gone, or so slow in reading that it counts as gone. Half a page must not look like a whole one: no clean end.
function leave(response: ServerResponse): StreamedArticle {
  response.destroy()
  return { outcome: 'reader-gone', railState: null }
}

/** A reader who takes not a byte for this long is not reading, in milliseconds. */
const drainBudgetMs = 30_000

/** One for all requests: an error's stack is a tenth of what serving a page costs, and this one's would say nothing. */
const railNotNeeded = new Error('The page does without this rail; what is still being read for it is not needed.')

/** Gives the rail, or says why there is none; a rail that is not waited for any more is told to stop. */
async function railWithin(rail: Promise<Rail>, capMs: number, clock: Clock, scope: RequestScope): Promise<Rail> {
  let cancel = () => {}
  let onAbort = () => {}
  let settled = false
  const capped = new Promise<Rail>((resolve) => {
    cancel = clock.after(capMs, () => resolve(noRail('late', capMs)))
    onAbort = () => resolve(noRail('unavailable', 0))
    scope.signal.addEventListener('abort', onAbort, { once: true })
    if (scope.signal.aborted) onAbort()
    rail.then(
      (read) => {
        settled = true
        resolve(read)
      },
      (error: unknown) => {
        settled = true
        // What rejects because it was told to stop has not failed.
        if (!scope.signal.aborted) publish('background-failed', () => ({ what: 'reading a rail', error }))
        resolve(noRail('unavailable', 0))
      },
    )
  })
  try {
    return await capped
  } finally {
    cancel()
    scope.signal.removeEventListener('abort', onAbort)
    if (!settled) scope.stop(railNotNeeded)
  }
}

/** A rail that says why it is empty. */
function noRail(state: 'late' | 'unavailable', tookMs: number): Rail {
  return { state, basis: 'related', version: 0, generatedAt: null, items: [], tookMs }
}

function attempt(what: string, render: () => string): string {
  try {
    return render()
  } catch (error) {
    publish('background-failed', () => ({ what, error }))
    return ''
  }
}

function drained(response: ServerResponse, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error: Error | null) => {
      cancel()
      response.off('drain', onDrain).off('close', onClose)
      if (error) reject(error)
      else resolve()
    }
    const onDrain = () => settle(null)
    const onClose = () => settle(new ReaderGoneError())
    const cancel = clock.after(drainBudgetMs, () =>
      settle(new DeadlineExceededError('Sending the article', drainBudgetMs)),
    )
    response.on('drain', onDrain).on('close', onClose)
  })
}
