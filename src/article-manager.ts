import { type App, type AppOptions, openApp } from './app.ts'
import { NotConnectedError } from './errors.ts'
import type {
  ArticleRequest,
  CallOptions,
  Changed,
  Manager,
  OpenedArticle,
  OpenOptions,
  Rail,
  RailOptions,
  ServedArticle,
  Story,
} from './manager/manager.ts'
import type { Publisher } from './manager/publisher.ts'
import type { RelatedArticle, ScoreParts } from './related/related.ts'
import type { ArticleList, SectionCount, Store } from './store/store.ts'

/**
 * Fetches an article and its related articles concurrently; a related list that is slow, broken or overloaded never
 * delays or fails the article.
 *
 * ```ts
 * await using manager = await ArticleManager.open({ store: 'sqlite:news.db' })
 * const { article, relatedArticles, related } = await manager.handleRequest({ articleId: 1 })
 * ```
 *
 * Without options and without `ONWARD_STORE` it opens the sample newsroom in a temporary file of its own, and warns
 * once. While it is open it also keeps the rails up to date, in worker threads.
 */
export class ArticleManager implements Manager, AsyncDisposable {
  readonly #options: AppOptions
  #app: App | null = null
  #isClosing = false
  /** Opening and closing one after the other, in the order in which they were asked for: the last call wins. */
  #turn: Promise<void> = Promise.resolve()
  readonly #inFlight = new Set<Promise<unknown>>()
  /** Kept from one connection to the next. */
  readonly #listeners = new Set<(changed: Changed) => void>()

  /** Opens nothing yet. @see AppOptions for units and defaults */
  constructor(options: AppOptions = {}) {
    this.#options = options
  }

  /** `new ArticleManager(options)` and `openConnection()` in one. */
  static async open(options: AppOptions = {}): Promise<ArticleManager> {
    const manager = new ArticleManager(options)
    await manager.openConnection()
    return manager
  }

  /** The open store; null before `openConnection` and from `closeConnection` on. */
  get connection(): Store | null {
    return this.#isClosing ? null : (this.#app?.store ?? null)
  }

  /** What publishes, corrects and takes down articles, for the drop-ins' write routes; null where `connection` is. */
  get publisher(): Publisher | null {
    return this.#isClosing ? null : (this.#app?.publisher ?? null)
  }

  /**
   * Opens the store and starts what keeps the rails. Calling it twice opens once; after `closeConnection` it opens again.
   *
   * @throws InvalidOptionError, StoreUnavailableError
   */
  openConnection(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#app) return
      this.#app = await openApp(this.#options)
      this.#app.manager.onChanged((changed) => this.#tell(changed))
      // What happened while nothing was open was followed by nobody.
      this.#tell('anything')
    })
  }

  /** Refuses new calls at once, waits for those under way (each has its own deadline), then closes all that was opened. */
  closeConnection(): Promise<void> {
    this.#isClosing = true
    return this.#inTurn(async () => {
      this.#isClosing = true
      try {
        // An opened article adds its rail while it is waited for, hence the loop; each of them ends by its own deadline.
        while (this.#inFlight.size > 0) await Promise.all(this.#inFlight)
        await this.#app?.[Symbol.asyncDispose]()
      } finally {
        this.#app = null
        this.#isClosing = false
      }
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.closeConnection()
  }

  /**
   * The related articles of an article, best first; the newest of its section, marked as such, when nothing is related.
   *
   * @throws ArticleNotFoundError, ArticleGoneError, InvalidRequestError, NotConnectedError, OverloadedError,
   *   StoreUnavailableError, DeadlineExceededError, or the reason of `signal`
   */
  async fetchRelatedArticles(articleId: string | number, options: RailOptions = {}): Promise<RelatedArticle[]> {
    const rail = await this.openRail(articleId, options)
    return [...rail.items]
  }

  /**
   * An article with its related articles, both read at the same time. Without an `articleId`: the newest published one.
   *
   * `related.state` says what became of the related articles; the article does not depend on it.
   *
   * @throws ArticleNotFoundError, ArticleGoneError, InvalidRequestError, NotConnectedError, OverloadedError,
   *   StoreUnavailableError, DeadlineExceededError, or the reason of `signal`
   */
  handleRequest(request: ArticleRequest = {}, options: CallOptions = {}): Promise<ServedArticle> {
    return this.#call('handleRequest', (manager) => manager.handleRequest(request, options))
  }

  openArticle(articleId: string | null, options: OpenOptions = {}): Promise<OpenedArticle> {
    return this.#call('openArticle', async (manager) => {
      const opened = await manager.openArticle(articleId, options)
      this.#track(opened.rail)
      return opened
    })
  }

  openRail(articleId: string | number, options: RailOptions = {}): Promise<Rail> {
    return this.#call('fetchRelatedArticles', (manager) => manager.openRail(articleId, options))
  }

  /** The story so far: the articles that tell the same story, oldest first, the asked one among them. Rejects as `handleRequest` does. */
  openStory(articleId: string | number, options?: CallOptions): Promise<Story> {
    return this.#call('openStory', (manager) => manager.openStory(articleId, options))
  }

  explainScores(
    articleId: string,
    others: readonly string[],
    options?: CallOptions,
  ): Promise<ReadonlyArray<ScoreParts | null>> {
    return this.#call('explainScores', (manager) => manager.explainScores(articleId, others, options))
  }

  listArticles(
    query: { section?: string; before?: string; limit: number },
    options?: CallOptions,
  ): Promise<ArticleList> {
    return this.#call('listArticles', (manager) => manager.listArticles(query, options))
  }

  listSections(options?: CallOptions): Promise<readonly SectionCount[]> {
    return this.#call('listSections', (manager) => manager.listSections(options))
  }

  /** False while not connected: the call itself says why then. */
  refusesNow(articleId: string): boolean {
    return !this.#isClosing && (this.#app?.manager.refusesNow(articleId) ?? false)
  }

  onChanged(listener: (changed: Changed) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  isTold(): boolean {
    return !this.#isClosing && (this.#app?.manager.isTold() ?? false)
  }

  #tell(changed: Changed): void {
    for (const listener of this.#listeners) listener(changed)
  }

  async #call<T>(what: string, call: (manager: Manager) => Promise<T>): Promise<T> {
    if (!this.#app || this.#isClosing) throw new NotConnectedError(what)
    return await this.#track(call(this.#app.manager))
  }

  #track<T>(promise: Promise<T>): Promise<T> {
    const settled = promise.then(
      () => {},
      () => {},
    )
    this.#inFlight.add(settled)
    void settled.then(() => this.#inFlight.delete(settled))
    return promise
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work)
    // What fails is its caller's to hear; the next in turn goes on.
    this.#turn = done.catch(() => {})
    return done
  }
}
