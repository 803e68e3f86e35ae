import type { Article } from '../article/article.ts'
import type { Lifetime } from '../cache/lifetime.ts'
import { ReadThrough, type ReadThroughUsage, type Served } from '../cache/read-through.ts'
import type { Clock } from '../concurrency/clock.ts'
import { withDeadline } from '../concurrency/deadline.ts'
import { refusal } from '../concurrency/refusal.ts'
import { RetryBudget } from '../concurrency/retry-budget.ts'
import {
  ArticleGoneError,
  ArticleNotFoundError,
  DeadlineExceededError,
  ExplanationUnavailableError,
  OverloadedError,
} from '../errors.ts'
import { publish } from '../events.ts'
import type { ArticleList, ArticleRead, RailRead, SectionCount, Store, StoryRead } from '../store/store.ts'
import { checkedExclude, checkedId, checkedLimit, requestedId } from './check-request.ts'
import { aboutArticle, aboutList, aboutRail, anyArticle } from './copies.ts'
import { GuardedLane, type GuardedRead, type LaneName } from './guarded-lane.ts'
import type {
  ArticleRequest,
  CallOptions,
  Changed,
  Manager,
  OpenedArticle,
  OpenOptions,
  Rail,
  RailOptions,
  RelatedInfo,
  ScoreExplainer,
  ServedArticle,
  Story,
} from './manager.ts'
import { NewestFallback } from './newest-fallback.ts'
import type { SharedCopies } from './shared-copies.ts'

/** How long each read may take, how long a copy is good for, in milliseconds; and how much of each there may be. */
export interface ServingSettings {
  readonly articleBudgetMs: number
  readonly railBudgetMs: number
  readonly afterArticleMs: number
  readonly railLimit: number
  /** For copies of articles and of rails together; 0: none are kept. */
  readonly cacheBytesMax: number
  readonly articleLifetime: Lifetime
  readonly railLifetime: Lifetime
  /** When nothing was heard of the change feed for so long, copies are not trusted without asking. */
  readonly feedSilenceMs: number
  /** The most articles, and the most rails, that may be read from the store at a time. */
  readonly articlesAtATime: number
  readonly railsAtATime: number
  /** The breakers never open: to measure what they are worth. */
  readonly breakersHeldClosed: boolean
}

/** What it works with, handed in. */
export interface ServingParts {
  readonly clock: Clock
  /** From 0 to below 1. */
  readonly random: () => number
  readonly explainer?: ScoreExplainer | null
  readonly shared?: SharedCopies | null
}

/**
 * Serves articles from a store: the article and its rail at the same time, each within its own budget, from memory where
 * a copy is good enough.
 *
 * What is shed under overload, and in this order: rails that would be loaded again behind readers, rails that readers
 * wait for, articles that are not in memory. The first has half of its lane at most; the second is given up as soon as
 * articles have to wait; the third is refused when more wait than can be served. What is in memory is always served.
 *
 * The store belongs to whoever opened it. Whoever follows the change feed tells of it: {@link heardFromFeed},
 * {@link forget}, {@link forgetRails}.
 */
export class ArticleServing implements Manager {
  readonly #store: Store
  readonly #clock: Clock
  readonly #settings: ServingSettings
  readonly #explainer: ScoreExplainer | null
  readonly #shared: SharedCopies | null
  readonly #fallback: NewestFallback
  readonly #lanes: Readonly<Record<LaneName, GuardedLane>>
  readonly #articles: ReadThrough<ArticleRead>
  readonly #rails: ReadThrough<RailRead>
  readonly #lists: ReadThrough<ArticleList>
  readonly #listeners = new Set<(changed: Changed) => void>()
  #heardAt: number
  /** Of an article that was read lately: what a probe asks for. */
  #probeId = 'probe'

