import { type Article, articleIdPattern } from '../article/article.ts'
import type { Clock } from '../concurrency/clock.ts'
import { withDeadline } from '../concurrency/deadline.ts'
import { ArticleGoneError, ArticleNotFoundError, DeadlineExceededError, InvalidRequestError } from '../errors.ts'
import { publish } from '../events.ts'
import { railLimitMax } from '../related/related.ts'
import type { ArticleRead, RailRead, Store } from '../store/store.ts'
import type {
  ArticleRequest,
  CallOptions,
  Manager,
  OpenedArticle,
  OpenOptions,
  Rail,
  RailOptions,
  RelatedInfo,
  ServedArticle,
} from './manager.ts'
import { NewestFallback } from './newest-fallback.ts'

/** How long each read may take, in milliseconds, and how many items a rail shows. */
export interface ServingSettings {
  readonly articleBudgetMs: number
  readonly railBudgetMs: number
  readonly afterArticleMs: number
  readonly railLimit: number
}

/**
 * Serves articles from a store: the article and its rail at the same time, each within its own budget.
 *
 * Holds nothing but a few lists for {@link NewestFallback}; the store belongs to whoever opened it.
 */
export class ArticleServing implements Manager {
  readonly #store: Store
  readonly #clock: Clock
  readonly #settings: ServingSettings
  readonly #fallback: NewestFallback

  constructor(store: Store, clock: Clock, settings: ServingSettings) {
    this.#store = store
    this.#clock = clock
    this.#settings = settings
    this.#fallback = new NewestFallback(store, clock)
  }

