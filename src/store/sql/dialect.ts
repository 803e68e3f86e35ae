import type { Clock } from '../../concurrency/clock.ts'

/**
 * What a database server is to onward. The store itself (`sql-store.ts`) is the same on each: it knows statements by their
 * names, and what they are given and give; how they are worded, and how a connection is had, is the database's own business.
 */
export interface Dialect {
  readonly kind: 'postgres' | 'mysql'
  /** Where it is, with secrets left out. */
  readonly location: string
  openPool(options: PoolOptions): ConnectionPool
  /** Brings the schema to this version: see `postgres/open-database.ts`. */
  migrate(queries: Work): Promise<void>
  /** What the driver threw, as an error that an operator can act on; what onward threw itself is left as it is. */
  inWords(error: unknown): Error
  /** Whether the connection may still be used: the server has answered, and with a refusal of this one statement. */
  isConnectionSound(error: unknown): boolean
}

/** Connections to one database. It hands out at most as many as were asked for, and has no queue of its own. */
export interface ConnectionPool {
  /** How many are open. */
  readonly size: number
  /** Rejects within `connectMs`. */
  connect(): Promise<PooledConnection>
  /** Closes those that nobody uses; one that is in use is closed when it is let go of. */
  end(): Promise<void>
}

/** One connection, until one of the last two is called. */
export interface PooledConnection {
  readonly queries: Queries
  giveBack(): void
  /** Closes it, with everything that may still come on it. */
  throwAway(): void
}

/** One connection, for as long as one request lasts. */
export interface Queries {
  /** A prepared statement, by its name. */
  all(name: StatementName, values: readonly Value[]): Promise<Row[]>
  /** Text that is not prepared: migrations. */
  exec(text: string): Promise<Row[]>
}

/** What a request may do with its one connection. */
export interface Work extends Queries {
  /** All or nothing. What throws inside is thrown, after what was done has been taken back. */
  transaction<T>(work: () => Promise<T>): Promise<T>
}

export type Row = Readonly<Record<string, unknown>>

/** A list is a column of many rows, or a set of ids: each dialect's statements say which. */
export type Value = string | number | null | ReadonlyArray<string | number | null>

export interface PoolOptions {
  /** `article`, `rail` ...: for the server's list of connections. */
  readonly name: string
  readonly connectionsMax: number
  /** How long a new connection may take to open, in milliseconds. */
  readonly connectMs: number
  /** How long a statement may take, in milliseconds. The server ends it then; the client gives up {@link clientGraceMs} later. */
  readonly statementMs: number
  readonly clock: Clock
}

/** How much later than the server the client gives a statement up, in milliseconds: the server's word, which keeps the connection, comes first. */
export const clientGraceMs = 250

/** How long a connection that nobody uses is kept, in milliseconds. */
export const idleMs = 60_000

/**
 * How long the server lets a node that fell silent between two statements hold its transaction, and with it the write lock, in
 * milliseconds. Nothing is waited for between two statements, so that whoever is silent for longer is paused or cut off; a
 * standby cannot take over from it, and nobody can publish, before that.
 */
export const idleInTransactionMs = 5_000

/** Every statement of the store. What each is given, and gives, is written at the PostgreSQL one. */
export type StatementName =
  | 'article'
  | 'newestId'
  | 'rail'
  | 'newestInSection'
  | 'newestOfAll'
  | 'storyHead'
  | 'storyItems'
  | 'list'
  | 'listInSection'
  | 'sections'
  | 'changes'
  | 'changedIds'
  | 'railChanges'
  | 'indexPage'
  | 'status'
  | 'lockWriters'
  | 'moveCursor'
  | 'cursor'
  | 'count'
  | 'stored'
  | 'put'
  | 'countRails'
  | 'deleteRails'
  | 'addChanges'
  | 'embargoesEnded'
  | 'markLifted'
  | 'holdsLease'
  | 'putRails'
  | 'takeLease'
  | 'leaseToken'
  | 'releaseLease'
