import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { InvalidOptionError, StoreUnavailableError } from '../../src/errors.ts'
import { parseRehearsal, rehearseStore } from '../../src/store/rehearse-store.ts'
import type { Store } from '../../src/store/store.ts'
import { SteppedClock } from './stepped-clock.ts'

describe('a rehearsal in words', () => {
  const understood: ReadonlyArray<[text: string, plan: object]> = [
    ['rail=fail', { rail: { kind: 'fail' } }],
    ['rail=hang', { rail: { kind: 'hang' } }],
    [
      'rail=slow:2000,article=slow:200',
      { rail: { kind: 'slow', delayMs: 2000 }, article: { kind: 'slow', delayMs: 200 } },
    ],
    [' Rail = Slow:5ms , ', { rail: { kind: 'slow', delayMs: 5 } }],
    [
      'store=down',
      {
        article: { kind: 'fail' },
        rail: { kind: 'fail' },
        background: { kind: 'fail' },
        write: { kind: 'fail' },
      },
    ],
    [
      'store=down,article=slow:1',
      {
        article: { kind: 'slow', delayMs: 1 },
        rail: { kind: 'fail' },
        background: { kind: 'fail' },
        write: { kind: 'fail' },
      },
    ],
  ]
  for (const [text, plan] of understood) {
    it(`${JSON.stringify(text)} is understood`, () => assert.deepEqual(parseRehearsal(text), plan))
  }

  const refused: ReadonlyArray<[text: string, says: RegExp]> = [
    ['', /names nothing/],
    [',', /names nothing/],
    ['rail', /fail, hang, down, or slow/],
    ['rail=', /fail, hang, down, or slow/],
    ['rail=slow', /slow:MILLISECONDS/],
    ['rail=slow:-1', /slow:MILLISECONDS/],
    ['rail=slow:99999999', /at most 600000 ms/],
    ['rail=fail=hang', /the part is one of article, rail/],
    ['rails=fail', /the part is one of article, rail/],
    ['constructor=fail', /the part is one of article, rail/],
    ['rail=fail,rail=hang', /rail is named twice/],
  ]
  for (const [text, says] of refused) {
    it(`${JSON.stringify(text)} is refused with what is accepted`, () => {
      assert.throws(
        () => parseRehearsal(text),
        (error) => {
          assert.ok(error instanceof InvalidOptionError)
          assert.match(error.message, says)
          return true
        },
      )
    })
  }
})

describe('a rehearsed outage', () => {
  it('of the rail leaves the article as it is', async () => {
    const { store } = rehearsed('rail=fail')
    await assert.rejects(store.readRail('1', { now: 0, limit: 6 }), StoreUnavailableError)
    assert.deepEqual(await store.readArticle('1', { now: 0 }), { state: 'missing' })
  })

  it('of the whole store reaches every call', async () => {
    const { store, asked } = rehearsed('store=down')
    const calls = [
      store.readArticle('1', { now: 0 }),
      store.readNewestId({ now: 0 }),
      store.readRail('1', { now: 0, limit: 6 }),
      store.listArticles({ now: 0, limit: 6 }),
      store.listSections({ now: 0 }),
      store.readChanges({ now: 0, after: 0, limit: 6 }),
      store.readIndexPage({ now: 0, afterId: '', limit: 6 }),
      store.readStatus({ now: 0 }),
      store.putArticles([], { now: 0, republish: false }),
      store.withdrawArticle('1', { now: 0 }),
      store.liftEmbargoes({ now: 0 }),
      store.writeRails({ rails: [], cursor: 0, lease: { name: 'l', holder: 'h', token: 1 }, now: 0 }),
      store.takeLease({ name: 'l', holder: 'h', forMs: 1, now: 0 }),
      store.releaseLease({ name: 'l', holder: 'h' }),
    ]
    for (const call of calls) await assert.rejects(call, StoreUnavailableError)
    assert.deepEqual(asked, [])
  })

  it('that slows answers only when its time has passed', async () => {
    const { store, clock, asked } = rehearsed('article=slow:200')
    const reading = store.readArticle('1', { now: 0 })
    assert.deepEqual(asked, [])
    clock.advance(199)
    await settled()
    assert.deepEqual(asked, [])
    clock.advance(1)
    assert.deepEqual(await reading, { state: 'missing' })
    assert.deepEqual(asked, ['readArticle'])
  })

  it('that hangs ends when the asker gives up, with the reason, and leaves no timer', async () => {
    for (const plan of ['rail=hang', 'rail=slow:5000']) {
      const { store, clock, asked } = rehearsed(plan)
      const giveUp = new AbortController()
      const reading = store.readRail('1', { now: 0, limit: 6, signal: giveUp.signal })
      giveUp.abort(new Error('too late'))
      await assert.rejects(reading, /too late/)
      await assert.rejects(store.readRail('1', { now: 0, limit: 6, signal: giveUp.signal }), /too late/)
      assert.deepEqual([clock.pending, asked], [0, []])
    }
  })

  it('that hangs ends when the store is closed', async () => {
    const { store, asked } = rehearsed('rail=hang')
    const reading = store.readRail('1', { now: 0, limit: 6 })
    await Promise.all([assert.rejects(reading, StoreUnavailableError), store[Symbol.asyncDispose]()])
    await assert.rejects(store.readRail('1', { now: 0, limit: 6 }), StoreUnavailableError)
    assert.deepEqual(asked, ['closed'])
  })
})

function rehearsed(plan: string) {
  const asked: string[] = []
  const clock = new SteppedClock()
  const answers: Partial<Store> = {
    kind: 'sqlite',
    location: 'sqlite:rehearsed.db',
    readArticle: async () => {
      asked.push('readArticle')
      return { state: 'missing' }
    },
    [Symbol.asyncDispose]: async () => {
      asked.push('closed')
    },
  }
  // Every other call is one that must not come through.
  const store = new Proxy(answers, {
    get: (target, key) => Reflect.get(target, key) ?? (() => asked.push(String(key))),
  }) as Store
  return { store: rehearseStore(store, parseRehearsal(plan), clock), clock, asked }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