  async openArticle(articleId: string | null, options: OpenOptions = {}): Promise<OpenedArticle> {
    const readsRail = options.rail !== false
    const { article, articleMs, railRead } = await this.#open(articleId, options.signal, { readsRail })
    const rail = readsRail ? railRead.then((outcome) => this.#railFrom(outcome, article)) : Promise.resolve(unreadRail)
    return { article, articleMs, rail }
  }

  async handleRequest(request: ArticleRequest, options: CallOptions = {}): Promise<ServedArticle> {
    const { article, articleMs, railRead, stopRail } = await this.#open(requestedId(request), options.signal)
    const { afterArticleMs } = this.#settings
    const outcome = await settledWithin(railRead, afterArticleMs, this.#clock)
    if (outcome === null) stopRail()
    const rail = outcome ? this.#railFrom(outcome, article) : this.#standIn('late', article, articleMs + afterArticleMs)
    const { state, basis, version, generatedAt } = rail
    const related: RelatedInfo = { state, basis, version, generatedAt }
    return { article, relatedArticles: rail.items, related, timing: { articleMs, railMs: rail.tookMs } }
  }

  async openRail(articleId: string | number, options: RailOptions = {}): Promise<Rail> {
    const id = checkedId(articleId)
    const limit = checkedLimit(options.limit ?? this.#settings.railLimit)
    const exclude = checkedExclude(options.exclude ?? [])
    const startedAt = this.#clock.monotonicMs()
    const read = await this.#readRail(id, { limit, exclude }, options.signal)
    const rail = railOf(foundOrThrow(read, id), this.#clock.monotonicMs() - startedAt)
    publish('rail-read', () => ({ articleId: id, state: rail.state, basis: rail.basis, tookMs: rail.tookMs }))
    return rail
  }

  listArticles(query: { section?: string; before?: string; limit: number }, options: CallOptions = {}) {
    return this.#withinArticleBudget('Reading the list of articles', options.signal, (signal) =>
      this.#store.listArticles({ ...query, now: this.#clock.now(), signal }),
    )
  }

  listSections(options: CallOptions = {}) {
    return this.#withinArticleBudget('Reading the sections', options.signal, (signal) =>
      this.#store.listSections({ now: this.#clock.now(), signal }),
    )
  }

  /** These articles have changed: nothing kept of them is shown any more. */
  forget(articleIds: ReadonlySet<string>): void {
    this.#fallback.forget(articleIds)
  }

  /** Stops what runs in the background. Reads under way go on to their end. */
  close(): void {
    this.#fallback.close()
  }

  /**
   * Both reads start here, in one turn of the event loop. The rail's promise never rejects: were it awaited only after
   * the article, a rejection in between would end the process.
   */
  async #open(articleId: string | null, signal: AbortSignal | undefined, { readsRail } = { readsRail: true }) {
    signal?.throwIfAborted()
    const startedAt = this.#clock.monotonicMs()
    const id = articleId === null ? await this.#newestId(signal) : checkedId(articleId)
    const articleRead = this.#readArticle(id, signal)
    const railStop = new AbortController()
    const stopRail = () => railStop.abort(signal?.reason)
    signal?.addEventListener('abort', stopRail, { once: true })
    const railRead = readsRail ? this.#outcomeOfRail(id, railStop.signal) : notRead
    // The listener goes when the rail has settled, which its budget guarantees.
    const forgetSignal = () => signal?.removeEventListener('abort', stopRail)
    void railRead.then(forgetSignal)
    try {
      const article = foundOrThrow(await articleRead, id).article
      const articleMs = this.#clock.monotonicMs() - startedAt
      publish('article-read', () => ({ articleId: id, outcome: 'found', tookMs: articleMs }))
      this.#fallback.keepFresh(article.section ?? null)
      return { article, articleMs, railRead, stopRail }
    } catch (error) {
      stopRail()
      publish('article-read', () => ({
        articleId: id,
        outcome: outcomeOf(error, signal),
        tookMs: this.#clock.monotonicMs() - startedAt,
      }))
      throw error
    }
  }

  async #newestId(signal: AbortSignal | undefined): Promise<string> {
    const id = await this.#withinArticleBudget('Reading which article is the newest', signal, (stop) =>
      this.#store.readNewestId({ now: this.#clock.now(), signal: stop }),
    )
    if (id === null) throw new ArticleNotFoundError(null)
    return id
  }

  #readArticle(id: string, signal: AbortSignal | undefined): Promise<ArticleRead> {
    return this.#withinArticleBudget('Reading the article', signal, (stop) =>
      this.#store.readArticle(id, { now: this.#clock.now(), signal: stop }),
    )
  }

  #withinArticleBudget<T>(what: string, signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>) {
    return withDeadline(work, { clock: this.#clock, budgetMs: this.#settings.articleBudgetMs, what, signal })
  }

  #readRail(id: string, query: { limit: number; exclude: readonly string[] }, signal: AbortSignal | undefined) {
    return withDeadline((stop) => this.#store.readRail(id, { ...query, now: this.#clock.now(), signal: stop }), {
      clock: this.#clock,
      budgetMs: this.#settings.railBudgetMs,
      what: 'Reading the related articles',
      signal,
    })
  }

  /** The rail's read as a value, whatever happens to it: it throws at once, rejects later, hangs, or is given up. */
  async #outcomeOfRail(id: string, signal: AbortSignal): Promise<RailOutcome> {
    const startedAt = this.#clock.monotonicMs()
    const tookMs = () => this.#clock.monotonicMs() - startedAt
    try {
      const read = await this.#readRail(id, { limit: this.#settings.railLimit, exclude: [] }, signal)
      return { read: foundOrThrow(read, id), tookMs: tookMs() }
    } catch (error) {
      return { read: null, error, tookMs: tookMs() }
    }
  }

  #railFrom(outcome: RailOutcome, article: Article): Rail {
    if (outcome.read) {
      const rail = railOf(outcome.read, outcome.tookMs)
      publish('rail-read', () => ({ articleId: article.id, state: rail.state, basis: rail.basis, tookMs: rail.tookMs }))
      return rail
    }
    const failure = outcome.error instanceof DeadlineExceededError ? 'late' : 'unavailable'
    return this.#standIn(failure, article, outcome.tookMs, outcome.error)
  }

  /** The next rung down: the newest of the section where they are known, else nothing, labelled with what happened. */
  #standIn(failure: 'late' | 'unavailable', article: Article, tookMs: number, error?: unknown): Rail {
    const items = this.#fallback.rail(article.section ?? null, article.id, this.#settings.railLimit)
    const state = items.length > 0 ? 'fallback' : failure
    publish('rail-read', () => ({
      articleId: article.id,
      state,
      basis: 'newest',
      tookMs,
      ...(error === undefined ? {} : { error }),
    }))
    return { state, basis: 'newest', version: 0, generatedAt: null, items, tookMs }
  }
}

