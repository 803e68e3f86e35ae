import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, it } from 'node:test'
import type { Article, ArticleSummary } from '../../src/article/article.ts'
import {
  ArticleGoneError,
  ArticleNotFoundError,
  DeadlineExceededError,
  OverloadedError,
  StoreUnavailableError,
} from '../../src/errors.ts'
import { subscribe } from '../../src/events.ts'
import { aboutArticle, aboutRail } from '../../src/manager/copies.ts'
import { burstMsMax } from '../../src/manager/guarded-lane.ts'
import type { Changed } from '../../src/manager/manager.ts'
import { ArticleServing, type ServingSettings } from '../../src/manager/serve-article.ts'
import type { ArticleRead, RailRead } from '../../src/store/store.ts'
import { playInThread } from '../concurrency/support/play-schedules.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { leavesNothingBehind } from '../support/leak-check.ts'
import { anArticle, aRail, aRelated, hang, ScriptedStore } from './scripted-store.ts'
import { servingSettings } from './serving-settings.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute

function setUp(settings: Partial<ServingSettings> = {}) {
  const store = new ScriptedStore()
  const clock = fakeClock()
  const manager = new ArticleServing(
    store.asStore(),
    { clock, random: () => 0.5 },
    { ...servingSettings, cacheBytesMax: 1_000_000, ...settings },
  )
  const settle = () => clock.advanceAndSettle(0)
  const reads = (what: string) => store.calls.filter(({ read }) => read === what).length
  /** Lets time pass with the feed being heard all the while. */
  const pass = async (ms: number) => {
    await clock.advanceAndSettle(ms)
    manager.heardFromFeed()
  }
  const request = () => manager.handleRequest({ articleId: '7' })
  return { store, clock, manager, settle, reads, pass, request }
}

const corrected: ArticleRead = { state: 'found', article: { ...anArticle, title: 'Corrected' } }
const gone: ArticleRead = { state: 'gone', withdrawnAt: '2026-11-02T09:10:00.000Z' }
const away = () => Promise.reject(new StoreUnavailableError('away'))
const ids = (...of: string[]) => new Set(of)

describe('a copy in memory', () => {
  it('is served without the store being asked, and says where it came from', async () => {
    const { reads, request } = setUp()
    const heard: unknown[] = []
    const stop = subscribe('article-read', ({ state, from }) => heard.push([state, from]))
    await request()
    const served = await request()
    stop()
    assert.deepEqual([reads('article'), reads('rail')], [1, 1])
    assert.deepEqual([served.articleState, served.related.state], ['fresh', 'fresh'])
    assert.deepEqual(heard, [
      ['fresh', 'load'],
      ['fresh', 'memory'],
    ])
  })

  it('is served in its grace, called stale, while it is read again', async () => {
    const { store, reads, pass, settle, request } = setUp()
    await request()
    store.article = async () => corrected
    await pass(hour / 10)
    const stale = await request()
    assert.deepEqual([stale.articleState, stale.article.title], ['stale', anArticle.title])
    assert.deepEqual([stale.related.state, reads('rail')], ['stale', 2])
    await settle()
    const fresh = await request()
    assert.deepEqual([fresh.articleState, fresh.article.title, fresh.related.state], ['fresh', 'Corrected', 'fresh'])
  })

  it('is served when the store is away, called stale, for a day; and the store is asked first', async () => {
    const { store, pass, clock, manager, request } = setUp()
    await request()
    store.article = away
    await pass(hour)
    const served = await request()
    assert.deepEqual([served.articleState, served.article.id], ['stale', '7'])
    store.article = async () => corrected
    assert.equal((await request()).article.title, 'Corrected')
    store.article = away
    await pass(24 * hour)
    await assert.rejects(request(), StoreUnavailableError)
    manager.close()
    await clock.advanceAndSettle(2 * second)
    assert.equal(clock.pending, 0)
  })

  it('is served after a tenth of a second when the store hangs', async () => {
    const { store, pass, clock, request } = setUp()
    await request()
    store.article = hang
    await pass(hour)
    const serving = request()
    await clock.advanceAndSettle(100)
    assert.equal((await serving).articleState, 'stale')
    await clock.advanceAndSettle(800)
    assert.equal(clock.pending, 0)
  })

  it('of a rail is served for a week when rails cannot be read', async () => {
    const { store, pass, request } = setUp({ articleLifetime: servingSettings.railLifetime })
    await request()
    store.rail = away
    await pass(6 * 24 * hour)
    const served = await request()
    assert.deepEqual([served.related.state, served.relatedArticles.map(({ id }) => id)], ['stale', ['8', '9']])
  })

  it('is not kept of what one reader has seen already, or of a longer rail', async () => {
    const { manager, reads } = setUp()
    await manager.openRail('7', { exclude: ['8'] })
    await manager.openRail('7', { limit: 3 })
    await manager.openRail('7', { limit: 3 })
    assert.equal(reads('rail'), 3)
    await manager.openRail('7')
    await manager.openRail('7')
    assert.equal(reads('rail'), 4)
  })
})

