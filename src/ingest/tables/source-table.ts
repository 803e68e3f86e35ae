import type { Database, Row } from '../../database/database.ts'
import type { Entry } from '../feed-record.ts'

/**
 * Where a content system keeps its articles, and what each row of it says: the table that is read, and how a row becomes
 * an article. One for each kind of content system, and one for tables that a mapping file describes.
 */
export interface SourceTable {
  readonly table: TableName
  /** All columns of the table that are read, {@link SourceTable.id} and {@link SourceTable.since} among them. */
  readonly columns: readonly string[]
  /** Those of {@link SourceTable.columns} that hold the texts of articles: no more of them is read than an article may have. */
  readonly texts: readonly string[]
  /** The column that tells one row from another. */
  readonly id: string
  /** The column that says when a row was last changed. */
  readonly since: string
  /** Rows that are articles: each of these columns has one of its values. `null` is a value too. */
  readonly where: ReadonlyArray<{ readonly column: string; readonly values: ReadonlyArray<string | null> }>
  /** Before each public id, so that several content systems can share a store. */
  readonly idPrefix: string
  /**
   * What the articles of these rows are, in their order; what lies in other tables is asked for here, for all rows at once.
   *
   * @throws DatabaseError, the reason of `signal`
   */
  articlesOf(rows: readonly Row[], database: Database, signal: AbortSignal | undefined): Promise<TableArticle[]>
}

export interface TableName {
  /** PostgreSQL's schema, or another database of the same MariaDB or MySQL server; null: where the connection looks by itself. */
  readonly schema: string | null
  readonly name: string
}

/** What a row says, each value as it was found; it is read, cleaned and checked by the thread that prepares articles. */
export interface TableArticle {
  readonly entry: Entry
  /** What relative addresses are relative to. */
  readonly baseUrl?: string | undefined
  /** True: WordPress's way of storing text, without paragraphs. */
  readonly hasBareParagraphs?: boolean
}

/** A value of a row as text; undefined where there is none. */
export function textIn(row: Row, column: string | undefined): string | undefined {
  const value = column === undefined ? undefined : row[column]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The name as it stands in SQL. */
export function quoted({ schema, name }: TableName, database: Database): string {
  return schema === null ? database.quote(name) : `${database.quote(schema)}.${database.quote(name)}`
}

/** `public.articles`, for people. */
export function tableText({ schema, name }: TableName): string {
  return schema === null ? name : `${schema}.${name}`
}
