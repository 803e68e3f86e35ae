import type { Clock } from '../concurrency/clock.ts'
import { OnwardError } from '../errors.ts'

/**
 * One connection to a database server, which reads and cannot write, for what is no store: a content system's own tables,
 * and a look at the server itself. It is its owner's to close.
 *
 * All values come as text (null where there is none, lists of texts for PostgreSQL's arrays): numbers are never rounded, and
 * times are those of the table, in UTC, and never in the time zone of the machine or of the server.
 */
export interface Database extends AsyncDisposable {
  readonly kind: 'postgres' | 'mysql'
  /** Where it is, with secrets left out. */
  readonly location: string
  /**
   * @param text with `$1`, `$2` ... for the values
   * @param values what is compared with a column of whole numbers has to be one too: MySQL compares a text with it as
   *   floating numbers, by which large ids meet
   * @throws DatabaseError; afterwards the connection may be of no more use
   * @throws the reason of `signal`, which ends the connection
   */
  query(text: string, values?: ReadonlyArray<string | bigint | null>, signal?: AbortSignal): Promise<Row[]>
  /** A name of a table or a column as it stands in SQL: quoted, so that whatever it is, it is a name. */
  quote(name: string): string
}

export type Row = Readonly<Record<string, unknown>>

export interface DatabaseOptions {
  /** How its URL is called in errors: `The store's URL`. */
  readonly whose: string
  /** For the server's list of connections. */
  readonly name: string
  /** How long the connection may take to open, in milliseconds. */
  readonly connectMs: number
  /** How long a statement may take, in milliseconds. The server ends it then; the client gives up a little later. */
  readonly statementMs: number
  readonly clock: Clock
  readonly signal?: AbortSignal | undefined
}

/** A database server did not do what it was asked. */
export class DatabaseError extends OnwardError {
  /** The server's or the system's own code, such as `42501` or `ECONNREFUSED`; empty where there is none. */
  readonly serverCode: string

  /** @param explained a sentence for an operator, which holds no secret */
  constructor(explained: string, serverCode: string, options: ErrorOptions) {
    super('DATABASE_FAILED', explained, options)
    this.serverCode = serverCode
  }
}
