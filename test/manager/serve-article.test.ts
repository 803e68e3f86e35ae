import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, it } from 'node:test'
import type { ArticleSummary } from '../../src/article/article.ts'
import {
  ArticleGoneError,
  ArticleNotFoundError,
  DeadlineExceededError,
  InvalidRequestError,
  StoreUnavailableError,
} from '../../src/errors.ts'
import { subscribe } from '../../src/events.ts'
import { ArticleServing } from '../../src/manager/serve-article.ts'
import type { ArticleRead, RailRead } from '../../src/store/store.ts'
import { type FakeClock, fakeClock } from '../support/fake-clock.ts'
import { leavesNothingBehind } from '../support/leak-check.ts'
import { anArticle, aRail, aRelated, hang, ScriptedStore } from './scripted-store.ts'
import { servingSettings } from './serving-settings.ts'

function setUp(): { store: ScriptedStore; clock: FakeClock; manager: ArticleServing } {
  const store = new ScriptedStore()
  const clock = fakeClock()
  return { store, clock, manager: new ArticleServing(store.asStore(), { clock, random: () => 0.5 }, servingSettings) }
}

/** Lets everything that needs no time happen. */
const settle = (clock: FakeClock) => clock.advanceAndSettle(0)

describe('an article and its rail', () => {
  it('are both being read before either has answered', async () => {
    const { store, clock, manager } = setUp()
    store.article = hang
    store.rail = hang
    const served = manager.handleRequest({ articleId: '7' })
    await settle(clock)
    assert.deepEqual(
      store.calls.map(({ read }) => read),
      ['article', 'rail'],
    )
    const rejected = assert.rejects(served, DeadlineExceededError)
    await clock.advanceAndSettle(1000)
    await rejected
  })

  it('are served together, and the rail is called fresh', async () => {
    const { manager } = setUp()
    const served = await manager.handleRequest({ articleId: 7 })
    assert.equal(served.article.id, '7')
    assert.deepEqual(
      served.relatedArticles.map(({ id }) => id),
      ['8', '9'],
    )
    assert.deepEqual(served.related, {
      state: 'fresh',
      basis: 'related',
      version: 12,
      generatedAt: '2026-11-02T09:00:01.000Z',
    })
  })

  it('are those of the newest article when a request names none', async () => {
    const { store, manager } = setUp()
    const served = await manager.handleRequest({})
    assert.equal(served.article.id, '7')
    assert.deepEqual(
      store.calls.map(({ read }) => read).filter((read) => read !== 'list'),
      ['newest', 'article', 'rail'],
    )
  })
})

const brokenRails: Array<{ how: string; rail: () => Promise<RailRead>; state: string }> = [
  {
    how: 'throws at once',
    rail: () => {
      throw new Error('no connection')
    },
    state: 'unavailable',
  },
  { how: 'rejects at once', rail: () => Promise.reject(new StoreUnavailableError('gone')), state: 'unavailable' },
  {
    how: 'rejects while the article is still being read',
    rail: async () => {
      await Promise.resolve()
      throw new Error('connection reset')
    },
    state: 'unavailable',
  },
  { how: 'hangs', rail: hang, state: 'late' },
  { how: 'answers with nonsense', rail: async () => undefined as unknown as RailRead, state: 'unavailable' },
  { how: 'says that there is no such article', rail: async () => ({ state: 'missing' }), state: 'unavailable' },
]

