import assert from 'node:assert/strict'
import { it } from 'node:test'
import { StoreUnavailableError } from '../../src/errors.ts'
import { openStore } from '../../src/store/open-store.ts'
import { SqlStore } from '../../src/store/sql/sql-store.ts'
import { cuttableWire } from '../support/cuttable-wire.ts'
import type { DatabaseServer } from '../support/database-process.ts'
import { keepsWhatWasAcknowledged } from './killed-publisher.ts'
import { numberedArticle } from './numbered-article.ts'

const now = Date.parse('2026-11-02T09:30:00Z')

/** What a store promises beyond the conformance suite where its database is a server, which may be in trouble. */
export function serverStoreTests(running: () => DatabaseServer): void {
  it('is made once when ten nodes start at the same time', async () => {
    const url = await running().createDatabase()
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

  it('takes at most one writer of the rails: who has lost the lease writes nothing', async () => {
    const url = await running().createDatabase()
    await using old = await openStore(url)
    await using standby = await openStore(url)
    await old.putArticles([numberedArticle(1)], { now, republish: false })
    const lease = { name: 'indexer', forMs: 10_000 }
    const token = await old.takeLease({ ...lease, holder: 'old', now })
    assert.equal(await standby.takeLease({ ...lease, holder: 'standby', now: now + 9_000 }), null)
    const newToken = await standby.takeLease({ ...lease, holder: 'standby', now: now + 10_000 })
    const rails = [{ articleId: '1', items: '[]' }]
    const write = (holder: string, held: number | null, cursor: number) => ({
      rails,
      cursor,
      lease: { name: 'indexer', holder, token: held ?? 0 },
      now: now + 10_000,
    })
    assert.equal(await old.writeRails(write('old', token, 7)), false)
    assert.equal(await standby.writeRails(write('standby', newToken, 1)), true)
    assert.equal((await old.readStatus({ now })).indexedSeq, 1)
  })

  it('survives a server that is killed, paused or cut off: each request ends, and the next is served when it is back', async () => {
    const url = await running().createDatabase()
    await using wire = await cuttableWire(running().port)
    const store = await openStore(url.replace(`:${running().port}/`, `:${wire.port}/`))
    await using _closing = store
    assert.ok(store instanceof SqlStore)
    await store.putArticles([numberedArticle(1)], { now, republish: false })
    const faults: ReadonlyArray<[name: string, begin: () => unknown, end: () => unknown]> = [
      ['killed', () => running().kill(), () => running().restart()],
      ['paused', () => running().pause(), () => running().resume()],
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

  it('hears of changes again soon after a connection has fallen silent', async () => {
    const url = await running().createDatabase()
    await using wire = await cuttableWire(running().port)
    await using store = await openStore(url.replace(`:${running().port}/`, `:${wire.port}/`))
    await store.putArticles([numberedArticle(1)], { now, republish: false })
    const readFeed = () =>
      store.readChangedIds({ after: 0, limit: 10, now, signal: AbortSignal.timeout(5000) }).then((all) => all.length)
    assert.equal(await readFeed(), 1)
    wire.cut()
    // By the store's own limit, and long before a reading of articles for the index would be given up.
    await assert.rejects(readFeed(), StoreUnavailableError)
    wire.mend()
    assert.equal(await readFeed(), 1)
  })

  it('keeps every article that was acknowledged when the process is killed', async () => {
    await keepsWhatWasAcknowledged(await running().createDatabase(), now)
  })

  it('gives each its own answer when more ask than there are connections, and some give up', async () => {
    const url = await running().createDatabase()
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
}

/** A URL that no store can be opened by, and what is said of it. */
export type RefusedUrl = readonly [
  what: string,
  url: (good: URL) => string,
  kind: new (...args: never[]) => Error,
  says: RegExp,
]

/** Each is refused with what is wrong, and without the password, which is `secret` in all of them. */
export function refusedUrls(running: () => DatabaseServer, refused: readonly RefusedUrl[]): void {
  for (const [what, urlOf, kind, says] of refused) {
    it(what, async () => {
      const good = new URL(await running().createDatabase())
      await assert.rejects(openStore(urlOf(good)), (error) => {
        assert.ok(error instanceof kind, String(error))
        assert.match(error.message, says)
        assert.doesNotMatch(error.message, /secret/)
        return true
      })
    })
  }
}
