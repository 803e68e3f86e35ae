import type { Lifetime } from '../cache/lifetime.ts'
import { ReadThrough, type ReadThroughUsage, type Served } from '../cache/read-through.ts'
import type { Clock } from '../concurrency/clock.ts'
import { Deadline, withDeadline } from '../concurrency/deadline.ts'
import { refusal } from '../concurrency/refusal.ts'
import { RetryBudget } from '../concurrency/retry-budget.ts'
import { OverloadedError } from '../errors.ts'
import { publish } from '../events.ts'
import type { ArticleList, ArticleRead, RailRead, SectionCount, Store, StoryRead } from '../store/store.ts'
import { aboutArticle, aboutList, aboutRail, anyArticle } from './copies.ts'
import { GuardedLane, type GuardedRead, type LaneName } from './guarded-lane.ts'

/** How long each read may take, how long a copy is good for, in milliseconds; and how much of each there may be. */
export interface ReadSettings {
  readonly articleBudgetMs: number
  readonly railBudgetMs: number
  readonly railLimit: number
  /** For copies of articles and of rails together; 0: none are kept. */
  readonly cacheBytesMax: number
  readonly articleLifetime: Lifetime
  readonly railLifetime: Lifetime
  /** The most articles, and the most rails, that may be read from the store at a time. */
  readonly articlesAtATime: number
  readonly railsAtATime: number
  /** The breakers never open: to measure what they are worth. */
  readonly breakersHeldClosed: boolean
}

/**
 * Reads articles, rails and lists, each within its own budget: from memory where a copy is good enough, else from the
 * store through the bulkhead of its lane.
 *
 * What is shed under overload, and in this order: rails that would be loaded again behind readers, rails that readers
 * wait for, articles that are not in memory. The first has half of its lane at most; the second is given up as soon as
 * articles have to wait; the third is refused when more wait than can be served. What is in memory is always served.
 */
export class KeptReads implements Disposable {
  readonly #store: Store
  readonly #clock: Clock
  readonly #settings: ReadSettings
  readonly #lanes: Readonly<Record<LaneName, GuardedLane>>
  readonly #articles: ReadThrough<ArticleRead>
  readonly #rails: ReadThrough<RailRead>
  readonly #lists: ReadThrough<ArticleList>
  /** Of an article that was read lately: what a probe asks for. */
  #probeId = 'probe'