describe('a reader who was served', () => {
  it('has no listener of ours left on his signal, wherever his article came from', async () => {
    const { clock, manager } = setUp()
    const reader = new AbortController()
    for (let n = 0; n < 3; n++) await manager.handleRequest({ articleId: '7' }, { signal: reader.signal })
    await (await manager.openArticle('7', { signal: reader.signal })).rail
    await manager.openRail('7', { signal: reader.signal })
    assert.equal(getEventListeners(reader.signal, 'abort').length, 0)
    assert.equal(clock.pending, 0)
  })
})

describe('a correction', () => {
  it('is seen by whoever asks after it was told of', async () => {
    const { store, manager, request } = setUp()
    await request()
    store.article = async () => corrected
    manager.forget(ids('7'))
    assert.equal((await request()).article.title, 'Corrected')
  })

  it('is not undone by a read that began before it and comes back after', async () => {
    const { store, manager, settle, request } = setUp()
    let answer = (_read: ArticleRead) => {}
    store.article = () => new Promise((resolve) => (answer = resolve))
    const before = request()
    await settle()
    store.article = async () => corrected
    manager.forget(ids('7'))
    assert.equal((await request()).article.title, 'Corrected')
    answer({ state: 'found', article: anArticle })
    assert.equal((await before).article.title, anArticle.title)
    assert.equal((await request()).article.title, 'Corrected')
  })

  it('of an item ends every rail that shows it', async () => {
    const { store, manager, reads, request } = setUp()
    await request()
    store.rail = async () => ({ ...aRail, version: 13 }) as RailRead
    manager.forget(ids('9'))
    assert.equal((await request()).related.version, 13)
    assert.equal(reads('article'), 1, 'the article itself has not changed')
  })

  it('of something that is not shown ends no copy', async () => {
    const { manager, reads, request } = setUp()
    await request()
    manager.forget(ids('1', '2', '3'))
    await request()
    assert.deepEqual([reads('article'), reads('rail')], [1, 1])
  })

  it('is told to the others when one who listens fails, which is told of', async () => {
    const { manager } = setUp()
    const failed: unknown[] = []
    const told: unknown[] = []
    const stop = subscribe('background-failed', ({ error }) => failed.push(error))
    const error = new Error('a listener that fails')
    manager.onChanged(() => {
      throw error
    })
    manager.onChanged((changed) => told.push(changed))
    manager.forget(new Set(['7']))
    stop()
    assert.equal(told.length, 1)
    assert.deepEqual(failed, [error])
  })

  it('is told to whoever listens, after which nothing old is given out; and nothing is told of nothing', async () => {
    const { manager } = setUp()
    const heard: Changed[] = []
    const stop = manager.onChanged((changed) => heard.push(changed))
    manager.forget(ids())
    manager.forgetRails(ids())
    manager.forget(ids('7'))
    manager.forgetRails(ids('8'))
    stop()
    manager.forget(ids('9'))
    assert.deepEqual(heard, [
      { articleIds: ids('7'), railsOf: ids() },
      { articleIds: ids(), railsOf: ids('8') },
    ])
  })
})

