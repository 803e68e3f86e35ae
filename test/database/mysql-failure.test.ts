import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { createConnection } from 'mysql2'
import { explainMysql, isMysqlSound } from '../../src/database/mysql-failure.ts'

test('a question on a connection that is lost says that it was cut, in whatever words the driver says so', async () => {
  // Nothing listens on the first port.
  const connection = createConnection({ host: '127.0.0.1', port: 1 })
  await once(connection, 'error')
  const error = await new Promise<unknown>((resolve) => connection.query('SELECT 1', resolve))
  assert.match(explainMysql(error), /^The connection was cut\. \(Can't add new command when connection is in closed/)
  assert.equal(isMysqlSound(error), false)
})