  /**
   * @param explainer default: none, and nothing is explained
   * @param shared copies of other processes, behind those in memory; default: none
   */
  constructor(
    store: Store,
    { clock, random, explainer = null, shared = null }: ServingParts,
    settings: ServingSettings,
  ) {
    this.#store = store
    this.#clock = clock
    this.#settings = settings
    this.#explainer = explainer
    this.#shared = shared
    this.#fallback = new NewestFallback(store, clock)
    this.#heardAt = clock.monotonicMs()
    const { articleBudgetMs, railBudgetMs, cacheBytesMax } = settings
    const lane = { clock, random, heldClosed: settings.breakersHeldClosed }
    this.#lanes = {
      article: new GuardedLane({
        ...lane,
        name: 'article',
        atATimeMax: settings.articlesAtATime,
        // Half, so that one more attempt fits into the budget.
        attemptMs: articleBudgetMs / 2,
        retries: new RetryBudget(),
        probe: (signal) => store.readArticle(this.#probeId, { now: clock.now(), signal }),
      }),
      rail: new GuardedLane({
        ...lane,
        name: 'rail',
        atATimeMax: settings.railsAtATime,
        // The rest is for the wait for room.
        attemptMs: railBudgetMs * 0.8,
        retries: null,
        probe: (signal) => store.readRail(this.#probeId, { now: clock.now(), limit: 1, signal }),
      }),
      list: new GuardedLane({
        ...lane,
        name: 'list',
        atATimeMax: listsAtATime,
        attemptMs: articleBudgetMs,
        retries: null,
        probe: (signal) => store.listArticles({ now: clock.now(), limit: 1, signal }),
      }),
    }
    const copies = { clock, random, isTold: () => this.isTold(), loadsMax }
    this.#articles = new ReadThrough<ArticleRead>({
      ...copies,
      what: 'Reading the article',
      load: (id, options) => {
        const load = () => this.#loadArticle(id, options)
        return this.#shared ? this.#shared.readArticle(id, load, options.signal) : load()
      },
      loadBudgetMs: articleBudgetMs,
      goesOn: false,
      patienceMs: articlePatienceMs,
      bytesMax: Math.floor(cacheBytesMax * 0.45),
      about: (id, read) => aboutArticle(id, read, settings.articleLifetime, clock.now()),
      onFailedBehind: (_id, error) => publish('refresh-failed', () => ({ what: 'article', error })),
    })
    this.#rails = new ReadThrough<RailRead>({
      ...copies,
      what: 'Reading the related articles',
      load: (id, options) => {
        const load = () => this.#loadRail(id, { limit: settings.railLimit, exclude: [] }, options)
        return this.#shared ? this.#shared.readRail(id, load, options.signal) : load()
      },
      loadBudgetMs: railBudgetMs,
      // A rail that is late for one reader is in time for the next.
      goesOn: cacheBytesMax > 0,
      patienceMs: railBudgetMs,
      bytesMax: Math.floor(cacheBytesMax * 0.45),
      about: (id, read) => aboutRail(id, read, settings.railLifetime),
      onFailedBehind: (_id, error) => publish('refresh-failed', () => ({ what: 'rail', error })),
    })
    this.#lists = new ReadThrough<ArticleList>({
      ...copies,
      what: 'Reading the list of articles',
      load: (key, options) => this.#loadList(JSON.parse(key) as ListQuery, options),
      loadBudgetMs: articleBudgetMs,
      goesOn: false,
      patienceMs: articlePatienceMs,
      bytesMax: Math.floor(cacheBytesMax * 0.1),
      about: (_key, list) => aboutList(list),
      onFailedBehind: (_key, error) => publish('refresh-failed', () => ({ what: 'list', error })),
    })
  }

  async openArticle(articleId: string | null, options: OpenOptions = {}): Promise<OpenedArticle> {
    const readsRail = options.rail !== false
    const opened = await this.#open(articleId, options.signal, { readsRail })
    const { article, articleState, articleMs, railRead } = opened
    const rail = readsRail ? railRead.then((outcome) => this.#railFrom(outcome, article)) : Promise.resolve(unreadRail)
    return { article, articleState, articleMs, rail }
  }

  async handleRequest(request: ArticleRequest, options: CallOptions = {}): Promise<ServedArticle> {
    const opened = await this.#open(requestedId(request), options.signal)
    const { article, articleState, articleMs, railRead, stopRail } = opened
    const { afterArticleMs } = this.#settings
    const outcome = await settledWithin(railRead, afterArticleMs, this.#clock)
    if (outcome === null) stopRail()
    const rail = outcome ? this.#railFrom(outcome, article) : this.#standIn('late', article, articleMs + afterArticleMs)
    const { state, basis, version, generatedAt } = rail
    const related: RelatedInfo = { state, basis, version, generatedAt }
    return { article, articleState, relatedArticles: rail.items, related, timing: { articleMs, railMs: rail.tookMs } }
  }

  async openRail(articleId: string | number, options: RailOptions = {}): Promise<Rail> {
    const id = checkedId(articleId)
    const limit = checkedLimit(options.limit ?? this.#settings.railLimit)
    const exclude = checkedExclude(options.exclude ?? [])
    const startedAt = this.#clock.monotonicMs()
    const { value, state } = await this.#readRail(id, { limit, exclude }, options.signal)
    const rail = railOf(foundOrThrow(value, id), state, this.#clock.monotonicMs() - startedAt)
    publish('rail-read', () => ({ articleId: id, state: rail.state, basis: rail.basis, tookMs: rail.tookMs }))
    return rail
  }

  async openStory(articleId: string | number, { signal }: CallOptions = {}): Promise<Story> {
    const id = checkedId(articleId)
    const read = await this.#withinArticleBudget('Reading the story', signal, (stop) =>
      this.#lanes.list.read((attempt) => this.#store.readStory(id, { now: this.#clock.now(), signal: attempt }), {
        importance: 'essential',
        signal: stop,
      }),
    )
    const { articles, version, generatedAt } = foundOrThrow(read, id)
    return { articles, version, generatedAt }
  }

  async explainScores(articleId: string, others: readonly string[], { signal }: CallOptions = {}) {
    const explainer = this.#explainer
    if (!explainer) throw new ExplanationUnavailableError()
    return await this.#withinArticleBudget('Explaining the scores', signal, (stop) =>
      explainer.explainScores(articleId, others, { signal: stop }),
    )
  }

  async listArticles({ section, before, limit }: ListQuery, { signal }: CallOptions = {}): Promise<ArticleList> {
    const key = JSON.stringify({ section, before, limit })
    const { value } = await this.#withinArticleBudget('Reading the list of articles', signal, (stop) =>
      this.#lists.read(key, { importance: 'essential', signal: stop }),
    )
    return value
  }

  listSections({ signal }: CallOptions = {}): Promise<SectionCount[]> {
    return this.#withinArticleBudget('Reading the sections', signal, (stop) =>
      this.#lanes.list.read((attempt) => this.#store.listSections({ now: this.#clock.now(), signal: attempt }), {
        importance: 'essential',
        signal: stop,
      }),
    )
  }

  refusesNow(articleId: string): boolean {
    return this.#lanes.article.refusesNow('essential') && this.#articles.needsLoad(articleId)
  }

  /** What is held in memory and being loaded at present. */
  get usage(): Readonly<Record<'articles' | 'rails' | 'lists', ReadThroughUsage>> {
    return { articles: this.#articles.usage, rails: this.#rails.usage, lists: this.#lists.usage }
  }

  onChanged(listener: (changed: Changed) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  isTold(): boolean {
    return this.#clock.monotonicMs() - this.#heardAt < this.#settings.feedSilenceMs
  }

  /** These articles have changed: nothing kept that shows them is shown any more. */
  forget(articleIds: ReadonlySet<string>): void {
    if (articleIds.size === 0) return
    this.#fallback.forget(articleIds)
    this.#articles.forget(articleIds)
    this.#rails.forget(articleIds)
    // Any article may stand in any list.
    this.#lists.forget([anyArticle])
    this.#tell({ articleIds, railsOf: noIds })
  }

  /** These articles have another rail. */
  forgetRails(railsOf: ReadonlySet<string>): void {
    if (railsOf.size === 0) return
    this.#rails.forgetKeys(railsOf)
    this.#tell({ articleIds: noIds, railsOf })
  }

  /** The change feed was read just now, and everything in it has been told of. */
  heardFromFeed(): void {
    this.#heardAt = this.#clock.monotonicMs()
  }

  /** Stops what runs in the background. Reads under way go on to their end. */
  close(): void {
    this.#fallback.close()
    this.#articles.close()
    this.#rails.close()
    this.#lists.close()
    for (const lane of Object.values(this.#lanes)) lane[Symbol.dispose]()
    this.#listeners.clear()
  }

  /**
   * Both reads start here, in one turn of the event loop. The rail's promise never rejects: were it awaited only after
   * the article, a rejection in between would end the process.
   */
  async #open(articleId: string | null, signal: AbortSignal | undefined, { readsRail } = { readsRail: true }) {
    signal?.throwIfAborted()
    const startedAt = this.#clock.monotonicMs()
    const id = articleId === null ? await this.#newestId(signal) : checkedId(articleId)
    // He may have left meanwhile, and who listens to a signal that has aborted hears nothing.
    signal?.throwIfAborted()
    const articleRead = this.#readArticle(id, startedAt, signal)
    const railStop = new AbortController()
    const stopRail = () => railStop.abort(signal?.reason)
    signal?.addEventListener('abort', stopRail, { once: true })
    const railRead = readsRail ? this.#outcomeOfRail(id, railStop.signal) : notRead
    // The listener goes when the rail has settled, which its budget guarantees.
    const forgetSignal = () => signal?.removeEventListener('abort', stopRail)
    void railRead.then(forgetSignal)
    try {
      const { value, state: articleState, from } = await articleRead
      const { article } = foundOrThrow(value, id)
      const articleMs = this.#clock.monotonicMs() - startedAt
      publish('article-read', () => ({ articleId: id, outcome: 'found', tookMs: articleMs, state: articleState, from }))
      this.#fallback.keepFresh(article.section ?? null)
      this.#probeId = id
      return { article, articleState, articleMs, railRead, stopRail }
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
      this.#lanes.article.read((attempt) => this.#store.readNewestId({ now: this.#clock.now(), signal: attempt }), {
        importance: 'essential',
        signal: stop,
      }),
    )
    if (id === null) throw new ArticleNotFoundError(null)
    return id
  }

  /** @param startedAt when its budget began: finding out which is the newest has used up some of it */
  async #readArticle(id: string, startedAt: number, signal: AbortSignal | undefined): Promise<Served<ArticleRead>> {
    // From memory nothing is waited for, so that there is nothing to set a timer for.
    const kept = this.#articles.peek(id)
    if (kept) return kept
    return await withDeadline((stop) => this.#articles.read(id, { importance: 'essential', signal: stop }), {
      clock: this.#clock,
      budgetMs: this.#settings.articleBudgetMs - (this.#clock.monotonicMs() - startedAt),
      what: 'Reading the article',
      signal,
    })
  }

  #withinArticleBudget<T>(what: string, signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>) {
    return withDeadline(work, { clock: this.#clock, budgetMs: this.#settings.articleBudgetMs, what, signal })
  }

  async #readRail(id: string, query: RailQuery, signal: AbortSignal | undefined): Promise<Served<RailRead>> {
    const isUsual = query.limit === this.#settings.railLimit && query.exclude.length === 0
    const kept = isUsual ? this.#rails.peek(id) : null
    if (kept) return kept
    return await withDeadline<Served<RailRead>>(
      async (stop) => {
        if (isUsual) return await this.#rails.read(id, { importance: 'bonus', signal: stop })
        // What one reader has seen already is nobody else's business: it is not kept.
        const value = await this.#loadRail(id, query, { importance: 'bonus', signal: stop })
        return { value, state: 'fresh', from: 'load' }
      },
      { clock: this.#clock, budgetMs: this.#settings.railBudgetMs, what: 'Reading the related articles', signal },
    )
  }

  #loadArticle(id: string, read: GuardedRead): Promise<ArticleRead> {
    return this.#lanes.article.read((signal) => this.#store.readArticle(id, { now: this.#clock.now(), signal }), read)
  }

  #loadList(query: ListQuery, read: GuardedRead): Promise<ArticleList> {
    return this.#lanes.list.read(
      (signal) => this.#store.listArticles({ ...query, now: this.#clock.now(), signal }),
      read,
    )
  }

  async #loadRail(id: string, query: RailQuery, read: GuardedRead): Promise<RailRead> {
    if (this.#lanes.article.isCrowded) throw refusal(() => new OverloadedError('Articles come before their rails.'))
    return await this.#lanes.rail.read(
      (signal) => this.#store.readRail(id, { ...query, now: this.#clock.now(), signal }),
      read,
    )
  }

  /** The rail's read as a value, whatever happens to it: it throws at once, rejects later, hangs, or is given up. */
  async #outcomeOfRail(id: string, signal: AbortSignal): Promise<RailOutcome> {
    const startedAt = this.#clock.monotonicMs()
    const tookMs = () => this.#clock.monotonicMs() - startedAt
    try {
      const { value, state } = await this.#readRail(id, { limit: this.#settings.railLimit, exclude: [] }, signal)
      return { read: foundOrThrow(value, id), state, tookMs: tookMs() }
    } catch (error) {
      return { read: null, error, tookMs: tookMs() }
    }
  }

  #railFrom(outcome: RailOutcome, article: Article): Rail {
    if (outcome.read) {
      const rail = railOf(outcome.read, outcome.state, outcome.tookMs)
      publish('rail-read', () => ({ articleId: article.id, state: rail.state, basis: rail.basis, tookMs: rail.tookMs }))
      return rail
    }
    return this.#standIn(failureOf(outcome.error), article, outcome.tookMs, outcome.error)
  }

  /** The next rung down: the newest of the section where they are known, else nothing, labelled with what happened. */
  #standIn(failure: RailFailure, article: Article, tookMs: number, error?: unknown): Rail {
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

  #tell(changed: Changed): void {
    for (const listener of this.#listeners) {
      try {
        listener(changed)
      } catch (error) {
        // The others have to be told all the same: what they keep is not true any more.
        publish('background-failed', () => ({ what: 'telling what has changed', error }))
      }
    }
  }
}