describe('another rail', () => {
  it('is seen by whoever asks after it was told of, and articles stay in memory', async () => {
    const { store, manager, reads, request } = setUp()
    await request()
    store.rail = async () => ({ ...aRail, version: 13 }) as RailRead
    manager.forgetRails(ids('7'))
    assert.equal((await request()).related.version, 13)
    assert.equal(reads('article'), 1)
  })

  it('of one article leaves the rails in which that article is shown', async () => {
    const { manager, reads, request } = setUp()
    await request()
    manager.forgetRails(ids('8', '9'))
    await request()
    assert.equal(reads('rail'), 1)
  })
})

describe('a takedown', () => {
  const ages: Record<string, number> = { fresh: 0, 'in its grace': 5 * minute, 'for errors only': hour }
  for (const [age, ms] of Object.entries(ages)) {
    it(`overrides a copy that is ${age}, though the store is away when it is asked for`, async () => {
      const { store, manager, pass, request } = setUp()
      await request()
      await pass(ms)
      manager.forget(ids('7'))
      store.article = away
      await assert.rejects(request(), StoreUnavailableError)
      store.article = async () => gone
      await assert.rejects(request(), ArticleGoneError)
    })
  }

  it('overrides a copy that was about to stand in for the read that is under way', async () => {
    const { store, manager, clock, pass, request } = setUp()
    await request()
    await pass(hour)
    store.article = hang
    const serving = request()
    const rejected = assert.rejects(serving, DeadlineExceededError)
    await clock.advanceAndSettle(50)
    manager.forget(ids('7'))
    await clock.advanceAndSettle(800)
    await rejected
  })

  it('overrides a rail that is being read, for whoever asks after', async () => {
    const { store, manager, settle } = setUp()
    let answer = (_read: RailRead) => {}
    store.rail = () => new Promise((resolve) => (answer = resolve))
    const before = await manager.openArticle('7')
    const answerBefore = answer
    store.rail = async () => ({ ...aRail, items: [aRelated('8')] }) as RailRead
    manager.forget(ids('9'))
    const after = await (await manager.openArticle('7')).rail
    answerBefore(aRail)
    assert.deepEqual(
      after.items.map(({ id }) => id),
      ['8'],
    )
    assert.equal((await before.rail).items.length, 2, 'who asked before may have what was true then')
    await settle()
    const later = await (await manager.openArticle('7')).rail
    assert.equal(later.items.length, 1)
  })

  it('is remembered, so that a crowd that comes for it is not a crowd at the store', async () => {
    const { store, reads, request } = setUp()
    store.article = async () => gone
    for (let n = 0; n < 10; n++) await assert.rejects(request(), ArticleGoneError)
    assert.equal(reads('article'), 1)
  })

  it('stays a takedown while the store is away', async () => {
    const { store, pass, request } = setUp()
    store.article = async () => gone
    await assert.rejects(request(), ArticleGoneError)
    store.article = away
    await pass(23 * hour)
    await assert.rejects(request(), ArticleGoneError)
  })

  it('ends when the article is published again and that is told of', async () => {
    const { store, manager, request } = setUp()
    store.article = async () => gone
    await assert.rejects(request(), ArticleGoneError)
    store.article = async () => corrected
    manager.forget(ids('7'))
    assert.equal((await request()).article.title, 'Corrected')
  })
})

