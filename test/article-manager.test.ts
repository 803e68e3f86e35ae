import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openApp } from '../src/app.ts'
import {
  ArticleGoneError,
  ArticleManager,
  ArticleNotFoundError,
  DeadlineExceededError,
  InvalidOptionError,
  NotConnectedError,
  StoreUnavailableError,
} from '../src/index.ts'
import { openStore } from '../src/store/open-store.ts'
import { leavesNothingBehind } from './support/leak-check.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

const now = Date.parse('2026-11-02T12:00:00.000Z')

describe('ArticleManager', { timeout: 60_000 }, () => {
  it('refuses every call before it is open and after it is closed, and says what to do', () =>
    withNews(async ({ store }) => {
      const manager = new ArticleManager({ store })
      const refused = async () => {
        assert.equal(manager.connection, null)
        await assert.rejects(manager.handleRequest({}), NotConnectedError)
        await assert.rejects(manager.fetchRelatedArticles('ferry'), /openConnection\(\) first/)
        await assert.rejects(manager.listSections(), NotConnectedError)
      }
      await refused()
      await manager.openConnection()
      assert.equal((await manager.handleRequest({ articleId: 'ferry' })).article.id, 'ferry')
      await manager.closeConnection()
      await refused()
    }))

  it('opens once however often it is asked to, and opens again after it was closed', () =>
    leavesNothingBehind(() =>
      withNews(async ({ store }) => {
        const manager = new ArticleManager({ store })
        await Promise.all([manager.openConnection(), manager.openConnection()])
        const first = manager.connection
        await manager.openConnection()
        assert.equal(manager.connection, first)
        await manager.closeConnection()
        await manager.closeConnection()
        await manager.openConnection()
        assert.equal((await manager.handleRequest({})).article.id, 'ferry')
        await manager.closeConnection()
      }),
    ))

  it('is as the last call wants it, in whatever order it was opened and closed', () =>
    leavesNothingBehind(() =>
      withNews(async ({ store }) => {
        const manager = await ArticleManager.open({ store })
        void manager.closeConnection()
        void manager.openConnection()
        await manager.closeConnection()
        assert.equal(manager.connection, null)
        void manager.openConnection()
        void manager.closeConnection()
        await manager.openConnection()
        assert.notEqual(manager.connection, null)
        await manager.closeConnection()
      }),
    ))

  it('does not wait for ever for a store that hangs when it is opened', () =>
    withNews(async ({ store }) => {
      await using opened = await openStore(store)
      const hanging = new Proxy(opened, {
        get(target, key) {
          if (key === 'readStatus') return () => new Promise(() => {})
          const member: unknown = Reflect.get(target, key, target)
          return typeof member === 'function' ? member.bind(target) : member
        },
      })
      await assert.rejects(openApp({ store: hanging }, { openBudgetMs: 50 }), DeadlineExceededError)
    }))

  it('opens the sample when the store is null, whatever the environment says', async () => {
    process.env.ONWARD_STORE = 'sqlite:/nowhere/at/all/news.db'
    try {
      await using manager = await ArticleManager.open({ store: null })
      assert.equal((await manager.handleRequest({ articleId: 1 })).article.id, '1')
    } finally {
      delete process.env.ONWARD_STORE
    }
  })

  it('lets what is under way finish before it closes', () =>
    withNews(async ({ store }) => {
      const manager = await ArticleManager.open({ store })
      const underWay = Array.from({ length: 50 }, () => manager.handleRequest({ articleId: 'ferry' }))
      const closing = manager.closeConnection()
      await assert.rejects(manager.handleRequest({}), NotConnectedError)
      for (const served of await Promise.all(underWay)) assert.equal(served.article.id, 'ferry')
      await closing
    }))

  it('waits for the rail of an opened article too', () =>
    leavesNothingBehind(() =>
      withNews(async ({ store }) => {
        const manager = await ArticleManager.open({ store, rehearse: 'rail=slow:50', railBudgetMs: 5000 })
        const { rail } = await manager.openArticle('ferry')
        await manager.closeConnection()
        assert.equal((await rail).state, 'fresh')
      }),
    ))

  it('tells an unknown article from one that was taken down', () =>
    withNews(async ({ store }) => {
      {
        await using opened = await openStore(store)
        await opened.withdrawArticle('harbour', { now })
      }
      await using manager = await ArticleManager.open({ store })
      await assert.rejects(manager.handleRequest({ articleId: 'nobody' }), ArticleNotFoundError)
      await assert.rejects(manager.handleRequest({ articleId: 'harbour' }), ArticleGoneError)
      await assert.rejects(manager.fetchRelatedArticles('nobody'), ArticleNotFoundError)
      await assert.rejects(manager.fetchRelatedArticles('harbour'), ArticleGoneError)
    }))

  it('serves the article through every outage of the rail, and through none of the store', () =>
    withNews(async ({ store }) => {
      for (const rehearse of ['rail=hang', 'rail=fail', 'rail=slow:2000']) {
        await using manager = await ArticleManager.open({ store, rehearse })
        const { article, related } = await manager.handleRequest({ articleId: 'ferry' })
        assert.equal(article.id, 'ferry')
        assert.ok(['late', 'unavailable', 'fallback'].includes(related.state), `${rehearse}: ${related.state}`)
      }
      await using manager = await ArticleManager.open({ store, rehearse: 'store=down' })
      await assert.rejects(manager.handleRequest({ articleId: 'ferry' }), StoreUnavailableError)
      await assert.rejects(manager.fetchRelatedArticles('ferry'), StoreUnavailableError)
    }))

  it('takes a store that is open already, and leaves it open', () =>
    withNews(async ({ store }) => {
      await using opened = await openStore(store)
      const manager = await ArticleManager.open({ store: opened })
      assert.equal((await manager.handleRequest({ articleId: 'ferry' })).article.id, 'ferry')
      await manager.closeConnection()
      assert.equal((await opened.readArticle('ferry', { now })).state, 'found')
    }))

  it('says what is wrong with an option, and leaves nothing open', () =>
    leavesNothingBehind(async () => {
      for (const [options, message] of [
        [{ railLimit: 21 }, /The option railLimit is 21; expected a whole number from 1 to 20/],
        [{ rehearse: 'rail=sulk' }, /rail=sulk/],
        [{ store: 'oracle:news' }, /oracle/],
        [{ sotre: 'sqlite:news.db' }, /no option "sotre". The options are: store, cache/],
        [
          { token: 'short' },
          /The option token is set to a value that is not shown; expected a secret of at least 16 characters/,
        ],
      ] as Array<[object, RegExp]>) {
        await assert.rejects(ArticleManager.open(options), (error: unknown) => {
          assert.ok(error instanceof InvalidOptionError)
          assert.match(error.message, message)
          return true
        })
      }
    }))

  it('can be opened again after opening it has failed', async () => {
    await using folder = await temporaryFolder()
    const manager = new ArticleManager({ store: `sqlite:${folder.path}` })
    await assert.rejects(manager.openConnection())
    await assert.rejects(manager.openConnection())
    assert.equal(manager.connection, null)
    await manager.closeConnection()
  })
})

async function withNews(story: (given: { store: string }) => Promise<void>): Promise<void> {
  await using folder = await temporaryFolder()
  const url = `sqlite:${folder.file('news.db')}`
  {
    await using store = await openStore(url)
    const batch = ['harbour', 'ferry'].map((id, index) => ({
      fingerprint: id.padEnd(64, '0'),
      input: {
        id,
        title: `The ${id} of Halvern`,
        body: `What happened at the ${id}.`,
        tags: [],
        status: 'published' as const,
        publishedAt: new Date(now + index).toISOString(),
      },
    }))
    await store.putArticles(batch, { now: now + 10, republish: false })
  }
  await story({ store: url })
}