describe('a rail that is broken leaves the article served and says so', () => {
  for (const { how, rail, state } of brokenRails) {
    it(`when it ${how}`, () =>
      leavesNothingBehind(async () => {
        const { store, clock, manager } = setUp()
        store.rail = rail
        let articleIsThere = (_read: ArticleRead) => {}
        store.article = () => new Promise((resolve) => (articleIsThere = resolve))
        const serving = manager.handleRequest({ articleId: '7' })
        await settle(clock)
        articleIsThere({ state: 'found', article: anArticle })
        await clock.advanceAndSettle(25)
        const served = await serving
        assert.equal(served.article.id, '7')
        assert.equal(served.related.state, state)
        assert.equal(served.related.basis, 'newest')
        assert.deepEqual(served.relatedArticles, [])
        assert.equal(clock.pending, 0)
      }))
  }

  it('after at most 25 ms more than the article took, and the late read is told to stop', async () => {
    const { store, clock, manager } = setUp()
    store.rail = hang
    let served = false
    const serving = manager.handleRequest({ articleId: '7' }).then((page) => {
      served = true
      return page
    })
    await clock.advanceAndSettle(23)
    assert.equal(served, false)
    assert.equal(store.signalOf('rail').aborted, false)
    await clock.advanceAndSettle(2)
    assert.equal(served, true)
    assert.equal(store.signalOf('rail').aborted, true)
    assert.equal((await serving).related.state, 'late')
    assert.equal(clock.pending, 0)
  })

  it('and a rail that comes within that time is shown', async () => {
    const { store, clock, manager } = setUp()
    store.rail = () => new Promise((resolve) => clock.after(20, () => resolve(aRail)))
    const serving = manager.handleRequest({ articleId: '7' })
    await clock.advanceAndSettle(20)
    assert.equal((await serving).related.state, 'fresh')
    assert.equal(clock.pending, 0)
  })

  it('with the newest of the section standing in, labelled, once they are known', async () => {
    const { store, clock, manager } = setUp()
    store.list = async () => ({ articles: ['7', '11', '12'].map(aSummary), next: null })
    await manager.handleRequest({ articleId: '7' })
    await settle(clock)
    store.rail = () => Promise.reject(new StoreUnavailableError('gone'))
    const { related, relatedArticles } = await manager.handleRequest({ articleId: '7' })
    assert.equal(related.state, 'fallback')
    assert.equal(related.basis, 'newest')
    assert.deepEqual(
      relatedArticles.map(({ id, reason, position, score }) => ({ id, reason, position, score })),
      [
        { id: '11', reason: 'Latest in Local', position: 1, score: 0 },
        { id: '12', reason: 'Latest in Local', position: 2, score: 0 },
      ],
    )
  })

  it('and an article that was taken down does not stand in', async () => {
    const { store, clock, manager } = setUp()
    store.list = async () => ({ articles: ['11', '12'].map(aSummary), next: null })
    await manager.handleRequest({ articleId: '7' })
    await settle(clock)
    manager.forget(new Set(['11']))
    store.rail = () => Promise.reject(new StoreUnavailableError('gone'))
    store.list = hang
    const { relatedArticles } = await manager.handleRequest({ articleId: '7' })
    assert.deepEqual(
      relatedArticles.map(({ id }) => id),
      ['12'],
    )
    manager.close()
  })

  it('and a list that could not be read again for half a minute does not stand in', async () => {
    const { store, clock, manager } = setUp()
    store.list = async () => ({ articles: [aSummary('11')], next: null })
    await manager.handleRequest({ articleId: '7' })
    await settle(clock)
    store.rail = () => Promise.reject(new StoreUnavailableError('gone'))
    store.list = () => Promise.reject(new StoreUnavailableError('gone'))
    await clock.advanceAndSettle(30_000)
    assert.equal((await manager.handleRequest({ articleId: '7' })).related.state, 'fallback')
    await clock.advanceAndSettle(1)
    assert.equal((await manager.handleRequest({ articleId: '7' })).related.state, 'unavailable')
  })

  it('and a list that was being read when an article was taken down is not kept', async () => {
    const { store, clock, manager } = setUp()
    let listIsThere = () => {}
    store.list = () =>
      new Promise((resolve) => {
        listIsThere = () => resolve({ articles: [aSummary('11')], next: null })
      })
    await manager.handleRequest({ articleId: '7' })
    manager.forget(new Set(['11']))
    listIsThere()
    await settle(clock)
    store.rail = () => Promise.reject(new StoreUnavailableError('gone'))
    const { relatedArticles, related } = await manager.handleRequest({ articleId: '7' })
    assert.deepEqual(relatedArticles, [])
    assert.equal(related.state, 'unavailable')
    manager.close()
  })
})

describe('an opened article', () => {
  it('is there before its rail, which settles within its own budget', async () => {
    const { store, clock, manager } = setUp()
    store.rail = hang
    const opened = await manager.openArticle('7')
    assert.equal(opened.article.id, '7')
    let state = 'pending'
    void opened.rail.then((rail) => {
      state = rail.state
    })
    // Four fifths of the budget are for the read itself, the rest for the wait until there is room for it.
    await clock.advanceAndSettle(119)
    assert.equal(state, 'pending')
    await clock.advanceAndSettle(1)
    assert.equal(state, 'late')
    assert.equal(clock.pending, 0)
  })

  it('comes without its rail being read when none is wanted', async () => {
    const { store, manager } = setUp()
    const opened = await manager.openArticle('7', { rail: false })
    assert.equal(opened.article.id, '7')
    assert.equal((await opened.rail).state, 'shed')
    assert.ok(store.calls.every(({ read }) => read !== 'rail'))
  })

  it('stops reading its rail when the reader goes away, and removes its listeners', async () => {
    const { store, clock, manager } = setUp()
    store.rail = hang
    const reader = new AbortController()
    const opened = await manager.openArticle('7', { signal: reader.signal })
    reader.abort(new Error('gone'))
    assert.equal(store.signalOf('rail').aborted, true)
    assert.equal((await opened.rail).state, 'unavailable')
    await settle(clock)
    assert.equal(getEventListeners(reader.signal, 'abort').length, 0)
    assert.equal(clock.pending, 0)
  })
})