describe('that there is no such article', () => {
  it('is remembered for two seconds', async () => {
    const { store, reads, pass, request } = setUp()
    store.article = async () => ({ state: 'missing' })
    await assert.rejects(request(), ArticleNotFoundError)
    await pass(1999)
    await assert.rejects(request(), ArticleNotFoundError)
    assert.equal(reads('article'), 1)
    await pass(1)
    await assert.rejects(request(), ArticleNotFoundError)
    assert.equal(reads('article'), 2)
  })

  it('is forgotten at once when an embargo lifts', async () => {
    const { store, manager, request } = setUp()
    store.article = async () => ({ state: 'missing' })
    store.rail = async () => ({ state: 'missing' })
    await assert.rejects(request(), ArticleNotFoundError)
    store.article = async () => corrected
    store.rail = async () => aRail
    manager.forget(ids('7'))
    const served = await request()
    assert.deepEqual([served.article.title, served.related.state], ['Corrected', 'fresh'])
  })

  it('pushes nothing out that readers read', async () => {
    const { store, manager, reads, request } = setUp({ cacheBytesMax: 20_000 })
    await request()
    store.article = async () => ({ state: 'missing' })
    store.rail = async () => ({ state: 'missing' })
    for (let n = 0; n < 500; n++) await assert.rejects(manager.handleRequest({ articleId: `no-${n}` }))
    const before = reads('article')
    await request()
    assert.equal(reads('article'), before)
  })
})

describe('while the change feed is silent', () => {
  it('no copy is served before the store was asked', async () => {
    const { store, clock, manager, reads, request } = setUp()
    await request()
    await clock.advanceAndSettle(9999)
    await request()
    assert.equal(reads('article'), 1)
    await clock.advanceAndSettle(1)
    store.article = async () => corrected
    assert.equal((await request()).article.title, 'Corrected')
    manager.heardFromFeed()
    const before = reads('article')
    await request()
    assert.equal(reads('article'), before)
  })

  it('and the store is away, a copy is served and called stale', async () => {
    const { store, clock, request } = setUp()
    await request()
    await clock.advanceAndSettle(10_000)
    store.article = away
    store.rail = away
    const served = await request()
    assert.deepEqual([served.articleState, served.related.state], ['stale', 'stale'])
  })
})

describe('a rail that is late', () => {
  it('is in time for the next reader', async () => {
    const { store, clock, reads, request } = setUp()
    store.rail = () => new Promise((resolve) => clock.after(100, () => resolve(aRail)))
    const first = request()
    await clock.advanceAndSettle(25)
    assert.equal((await first).related.state, 'late')
    assert.equal(store.signalOf('rail').aborted, false)
    await clock.advanceAndSettle(75)
    assert.equal((await request()).related.state, 'fresh')
    assert.equal(reads('rail'), 1)
    assert.equal(clock.pending, 0)
  })

  it('is in time for the next reader too when a change has come in between', async () => {
    const { store, clock, manager, request } = setUp()
    store.rail = () => new Promise((resolve) => clock.after(100, () => resolve(aRail)))
    const first = request()
    await clock.advanceAndSettle(25)
    await first
    manager.forget(ids('1'))
    const second = request()
    await clock.advanceAndSettle(25)
    assert.equal((await second).related.state, 'late')
    await clock.advanceAndSettle(75)
    assert.equal((await request()).related.state, 'fresh')
    assert.equal(clock.pending, 0)
  })

  it('is read once for all who wait for it', async () => {
    const { store, clock, reads, request } = setUp()
    store.rail = hang
    const serving = Promise.all(Array.from({ length: 1000 }, request))
    await clock.advanceAndSettle(25)
    for (const { related } of await serving) assert.equal(related.state, 'late')
    assert.deepEqual([reads('article'), reads('rail')], [1, 1])
    await clock.advanceAndSettle(150)
    assert.equal(clock.pending, 0)
  })
})

