import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createConnection } from 'mysql2/promise'
import { InvalidOptionError, StoreUnavailableError } from '../../src/errors.ts'
import { openStore } from '../../src/store/open-store.ts'
import { SqlStore } from '../../src/store/sql/sql-store.ts'
import { cuttableWire } from '../support/cuttable-wire.ts'
import { findMariadb, type MariadbServer, startMariadb } from '../support/mariadb-server.ts'
import { numberedArticle } from './numbered-article.ts'

const found = findMariadb()
const now = Date.parse('2026-11-02T09:30:00Z')
const publishUntilKilled = fileURLToPath(new URL('./publish-until-killed.ts', import.meta.url))

describe('a MariaDB store', { skip: found.server === null && found.reason }, () => {
  let server: MariadbServer
  before(async () => {
    server = await startMariadb()
  })
  after(() => server[Symbol.asyncDispose]())

  it('is tested on a server that keeps its temporary tables apart from those of others', async () => {
    const connection = await createConnection(await server.createDatabase())
    const [rows] = await connection.query('SELECT @@tmpdir AS temporary, @@datadir AS data')
    await connection.end()
    const [{ temporary, data }] = rows as [{ temporary: string; data: string }]
    assert.equal(temporary, dirname(data))
  })

  it('is made once when ten nodes start at the same time', async () => {
    const url = await server.createDatabase()
    const stores = await Promise.all(Array.from({ length: 10 }, () => openStore(url)))
    await Promise.all(
      stores.map((store, index) => store.putArticles([numberedArticle(index)], { now, republish: false })),
    )
    const changes = await stores[0]?.readChanges({ after: 0, limit: 100, now })
    assert.deepEqual(
      changes?.map(({ seq }) => seq),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    )
    await Promise.all(stores.map((store) => store[Symbol.asyncDispose]()))
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
    const refused: ReadonlyArray<
      [what: string, url: (good: URL) => string, kind: new (...args: never[]) => Error, says: RegExp]
    > = [
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
    for (const [what, urlOf, kind, says] of refused) {
      it(what, async () => {
        const good = new URL(await server.createDatabase())
        await assert.rejects(openStore(urlOf(good)), (error) => {
          assert.ok(error instanceof kind, String(error))
          assert.match(error.message, says)
          assert.doesNotMatch(error.message, /secret/)
          return true
        })
      })
    }

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

  it('survives a server that is killed, paused or cut off: each request ends, and the next is served when it is back', async () => {
    const url = await server.createDatabase()
    await using wire = await cuttableWire(server.port)
    const store = await openStore(url.replace(`:${server.port}/`, `:${wire.port}/`))
    await using _closing = store
    assert.ok(store instanceof SqlStore)
    await store.putArticles([numberedArticle(1)], { now, republish: false })
    const faults: ReadonlyArray<[name: string, begin: () => unknown, end: () => unknown]> = [
      ['killed', () => server.kill(), () => server.restart()],
      ['paused', () => server.pause(), () => server.resume()],
      ['black-holed', () => wire.cut(), () => wire.mend()],
    ]
    for (const [name, begin, end] of faults) {
      await begin()
      const outcomes = await Promise.allSettled([
        ...Array.from({ length: 30 }, () => store.readArticle('1', { now, signal: AbortSignal.timeout(800) })),
        ...Array.from({ length: 30 }, () => store.readRail('1', { now, limit: 6, signal: AbortSignal.timeout(150) })),
      ])
      assert.ok(
        outcomes.every(({ status }) => status === 'rejected'),
        `${name}: nothing can have been read`,
      )
      await end()
      let read: unknown = null
      for (let attempt = 0; attempt < 200 && read === null; attempt++) {
        read = await store.readArticle('1', { now, signal: AbortSignal.timeout(2000) }).then(
          ({ state }) => state,
          () => null,
        )
      }
      assert.equal(read, 'found', `${name}: it is served again`)
      const { article, rail } = store.connections
      assert.ok(article <= 8 && rail <= 4, `${name}: ${article} and ${rail} connections`)
    }
  })

  it('keeps every article that was acknowledged when the process is killed', async () => {
    const url = await server.createDatabase()
    const child = spawn(process.execPath, [publishUntilKilled, url], { stdio: ['ignore', 'pipe', 'inherit'] })
    const exited = once(child, 'exit')
    const acknowledged: string[] = []
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged.push(line)
      if (acknowledged.length === 40) child.kill('SIGKILL')
    }
    await exited
    assert.ok(acknowledged.length >= 40)
    await using store = await openStore(url)
    for (const id of acknowledged) assert.equal((await store.readArticle(id, { now })).state, 'found', id)
    const { articles, lastSeq } = await store.readStatus({ now })
    assert.equal(articles.visible, lastSeq)
  })

  it('gives each its own answer when more ask than there are connections, and some give up', async () => {
    const url = await server.createDatabase()
    await using store = await openStore(url, { connectionWaitMs: 60_000 })
    assert.ok(store instanceof SqlStore)
    const ids = Array.from({ length: 50 }, (_, index) => String(index))
    await store.putArticles(
      ids.map((_, index) => numberedArticle(index)),
      { now, republish: false },
    )
    const given: string[] = []
    await Promise.all(
      Array.from({ length: 2000 }, async (_, number) => {
        const id = String(number % ids.length)
        const leaves = number % 3 === 0 ? new AbortController() : null
        const reading = store.readArticle(id, { now, ...(leaves ? { signal: leaves.signal } : {}) })
        if (leaves) setImmediate(() => leaves.abort(new Error('left')))
        try {
          const read = await reading
          assert.equal(read.state === 'found' && read.article.id, id)
          given.push(id)
        } catch (error) {
          assert.equal((error as Error).message, 'left')
        }
      }),
    )
    assert.ok(given.length >= 1333)
    assert.ok(store.connections.article <= 8)
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
