import { after, before, describe } from 'node:test'
import type { DatabaseServer } from '../support/database-process.ts'
import { findMariadb, startMariadb } from '../support/mariadb-server.ts'
import { serverReportTests } from './server-report.ts'

describe('a report on MariaDB', { skip: findMariadb().reason, timeout: 240_000 }, () => {
  let server: DatabaseServer
  before(async () => {
    server = await startMariadb()
  })
  after(() => server[Symbol.asyncDispose]())

  serverReportTests(() => server, {
    store: 'mariadb',
    version: /MariaDB \d+/,
    databases: 'SELECT schema_name AS name FROM information_schema.schemata',
    tables: 'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1',
    async poorRole(running, url) {
      const database = new URL(url).pathname.slice(1)
      await running.admin(`CREATE USER poor@'%' IDENTIFIED BY 'secret'; GRANT ALL ON ${database}.* TO poor@'%'`)
      return url.replace('onward:', 'poor:')
    },
    grant: /GRANT ALL ON `onward\\_report\\_%`\.\* TO 'poor'@'%';/,
  })
})