describe('under overload', () => {
  /** Articles that cannot be read hold every place of their lane, and others wait for more than a tenth of a second. */
  async function crowded(settings: Partial<ServingSettings> = {}) {
    const before = setUp({ articlesAtATime: 1, ...settings })
    const { store, clock, manager, pass } = before
    await before.request()
    await pass(0)
    store.article = hang
    const waiting: Promise<unknown>[] = []
    const come = (id: string) => {
      const opening = manager.openArticle(id, { rail: false })
      opening.catch(() => {})
      waiting.push(opening)
    }
    come('holds')
    for (let n = 0; n < 3; n++) come(`waits-${n}`)
    await clock.advanceAndSettle(burstMsMax.article)
    for (let n = 0; n < 250; n++) come(`comes-${n}`)
    await before.settle()
    const end = async () => {
      await clock.advanceAndSettle(1000)
      await Promise.allSettled(waiting)
      manager.close()
      await clock.advanceAndSettle(3000)
      assert.equal(clock.pending, 0)
    }
    return { ...before, end }
  }

  it('what is in memory is served', async () => {
    const { manager, request, end } = await crowded()
    assert.equal(manager.refusesNow('7'), false)
    const served = await request()
    assert.deepEqual([served.articleState, served.related.state], ['fresh', 'fresh'])
    await end()
  })

  it('an article that is not in memory is refused at once, as was foretold', async () => {
    const { manager, end } = await crowded()
    assert.equal(manager.refusesNow('8'), true)
    await assert.rejects(manager.openArticle('8', { rail: false }), OverloadedError)
    await end()
  })

  it('an old copy is served rather than refused, and that was foretold too', async () => {
    const lifetime = { freshMs: 1, graceMs: 1, ifErrorMs: hour }
    const { manager, request, end } = await crowded({ articleLifetime: lifetime })
    assert.equal(manager.refusesNow('7'), false)
    assert.equal((await request()).articleState, 'stale')
    await end()
  })

  it('who asks for what is being read already is not refused', async () => {
    const { manager, end } = await crowded()
    assert.equal(manager.refusesNow('holds'), false)
    await end()
  })

  it('a rail is shed while articles have to wait, before any article is; and says so', async () => {
    const { store, manager, reads, end } = await crowded()
    const before = reads('rail')
    await assert.rejects(manager.openRail('8'), OverloadedError)
    manager.forgetRails(ids('7'))
    const opened = await manager.openArticle('7')
    assert.equal((await opened.rail).state, 'shed')
    assert.equal(reads('rail'), before)
    store.article = async () => ({ state: 'found', article: anArticle })
    await end()
  })

  it('what nobody waits for is shed first: it has half of the lane', async () => {
    const { store, clock, manager, pass, reads } = setUp({
      railsAtATime: 2,
      railLifetime: { freshMs: 1, graceMs: hour, ifErrorMs: hour },
    })
    for (const id of ['7', '8']) await manager.openRail(id)
    await pass(2)
    store.rail = hang
    for (const id of ['7', '8']) assert.equal((await manager.openRail(id)).state, 'stale')
    await clock.advanceAndSettle(0)
    assert.equal(reads('rail'), 3, 'one of two is read again')
    await clock.advanceAndSettle(500)
    manager.close()
    await clock.advanceAndSettle(500)
    assert.equal(clock.pending, 0)
  })
})

describe('a request for the newest article', () => {
  it('has one budget for finding out which it is and for reading it', async () => {
    const { store, clock, manager } = setUp()
    store.newestId = () => new Promise((resolve) => clock.after(390, () => resolve('7')))
    store.article = () => new Promise((resolve) => clock.after(390, () => resolve(corrected)))
    const served = manager.handleRequest({})
    await clock.advanceAndSettle(780)
    assert.equal((await served).article.title, 'Corrected')
    manager.forget(ids('7'))
    let attempts = 0
    store.newestId = () => {
      attempts++
      return new Promise((resolve, reject) =>
        clock.after(390, () => (attempts === 1 ? reject(new StoreUnavailableError('once')) : resolve('7'))),
      )
    }
    const late = assert.rejects(manager.handleRequest({}), DeadlineExceededError)
    await clock.advanceAndSettle(800)
    await late
    await clock.advanceAndSettle(400)
    assert.equal(clock.pending, 0)
  })

  it('reads neither for a reader who leaves in between', () =>
    leavesNothingBehind(async () => {
      const { store, clock, manager, request, reads } = setUp()
      await request()
      manager.forgetRails(ids('7'))
      store.rail = hang
      for (let turns = 0; turns < 12; turns++) {
        const left = new AbortController()
        store.newestId = async () => {
          void afterTurns(turns).then(() => left.abort(new Error('left')))
          return '7'
        }
        const before = reads('rail')
        const outcome = await manager.openArticle(null, { signal: left.signal }).then(
          async (opened) => (await opened.rail).state,
          (error: Error) => error.message,
        )
        assert.ok(outcome === 'left' || outcome === 'unavailable', outcome)
        if (outcome === 'left') assert.equal(reads('rail'), before)
        assert.equal(getEventListeners(left.signal, 'abort').length, 0)
        await clock.advanceAndSettle(200)
        assert.equal(clock.pending, 0)
      }
    }))
})

