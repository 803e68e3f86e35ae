import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import { ArticleGoneError, OverloadedError, StoreUnavailableError } from '../../../src/errors.ts'
import type { Rail } from '../../../src/manager/manager.ts'
import { ArticleServing } from '../../../src/manager/serve-article.ts'
import type { ArticleRead, RailRead } from '../../../src/store/store.ts'
import { type Begun, playSchedules } from '../../concurrency/support/play-schedules.ts'
import { fakeClock } from '../../support/fake-clock.ts'
import { anArticle, aRelated, ScriptedStore } from '../scripted-store.ts'
import { servingSettings } from '../serving-settings.ts'

type Fate = 'wrong' | 'hangs'
type Action =
  | { readonly kind: 'ask'; readonly leaves: boolean }
  /** Something happens to the article, and the manager is told of it some time later. */
  | { readonly kind: 'change'; readonly to: 'corrected' | 'withdrawn' }
  /** Something happens to an article that its rail shows. */
  | { readonly kind: 'change-item'; readonly to: 'shown' | 'withdrawn' }
  | { readonly kind: 'next-read'; readonly of: 'article' | 'rail'; readonly goes: Fate }
  | { readonly kind: 'time'; readonly ms: number }

const anAction: fc.Arbitrary<Action> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('ask'), leaves: fc.boolean() } as const) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('change'), to: fc.constantFrom('corrected', 'withdrawn') } as const),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('change-item'), to: fc.constantFrom('shown', 'withdrawn') } as const),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('next-read'),
      of: fc.constantFrom('article', 'rail'),
      goes: fc.constantFrom('wrong', 'hangs'),
    } as const),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('time'), ms: fc.constantFrom(60, 60, 100, 2000) } as const) },
)

// Short lives, so that a few seconds take a copy through all of its ages.
const settings = {
  ...servingSettings,
  cacheBytesMax: 1_000_000,
  articleLifetime: { freshMs: 50, graceMs: 1000, ifErrorMs: 60_000 },
  railLifetime: { freshMs: 50, graceMs: 1000, ifErrorMs: 60_000 },
}

async function story(s: fc.Scheduler, actions: Action[], begun: Begun) {
  const clock = fakeClock()
  const store = new ScriptedStore()
  const counts = { stale: 0, gone: 0, failed: 0, left: 0, railStale: 0, railFailed: 0 }
  const fates: Record<'article' | 'rail', Fate[]> = { article: [], rail: [] }
  // The truth, and how much of it the manager has been told.
  const truth = { version: 1, isGone: false, itemVersion: 1, itemIsGone: false }
  let told = { version: 1, itemVersion: 1 }
  const answer = async <T>(what: 'article' | 'rail', read: () => T): Promise<T> => {
    const fate = fates[what].pop()
    if (fate === 'hangs') await new Promise(() => {})
    await s.schedule(Promise.resolve(), `read ${what}`)
    if (fate === 'wrong') throw new StoreUnavailableError('wrong')
    const value = read()
    await s.schedule(Promise.resolve(), `${what} comes`)
    return value
  }
  store.article = () =>
    answer<ArticleRead>('article', () =>
      truth.isGone
        ? { state: 'gone', withdrawnAt: String(truth.version) }
        : { state: 'found', article: { ...anArticle, title: String(truth.version) } },
    )
  store.rail = () =>
    answer<RailRead>('rail', () => ({
      state: 'found',
      items: truth.itemIsGone ? [] : [{ ...aRelated('8'), title: String(truth.itemVersion) }],
      basis: 'related',
      version: truth.itemVersion,
      generatedAt: null,
    }))
  const manager = new ArticleServing(store.asStore(), { clock, random: () => 0.5 }, settings)
  const readers: AbortController[] = []

  const change = async (id: '7' | '8') => {
    const changed = { ...truth }
    await s.schedule(Promise.resolve(), `told of ${id}`)
    manager.forget(new Set([id]))
    manager.heardFromFeed()
    if (id === '7') told = { ...told, version: Math.max(told.version, changed.version) }
    else told = { ...told, itemVersion: Math.max(told.itemVersion, changed.itemVersion) }
  }
  const checkRail = (rail: Pick<Rail, 'state' | 'items'>, itemVersion: number) => {
    if (rail.state === 'stale') counts.railStale++
    if (rail.state !== 'fresh' && rail.state !== 'stale') {
      counts.railFailed++
      return
    }
    // A rail without the item says nothing: whether it comes back into it is the matter of another rail.
    for (const { title } of rail.items) {
      assert.ok(Number(title) >= itemVersion, `shows version ${title} of an item, and ${itemVersion} had been told of`)
    }
  }
  const ask = async (leaves: boolean) => {
    const reader = new AbortController()
    readers.push(reader)
    manager.heardFromFeed()
    const { version, itemVersion } = told
    const asked = manager.handleRequest({ articleId: '7' }, { signal: reader.signal })
    if (leaves) begun.own(s.schedule(Promise.resolve(), 'leave').then(() => reader.abort(new Error('left'))))
    try {
      const page = await asked
      if (page.articleState === 'stale') counts.stale++
      assert.ok(Number(page.article.title) >= version, `article ${page.article.title}, and ${version} had been told of`)
      checkRail({ state: page.related.state, items: page.relatedArticles }, itemVersion)
    } catch (error) {
      if (error instanceof ArticleGoneError) {
        counts.gone++
        assert.ok(Number(error.withdrawnAt) >= version, 'gone, though it had come back')
      } else if (error instanceof Error && error.message === 'left') {
        assert.ok(reader.signal.aborted, 'failed by the leaving of another')
        counts.left++
      } else {
        assert.ok(!(error instanceof OverloadedError) && !(error instanceof assert.AssertionError), String(error))
        counts.failed++
      }
    }
  }

  for (const action of actions) {
    const act = () => {
      if (action.kind === 'ask') begun.own(ask(action.leaves))
      else if (action.kind === 'time') clock.advance(action.ms)
      else if (action.kind === 'next-read') fates[action.of].push(action.goes)
      else if (action.kind === 'change') {
        truth.version++
        truth.isGone = action.to === 'withdrawn'
        begun.own(change('7'))
      } else {
        truth.itemVersion++
        truth.itemIsGone = action.to === 'withdrawn'
        begun.own(change('8'))
      }
    }
    begun.own(s.schedule(Promise.resolve(), action.kind).then(act))
  }
  await s.waitIdle()
  for (const ms of [25, 800, 800]) {
    clock.advance(ms)
    await s.waitIdle()
  }
  await begun.settled()
  for (const { signal } of readers) assert.equal(getEventListeners(signal, 'abort').length, 0)
  manager.forget(new Set(['7', '8']))
  const nothing = { copies: 0, bytes: 0, idsShown: 0, loadsInFlight: 0, loadsBehind: 0 }
  assert.deepEqual(manager.usage, { articles: nothing, rails: nothing, lists: nothing })
  manager.close()
  await s.waitIdle()
  assert.equal(clock.pending, 0)
  return counts
}

// Most of what is played ends in an error, and a stack is the most of what an error costs.
Error.stackTraceLimit = 1
await playSchedules(anAction, story)
