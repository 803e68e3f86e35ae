import { createConnection } from 'mysql2/promise'
import { findMariadb, startMariadb } from '../support/mariadb-server.ts'
import { serverStoreConformance } from './server-store.ts'

serverStoreConformance('MariaDB', {
  missing: findMariadb().reason,
  start: startMariadb,
  clear: (server, database) =>
    server.admin(
      `USE ${database}; DELETE FROM article; DELETE FROM \`change\`; DELETE FROM rail; DELETE FROM lease; UPDATE \`cursor\` SET seq = 0; UPDATE tally SET number = 0`,
    ),
  async cut({ port }, database) {
    const connection = await createConnection({ host: '127.0.0.1', port, user: 'root' })
    try {
      const [rows] = await connection.query('SELECT id FROM information_schema.processlist WHERE db = ?', [database])
      // One that has ended in between is no failure.
      for (const { id } of rows as Array<{ id: number }>) await connection.query(`KILL ${id}`).catch(() => {})
    } finally {
      await connection.end()
    }
  },
})
