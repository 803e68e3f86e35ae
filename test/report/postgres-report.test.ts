import { after, before, describe } from 'node:test'
import type { DatabaseServer } from '../support/database-process.ts'
import { findPostgres, startPostgres } from '../support/postgres-server.ts'
import { serverReportTests } from './server-report.ts'

describe('a report on PostgreSQL', { skip: findPostgres().reason, timeout: 240_000 }, () => {
  let server: DatabaseServer
  before(async () => {
    server = await startPostgres()
  })
  after(() => server[Symbol.asyncDispose]())

  serverReportTests(() => server, {
    store: 'postgres',
    version: /PostgreSQL \d+/,
    databases: 'SELECT datname AS name FROM pg_database',
    tables:
      "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1",
    async poorRole(running, url) {
      await running.admin('CREATE ROLE "Poor" LOGIN PASSWORD \'secret\'')
      return url.replace('onward@', 'Poor:secret@')
    },
    grant: /ALTER ROLE "Poor" CREATEDB;/,
  })
})
