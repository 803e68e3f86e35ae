import type { Article } from '../article/article.ts'
import type { ReadThroughUsage } from '../cache/read-through.ts'
import type { Clock } from '../concurrency/clock.ts'
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
import { KeptReads, type ListQuery, type ReadSettings } from './kept-reads.ts'
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

export interface ServingSettings extends ReadSettings {
  /** How long an answer waits for its rail once the article is there, in milliseconds. */
  readonly afterArticleMs: number
  /** When nothing was heard of the change feed for so long, in milliseconds, copies are not trusted without asking. */
  readonly feedSilenceMs: number
}

/**
 * Serves articles from a store: the article and its rail at the same time, each within its own budget, from memory where
 * a copy is good enough.
 *
 * How each is read is the business of `kept-reads.ts`; here is decided what becomes of the two together.
 *
 * The store belongs to whoever opened it. Whoever follows the change feed tells of it: {@link heardFromFeed},
 * {@link forget}, {@link forgetRails}.
 */
export class ArticleServing implements Manager {
  readonly #clock: Clock
  readonly #settings: ServingSettings
  readonly #explainer: ScoreExplainer | null
  readonly #fallback: NewestFallback
  readonly #reads: KeptReads
  readonly #listeners = new Set<(changed: Changed) => void>()
  #heardAt: number

  /** @param explainer default: none, and nothing is explained */
  constructor(
    store: Store,
    { clock, random, explainer = null }: { clock: Clock; random: () => number; explainer?: ScoreExplainer | null },
    settings: ServingSettings,
  ) {
    this.#clock = clock
    this.#settings = settings
    this.#explainer = explainer
    this.#fallback = new NewestFallback(store, clock)
    this.#heardAt = clock.monotonicMs()
    this.#reads = new KeptReads(store, { clock, random, isTold: () => this.isTold() }, settings)
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
    const outcome = await settledWithin(railRead, afterArticleMs - timerLateMs, this.#clock)
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
    const { value, state } = await this.#reads.readRail(id, { limit, exclude }, options.signal)
    const rail = railOf(foundOrThrow(value, id), state, this.#clock.monotonicMs() - startedAt)
    publish('rail-read', () => ({ articleId: id, state: rail.state, basis: rail.basis, tookMs: rail.tookMs }))
    return rail
  }

  async openStory(articleId: string | number, { signal }: CallOptions = {}): Promise<Story> {
    const id = checkedId(articleId)
    const read = await this.#reads.readStory(id, signal)
    const { articles, version, generatedAt } = foundOrThrow(read, id)
    return { articles, version, generatedAt }
  }

  async explainScores(articleId: string, others: readonly string[], { signal }: CallOptions = {}) {
    const explainer = this.#explainer
    if (!explainer) throw new ExplanationUnavailableError()
    return await this.#reads.withinArticleBudget('Explaining the scores', signal, (stop) =>
      explainer.explainScores(articleId, others, { signal: stop }),
    )
  }

  listArticles(query: ListQuery, { signal }: CallOptions = {}): Promise<ArticleList> {
    return this.#reads.readList(query, signal)
  }

  listSections({ signal }: CallOptions = {}): Promise<SectionCount[]> {
    return this.#reads.readSections(signal)
  }

  refusesNow(articleId: string): boolean {
    return this.#reads.refusesNow(articleId)
  }

  /** What is held in memory and being loaded at present. */
  get usage(): Readonly<Record<'articles' | 'rails' | 'lists', ReadThroughUsage>> {
    return this.#reads.usage
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
    this.#reads.forget(articleIds)
    this.#tell({ articleIds, railsOf: noIds })
  }

  /** These articles have another rail. */
  forgetRails(railsOf: ReadonlySet<string>): void {
    if (railsOf.size === 0) return
    this.#reads.forgetRails(railsOf)
    this.#tell({ articleIds: noIds, railsOf })
  }

  /** The change feed was read just now, and everything in it has been told of. */
  heardFromFeed(): void {
    this.#heardAt = this.#clock.monotonicMs()
  }

  /** Stops what runs in the background. Reads under way go on to their end. */
  close(): void {
    this.#fallback.close()
    this.#reads[Symbol.dispose]()
    this.#listeners.clear()
  }

  /**
   * Both reads start here, in one turn of the event loop. The rail's promise never rejects: were it awaited only after
   * the article, a rejection in between would end the process.
   */
  async #open(articleId: string | null, signal: AbortSignal | undefined, { readsRail } = { readsRail: true }) {
    signal?.throwIfAborted()
    const startedAt = this.#clock.monotonicMs()
    const id = articleId === null ? await this.#reads.readNewestId(signal) : checkedId(articleId)
    if (id === null) throw new ArticleNotFoundError(null)
    // He may have left meanwhile, and who listens to a signal that has aborted hears nothing.
    signal?.throwIfAborted()
    const articleRead = this.#reads.readArticle(id, startedAt, signal)
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

  /** The rail's read as a value, whatever happens to it: it throws at once, rejects later, hangs, or is given up. */
  async #outcomeOfRail(id: string, signal: AbortSignal): Promise<RailOutcome> {
    const startedAt = this.#clock.monotonicMs()
    const tookMs = () => this.#clock.monotonicMs() - startedAt
    try {
      const { value, state } = await this.#reads.readRail(id, { limit: this.#settings.railLimit, exclude: [] }, signal)
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

type RailFailure = 'late' | 'unavailable' | 'shed'

function failureOf(error: unknown): RailFailure {
  if (error instanceof DeadlineExceededError) return 'late'
  return error instanceof OverloadedError ? 'shed' : 'unavailable'
}

/** Timers fire this much late, in milliseconds; and what was promised is the most that a reader waits. */
const timerLateMs = 1
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
