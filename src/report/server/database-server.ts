/**
 * What a database server is to the report: a place for a scratch database, and the database of the sites that are compared. What is
 * asked is the same on each; how it is worded, and by which driver, is the server's own business.
 */
export interface DatabaseServer {
  readonly kind: 'postgres' | 'mysql'
  /** The URL of another database of the same server, for the same role. */
  urlOf(database: string): string
  /** As the driver pools: at most so many connections, and all others wait their turn. Nothing is connected yet. */
  openPool(connectionsMax: number): ServerPool
  /** Whether a statement was refused because there is no such table. */
  isMissingTable(error: unknown): boolean
  /** What the driver threw, as an error that says what to do. */
  inWords(error: unknown): Error
  readonly sql: SiteSql
  readonly scratch: ScratchRights
}

export interface ServerPool extends AsyncDisposable {
  /** Hands `work` one connection for as long as it takes. One whose work failed is closed, with all that it had begun. */
  use<T>(work: (ask: Ask) => Promise<T>): Promise<T>
}

/** One statement. With values, which it names `$1`, `$2` ..., it is prepared once on each connection; without it is text, such as `COMMIT`. */
export type Ask = (statement: string, values?: readonly Value[]) => Promise<readonly Row[]>

export type Value = string | number | null
export type Row = Readonly<Record<string, unknown>>

/** Statements, the same on each server; `document` and `summary` are columns of JSON text. */
export interface SiteSql {
  /** Of the visible article `id`: id, now. */
  readonly article: string
  /** `id` and `document` of visible articles in the order of ids: after, now, limit. */
  readonly page: string
  /** The heavy query, `summary` of the best, the best first: `termsOf`, now, the article's own id. */
  readonly related: string
  /** What the full-text index is asked, of an article's own words. */
  termsOf(words: readonly string[]): string
  /** id, time of publication, section as JSON, `summary`, `document`. */
  readonly addArticle: string
  /** A JSON array of `[id, title, body]`. */
  readonly addText: string
  /** A JSON array of words. */
  readonly addStopWords: string
  readonly stopWords: string
  /** The site's own tables, before they are filled. */
  readonly makeTables: readonly string[]
  /** Their indexes, and whatever a careful owner does after a load. */
  readonly finishTables: readonly string[]
  /** Notes what is there, for {@link reset}. */
  readonly keep: readonly string[]
  /** Takes out again what a site's readers published, and what that did to rails, feed and counts. */
  readonly reset: readonly string[]
}

/** How a database of one's own is had. */
export interface ScratchRights {
  create(ask: Ask, database: string): Promise<void>
  /** With whatever still runs in it. */
  drop(ask: Ask, database: string): Promise<void>
  /** Ends all that others do there. */
  endOthers(ask: Ask, database: string): Promise<void>
  /** Such as `PostgreSQL 15.14`. */
  version(ask: Ask): Promise<string>
  /** Where it was refused for want of a right: the statement that grants it; null for any other error. */
  grantFor(error: unknown, ask: Ask): Promise<string | null>
}

/** What is worded alike on every server. */
export const commonSql: Pick<SiteSql, 'article' | 'page' | 'addArticle' | 'stopWords'> = {
  article: `SELECT document FROM article WHERE id = $1 AND status = 'published' AND visible_from <= $2`,
  page: `
    SELECT id, document FROM article
    WHERE id > $1 AND status = 'published' AND visible_from <= $2 ORDER BY id LIMIT $3`,
  addArticle: `
    INSERT INTO article (id, status, visible_from, lifted, published_at, updated_at, first_seen_at, section, fingerprint,
      summary, document)
    VALUES ($1, 'published', 0, 1, $2, $2, $2, $3, '', $4, $5)`,
  stopWords: 'SELECT word FROM site_stop_word',
}