describe('an article that cannot be served', () => {
  const failures: Array<{ what: string; article: () => Promise<ArticleRead>; error: new (...args: never[]) => Error }> =
    [
      { what: 'is unknown', article: async () => ({ state: 'missing' }), error: ArticleNotFoundError },
      {
        what: 'was taken down',
        article: async () => ({ state: 'gone', withdrawnAt: '2026-11-02T09:10:00.000Z' }),
        error: ArticleGoneError,
      },
      {
        what: 'cannot be read',
        article: () => Promise.reject(new StoreUnavailableError('The disk is full.')),
        error: StoreUnavailableError,
      },
      { what: 'takes longer than its budget', article: hang, error: DeadlineExceededError },
    ]
  for (const { what, article, error } of failures) {
    it(`rejects when it ${what}, and its rail is told to stop`, () =>
      leavesNothingBehind(async () => {
        const { store, clock, manager } = setUp()
        store.article = article
        store.rail = hang
        const serving = manager.handleRequest({ articleId: '7' })
        const rejected = assert.rejects(serving, error)
        await clock.advanceAndSettle(800)
        await rejected
        assert.equal(store.signalOf('rail').aborted, true)
        assert.equal(clock.pending, 0)
      }))
  }

  it('rejects with the reason of the reader who left, and both reads are told to stop', async () => {
    const { store, clock, manager } = setUp()
    store.article = hang
    store.rail = hang
    const reader = new AbortController()
    const serving = manager.handleRequest({ articleId: '7' }, { signal: reader.signal })
    const reason = new Error('the reader left')
    const rejected = assert.rejects(serving, reason)
    await settle(clock)
    reader.abort(reason)
    await rejected
    assert.equal(store.signalOf('article').aborted, true)
    assert.equal(store.signalOf('rail').aborted, true)
    await settle(clock)
    assert.equal(getEventListeners(reader.signal, 'abort').length, 0)
    assert.equal(clock.pending, 0)
  })

  it('is not read at all for a reader who has left already', async () => {
    const { store, manager } = setUp()
    const reason = new Error('the reader left')
    await assert.rejects(manager.handleRequest({ articleId: '7' }, { signal: AbortSignal.abort(reason) }), reason)
    assert.deepEqual(store.calls, [])
  })

  it('is said not to be there when nothing is published yet', async () => {
    const { store, manager } = setUp()
    store.newestId = async () => null
    await assert.rejects(manager.handleRequest({}), ArticleNotFoundError)
  })

  for (const articleId of ['', 'a b', '../etc/passwd', 'x'.repeat(101), 1.5, Number.NaN, {}, [], true]) {
    it(`is refused before anything is read when its id is ${JSON.stringify(articleId)?.slice(0, 20)}`, async () => {
      const { store, manager } = setUp()
      await assert.rejects(manager.handleRequest({ articleId: articleId as string }), (error: unknown) => {
        assert.ok(error instanceof InvalidRequestError)
        assert.equal(error.problems[0]?.path, 'articleId')
        assert.match(error.message, /expected 1 to 100 of the characters/)
        return true
      })
      assert.deepEqual(store.calls, [])
    })
  }
})

describe('the rail alone', () => {
  it('lets its failure through: its whole result is the rail', async () => {
    const { store, manager } = setUp()
    store.rail = () => Promise.reject(new StoreUnavailableError('gone'))
    await assert.rejects(manager.openRail('7'), StoreUnavailableError)
  })

  it('rejects for an article that is unknown or was taken down', async () => {
    const { store, manager } = setUp()
    store.rail = async () => ({ state: 'missing' })
    await assert.rejects(manager.openRail('7'), ArticleNotFoundError)
    store.rail = async () => ({ state: 'gone', withdrawnAt: '2026-11-02T09:10:00.000Z' })
    await assert.rejects(manager.openRail(7), ArticleGoneError)
  })

  for (const limit of [0, 21, 1.5, Number.NaN]) {
    it(`refuses a limit of ${limit}`, async () => {
      const { manager } = setUp()
      await assert.rejects(manager.openRail('7', { limit }), /limit: expected a whole number from 1 to 20/)
    })
  }

  it('refuses more than 100 ids to leave out', async () => {
    const { manager } = setUp()
    const exclude = Array.from({ length: 101 }, (_, index) => String(index))
    await assert.rejects(manager.openRail('7', { exclude }), /exclude: expected at most 100 ids/)
  })
})

describe('what was served is said', () => {
  it('in one event for the article and one for the rail, whatever happened to the rail', async () => {
    const heard: Array<{ outcome: string } | { rail: string }> = []
    const stops = [
      subscribe('article-read', ({ outcome }) => heard.push({ outcome })),
      subscribe('rail-read', ({ state }) => heard.push({ rail: state })),
    ]
    try {
      for (const { rail, state } of brokenRails) {
        heard.length = 0
        const { store, clock, manager } = setUp()
        store.rail = rail
        const serving = manager.handleRequest({ articleId: '7' })
        await clock.advanceAndSettle(1000)
        await serving
        await settle(clock)
        assert.deepEqual(heard, [{ outcome: 'found' }, { rail: state }])
      }
    } finally {
      for (const stop of stops) stop()
    }
  })
})

function aSummary(id: string): ArticleSummary {
  const { url, title, standfirst, publishedAt, section, source, language, image } = aRelated(id)
  return {
    id,
    url,
    title,
    standfirst,
    publishedAt,
    updatedAt: publishedAt,
    byline: null,
    section,
    source,
    language,
    image,
  }
}
