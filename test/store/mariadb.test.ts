import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createConnection } from 'mysql2/promise'
import { InvalidOptionError, StoreUnavailableError } from '../../src/errors.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { DatabaseServer } from '../support/database-process.ts'
import { findMariadb, startMariadb } from '../support/mariadb-server.ts'
import { numberedArticle } from './numbered-article.ts'
import { type RefusedUrl, refusedUrls, serverStoreTests } from './server-store.ts'

const now = Date.parse('2026-11-02T09:30:00Z')

describe('a MariaDB store', { skip: findMariadb().reason }, () => {
  let server: DatabaseServer
  before(async () => {
    server = await startMariadb()
  })
  after(() => server[Symbol.asyncDispose]())

  serverStoreTests(() => server)

  it('is tested on a server that keeps its temporary tables apart from those of others', async () => {
    const connection = await createConnection(await server.createDatabase())
    const [rows] = await connection.query('SELECT @@tmpdir AS temporary, @@datadir AS data')
    await connection.end()
    const [{ temporary, data }] = rows as [{ temporary: string; data: string }]
    assert.equal(temporary, dirname(data))
  })

  it('is finished by the next node when the first was cut off while making it', async () => {
    const url = await server.createDatabase()
    await (await openStore(url))[Symbol.asyncDispose]()
    await server.admin(
      `USE ${nameOf(url)}; DELETE FROM onward_schema; DROP TABLE tally, lease; DELETE FROM \`cursor\` WHERE name = 'rail'`,
    )
    await using store = await openStore(url)
    await store.putArticles([numberedArticle(1)], { now, republish: false })
    const { articles, lastSeq, lastRailSeq } = await store.readStatus({ now })
    assert.deepEqual(
      { articles, lastSeq, lastRailSeq },
      {
        articles: { visible: 1, hidden: 0, withdrawn: 0 },
        lastSeq: 1,
        lastRailSeq: 0,
      },
    )
  })

  it('can be used by a user that may do nothing but what onward needs', async () => {
    const url = await server.createDatabase()
    await using owner = await openStore(url)
    await owner.putArticles([numberedArticle(1)], { now, republish: false })
    await server.admin(leastPrivilege(nameOf(url), 'onward_node', 'word'))
    await using node = await openStore(url.replace('//onward:secret@', '//onward_node:word@'))
    assert.equal((await node.readArticle('1', { now })).state, 'found')
    const [result] = await node.putArticles([numberedArticle(2)], { now, republish: false })
    assert.equal(result?.outcome, 'created')
    assert.equal((await node.withdrawArticle('1', { now })).outcome, 'withdrawn')
  })

  it('keeps a batch that is longer than one message to the server may be', async () => {
    const url = await server.createDatabase()
    await using store = await openStore(url)
    const body = 'ü"\\ '.repeat(100_000)
    const batch = Array.from({ length: 40 }, (_, index) => {
      const prepared = numberedArticle(index)
      return { ...prepared, input: { ...prepared.input, body } }
    })
    await store.putArticles(batch, { now, republish: false })
    const read = await store.readArticle('39', { now })
    assert.equal(read.state === 'found' && read.article.body === body, true)
    assert.equal((await store.readStatus({ now })).articles.visible, 40)
  })

  describe('that cannot be opened says why, without the password', () => {
    const refused: readonly RefusedUrl[] = [
      ['no database in the URL', (url) => `mysql://u:secret@${url.host}/`, InvalidOptionError, /names no database/],
      ['what is no URL', () => 'mysql://u:secret@[::', InvalidOptionError, /cannot be read: expected mysql:/],
      [
        'a setting that is not known',
        (url) => `mysql://u:secret@${url.host}/news?sslmode=require`,
        InvalidOptionError,
        /setting "sslmode", which is not known\. Expected ssl-mode or socket/,
      ],
      [
        'a server that does not encrypt',
        (url) => `mysql://onward:secret@${url.host}${url.pathname}?ssl-mode=required`,
        StoreUnavailableError,
        /does not encrypt/,
      ],
      [
        'a database that is not there',
        (url) => `mysql://onward:secret@${url.host}/nowhere`,
        StoreUnavailableError,
        /no such database/,
      ],
      [
        'a wrong password',
        (url) => `mariadb://onward:not-the-secret@${url.host}${url.pathname}`,
        StoreUnavailableError,
        /password is wrong, or the user is not known/,
      ],
      [
        'a port where nothing listens',
        (url) => `mysql://onward:secret@127.0.0.1:1${url.pathname}`,
        StoreUnavailableError,
        /Nothing listens there/,
      ],
      [
        'a host that is not there',
        (url) => `mysql://onward:secret@nowhere.invalid${url.pathname}`,
        StoreUnavailableError,
        /no such host|does not answer|cannot be looked up/,
      ],
    ]
    refusedUrls(() => server, refused)

    it("another program's tables", async () => {
      const url = await server.createDatabase()
      await server.admin(`CREATE TABLE ${nameOf(url)}.article (id INT)`)
      await assert.rejects(openStore(url), /table "article" of another program/)
    })

    it("a newer onward's tables", async () => {
      const url = await server.createDatabase()
      await (await openStore(url))[Symbol.asyncDispose]()
      await server.admin(`UPDATE ${nameOf(url)}.onward_schema SET version = 99`)
      await assert.rejects(openStore(url), /written by a newer onward \(schema 99/)
    })

    it('a user that may not do what onward needs', async () => {
      const url = await server.createDatabase()
      await server.admin(
        `CREATE USER looker@'%' IDENTIFIED BY 'secret'; GRANT SELECT ON ${nameOf(url)}.* TO looker@'%'`,
      )
      await assert.rejects(
        openStore(url.replace('//onward:', '//looker:')),
        /may not do that|may not use this database/,
      )
    })
  })
})

/** What `docs/databases.md` tells an operator to grant. */
function leastPrivilege(database: string, user: string, password: string): string {
  const tables = ['article', '`change`', 'rail', '`cursor`', 'lease', 'tally']
  return `
    CREATE USER ${user}@'%' IDENTIFIED BY '${password}';
    ${tables.map((table) => `GRANT SELECT, INSERT, UPDATE, DELETE ON ${database}.${table} TO ${user}@'%';`).join('\n')}
    GRANT SELECT ON ${database}.onward_schema TO ${user}@'%';`
}

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1)
}