type Found<Read> = Extract<Read, { state: 'found' }>

type RailOutcome =
  | { readonly read: Found<RailRead>; readonly tookMs: number }
  | { readonly read: null; readonly error: unknown; readonly tookMs: number }

/** The rail of one who wanted none, such as a HEAD. */
const unreadRail: Rail = { state: 'shed', basis: 'newest', version: 0, generatedAt: null, items: [], tookMs: 0 }
const notRead: Promise<RailOutcome> = Promise.resolve({ read: null, error: null, tookMs: 0 })

function foundOrThrow<Read extends ArticleRead | RailRead>(read: Read, id: string): Found<Read> {
  if (read.state === 'missing') throw new ArticleNotFoundError(id)
  if (read.state === 'gone') throw new ArticleGoneError(id, read.withdrawnAt)
  return read as Found<Read>
}

function railOf(read: Found<RailRead>, tookMs: number): Rail {
  const { items, basis, version, generatedAt } = read
  return { state: 'fresh', basis, version, generatedAt, items, tookMs }
}

function outcomeOf(error: unknown, signal: AbortSignal | undefined): 'missing' | 'gone' | 'aborted' | 'failed' {
  if (error instanceof ArticleNotFoundError) return 'missing'
  if (error instanceof ArticleGoneError) return 'gone'
  return signal?.aborted ? 'aborted' : 'failed'
}

/** The value of `promise`, which never rejects, or null when it takes more than `ms`. */
function settledWithin<T>(promise: Promise<T>, ms: number, clock: Clock): Promise<T | null> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, () => resolve(null))
    void promise.then((value) => {
      cancel()
      resolve(value)
    })
  })
}

function requestedId(request: ArticleRequest): string | null {
  if (typeof request !== 'object' || request === null) {
    throw invalid(
      '',
      `expected an object such as { articleId: '1' }, got ${request === null ? 'null' : typeof request}`,
    )
  }
  const { articleId } = request
  return articleId === undefined || articleId === null ? null : checkedId(articleId)
}

/** An id as text. A whole number is taken as its decimal text. */
function checkedId(given: unknown): string {
  const id = typeof given === 'number' && Number.isSafeInteger(given) ? String(given) : given
  if (typeof id === 'string' && articleIdPattern.test(id)) return id
  const shown = JSON.stringify(given)?.slice(0, 120) ?? typeof given
  throw invalid(
    'articleId',
    `expected 1 to 100 of the characters A-Z a-z 0-9 . _ ~ - (and not . or .. alone), got ${shown}`,
  )
}

function checkedLimit(limit: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= railLimitMax) return limit
  throw invalid('limit', `expected a whole number from 1 to ${railLimitMax}, got ${JSON.stringify(limit)}`)
}

function checkedExclude(exclude: readonly string[]): readonly string[] {
  if (Array.isArray(exclude) && exclude.length <= excludeMax) return exclude.map(checkedId)
  throw invalid('exclude', `expected at most ${excludeMax} ids`)
}

const excludeMax = 100

function invalid(path: string, message: string): InvalidRequestError {
  return new InvalidRequestError('The request cannot be answered', [{ path, message }])
}
