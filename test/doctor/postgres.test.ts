import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Client } from 'pg'
import { openStore } from '../../src/store/open-store.ts'
import type { DatabaseServer } from '../support/database-process.ts'
import { leavesNothingBehind } from '../support/leak-check.ts'
import { findPostgres, startPostgres } from '../support/postgres-server.ts'
import { checkOf, complaints, examine, storeMadeOn } from './examine.ts'

describe('the doctor at PostgreSQL', { skip: findPostgres().reason, timeout: 120_000 }, () => {
  let server: DatabaseServer
  before(async () => {
    server = await startPostgres()
  })
  after(() => server[Symbol.asyncDispose]())

  const made = () => storeMadeOn(server)

  it('finds nothing wrong with a store that was opened, and leaves nothing behind', async () => {
    const url = await made()
    await leavesNothingBehind(async () => {
      const examination = await examine(url)
      assert.deepEqual(complaints(examination), {})
      assert.deepEqual(
        examination.checks.map(({ name }) => name),
        [
          'connection',
          'version',
          'distance',
          'clock',
          'encryption',
          'encoding',
          'writes',
          'rights',
          'schema',
          'connections',
        ],
      )
      assert.match(checkOf(examination, 'version').found, /^PostgreSQL \d+/)
      assert.match(
        checkOf(examination, 'connections').found,
        /A process of onward opens at most 18: there is room for 10 more/,
      )
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

  it('gives the SQL that grants what a role lacks, and it is enough', async () => {
    const url = await made()
    await query(url, 'CREATE ROLE node_a LOGIN; GRANT SELECT ON article, onward_schema TO node_a')
    const theirs = url.replace('//onward@', '//node_a@')
    const { found, remedy } = checkOf(await examine(theirs), 'rights')
    assert.match(found, /role node_a may not do what onward needs with article, change/)
    const grants = (remedy ?? '').split('\n').slice(1).join('\n')
    await query(url, grants)
    assert.deepEqual(complaints(await examine(theirs)), {})
    await using store = await openStore(theirs)
    assert.equal((await store.withdrawArticle('1', { now: 1 })).outcome, 'missing')
  })

  it('says who has to make the tables where the role may not', async () => {
    const url = await server.createDatabase()
    await query(url, 'CREATE ROLE node_b LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC')
    const { state, remedy } = checkOf(await examine(url.replace('//onward@', '//node_b@')), 'tables')
    assert.equal(state, 'fail')
    assert.match(remedy ?? '', /GRANT CREATE ON SCHEMA public TO node_b;/)
  })

  it('tells tables of a newer and of an older onward, some that are missing, and those of another program', async () => {
    const url = await made()
    await query(url, 'UPDATE onward_schema SET version = 99')
    assert.match(checkOf(await examine(url), 'schema').found, /of a newer onward \(schema 99/)
    await query(url, 'UPDATE onward_schema SET version = 0')
    assert.equal(checkOf(await examine(url), 'schema').state, 'warn')
    await query(url, 'DROP TABLE rail')
    assert.match(checkOf(await examine(url), 'tables').found, /missing: rail/)
    const other = await server.createDatabase()
    await query(other, 'CREATE TABLE article (id int)')
    assert.match(checkOf(await examine(other), 'tables').found, /of another program/)
  })

  it('warns where fewer connections are left than one process opens', async () => {
    const url = await made()
    await query(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} CONNECTION LIMIT 10`)
    const { state, found, remedy } = checkOf(await examine(url), 'connections')
    assert.equal(state, 'warn')
    assert.match(found, /have 10 connections; .* room for 0 more/)
    assert.match(remedy ?? '', /ALTER DATABASE news\d+ CONNECTION LIMIT/)
  })

  it('refuses a database that does not keep its text as UTF-8', async () => {
    await server.admin("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    const { state, found } = checkOf(await examine(`postgres://onward@127.0.0.1:${server.port}/latin`), 'encoding')
    assert.deepEqual([state, found], ['fail', 'The database keeps its text as LATIN1.'])
  })

  for (const [what, urlOf, name, expected] of [
    [
      'a port where nothing listens',
      () => 'postgres://u:secret@127.0.0.1:1/news',
      'connection',
      /Nothing listens there/,
    ],
    [
      'a host that is not there',
      () => 'postgres://u:secret@nowhere.invalid/news',
      'connection',
      /no such host|looked up|does not answer/,
    ],
    [
      'a database that is not there',
      () => `postgres://onward:secret@127.0.0.1:${server.port}/none`,
      'connection',
      /no such database/,
    ],
    [
      'a role that is not there',
      () => `postgres://none:secret@127.0.0.1:${server.port}/postgres`,
      'connection',
      /let this user in/,
    ],
    [
      'TLS that the server does not speak',
      () => `postgres://onward:secret@127.0.0.1:${server.port}/postgres?sslmode=require`,
      'connection',
      /The server does not encrypt/,
    ],
    ['no database in the URL', () => 'postgres://u:secret@db.example/', 'address', /names no database/],
    ['no URL', () => 'postgres://u:secret@[', 'address', /cannot be read: expected postgres:/],
  ] as const) {
    it(`says what is wrong: ${what}`, async () => {
      const examination = await examine(urlOf())
      assert.deepEqual(complaints(examination), { [name]: 'fail' })
      assert.match(checkOf(examination, name).found, expected)
    })
  }
})

async function query(url: string, text: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}
