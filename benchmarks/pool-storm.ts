/**
 * The claim: with more askers than connections, slow queries, queries that take too long, failing transactions and askers who
 * leave, nothing waits for ever, no connection is lost, and each answer belongs to its own query.
 *
 *     node benchmarks/pool-storm.ts [--stores postgres,mariadb] [--requests 100000] [--connections 8] [--json]
 *
 * One more asker than there are connections, on one lane of `src/store/sql/lane.ts`, and a server that is started for this.
 * What is asked is in `test/support/lane-storm.ts`.
 */
import { parseArgs } from 'node:util'
import { mysql } from '../src/store/mysql/mysql.ts'
import { postgres } from '../src/store/postgres/postgres.ts'
import { mariadbSleep, postgresSleep, type StormOutcome, storm } from '../test/support/lane-storm.ts'
import { startMariadb } from '../test/support/mariadb-server.ts'
import { startPostgres } from '../test/support/postgres-server.ts'
import { machine } from './support/machine.ts'

const { values } = parseArgs({
  options: {
    stores: { type: 'string', default: 'postgres,mariadb' },
    requests: { type: 'string', default: '100000' },
    connections: { type: 'string', default: '8' },
    json: { type: 'boolean', default: false },
  },
})
const [requests, connections] = [Number(values.requests), Number(values.connections)]
const rows: Array<{ readonly store: string } & StormOutcome> = []
for (const store of values.stores.split(',')) {
  await using server = store === 'mariadb' ? await startMariadb() : await startPostgres()
  const url = await server.createDatabase()
  const dialect = store === 'mariadb' ? await mysql(url) : await postgres(url)
  const sleep = store === 'mariadb' ? mariadbSleep : postgresSleep
  const outcome = await storm(dialect, { requests, connections, askers: connections + 1, sleep }, (done) =>
    process.stderr.write(`\r${store}: ${done} of ${requests}`),
  )
  process.stderr.write('\n')
  rows.push({ store, ...outcome })
}
if (values.json)
  process.stdout.write(`${JSON.stringify({ requests, connections, machine: machine(), rows }, null, 2)}\n`)
else {
  process.stdout.write(
    `${requests} requests by ${connections + 1} askers on ${connections} connections. ${machine()}\n`,
  )
  for (const { store, ...outcome } of rows) {
    const said = Object.entries(outcome).map(([name, number]) => `${name} ${number}`)
    process.stdout.write(`${store}: ${said.join(', ')}\n`)
  }
}
