import { after, before, test } from 'node:test'
import { Client } from 'pg'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { findPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.ts'
import { storeConformance } from './store.ts'

const found = findPostgres()
if (found.folder === null) test('PostgreSQL: what every store promises', { skip: found.reason })
else {
  let server: PostgresServer
  before(async () => {
    server = await startPostgres()
  })
  after(() => server[Symbol.asyncDispose]())
  storeConformance('PostgreSQL', () => openPostgres(server))
}

async function openPostgres(server: PostgresServer) {
  const opening = new AsyncDisposableStack()
  const url = await server.createDatabase()
  const database = new URL(url).pathname.slice(1)
  // What is promised must not depend on how busy the machine is.
  const open = async (): Promise<Store> => opening.use(await openStore(url, { connectionWaitMs: 60_000 }))
  const store = await open()
  return {
    store,
    clear: () => clear(url),
    another: open,
    crash: () =>
      server.admin(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}' AND application_name LIKE 'onward%'`,
      ),
    [Symbol.asyncDispose]: () => opening.disposeAsync(),
  }
}

async function clear(url: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(
      'BEGIN; TRUNCATE article, change, rail, lease; UPDATE cursor SET seq = 0; UPDATE tally SET number = 0; COMMIT',
    )
  } finally {
    await client.end()
  }
}
