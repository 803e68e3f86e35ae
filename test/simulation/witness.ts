import { getEventListeners } from 'node:events'
import {
  ArticleGoneError,
  ArticleNotFoundError,
  DeadlineExceededError,
  OverloadedError,
  StoreUnavailableError,
} from '../../src/errors.ts'
import type { OpenedArticle, Rail, ServedArticle } from '../../src/manager/manager.ts'
import type { ServingSettings } from '../../src/manager/serve-article.ts'
import type { ArticleList } from '../../src/store/store.ts'
import type { EventClock } from './event-clock.ts'
import { type Newsroom, shownVersion, type Version } from './newsroom.ts'

/** A reader's question, with what had been told of by then: that, and nothing older, may be in the answer. */
export interface Ask {
  readonly name: string
  readonly kind: 'request' | 'article' | 'rail' | 'list'
  /** Null: the newest, whichever it is. */
  readonly id: string | null
  readonly at: number
  readonly told: Told
  /** Nothing had been heard of the change feed for so long that no copy was to be trusted without asking. */
  readonly inSilence: boolean
  readonly signal: AbortSignal | undefined
  abortedAt: number | null
}

/** By id, the number of the last change that the manager was told of. */
export interface Told {
  readonly articles: ReadonlyMap<string, number>
  readonly rails: ReadonlyMap<string, number>
}

/** Looks at every answer, and says what it may not be. Its methods are the promises that the simulation is about. */
export class Witness {
  readonly #newsroom: Newsroom
  readonly #clock: EventClock
  readonly #settings: ServingSettings
  #told: Told = { articles: new Map(), rails: new Map() }
  #toldBefore = this.#told
  #toldAt = 0
  #heardAt = 0
  #violation: string | null = null
  /** Whether anything ever went wrong in the lane of articles: else no article may fail. */
  articleFaulted = false
  /** The most articles that were being read at a time. */
  articlesReadMax = 0

  constructor(newsroom: Newsroom, clock: EventClock, settings: ServingSettings) {
    this.#newsroom = newsroom
    this.#clock = clock
    this.#settings = settings
  }

  /** The first, if any: what comes after it is no news. */
  get violation(): string | null {
    return this.#violation
  }

  get told(): Told {
    return this.#told
  }

  expect(holds: boolean, promise: string): void {
    if (!holds) this.#violation ??= promise
  }

  heard(): void {
    this.#heardAt = this.#clock.monotonicMs()
  }

