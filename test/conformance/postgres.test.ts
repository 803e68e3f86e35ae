import { Client } from 'pg'
import { findPostgres, startPostgres } from '../support/postgres-server.ts'
import { serverStoreConformance } from './server-store.ts'

serverStoreConformance('PostgreSQL', {
  missing: findPostgres().reason,
  start: startPostgres,
  async clear({ port }, database) {
    const client = new Client({ host: '127.0.0.1', port, user: 'onward', database })
    await client.connect()
    try {
      await client.query(
        'BEGIN; TRUNCATE article, change, rail, lease; UPDATE cursor SET seq = 0; UPDATE tally SET number = 0; COMMIT',
      )
    } finally {
      await client.end()
    }
  },
  cut: (server, database) =>
    server.admin(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}' AND application_name LIKE 'onward%'`,
    ),
})
