import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DatabaseServer } from '../support/database-process.ts'
import { findMariadb, startMariadb } from '../support/mariadb-server.ts'
import { findPostgres, startPostgres } from '../support/postgres-server.ts'
import { playTakeover } from '../support/takeover.ts'

// Two processes and a database server. How long it takes is `benchmarks/takeover.ts`; here it is only bounded.
const databases: ReadonlyArray<[name: string, skip: string | false, start: () => Promise<DatabaseServer>]> = [
  ['PostgreSQL', findPostgres().reason, startPostgres],
  ['MariaDB', findMariadb().reason, startMariadb],
]

for (const [name, skip, start] of databases) {
  describe(`an indexer and its standby on ${name}`, { skip, timeout: 120_000 }, () => {
    it('when the leader is killed the standby keeps the rails, and they are those of a rebuild', async () => {
      await using server = await start()
      const takeover = await playTakeover(await server.createDatabase(), { fault: 'killed', firstNumber: 0 })
      assert.ok(takeover.tookMs < 10_000, `${takeover.tookMs} ms`)
      assert.equal(takeover.rails, 320)
      assert.equal(takeover.wrongRails, 0)
    })

    it('when the leader stands still past its lease another leads; it wakes, writes nothing and stands by', async () => {
      await using server = await start()
      const takeover = await playTakeover(await server.createDatabase(), { fault: 'paused', firstNumber: 0 })
      assert.equal(takeover.wrongRails, 0)
      assert.ok(takeover.standsBy)
      // Wherever in its work it stood still: it asks for its lease, its write is refused, or its connection was ended.
      assert.match(takeover.because ?? '', /^(?:lease-lost|write-refused|failed)$/)
    })
  })
}
