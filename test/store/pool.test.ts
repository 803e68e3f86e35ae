import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mysql } from '../../src/store/mysql/mysql.ts'
import { postgres } from '../../src/store/postgres/postgres.ts'
import type { Dialect } from '../../src/store/sql/dialect.ts'
import { mariadbSleep, postgresSleep, storm } from '../support/lane-storm.ts'
import { findMariadb, startMariadb } from '../support/mariadb-server.ts'
import { findPostgres, startPostgres } from '../support/postgres-server.ts'

const onPostgres = findPostgres()
const onMariadb = findMariadb()

describe('one more asker than a lane has connections, some slow, some too slow, some leaving', () => {
  it('get each their own answer on PostgreSQL, and leave no connection', {
    skip: onPostgres.reason,
  }, async () => {
    await using server = await startPostgres()
    await survives(await postgres(await server.createDatabase()), postgresSleep)
  })

  it('get each their own answer on MariaDB, and leave no connection', {
    skip: onMariadb.reason,
  }, async () => {
    await using server = await startMariadb()
    await survives(await mysql(await server.createDatabase()), mariadbSleep)
  })
})

async function survives(dialect: Dialect, sleep: (seconds: number) => string): Promise<void> {
  const requests = 500
  const outcome = await storm(dialect, { requests, connections: 4, askers: 5, sleep })
  const { answered, left, timedOut, takenBack, ...bad } = outcome
  assert.deepEqual(bad, { wrong: 0, failed: 0, stuck: 0, tooManyConnections: 0 })
  assert.equal(answered + left + timedOut + takenBack, requests)
  assert.ok(answered > 0 && left > 0 && timedOut > 0 && takenBack > 0, JSON.stringify(outcome))
}