describe('what is told of a copy', () => {
  it('is what it shows: an article itself, a rail its article and its items', () => {
    const { articleLifetime, railLifetime } = servingSettings
    assert.deepEqual(aboutArticle('7', corrected, articleLifetime, 0).shows, ['7'])
    assert.deepEqual(aboutRail('7', aRail, railLifetime).shows, ['7', '8', '9'])
    assert.deepEqual(aboutRail('7', { state: 'missing' }, railLifetime).shows, ['7'])
  })

  it('is its size: two bytes for each character at least', () => {
    const long: Article = { ...anArticle, body: 'x'.repeat(10_000), bodyHtml: 'y'.repeat(20_000) }
    const about = aboutArticle('7', { state: 'found', article: long }, servingSettings.articleLifetime, 0)
    assert.ok(about.bytes > 60_000 && about.bytes < 65_000, String(about.bytes))
  })

  it('is that there is nothing, for a short while where it may come, and for long where it may not', () => {
    const missing = aboutArticle('7', { state: 'missing' }, servingSettings.articleLifetime, 0)
    const withdrawn = aboutArticle('7', gone, servingSettings.articleLifetime, 0)
    assert.deepEqual([missing.isNegative, withdrawn.isNegative], [true, true])
    assert.equal(missing.lifetime?.ifErrorMs, 2000)
    assert.equal(withdrawn.lifetime?.ifErrorMs, 24 * hour)
  })

  it('is a longer life where it was published long ago', () => {
    const now = Date.parse(anArticle.publishedAt) + 30 * 24 * hour
    assert.equal(aboutArticle('7', corrected, servingSettings.articleLifetime, now).lifetime?.freshMs, 10 * minute)
  })
})

describe('what is kept', () => {
  it('is bounded, and nothing of it is left when all that it shows is forgotten', async () => {
    const { store, manager, clock } = setUp({ cacheBytesMax: 50_000 })
    store.list = async () => ({ articles: [] as ArticleSummary[], next: null })
    for (let n = 0; n < 200; n++) await manager.handleRequest({ articleId: String(n) })
    const { articles, rails } = manager.usage
    assert.ok(articles.bytes > 10_000 && articles.bytes <= 25_000, JSON.stringify(articles))
    assert.ok(rails.bytes > 10_000 && rails.bytes <= 25_000, JSON.stringify(rails))
    manager.forget(new Set(Array.from({ length: 200 }, (_, n) => String(n))))
    const nothing = { copies: 0, bytes: 0, idsShown: 0, loadsInFlight: 0, loadsBehind: 0 }
    await clock.advanceAndSettle(0)
    assert.deepEqual(manager.usage, { articles: nothing, rails: nothing, lists: nothing })
    manager.close()
    assert.equal(clock.pending, 0)
  })
})

describe('articles served in any order', () => {
  it('keep their promises in 10,000 orders of asking, leaving, correcting, withdrawing, failing and hanging', async () => {
    const counts = await playInThread(new URL('./schedules/serve-article.ts', import.meta.url))
    for (const [name, count] of Object.entries(counts)) assert.ok(count > 40, `${name}: ${count}`)
  })
})

async function afterTurns(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await null
}
