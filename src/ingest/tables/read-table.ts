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
 * - Changes are read by time and id from {@link TableOptions.overlapMs} before the latest that was seen: a transaction that took
 *   its time before it was committed is not missed. What has not changed is read for nothing, and is no change to a store.
 * - Rows that are gone are not noticed.
 */
export class TableReader {
  /** Where the table is, without secrets: `mysql://db.example/cms#wp_posts`. */
  readonly name: string
  readonly #url: string
  readonly #source: SourceTable
  readonly #options: TableOptions
  #state: ReadingState | null = null

  /** @throws InvalidOptionError when `url` is not that of a database server */
  constructor(url: string, source: SourceTable, options: TableOptions = {}) {
    this.#url = url
    this.name = `${serverLocation(url, whose)}#${tableText(source.table)}`
    this.#source = source
    this.#options = options
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
      const { clock = systemClock, connectMs = 10_000, statementMs = 60_000 } = this.#options
      const opening = { whose, name: 'tables', connectMs, statementMs, clock, signal }
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
    const latestMs = begun ? begun.latestMs : soonest(await rows.latestMs(), await rows.nowMs())
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
    const { overlapMs = defaultOverlapMs } = this.#options
    const { id, since } = this.#source
    const nowMs = await rows.nowMs()
    let seenMs = latestMs
    for (let after: ChangePlace | null = null; ; ) {
      const batch = await rows.byChange(latestMs === null ? null : latestMs - overlapMs, after)
      const last = batch.at(-1)
      if (!last) break
      yield batch
      after = { since: String(last[since]), id: String(last[id]) }
      seenMs = Math.max(seenMs ?? 0, rows.momentMs(last[since]) ?? 0)
    }
    // Only now: a reading that failed on the way is done again. A row that says it was changed next year is none to start from.
    this.#state = { phase: 'following', latestMs: soonest(seenMs, nowMs) }
  }

  #inWords(error: unknown): unknown {
    if (error instanceof DatabaseError) {
      const remedy = readingForbidden.has(error.serverCode)
        ? `The user may not read it. Grant it: GRANT SELECT ON ${tableText(this.#source.table)} TO the user in the URL. `
        : ''
      return new SourceError(this.name, `${this.name}: ${remedy}${error.message}`, { cause: error })
    }
    return error
  }
}

export interface TableOptions {
  readonly clock?: Clock | undefined
  /** How long the connection may take to open, in milliseconds; default 10,000. */
  readonly connectMs?: number | undefined
  /** How long one statement may take, in milliseconds; default 60,000. */
  readonly statementMs?: number | undefined
  /** How long before it is committed a transaction may have noted the time of its change, in milliseconds; default 5 minutes. */
  readonly overlapMs?: number | undefined
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
  /** The latest change that was seen, in milliseconds since 1970; null: the table had none. */
  readonly latestMs: number | null
}

function soonest(ms: number | null, nowMs: number): number | null {
  return ms === null ? null : Math.min(ms, nowMs)
}

const whose = "The source's URL"

const defaultOverlapMs = 5 * 60_000

/** What PostgreSQL, and MariaDB and MySQL, answer to whoever may not read a table, a column or a database. */
const readingForbidden: ReadonlySet<string> = new Set([
  '42501',
  'ER_TABLEACCESS_DENIED_ERROR',
  'ER_COLUMNACCESS_DENIED_ERROR',
  'ER_DBACCESS_DENIED_ERROR',
])
