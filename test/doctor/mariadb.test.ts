import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openStore } from '../../src/store/open-store.ts'
import type { DatabaseServer } from '../support/database-process.ts'
import { leavesNothingBehind } from '../support/leak-check.ts'
import { findMariadb, startMariadb } from '../support/mariadb-server.ts'
import { checkOf, complaints, examine, storeMadeOn } from './examine.ts'

describe('the doctor at MariaDB', { skip: findMariadb().reason, timeout: 120_000 }, () => {
  let server: DatabaseServer
  before(async () => {
    server = await startMariadb()
  })
  after(() => server[Symbol.asyncDispose]())

  const made = () => storeMadeOn(server)
  const nameOf = (url: string) => new URL(url).pathname.slice(1)

  it('finds nothing wrong with a store that was opened, and leaves nothing behind', async () => {
    const url = await made()
    await leavesNothingBehind(async () => {
      const examination = await examine(url)
      assert.deepEqual(complaints(examination), {})
      const names =
        'connection version distance clock encryption writes,binary log,longest message,rights schema connections'
      assert.deepEqual(
        examination.checks.map(({ name }) => name),
        names
          .split(',')
          .flatMap((part) => (part.includes('log') || part.includes('message') ? [part] : part.split(' '))),
      )
      assert.match(checkOf(examination, 'version').found, /^MariaDB 1\d\./)
    })
  })

  it('takes tables that are not there for what they are before a first start, and makes none', async () => {
    const url = await server.createDatabase()
    for (const _ of [1, 2]) {
      const examination = await examine(url)
      assert.deepEqual(complaints(examination), {})
      assert.match(checkOf(examination, 'tables').found, /none yet, as before a first start/)
    }
  })

  it('gives the SQL that grants what a user lacks, and it is enough', async () => {
    const url = await made()
    await server.admin(`CREATE USER node_a@'%' IDENTIFIED BY 'secret';
      GRANT SELECT ON ${nameOf(url)}.onward_schema TO node_a@'%'; GRANT SELECT ON ${nameOf(url)}.article TO node_a@'%'`)
    const theirs = url.replace('//onward:', '//node_a:')
    const { found, remedy } = checkOf(await examine(theirs), 'rights')
    assert.match(found, /'node_a'@'%' may not do what onward needs with article, change/)
    await server.admin((remedy ?? '').split('\n').slice(1).join('\n'))
    assert.deepEqual(complaints(await examine(theirs)), {})
    await using store = await openStore(theirs)
    assert.equal((await store.withdrawArticle('1', { now: 1 })).outcome, 'missing')
  })

  it('says who has to make the tables where the user may not', async () => {
    const url = await server.createDatabase()
    await server.admin(`CREATE USER node_b@'%' IDENTIFIED BY 'secret'; GRANT SELECT ON ${nameOf(url)}.* TO node_b@'%'`)
    const { state, remedy } = checkOf(await examine(url.replace('//onward:', '//node_b:')), 'tables')
    assert.equal(state, 'fail')
    assert.match(remedy ?? '', /GRANT ALL ON `news\d+`\.\* TO 'node_b'@'%';/)
  })

  it('tells tables of a newer onward, some that are missing, and those of another program', async () => {
    const url = await made()
    await server.admin(`UPDATE ${nameOf(url)}.onward_schema SET version = 99`)
    assert.match(checkOf(await examine(url), 'schema').found, /of a newer onward \(schema 99/)
    await server.admin(`DROP TABLE ${nameOf(url)}.rail`)
    assert.match(checkOf(await examine(url), 'tables').found, /missing: rail/)
    const other = await server.createDatabase()
    await server.admin(`CREATE TABLE ${nameOf(other)}.article (id INT)`)
    assert.match(checkOf(await examine(other), 'tables').found, /of another program/)
  })

  it('fails a server that is read-only, and warns of one whose messages are short', async () => {
    const url = await made()
    await server.admin('SET GLOBAL read_only = 1; SET GLOBAL max_allowed_packet = 1048576')
    try {
      const examination = await examine(url)
      assert.deepEqual(complaints(examination), { writes: 'fail', 'longest message': 'warn' })
    } finally {
      await server.admin('SET GLOBAL read_only = 0; SET GLOBAL max_allowed_packet = 16777216')
    }
  })

  it('warns where fewer connections are left than one process opens', async () => {
    const url = await made()
    await server.admin(
      `CREATE USER few@'%' IDENTIFIED BY 'secret' WITH MAX_USER_CONNECTIONS 5; GRANT ALL ON ${nameOf(url)}.* TO few@'%'`,
    )
    const { state, found } = checkOf(await examine(url.replace('//onward:', '//few:')), 'connections')
    assert.equal(state, 'warn')
    assert.match(found, /have 5 connections; .* room for 0 more/)
  })

  for (const [what, urlOf, name, expected] of [
    ['a port where nothing listens', () => 'mysql://u:secret@127.0.0.1:1/news', 'connection', /Nothing listens there/],
    [
      'a wrong password',
      () => `mysql://onward:secret2@127.0.0.1:${server.port}/mysql`,
      'connection',
      /password is wrong/,
    ],
    [
      'a database that is not there',
      () => `mysql://onward:secret@127.0.0.1:${server.port}/none`,
      'connection',
      /no such database/,
    ],
    [
      'TLS that the server does not speak',
      () => `mysql://onward:secret@127.0.0.1:${server.port}/mysql?ssl-mode=required`,
      'connection',
      /does not encrypt/,
    ],
    [
      'a setting that is not known',
      () => 'mysql://u:secret@db.example/news?tls=1',
      'address',
      /setting "tls", which is not known/,
    ],
  ] as const) {
    it(`says what is wrong: ${what}`, async () => {
      const examination = await examine(urlOf())
      assert.deepEqual(complaints(examination), { [name]: 'fail' })
      assert.match(checkOf(examination, name).found, expected)
    })
  }
})
