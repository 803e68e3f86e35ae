import type { Article, ArticleSummary } from '../../article/article.ts'
import type { RelatedArticle } from '../../related/related.ts'
import { fillerArticle } from '../../related/related-article.ts'
import type { Fault } from './fault.ts'

/**
 * The database of a site as many are: articles, and a full-text index that is asked for related articles on each page.
 *
 * It is an onward store with tables of the site's own beside onward's, so that what is compared reads the same rows. The ways to serve
 * a page know this, and not which database it is.
 */
export interface SiteDatabase {
  /** Connections as a site has them: one pool for all, each connection busy with one query at a time, the rest waiting. */
  openPool(fault: Fault): Promise<SitePool>
  /** A connection whose caller stands still until it has its answer: what a synchronous driver does. */
  openStanding(): Promise<StandingConnection>
}

export interface SitePool extends AsyncDisposable {
  /** Queries that wait or run. */
  readonly pending: number
  /** Null where no such article is published. */
  article(id: string): Promise<Article | null>
  /** The heavy query: the article's own strongest words against the text of all articles. */
  related(id: string): Promise<readonly RelatedArticle[]>
  publish(article: Article): Promise<void>
}

export interface StandingConnection extends AsyncDisposable {
  article(id: string): Article | null
  related(article: Article): readonly RelatedArticle[]
}

/** As many as onward shows. */
export const railLength = 6

/** An article that the full-text query found, as a page shows it. @param summary `ArticleSummary` as JSON */
export function shown(summary: string, position: number): RelatedArticle {
  return { ...fillerArticle(JSON.parse(summary) as ArticleSummary, null, position), reason: '' }
}