interface RailQuery {
  readonly limit: number
  readonly exclude: readonly string[]
}

interface ListQuery {
  readonly section?: string
  readonly before?: string
  readonly limit: number
}

type RailFailure = 'late' | 'unavailable' | 'shed'

function failureOf(error: unknown): RailFailure {
  if (error instanceof DeadlineExceededError) return 'late'
  return error instanceof OverloadedError ? 'shed' : 'unavailable'
}

/** Past so many loads of one kind in flight the next is refused: ten times what the widest lane lets through. */
const loadsMax = 2000
/** How long the store is waited for where an old copy could be served, in milliseconds. */
const articlePatienceMs = 100
/** Lists are heavy, and what they show is kept by whoever shows it. */
const listsAtATime = 16
const noIds: ReadonlySet<string> = new Set()

type Found<Read> = Extract<Read, { state: 'found' }>

type RailOutcome =
  | { readonly read: Found<RailRead>; readonly state: 'fresh' | 'stale'; readonly tookMs: number }
  | { readonly read: null; readonly error: unknown; readonly tookMs: number }

/** The rail of one who wanted none, such as a HEAD. */
const unreadRail: Rail = { state: 'shed', basis: 'newest', version: 0, generatedAt: null, items: [], tookMs: 0 }
const notRead: Promise<RailOutcome> = Promise.resolve({ read: null, error: null, tookMs: 0 })

function foundOrThrow<Read extends ArticleRead | RailRead | StoryRead>(read: Read, id: string): Found<Read> {
  if (read.state === 'missing') throw new ArticleNotFoundError(id)
  if (read.state === 'gone') throw new ArticleGoneError(id, read.withdrawnAt)
  return read as Found<Read>
}

function railOf(read: Found<RailRead>, state: 'fresh' | 'stale', tookMs: number): Rail {
  const { items, basis, version, generatedAt } = read
  return { state, basis, version, generatedAt, items, tookMs }
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
