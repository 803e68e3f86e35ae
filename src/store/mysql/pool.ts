import type { Socket } from 'node:net'
import type { PoolOptions as DriverOptions, ExecuteValues, Pool, PoolConnection } from 'mysql2'
import {
  type ConnectionPool,
  clientGraceMs,
  idleInTransactionMs,
  idleMs,
  type PooledConnection,
  type PoolOptions,
  type Queries,
  type Row,
  type StatementName,
  type Value,
} from '../sql/dialect.ts'
import { sql } from './sql.ts'

/**
 * Connections to MariaDB or MySQL by `mysql2`, each statement prepared once on each.
 *
 * The driver's own time limits are not used: its `timeout` leaves a connection in the pool on which the answer may still come, and
 * destroying a connection tells nobody who waits on it. A statement is raced here, and the connection of one that lost is destroyed.
 */
export class MysqlPool implements ConnectionPool {
  readonly #pool: Pool
  readonly #options: PoolOptions
  readonly #open = new Set<PoolConnection>()
  readonly #inUse = new Set<PoolConnection>()
  readonly #readied = new WeakSet<PoolConnection>()

  constructor(
    {
      createPool,
      connection,
    }: { readonly createPool: (options: DriverOptions) => Pool; readonly connection: DriverOptions },
    options: PoolOptions,
  ) {
    this.#options = options
    const { connectionsMax, connectMs, name } = options
    this.#pool = createPool({
      ...connection,
      connectionLimit: connectionsMax,
      // The lane in front of it asks for no more than there are, and waits by itself.
      waitForConnections: false,
      queueLimit: 1,
      maxIdle: Math.max(1, connectionsMax - 1),
      idleTimeout: idleMs,
      connectTimeout: connectMs,
      enableKeepAlive: true,
      charset: 'UTF8MB4_BIN',
      connectAttributes: { program_name: `onward ${name}` },
    })
    this.#pool.on('connection', (connection) => {
      this.#open.add(connection)
      // Its request rejects by itself, and one that is idle leaves the driver's pool. Without a listener it would end the process.
      connection.on('error', () => this.#open.delete(connection))
      connection.on('end', () => this.#open.delete(connection))
    })
  }

  get size(): number {
    return this.#open.size
  }

  async connect(): Promise<PooledConnection> {
    const connection = await this.#getConnection()
    this.#inUse.add(connection)
    const queries = this.#queriesOf(connection)
    try {
      if (!this.#readied.has(connection)) {
        await queries.exec(this.#sessionSettings())
        await queries.exec('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED')
        this.#readied.add(connection)
      }
    } catch (error) {
      this.#throwAway(connection)
      throw error
    }
    return {
      queries,
      giveBack: () => {
        this.#inUse.delete(connection)
        connection.release()
      },
      throwAway: () => this.#throwAway(connection),
    }
  }

  async end(): Promise<void> {
    // The driver would say good-bye on each, and wait for the answer of a server that may be gone. What is not in use has nothing
    // left to lose; what is in use is thrown away by whoever uses it.
    for (const connection of this.#open) if (!this.#inUse.has(connection)) this.#throwAway(connection)
    this.#pool.end(() => {})
  }

  #getConnection(): Promise<PoolConnection> {
    const { promise, resolve, reject } = Promise.withResolvers<PoolConnection>()
    this.#pool.getConnection((error, connection) => {
      if (error) reject(error)
      else resolve(connection)
    })
    return promise
  }

  #throwAway(connection: PoolConnection): void {
    this.#open.delete(connection)
    this.#inUse.delete(connection)
    // The driver's destroy() only says that there is nothing more to send, and leaves the socket open until the server closes it
    // too: one that has fallen silent would be left with a socket for each statement that was given up.
    const { stream } = connection as PoolConnection & { readonly stream: Socket }
    connection.destroy()
    stream.destroy()
  }

  /** What PostgreSQL is told as the connection opens; MariaDB has its limit in seconds, and MySQL in milliseconds and of reads alone. */
  #sessionSettings(): string {
    const { statementMs } = this.#options
    const seconds = (ms: number) => Math.ceil(ms / 1000)
    // Each reads what is in its own kind of comment, and takes the other for a comment.
    return `SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION',
      group_concat_max_len = 1048576,
      innodb_lock_wait_timeout = ${seconds(statementMs)},
      wait_timeout = ${seconds(idleMs * 2)}
      /*M!100100 , max_statement_time = ${statementMs / 1000}, idle_transaction_timeout = ${seconds(idleInTransactionMs)} */
      /*!50708 , max_execution_time = ${statementMs} */`
  }

  #queriesOf(connection: PoolConnection): Queries {
    return {
      all: async (name, values) => {
        let rows: Row[] = []
        for (const part of inParts(name, values)) {
          const { text, parameters } = statements[name]
          const given = parameters.map((index) => (index === 'rows' ? rowsOf(part) : encoded(part[index - 1] ?? null)))
          rows = await this.#answer(connection, (done) => connection.execute(text, given as ExecuteValues, done))
        }
        return rows
      },
      exec: (text) => this.#answer(connection, (done) => connection.query(text, done)),
    }
  }

  #answer(
    connection: PoolConnection,
    ask: (done: (error: Error | null, rows: unknown) => void) => void,
  ): Promise<Row[]> {
    const { promise, resolve, reject } = Promise.withResolvers<Row[]>()
    const { clock, statementMs } = this.#options
    const stopTimer = clock.after(statementMs + clientGraceMs, () => {
      reject(Object.assign(new Error(`no answer within ${statementMs + clientGraceMs} ms`), { code: 'ETIMEDOUT' }))
      this.#throwAway(connection)
    })
    ask((error, rows) => {
      stopTimer()
      if (error) reject(error)
      else resolve(Array.isArray(rows) ? (rows as Row[]) : [])
    })
    return promise
  }
}

