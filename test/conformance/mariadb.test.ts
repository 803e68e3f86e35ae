import { after, before, test } from 'node:test'
import { createConnection } from 'mysql2/promise'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { findMariadb, type MariadbServer, startMariadb } from '../support/mariadb-server.ts'
import { storeConformance } from './store.ts'

const found = findMariadb()
if (found.server === null) test('MariaDB: what every store promises', { skip: found.reason })
else {
  let server: MariadbServer
  before(async () => {
    server = await startMariadb()
  })
  after(() => server[Symbol.asyncDispose]())
  storeConformance('MariaDB', () => openMariadb(server))
}

async function openMariadb(server: MariadbServer) {
  const opening = new AsyncDisposableStack()
  const url = await server.createDatabase()
  const database = new URL(url).pathname.slice(1)
  // What is promised must not depend on how busy the machine is.
  const open = async (): Promise<Store> => opening.use(await openStore(url, { connectionWaitMs: 60_000 }))
  const store = await open()
  return {
    store,
    clear: () =>
      server.admin(
        `USE ${database}; DELETE FROM article; DELETE FROM \`change\`; DELETE FROM rail; DELETE FROM lease; UPDATE \`cursor\` SET seq = 0; UPDATE tally SET number = 0`,
      ),
    another: open,
    crash: () => endConnections(server, database),
    [Symbol.asyncDispose]: () => opening.disposeAsync(),
  }
}

async function endConnections(server: MariadbServer, database: string): Promise<void> {
  const connection = await createConnection({ host: '127.0.0.1', port: server.port, user: 'root' })
  try {
    const [rows] = await connection.query('SELECT id FROM information_schema.processlist WHERE db = ?', [database])
    // One that has ended in between is no failure.
    for (const { id } of rows as Array<{ id: number }>) await connection.query(`KILL ${id}`).catch(() => {})
  } finally {
    await connection.end()
  }
}
