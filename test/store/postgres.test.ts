import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Client } from 'pg'
import { InvalidOptionError, StoreUnavailableError } from '../../src/errors.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { DatabaseServer } from '../support/database-process.ts'
import { findPostgres, startPostgres } from '../support/postgres-server.ts'
import { numberedArticle } from './numbered-article.ts'
import { type RefusedUrl, refusedUrls, serverStoreTests } from './server-store.ts'

const now = Date.parse('2026-11-02T09:30:00Z')

describe('a PostgreSQL store', { skip: findPostgres().reason }, () => {
  let server: DatabaseServer
  before(async () => {
    server = await startPostgres()
  })
  after(() => server[Symbol.asyncDispose]())

  serverStoreTests(() => server)

  it('can be used by a role that may do nothing but what onward needs', async () => {
    const url = await server.createDatabase()
    await using owner = await openStore(url)
    await owner.putArticles([numberedArticle(1)], { now, republish: false })
    const database = new URL(url).pathname.slice(1)
    const client = new Client({ connectionString: url })
    await client.connect()
    await client.query(`CREATE ROLE onward_node LOGIN; ${leastPrivilege(database, 'onward_node')}`)
    await client.end()
    await using node = await openStore(url.replace('//onward@', '//onward_node@'))
    assert.equal((await node.readArticle('1', { now })).state, 'found')
    const [result] = await node.putArticles([numberedArticle(2)], { now, republish: false })
    assert.equal(result?.outcome, 'created')
    assert.equal((await node.withdrawArticle('1', { now })).outcome, 'withdrawn')
  })

  describe('that cannot be opened says why, without the password', () => {
    const refused: readonly RefusedUrl[] = [
      ['no database in the URL', (url) => `postgres://u:secret@${url.host}/`, InvalidOptionError, /names no database/],
      ['what is no URL', () => 'postgres://u:secret@[::', InvalidOptionError, /cannot be read: expected postgres:/],
      [
        'a database that is not there',
        (url) => `postgres://onward:secret@${url.host}/nowhere`,
        StoreUnavailableError,
        /no such database/,
      ],
      [
        'a role that is not there',
        (url) => `postgres://nobody:secret@${url.host}${url.pathname}`,
        StoreUnavailableError,
        /password is wrong|not known|let this user in/,
      ],
      [
        'a port where nothing listens',
        (url) => `postgres://onward:secret@127.0.0.1:1${url.pathname}`,
        StoreUnavailableError,
        /Nothing listens there/,
      ],
      [
        'a host that is not there',
        (url) => `postgres://onward:secret@nowhere.invalid${url.pathname}`,
        StoreUnavailableError,
        /no such host|does not answer|failed/,
      ],
    ]
    refusedUrls(() => server, refused)

    it("another program's tables", async () => {
      const url = await server.createDatabase()
      const client = new Client({ connectionString: url })
      await client.connect()
      await client.query('CREATE TABLE article (id int)')
      await client.end()
      await assert.rejects(openStore(url), /table "article" of another program/)
    })

    it("a newer onward's tables", async () => {
      const url = await server.createDatabase()
      await (await openStore(url))[Symbol.asyncDispose]()
      const client = new Client({ connectionString: url })
      await client.connect()
      await client.query('UPDATE onward_schema SET version = 99')
      await client.end()
      await assert.rejects(openStore(url), /written by a newer onward \(schema 99/)
    })
  })
})

/** What `docs/databases.md` tells an operator to grant. */
function leastPrivilege(database: string, role: string): string {
  return `
    GRANT CONNECT ON DATABASE ${database} TO ${role};
    GRANT USAGE ON SCHEMA public TO ${role};
    GRANT SELECT, INSERT, UPDATE, DELETE ON article, change, rail, cursor, lease, tally TO ${role};
    GRANT SELECT ON onward_schema TO ${role};`
}
