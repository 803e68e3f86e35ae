import type { Article, ArticleSummary, PreparedArticle } from '../article/article.ts'
import type { RelatedArticle } from '../related/related.ts'

/**
 * The contract of every store. One conformance suite (`test/conformance/store.ts`) runs against each implementation.
 *
 * - Every read takes a `signal` and rejects with its reason as soon as it aborts; the work may still end in the background.
 * - Reads of articles, of rails, of lists, and what onward itself reads to keep up run in lanes of their own: a rail that
 *   hangs cannot hold an article, and a slow list cannot hold the news of a takedown.
 * - Each lane's queue is bounded; past the bound a call rejects with `OverloadedError` at once.
 * - What fails for a reason that is not the caller's rejects with `StoreUnavailableError` and the driver's error as `cause`.
 * - `now` is always handed in, as milliseconds since the epoch: what is visible is decided by the caller's clock.
 */
export interface Store extends AsyncDisposable {
  readonly kind: 'sqlite' | 'postgres' | 'mysql'
  /** Where it is, with secrets left out: for logs, `/readyz` and error messages. */
  readonly location: string

  /** Lane `article`. */
  readArticle(id: string, options: ReadOptions): Promise<ArticleRead>
  /** Lane `article`. The id of the newest visible article, or null when there is none. */
  readNewestId(options: ReadOptions): Promise<string | null>
  /** Lane `rail`. One query that joins the rail with the articles: what is not visible now is not in the answer. */
  readRail(id: string, options: RailReadOptions): Promise<RailRead>
  /** Lane `list`. The visible articles of the story that the article belongs to, found by `related/story.ts` in the stored rails. */
  readStory(id: string, options: ReadOptions): Promise<StoryRead>
  /** Lane `list`. Newest first. */
  listArticles(options: ListOptions): Promise<ArticleList>
  /** Lane `list`. The sections that have visible articles, the largest first. */
  listSections(options: ReadOptions): Promise<SectionCount[]>

  /**
   * Stores a batch, an article with its change row. The results are in the batch's order.
   * What becomes of each is decided by `article/publication.ts`.
   *
   * Up to `putTransactionMax` articles are one transaction. A longer batch is stored in several, in its order, so that
   * other writers get their turn; where one fails, those before it stay stored (a `StoreUnavailableError` says how many),
   * and sending the batch again is safe.
   *
   * @throws InvalidRequestError, with nothing written, when an id or a time is not in its stored form
   */
  putArticles(batch: readonly PreparedArticle[], options: PutOptions): Promise<PutResult[]>
  /** Takes an article down: its text is deleted, a tombstone stays. An unknown id is `missing`, and no tombstone is made. */
  withdrawArticle(
    id: string,
    options: WriteOptions,
  ): Promise<{ outcome: 'withdrawn' | 'already-withdrawn' | 'missing'; withdrawnAt: string | null }>
  /** Writes a change row for each embargo that has ended since the last call; gives how many. */
  liftEmbargoes(options: WriteOptions): Promise<number>

  /**
   * Lane `background`. Changes with `seq > after`, in order, at most `limit`, each with the article as it is now. None is ever lost or late.
   * Fewer may come when the articles are long: only an empty answer means that there are no more.
   */
  readChanges(options: { after: number; limit: number } & ReadOptions): Promise<Change[]>
  /**
   * Lane `feed`. The same feed without the articles, for those who only have to know which have changed: reading
   * and parsing the articles is most of what {@link readChanges} costs.
   */
  readChangedIds(options: { after: number; limit: number } & ReadOptions): Promise<ChangedId[]>
  /**
   * Lane `feed`. The articles whose rail was written with `seq > after`, in the order of writing, at most `limit`.
   * A rail that was written again comes once, under its newest number. None is ever lost or late.
   */
  readRailChanges(options: { after: number; limit: number } & ReadOptions): Promise<ChangedId[]>
  /** Lane `background`. Every visible article in the order of ids after `afterId` (`''` for the start), with its stored rail: what an index loads at start. */
  readIndexPage(options: { afterId: string; limit: number } & ReadOptions): Promise<IndexPageRow[]>
  /**
   * Writes rails and moves the index cursor, in one transaction.
   * Refused (`false`, nothing written) when `lease` was taken by another or given back since. That it has run out does
   * not count while nobody has taken it: the fencing token tells whether somebody has.
   */
  writeRails(write: RailWrite): Promise<boolean>
  /**
   * Lane `feed`. Cheap for any number of articles: probes and progress bars ask again and again.
   *
   * @throws StoreUnavailableError also when reads are still answered but writes could not be kept, since the file that was
   *   opened was removed or replaced
   */
  readStatus(options: ReadOptions): Promise<StoreStatus>

  /**
   * Takes or renews the lease `name` for `holder`, for `forMs` from `now`; gives its fencing token, or null while another
   * holds it. The token grows with each change of holder.
   *
   * `now` is a wall clock that may be set back. A lease that ends more than twice its own length ahead is therefore taken
   * for one that has run out: nobody waits for longer than that.
   */
  takeLease(lease: { name: string; holder: string; forMs: number; now: number }): Promise<number | null>
  releaseLease(lease: { name: string; holder: string }): Promise<void>
}