  /** The manager has been told of everything up to these changes. */
  toldOf(articles: ReadonlyMap<string, number>, rails: ReadonlyMap<string, number>): void {
    const now = this.#clock.monotonicMs()
    if (now !== this.#toldAt) this.#toldBefore = this.#told
    this.#toldAt = now
    this.#told = {
      articles: new Map([...this.#told.articles, ...articles]),
      rails: new Map([...this.#told.rails, ...rails]),
    }
  }

  ask(name: string, kind: Ask['kind'], id: string | null, signal?: AbortSignal): Ask {
    const at = this.#clock.monotonicMs()
    const inSilence = at - this.#heardAt >= this.#settings.feedSilenceMs
    return { name, kind, id, at, told: this.#told, inSilence, signal, abortedAt: null }
  }

  served(ask: Ask, { article, articleState, relatedArticles, related, timing }: ServedArticle): void {
    const { afterArticleMs, articleBudgetMs } = this.#settings
    this.#settled(ask, articleBudgetMs + afterArticleMs)
    const elapsedMs = this.#clock.monotonicMs() - ask.at
    this.expect(elapsedMs - timing.articleMs <= afterArticleMs, `${ask.name}: the rail held the article`)
    this.#article(ask, article, articleState)
    this.#rail(ask, article.id, { ...related, items: relatedArticles, tookMs: 0 })
  }

  opened(ask: Ask, { article, articleState, articleMs }: OpenedArticle): void {
    this.#settled(ask, this.#settings.articleBudgetMs)
    this.expect(articleMs <= this.#settings.articleBudgetMs, `${ask.name}: the article took longer than its budget`)
    this.#article(ask, article, articleState)
  }

  /**
   * @param ofId the article that the rail belongs to
   * @param lookedAt when it was first looked at, where it may have been there before
   */
  railCame(ask: Ask, ofId: string, rail: Rail, lookedAt = 0): void {
    const { articleBudgetMs, railBudgetMs } = this.#settings
    const budgetMs = railBudgetMs + (ask.id === null ? articleBudgetMs : 0)
    this.#settled(ask, Math.max(budgetMs, lookedAt - ask.at))
    this.#rail(ask, ofId, rail)
  }

  listed(ask: Ask, { articles }: ArticleList): void {
    this.#settled(ask, this.#settings.articleBudgetMs)
    for (const article of articles) {
      this.#isFound(ask, article.id, shownVersion(article), ask.told)
      this.#isNoOlder(ask, article.id, shownVersion(article), listAgeMaxMs, 'line of a list')
    }
  }

  /** A complete answer that was kept. */
  sentReady(ask: Ask, page: ServedArticle): void {
    for (const shown of [page.article, ...page.relatedArticles]) {
      this.#isFound(ask, shown.id, shownVersion(shown), ask.told)
    }
    const isOld = page.related.version < (ask.told.rails.get(page.article.id) ?? 0)
    const isRail = page.related.state === 'fresh' || page.related.state === 'stale'
    this.expect(!isRail || !isOld, `${ask.name}: was sent an answer whose rail is older than what was told of`)
  }

  failed(ask: Ask, error: unknown): void {
    const { articleBudgetMs, railBudgetMs, afterArticleMs } = this.#settings
    const budgetMs = ask.kind === 'rail' ? railBudgetMs : articleBudgetMs
    this.#settled(ask, ask.kind === 'request' ? budgetMs + afterArticleMs : budgetMs)
    if (ask.abortedAt !== null && error === ask.signal?.reason) return
    this.expect(error instanceof Error, `${ask.name}: failed with ${error}, which is no error`)
    if (error instanceof ArticleNotFoundError) {
      if (error.articleId === null) return
      this.#wasOnce(ask, error.articleId, ({ state }) => state === 'missing', 'is said not to be there')
    } else if (error instanceof ArticleGoneError) {
      const isIt = ({ state, seq }: Version) => state === 'gone' && String(seq) === error.withdrawnAt
      this.#wasOnce(ask, error.articleId, isIt, 'is said to be gone')
    } else if (error instanceof OverloadedError) {
      const isCrowd = this.articlesReadMax >= Math.min(4, this.#settings.articlesAtATime)
      this.expect(
        ask.kind === 'rail' || ask.kind === 'list' || isCrowd,
        `${ask.name}: refused as overload, with nobody else there`,
      )
    } else if (ask.kind === 'request' || ask.kind === 'article') {
      const isOfArticle = error instanceof StoreUnavailableError || error instanceof DeadlineExceededError
      this.expect(isOfArticle, `${ask.name}: an article failed with ${error}`)
      this.expect(this.articleFaulted, `${ask.name}: an article failed though no article's read ever did: ${error}`)
    }
  }

  /** Of a reader whose every promise has settled. */
  left({ name, signal }: Ask): void {
    const listeners = signal ? getEventListeners(signal, 'abort').length : 0
    this.expect(listeners === 0, `${name}: ${listeners} listeners were left on the reader's signal`)
  }

  #settled(ask: Ask, budgetMs: number): void {
    const now = this.#clock.monotonicMs()
    // Sums of budgets and of steps of time round differently.
    this.expect(now - ask.at <= budgetMs + 1e-6, `${ask.name}: took ${now - ask.at} ms, more than ${budgetMs}`)
    const { abortedAt } = ask
    this.expect(abortedAt === null || now === abortedAt, `${ask.name}: the reader left, and was still waited for`)
  }

  #article(ask: Ask, article: ServedArticle['article'], state: 'fresh' | 'stale'): void {
    const { name } = ask
    this.expect(ask.id === null || article.id === ask.id, `${name}: was given the article ${article.id}`)
    const seq = shownVersion(article)
    this.#isFound(ask, article.id, seq, ask.told)
    const { articleLifetime, articleBudgetMs } = this.#settings
    // The lifetime of what was published long ago is ten times as long, and chance adds a tenth.
    const freshMs = articleLifetime.freshMs * 11
    const agedMs = state === 'fresh' ? freshMs : Math.max(articleLifetime.ifErrorMs, freshMs)
    const bySilence = ask.inSilence && state === 'fresh' && ask.id !== null ? 0 : agedMs
    this.#isNoOlder(ask, article.id, seq, bySilence + articleBudgetMs, `${state} article`)
  }

  #rail(ask: Ask, ofId: string, { state, basis, version, items }: Rail): void {
    const { name, told } = ask
    const { railLifetime, railBudgetMs, railLimit } = this.#settings
    this.expect(new Set(items.map(({ id }) => id)).size === items.length, `${name}: an item twice in a rail`)
    this.expect(items.length <= railLimit, `${name}: ${items.length} items in a rail`)
    if (state !== 'fresh' && state !== 'stale') {
      this.expect(basis === 'newest', `${name}: what stands in is called related`)
      this.expect(items.length > 0 === (state === 'fallback'), `${name}: ${items.length} items, called ${state}`)
      for (const item of items) {
        this.expect(item.id !== ofId, `${name}: the article itself stands in its rail`)
        // Put together just now, and so bound by what had been told of when the clock last moved.
        const told = this.#toldAt === this.#clock.monotonicMs() ? this.#toldBefore : this.#told
        this.#isFound(ask, item.id, shownVersion(item), told)
        this.#isNoOlder(ask, item.id, shownVersion(item), fallbackAgeMaxMs, 'stand-in')
      }
      return
    }
    this.expect(version >= (told.rails.get(ofId) ?? 0), `${name}: the rail of ${ofId} is older than what was told of`)
    const freshMs = railLifetime.freshMs * 1.1
    const agedMs = state === 'fresh' ? freshMs : Math.max(railLifetime.ifErrorMs, freshMs)
    const bySilence = ask.inSilence && state === 'fresh' && ask.id !== null ? 0 : agedMs
    for (const item of items) {
      this.#isFound(ask, item.id, shownVersion(item), told)
      this.#isNoOlder(ask, item.id, shownVersion(item), bySilence + railBudgetMs, `item of a ${state} rail`)
    }
  }

  /** What is shown must have been published, and be no older than what had been told of. */
  #isFound({ name }: Ask, id: string, seq: number, told: Told): void {
    const version = this.#newsroom.versionsOf(id).find((version) => version.seq === seq)
    this.expect(version?.state === 'found', `${name}: shows ${id} as of change ${seq}, which nobody could read`)
    const toldSeq = told.articles.get(id) ?? 0
    this.expect(seq >= toldSeq, `${name}: shows ${id} as of change ${seq}, and change ${toldSeq} had been told of`)
  }

  #isNoOlder(ask: Ask, id: string, seq: number, agedMsMax: number, what: string): void {
    const next = this.#newsroom.versionsOf(id).find((version) => version.seq > seq)
    if (!next) return
    const agedMs = ask.at - next.at
    this.expect(agedMs <= agedMsMax, `${ask.name}: a ${what}, ${id}, that was untrue for ${agedMs} ms already`)
  }

  #wasOnce({ name, told }: Ask, id: string, isIt: (version: Version) => boolean, what: string): void {
    const toldSeq = told.articles.get(id) ?? 0
    const versions = this.#newsroom.versionsOf(id)
    const since = versions.findLastIndex(({ seq }) => seq <= toldSeq)
    this.expect(versions.slice(Math.max(0, since)).some(isIt), `${name}: ${id} ${what}, which is untrue by then`)
  }
}

/** How long a list may be shown that cannot be read again, and how long reading it may have taken. */
const fallbackAgeMaxMs = 32_000
/** How long a list is good for when it cannot be read, and how long reading it may have taken. */
const listAgeMaxMs = 10 * 60_000 + 800