/** The statements as the driver takes them: with question marks, and what comes for each. */
const statements = Object.fromEntries(
  Object.entries(sql).map(([name, written]): [string, Statement] => {
    const parameters: Array<number | 'rows'> = []
    const text = written.replaceAll(/\$(?:(\d+)|rows\b)/g, (_, number: string | undefined) => {
      parameters.push(number === undefined ? 'rows' : Number(number))
      return '?'
    })
    return [name, { text, parameters }]
  }),
) as unknown as { readonly [Name in StatementName]: Statement }

interface Statement {
  readonly text: string
  readonly parameters: ReadonlyArray<number | 'rows'>
}

// The driver would send a number as a floating one, and these are whole.
function encoded(value: Value): string | bigint | null {
  if (typeof value === 'number') return BigInt(value)
  return typeof value === 'object' && value !== null ? value.join(',') : value
}

function rowsOf(values: readonly Value[]): string {
  const columns = columnsOf(values)
  return JSON.stringify((columns[0] ?? []).map((_, index) => columns.map((column) => column[index] ?? null)))
}

function columnsOf(values: readonly Value[]): ReadonlyArray<ReadonlyArray<string | number | null>> {
  return values.filter((value) => typeof value === 'object' && value !== null)
}

/**
 * What is written in rows, in as many goes as keep each well below the server's longest message (16 MiB where nothing else is
 * set). Of one transaction, so they are stored all or none.
 */
function inParts(name: StatementName, values: readonly Value[]): ReadonlyArray<readonly Value[]> {
  if (!manyRows.has(name)) return [values]
  const columns = columnsOf(values)
  const parts: Array<readonly Value[]> = []
  const lengths = (columns[0] ?? []).map((_, row) =>
    columns.reduce((sum, column) => sum + String(column[row] ?? '').length, 0),
  )
  let start = 0
  let characters = 0
  for (const [row, length] of lengths.entries()) {
    characters += length
    if (characters < partCharacters && row < lengths.length - 1) continue
    const [from, to] = [start, row + 1]
    parts.push(values.map((value) => (typeof value === 'object' && value !== null ? value.slice(from, to) : value)))
    start = to
    characters = 0
  }
  return parts
}

const manyRows: ReadonlySet<StatementName> = new Set(['put', 'putRails', 'addChanges', 'markLifted', 'deleteRails'])
const partCharacters = 1_000_000