  /** @param options.isTold whether {@link forget} would be called if something changed */
  constructor(
    store: Store,
    { clock, random, isTold }: { clock: Clock; random: () => number; isTold: () => boolean },
    settings: ReadSettings,
  ) {
    this.#store = store
    this.#clock = clock
    this.#settings = settings
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
    const copies = { clock, random, isTold, loadsMax }
    this.#articles = new ReadThrough<ArticleRead>({
      ...copies,
      what: 'Reading the article',
      load: (id, options) => this.#loadArticle(id, options),
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
      load: (id, options) => this.#loadRail(id, { limit: settings.railLimit, exclude: [] }, options),
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

  /** @throws OverloadedError, StoreUnavailableError, DeadlineExceededError, or the reason of `signal` */
  async readNewestId(signal: AbortSignal | undefined): Promise<string | null> {
    return await this.withinArticleBudget('Reading which article is the newest', signal, (stop) =>
      this.#lanes.article.read((attempt) => this.#store.readNewestId({ now: this.#clock.now(), signal: attempt }), {
        importance: 'essential',
        signal: stop,
      }),
    )
  }

  /**
   * @param startedAt when its budget began: finding out which is the newest has used up some of it
   * @throws as {@link readNewestId}
   */
  async readArticle(id: string, startedAt: number, signal: AbortSignal | undefined): Promise<Served<ArticleRead>> {
    const usedMs = this.#clock.monotonicMs() - startedAt
    const deadline = Deadline.in(this.#clock, this.#settings.articleBudgetMs - usedMs)
    return await this.#articles.read(id, { importance: 'essential', signal, deadline })
  }

  /** @throws as {@link readNewestId} */
  async readRail(id: string, query: RailQuery, signal: AbortSignal | undefined): Promise<Served<RailRead>> {
    const { railLimit, railBudgetMs } = this.#settings
    if (query.limit === railLimit && query.exclude.length === 0) {
      const deadline = Deadline.in(this.#clock, railBudgetMs)
      return await this.#rails.read(id, { importance: 'bonus', signal, deadline })
    }
    // What one reader has seen already is nobody else's business: it is not kept.
    const value = await withDeadline((stop) => this.#loadRail(id, query, { importance: 'bonus', signal: stop }), {
      clock: this.#clock,
      budgetMs: railBudgetMs,
      what: 'Reading the related articles',
      signal,
    })
    return { value, state: 'fresh', from: 'load' }
  }

  /** @throws as {@link readNewestId} */
  async readList(query: ListQuery, signal: AbortSignal | undefined): Promise<ArticleList> {
    const key = JSON.stringify({ section: query.section, before: query.before, limit: query.limit })
    const deadline = Deadline.in(this.#clock, this.#settings.articleBudgetMs)
    const { value } = await this.#lists.read(key, { importance: 'essential', signal, deadline })
    return value
  }

  /** @throws as {@link readNewestId} */
  readStory(id: string, signal: AbortSignal | undefined): Promise<StoryRead> {
    return this.withinArticleBudget('Reading the story', signal, (stop) =>
      this.#lanes.list.read((attempt) => this.#store.readStory(id, { now: this.#clock.now(), signal: attempt }), {
        importance: 'essential',
        signal: stop,
      }),
    )
  }

  /** @throws as {@link readNewestId} */
  readSections(signal: AbortSignal | undefined): Promise<SectionCount[]> {
    return this.withinArticleBudget('Reading the sections', signal, (stop) =>
      this.#lanes.list.read((attempt) => this.#store.listSections({ now: this.#clock.now(), signal: attempt }), {
        importance: 'essential',
        signal: stop,
      }),
    )
  }

  /** Does `work` within the budget of an article. */
  withinArticleBudget<T>(what: string, signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>) {
    return withDeadline(work, { clock: this.#clock, budgetMs: this.#settings.articleBudgetMs, what, signal })
  }

  /** Whether {@link readArticle} would be refused at once for want of room. */
  refusesNow(articleId: string): boolean {
    return this.#lanes.article.refusesNow('essential') && this.#articles.needsLoad(articleId)
  }

  /** What is held in memory and being loaded at present. */
  get usage(): Readonly<Record<'articles' | 'rails' | 'lists', ReadThroughUsage>> {
    return { articles: this.#articles.usage, rails: this.#rails.usage, lists: this.#lists.usage }
  }

  /** These articles have changed: nothing kept that shows them is shown any more. */
  forget(articleIds: ReadonlySet<string>): void {
    this.#articles.forget(articleIds)
    this.#rails.forget(articleIds)
    // Any article may stand in any list.
    this.#lists.forget([anyArticle])
  }

  /** These articles have another rail. */
  forgetRails(railsOf: ReadonlySet<string>): void {
    this.#rails.forgetKeys(railsOf)
  }

  /** Stops what runs in the background. Reads under way go on to their end. */
  [Symbol.dispose](): void {
    this.#articles.close()
    this.#rails.close()
    this.#lists.close()
    for (const lane of Object.values(this.#lanes)) lane[Symbol.dispose]()
  }

  async #loadArticle(id: string, options: GuardedRead): Promise<ArticleRead> {
    const read = await this.#lanes.article.read(
      (signal) => this.#store.readArticle(id, { now: this.#clock.now(), signal }),
      options,
    )
    if (read.state === 'found') this.#probeId = id
    return read
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
}

export interface RailQuery {
  readonly limit: number
  readonly exclude: readonly string[]
}

export interface ListQuery {
  readonly section?: string
  readonly before?: string
  readonly limit: number
}

/** Past so many loads of one kind in flight the next is refused: ten times what the widest lane lets through. */
const loadsMax = 2000
/** How long the store is waited for where an old copy could be served, in milliseconds. */
const articlePatienceMs = 100
/** Lists are heavy, and what they show is kept by whoever shows it. */
const listsAtATime = 16
