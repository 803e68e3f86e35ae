import { createConnection } from 'mysql2/promise'
import { Client } from 'pg'
import { startMariadb } from '../../test/support/mariadb-server.ts'
import { startPostgres } from '../../test/support/postgres-server.ts'

/**
 * A database server of a benchmark's own with one empty database, and what can go wrong with it. Its own two connections stay open
 * from the start to the end, so that whoever counts connections knows them.
 */
export interface TroubledDatabase extends AsyncDisposable {
  /** The URL of a store in it. */
  readonly url: string
  /** Statements on articles wait until the given function is called: a database that has become slow. */
  lock(): Promise<() => Promise<unknown>>
  /** The server ends every connection of the store's. */
  cut(): Promise<unknown>
  /** It keeps its connections and answers nothing. */
  pause(): void
  resume(): void
  /** The connections that the store has, as the server sees them. */
  connections(): Promise<number>
  /** How many of them have a statement that waits for {@link lock}. */
  waiting(): Promise<number>
}

export async function troubledPostgres(): Promise<TroubledDatabase> {
  await using opening = new AsyncDisposableStack()
  const server = opening.use(await startPostgres())
  const url = await server.createDatabase()
  const control = await connectedTo(url, opening)
  const locker = await connectedTo(url, opening)
  const count = async (which: string) => {
    const { rows } = await control.query<{ count: string }>(`SELECT count(*) FROM pg_stat_activity WHERE ${which}`)
    return Number(rows[0]?.count)
  }
  const ours = "datname = current_database() AND application_name LIKE 'onward %'"
  const closing = opening.move()
  return {
    url,
    async lock() {
      await locker.query('BEGIN; LOCK TABLE article IN ACCESS EXCLUSIVE MODE')
      return () => locker.query('ROLLBACK')
    },
    cut: () => control.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${ours}`),
    pause: () => server.pause(),
    resume: () => server.resume(),
    connections: () => count(ours),
    waiting: () => count(`${ours} AND wait_event_type = 'Lock'`),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

export async function troubledMariadb(): Promise<TroubledDatabase> {
  await using opening = new AsyncDisposableStack()
  const server = opening.use(await startMariadb())
  const url = await server.createDatabase()
  const database = new URL(url).pathname.slice(1)
  const rootUrl = `mysql://root@127.0.0.1:${server.port}/${database}`
  const connected = async () => {
    const connection = await createConnection(rootUrl)
    connection.on('error', () => {})
    opening.defer(() => connection.end())
    return connection
  }
  const [control, locker] = [await connected(), await connected()]
  const ids = async (which: string) => {
    const [rows] = await control.query(
      `SELECT id FROM information_schema.processlist WHERE db = '${database}' AND ${which}`,
    )
    return (rows as Array<{ id: number }>).map(({ id }) => id)
  }
  const ours = "user = 'onward'"
  const closing = opening.move()
  return {
    url,
    async lock() {
      await locker.query('LOCK TABLES article WRITE')
      return () => locker.query('UNLOCK TABLES')
    },
    async cut() {
      // One that has ended in between is no failure.
      for (const id of await ids(ours)) await control.query(`KILL ${id}`).catch(() => {})
    },
    pause: () => server.pause(),
    resume: () => server.resume(),
    connections: async () => (await ids(ours)).length,
    waiting: async () => (await ids(`${ours} AND state LIKE 'Waiting for table%'`)).length,
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

async function connectedTo(url: string, opening: AsyncDisposableStack): Promise<Client> {
  const client = new Client({ connectionString: url, application_name: 'benchmark' })
  client.on('error', () => {})
  await client.connect()
  opening.defer(() => client.end())
  return client
}
