import type { Client, Pool, PoolClient, PoolConfig } from 'pg'
import {
  type ConnectionPool,
  clientGraceMs,
  idleInTransactionMs,
  idleMs,
  type PooledConnection,
  type PoolOptions,
  type Queries,
  type Row,
} from '../sql/dialect.ts'
import { sql } from './sql.ts'

/** Connections to PostgreSQL by `pg`, each statement prepared once on each. */
export class PostgresPool implements ConnectionPool {
  readonly #pool: Pool

  constructor(
    { Pool: PoolClass, connection }: { readonly Pool: typeof Pool; readonly connection: PoolConfig },
    { name, connectionsMax, connectMs, statementMs }: PoolOptions,
  ) {
    this.#pool = new PoolClass({
      ...connection,
      max: connectionsMax,
      application_name: `onward ${name}`,
      connectionTimeoutMillis: connectMs,
      statement_timeout: statementMs,
      query_timeout: statementMs + clientGraceMs,
      // A node that is cut off in the middle of a transaction must not keep the write lock for ever.
      idle_in_transaction_session_timeout: idleInTransactionMs,
      keepAlive: true,
      idleTimeoutMillis: idleMs,
    })
    // Of connections that nobody uses at present: the next request opens another.
    this.#pool.on('error', () => {})
    // Of those in use, whose request rejects by itself. Without a listener it would end the process.
    this.#pool.on('connect', (client: Client | PoolClient) => client.on('error', () => {}))
  }

  get size(): number {
    return this.#pool.totalCount
  }

  async connect(): Promise<PooledConnection> {
    const client = await this.#pool.connect()
    return {
      queries: queriesOf(client),
      giveBack: () => client.release(),
      throwAway: () => client.release(true),
    }
  }

  end(): Promise<void> {
    return this.#pool.end()
  }
}

function queriesOf(client: PoolClient): Queries {
  return {
    async all(name, values) {
      return (await client.query<Row>({ name, text: sql[name], values: [...values] })).rows
    },
    async exec(text) {
      const result: { rows?: Row[] } = await client.query(text)
      return result.rows ?? []
    },
  }
}