/** The lease of whoever keeps the rails; `StoreStatus.railsKeptUntil` is its end. */
export const railsLease = 'indexer'

/** How many articles are written in one transaction: about 20 ms of holding the write lock. */
export const putTransactionMax = 250

/** The longest list of articles that can be asked for. */
export const listLimitMax = 100

/** How many ids a rail can be asked to leave out. */
export const railExcludeMax = 100

export interface ReadOptions {
  readonly now: number
  readonly signal?: AbortSignal | undefined
}

export interface WriteOptions {
  readonly now: number
  readonly signal?: AbortSignal | undefined
}

export interface PutOptions extends WriteOptions {
  /** True: an article that was taken down comes back. False: its tombstone wins. */
  readonly republish: boolean
}

export interface RailReadOptions extends ReadOptions {
  /** 1 to `railLimitMax`. */
  readonly limit: number
  /** Ids that the reader must not be shown again; at most 100. */
  readonly exclude?: readonly string[] | undefined
}

/** An id that is unknown, a draft or embargoed is `missing`: a reader must not be able to tell these apart. */
export type ArticleRead =
  | { readonly state: 'found'; readonly article: Article }
  | { readonly state: 'missing' }
  | { readonly state: 'gone'; readonly withdrawnAt: string }

export type RailRead =
  | {
      readonly state: 'found'
      readonly items: readonly RelatedArticle[]
      /** `newest`: nothing related is known, so these are the newest of the section (or of all), labelled as such. */
      readonly basis: 'related' | 'newest'
      /** The change that the rail was worked out after; 0 when it has not been yet. */
      readonly version: number
      readonly generatedAt: string | null
    }
  | { readonly state: 'missing' }
  | { readonly state: 'gone'; readonly withdrawnAt: string }

export type StoryRead =
  | {
      readonly state: 'found'
      /** Oldest first; the article that was asked about is one of them, and may be the only one. */
      readonly articles: readonly ArticleSummary[]
      /** As of the article's own rail: see `RailRead`. */
      readonly version: number
      readonly generatedAt: string | null
    }
  | { readonly state: 'missing' }
  | { readonly state: 'gone'; readonly withdrawnAt: string }

export interface ListOptions extends ReadOptions {
  /** Letter case does not count. */
  readonly section?: string | undefined
  /** An ISO time, or the `next` of the list before. */
  readonly before?: string | undefined
  /** 1 to 100. */
  readonly limit: number
}

export interface ArticleList {
  readonly articles: readonly ArticleSummary[]
  /** Hand it in as `before` for the next page; null on the last. */
  readonly next: string | null
}

export interface SectionCount {
  readonly section: string
  readonly articles: number
}

export type PutOutcome =
  /** Stored for the first time, or again after a takedown by an explicit republish. */
  | 'created'
  | 'updated'
  /** The same input as before: nothing was written. */
  | 'unchanged'
  /** An older `updatedAt` than the stored one: nothing was written. */
  | 'outdated'
  /** It was taken down and stays so: nothing was written. */
  | 'tombstoned'
  /** The input said `status: withdrawn`, and it was taken down. */
  | 'withdrawn'

export interface PutResult {
  readonly id: string
  readonly outcome: PutOutcome
  /** The number of the change row, or null when nothing was written. */
  readonly seq: number | null
}

export interface Change {
  readonly seq: number
  readonly articleId: string
  /** The article as it is now, as JSON text; null when it is not visible (taken down, draft, embargoed). */
  readonly document: string | null
}

export interface ChangedId {
  /** Of the feed that it was read from: that of rails is numbered apart from that of articles. */
  readonly seq: number
  readonly articleId: string
}

export interface IndexPageRow {
  readonly id: string
  /** The article as JSON text: who hands it on to another thread has no use for it in parts. */
  readonly document: string
  /** JSON text of `RailItem[]`, as it was written; null when no rail has been worked out. */
  readonly railItems: string | null
}

export interface RailWrite {
  readonly rails: ReadonlyArray<{
    readonly articleId: string
    /** JSON text of `RailItem[]`: it crosses two threads as it is, and is read by the store's own query only. */
    readonly items: string
  }>
  /** The index has worked through every change up to this one. */
  readonly cursor: number
  /** These rails know of every change up to this one, though others may still be to be worked out. Default: `cursor`. */
  readonly version?: number
  readonly lease: { readonly name: string; readonly holder: string; readonly token: number }
  readonly now: number
}

export interface StoreStatus {
  readonly articles: { readonly visible: number; readonly hidden: number; readonly withdrawn: number }
  readonly rails: number
  /** The newest change. */
  readonly lastSeq: number
  /** The newest change that the index has worked through. */
  readonly indexedSeq: number
  /**
   * When the lease of whoever keeps the rails ends, or ended when it was not renewed, in milliseconds since the epoch by the
   * holder's clock; null while nobody holds it.
   */
  readonly railsKeptUntil: number | null
  /** The newest write of a rail, in the numbers of `readRailChanges`. */
  readonly lastRailSeq: number
  /** The end of the next embargo, in milliseconds since the epoch; null when there is none. */
  readonly nextEmbargoEndsAt: number | null
}
