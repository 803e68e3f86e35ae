import { type Clock, systemClock } from '../../concurrency/clock.ts'
import { DatabaseError, type Row } from '../../database/database.ts'
import { openDatabase, serverLocation } from '../../database/open-database.ts'
import { SourceError } from '../../errors.ts'
import type { RawEntry } from '../prepare-entry.ts'
import { checkColumns } from './check-columns.ts'
import { type SourceTable, tableText } from './source-table.ts'
import { type ChangePlace, TableRows } from './table-rows.ts'

/**
 * A table of a content system's own database, read from its first row to its last, and after that, each time that it is read
 * again, only for what has changed since.
 *
 * - It only reads, in sessions that cannot write, one statement after the other on one connection, and no transaction stays
 *   open between two. Each statement has a time limit on the server; each connection is closed when a reading ends.
 * - The first reading goes by the id, which every table has an index on, from wherever a failed one has come to. What changes
 *   while it goes on is read by the next.
 * - Changes are read by time and id from five minutes before the latest that was seen: a transaction that took
 *   its time before it was committed is not missed. What has not changed is read for nothing, and is no change to a store.
 * - Rows that are gone are not noticed.
 */
export class TableReader {
  /** Where the table is, without secrets: `mysql://db.example/cms#wp_posts`. */
  readonly name: string
  readonly #url: string
  readonly #source: SourceTable
  readonly #clock: Clock
  #state: ReadingState | null = null

  /** @throws InvalidOptionError when `url` is not that of a database server */
  constructor(url: string, source: SourceTable, clock: Clock = systemClock) {
    this.#url = url
    this.name = `${serverLocation(url, whose)}#${tableText(source.table)}`
    this.#source = source
    this.#clock = clock
  }

  /**
   * Reads what is to be read now, in batches of at most 200 rows.
   *
   * @param onRows called at the first reading with how many rows there are, when the server can tell that in time
   * @throws SourceError when it cannot be read; what was given before is good. The next reading goes on from there.
   * @throws the reason of `signal`
   */
  async *read({ signal, onRows }: TableReading): AsyncGenerator<readonly RawEntry[]> {
    try {
      const opening = { whose, name: 'tables', connectMs, statementMs, clock: this.#clock, signal }
      await using database = await openDatabase(this.#url, opening)
      const { articlesOf, idPrefix, id } = this.#source
      const kinds = await checkColumns(database, this.#source, { name: this.name, signal })
      const rows = new TableRows(database, this.#source, { kinds, signal })
      const batches = this.#state?.phase === 'following' ? this.#changes(rows, this.#state) : this.#all(rows, onRows)
      for await (const batch of batches) {
        const articles = await articlesOf(batch, database, signal)
        yield articles.map((article, index) => ({ ...article, articleId: `${idPrefix}${batch[index]?.[id]}` }))
      }
    } catch (error) {
      signal?.throwIfAborted()
      throw this.#inWords(error)
    }
  }

  async *#all(rows: TableRows, onRows: TableReading['onRows']): AsyncGenerator<readonly Row[]> {
    const begun = this.#state?.phase === 'first' ? this.#state : null
    const latestMs = begun ? begun.latestMs : await rows.latestMs(await rows.nowMs())
    let afterId = begun?.afterId ?? null
    const count = await rows.count(afterId)
    if (count !== null) onRows?.(count)
    for (;;) {
      this.#state = { phase: 'first', afterId, latestMs }
      const batch = await rows.byId(afterId)
      const last = batch.at(-1)
      if (!last) break
      yield batch
      afterId = String(last[this.#source.id])
    }
    this.#state = { phase: 'following', latestMs }
  }

  async *#changes(rows: TableRows, { latestMs }: Following): AsyncGenerator<readonly Row[]> {
    const { id, since } = this.#source
    const nowMs = await rows.nowMs()
    let seenMs = latestMs
    for (let after: ChangePlace | null = null; ; ) {
      const batch = await rows.byChange(latestMs === null ? null : latestMs - overlapMs, after)
      const last = batch.at(-1)
      if (!last) break
      yield batch
      after = { since: String(last[since]), id: String(last[id]) }
      for (const row of batch) {
        const changedMs = rows.momentMs(row[since])
        // A row that says that it was changed next year is none to start from.
        if (changedMs !== null && changedMs <= nowMs) seenMs = Math.max(seenMs ?? changedMs, changedMs)
      }
    }
    // Only now: a reading that failed on the way is done again.
    this.#state = { phase: 'following', latestMs: seenMs }
  }

  #inWords(error: unknown): unknown {
    if (error instanceof DatabaseError) {
      const said = error.cause instanceof Error ? error.cause.message : error.message
      const why = readingForbidden.has(error.serverCode)
        ? `the user in the URL may not read all that is needed: ${said}. docs/existing-tables.md has the grants.`
        : error.message
      return new SourceError(this.name, `${this.name}: ${why}`, { cause: error })
    }
    return error
  }
}

export interface TableReading {
  readonly signal?: AbortSignal | undefined
  readonly onRows?: ((rows: number) => void) | undefined
}

type ReadingState =
  | { readonly phase: 'first'; readonly afterId: string | null; readonly latestMs: number | null }
  | Following

interface Following {
  readonly phase: 'following'
  /** The latest change that was seen and is not of the future, in milliseconds since 1970; null: the table had none. */
  readonly latestMs: number | null
}

const whose = "The source's URL"

const connectMs = 10_000
/** What a walk through a table without an index may take, in milliseconds. */
const statementMs = 60_000
/** How long before it is committed a transaction may have noted the time of its change, in milliseconds. */
const overlapMs = 5 * 60_000

/** What PostgreSQL, and MariaDB and MySQL, answer to whoever may not read a table, a column or a database. */
const readingForbidden: ReadonlySet<string> = new Set([
  '42501',
  'ER_TABLEACCESS_DENIED_ERROR',
  'ER_COLUMNACCESS_DENIED_ERROR',
  'ER_DBACCESS_DENIED_ERROR',
])
