import type { Article, ArticleSummary } from '../article/article.ts'
import type { RelatedArticle, ScoreParts } from '../related/related.ts'
import type { ArticleList, SectionCount } from '../store/store.ts'

/**
 * What everything above the manager (HTTP, the drop-ins, the library) asks of it.
 *
 * The rule of the house: the article decides the result, the rail is a bonus. Only `fetchRelatedArticles`, whose
 * whole result is the rail, lets a rail's failure through.
 */
export interface Manager {
  /**
   * Starts the reads of the article and of its rail at the same time and gives the article as soon as it is there.
   *
   * The rail comes as a promise that never rejects and settles within its budget; a page sends the article meanwhile.
   *
   * @throws InvalidRequestError, ArticleNotFoundError, ArticleGoneError, OverloadedError, StoreUnavailableError,
   *   DeadlineExceededError, or the reason of `signal`
   */
  openArticle(articleId: string | null, options?: OpenOptions): Promise<OpenedArticle>
  /** `openArticle`, with the rail given at most `afterArticleMs` more once the article is ready. */
  handleRequest(request: ArticleRequest, options?: CallOptions): Promise<ServedArticle>
  /** The rail alone, with all that is known about it: for `/v1/articles/{id}/related`. Rejects as `fetchRelatedArticles` does. */
  openRail(articleId: string | number, options?: RailOptions): Promise<Rail>
  /**
   * The story so far: the articles that tell the same story, oldest first, the asked one among them. Found in the stored
   * rails; what is not visible now is not in it.
   *
   * @throws as `openArticle` does
   */
  openStory(articleId: string | number, options?: CallOptions): Promise<Story>
  /**
   * What the scores of an article's related articles are made of, in the order of `others`; null for one that is not known.
   *
   * @throws ExplanationUnavailableError where the rails are not kept in this process; OverloadedError, DeadlineExceededError,
   *   or the reason of `signal`
   */
  explainScores(
    articleId: string,
    others: readonly string[],
    options?: CallOptions,
  ): Promise<ReadonlyArray<ScoreParts | null>>
  listArticles(query: { section?: string; before?: string; limit: number }, options?: CallOptions): Promise<ArticleList>
  listSections(options?: CallOptions): Promise<readonly SectionCount[]>
  /**
   * Whether {@link openArticle} would be refused at once for want of room, were it called now: so that a server under
   * overload can refuse before it has spent anything on a request.
   */
  refusesNow(articleId: string): boolean
  /**
   * Calls `listener` whenever what may have been shown before is not true any more, until the returned function is
   * called. It is called before anybody who asks from then on could be given the old state.
   */
  onChanged(listener: (changed: Changed) => void): () => void
  /** Whether {@link onChanged} can be relied on: false while nothing is heard of the store's changes. */
  isTold(): boolean
}

/** What is not true any more; `anything`: it is not known what. */
export type Changed = 'anything' | ChangedIds

export interface ChangedIds {
  /** Articles that were published, corrected, taken down, or have come out of an embargo. */
  readonly articleIds: ReadonlySet<string>
  /** Articles whose rail is another one. */
  readonly railsOf: ReadonlySet<string>
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
}

export interface OpenOptions extends CallOptions {
  /** False: the rail is not read, and says `shed`: for a HEAD, which shows none. Default true. */
  readonly rail?: boolean | undefined
}

export interface RailOptions extends CallOptions {
  /** 1 to 20; default 6. */
  readonly limit?: number | undefined
  /** Ids that the reader has seen already; at most 100. */
  readonly exclude?: readonly string[] | undefined
}

export interface ArticleRequest {
  /** A number is taken as its decimal text; absent or null names the newest published article. */
  readonly articleId?: string | number | null | undefined
}

export interface OpenedArticle {
  readonly article: Article
  readonly articleState: ArticleState
  readonly articleMs: number
  readonly rail: Promise<Rail>
}

export interface ServedArticle {
  readonly article: Article
  readonly relatedArticles: readonly RelatedArticle[]
  readonly related: RelatedInfo
  readonly articleState: ArticleState
  /** How long each took, in milliseconds, for `Server-Timing`. */
  readonly timing: { readonly articleMs: number; readonly railMs: number }
}

/** `stale`: an older copy, served because the store did not answer or while it is asked again. */
export type ArticleState = 'fresh' | 'stale'

/** What became of the rail. */
export interface RelatedInfo {
  /**
   * - `fresh`: just read from the store, or a copy that is young enough and has not been changed since
   * - `stale`: an older copy, within its grace
   * - `fallback`: the rail could not be read; the newest of the section stand in for it
   * - `late`: it was not there in time, and nothing stands in for it
   * - `unavailable`: the read failed, and nothing stands in for it
   * - `shed`: not read on purpose, under overload
   */
  readonly state: 'fresh' | 'stale' | 'fallback' | 'late' | 'unavailable' | 'shed'
  /** `newest`: the labelled filler, not related. */
  readonly basis: 'related' | 'newest'
  /** The number of the change that the rail was worked out after; 0 when there is none. */
  readonly version: number
  readonly generatedAt: string | null
}

export interface Rail extends RelatedInfo {
  readonly items: readonly RelatedArticle[]
  readonly tookMs: number
}

/** The articles of a story in the order of time. */
export interface Story {
  readonly articles: readonly ArticleSummary[]
  /** As of the rail that it was found by: see `RelatedInfo`. */
  readonly version: number
  readonly generatedAt: string | null
}

/** Who knows what scores are made of: the index, wherever it is. */
export interface ScoreExplainer {
  /** As `Manager.explainScores`. */
  explainScores(
    articleId: string,
    others: readonly string[],
    options: CallOptions,
  ): Promise<ReadonlyArray<ScoreParts | null>>
}
