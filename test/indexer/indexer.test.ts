import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import type { ArticleInput, PreparedArticle } from '../../src/article/article.ts'
import { fingerprint } from '../../src/article/fingerprint.ts'
import { type Clock, systemClock } from '../../src/concurrency/clock.ts'
import { subscribe } from '../../src/events.ts'
import { Indexer } from '../../src/indexer/indexer.ts'
import { waitUntilIndexed } from '../../src/indexer/wait-until-indexed.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { leavesNothingBehind } from '../support/leak-check.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const now = Date.parse('2026-11-02T12:00:00.000Z')

/** The system's clock, set to the story's day and moved on by hand: threads and timers stay real. */
function storyClock(): Clock & { set(ms: number): void } {
  let current = now
  return {
    ...systemClock,
    now: () => current,
    set: (ms) => {
      current = ms
    },
  }
}

const ferry = [
  article(
    '1',
    'Ferry Aurelia runs aground off Halvern',
    'The ferry Aurelia ran aground off the Halvern lighthouse in fog on Monday.',
  ),
  article(
    '2',
    'Aurelia passengers taken off by lifeboat',
    'Lifeboats took the passengers of the ferry Aurelia to Halvern harbour.',
  ),
]
const third = article(
  '3',
  'Captain of the Aurelia blames the fog',
  'The captain of the ferry Aurelia said fog hid the Halvern lighthouse.',
)
const others = Array.from({ length: 30 }, (_, index) =>
  article(
    `other-${index}`,
    `Council minutes number ${index}`,
    `Agenda item ${index}: budgets, drains, benches, lamps and permit ${index * 7}.`,
  ),
)

describe('the indexer', { timeout: 60_000 }, () => {
  it('gives a new article its rail, and puts it into the rails of older ones', () =>
    withStore(async ({ store, clock }) => {
      await using indexer = startIndexer(store, clock)
      await put(store, clock, [...ferry, ...others])
      await indexed(store, indexer, clock)
      assert.deepEqual(await railOf(store, clock, '1'), ['2'])
      await put(store, clock, [third])
      await indexed(store, indexer, clock)
      assert.deepEqual((await railOf(store, clock, '3')).sort(), ['1', '2'])
      assert.deepEqual((await railOf(store, clock, '1')).sort(), ['2', '3'])
    }))

  it('takes a withdrawn article out of the rails that held it', () =>
    withStore(async ({ store, clock }) => {
      await using indexer = startIndexer(store, clock)
      await put(store, clock, [...ferry, third, ...others])
      await indexed(store, indexer, clock)
      await store.withdrawArticle('2', { now: clock.now() })
      // At once, by the join; and for good, by the index.
      assert.deepEqual(await railOf(store, clock, '1'), ['3'])
      await indexed(store, indexer, clock)
      const [row] = await store.readIndexPage({ afterId: '0', limit: 1, now: clock.now() })
      assert.doesNotMatch(row?.railItems ?? '', /"id":"2"/)
    }))

  it('puts an article into rails when its embargo ends', () =>
    withStore(async ({ store, clock }) => {
      await using indexer = startIndexer(store, clock)
      const embargoed = { ...third, embargoedUntil: new Date(now + 60_000).toISOString() }
      await put(store, clock, [...ferry, embargoed, ...others])
      await indexed(store, indexer, clock)
      assert.deepEqual(await railOf(store, clock, '1'), ['2'])
      clock.set(now + 61_000)
      await until(async () => (await railOf(store, clock, '1')).includes('3'))
      assert.deepEqual((await railOf(store, clock, '3')).sort(), ['1', '2'])
    }))

  it('starts again from the stored rails, and works out only what changed meanwhile', () =>
    withStore(async ({ store, clock }) => {
      {
        await using indexer = startIndexer(store, clock)
        await put(store, clock, [...ferry, ...others])
        await indexed(store, indexer, clock)
      }
      await put(store, clock, [third])
      const written: number[] = []
      const stop = subscribe('rails-written', ({ rails }) => written.push(rails))
      try {
        await using indexer = startIndexer(store, clock)
        await indexed(store, indexer, clock)
      } finally {
        stop()
      }
      assert.deepEqual((await railOf(store, clock, '1')).sort(), ['2', '3'])
      const total = written.reduce((sum, rails) => sum + rails, 0)
      assert.ok(total >= 3 && total < 10, `3 rails concern the ferry, and ${total} were written`)
    }))

  it("starts again from its snapshot, catches up with what changed meanwhile, and takes no other store's for its own", () =>
    withStore(async ({ store, clock }) => {
      await using folder = await temporaryFolder()
      const snapshotFile = folder.file('index')
      const loads = countLoads(store)
      const start = () => {
        const indexer = new Indexer({ store: loads.store, clock, holder: crypto.randomUUID(), snapshotFile })
        indexer.start()
        return indexer
      }
      await put(store, clock, [...ferry, ...others])
      {
        await using indexer = start()
        await indexed(store, indexer, clock)
      }
      const saved = await readFile(snapshotFile)
      await put(store, clock, [third])
      {
        await using indexer = start()
        await indexed(store, indexer, clock)
        assert.deepEqual((await railOf(store, clock, '1')).toSorted(), ['2', '3'])
      }
      assert.equal(loads.pages(), 0)
      assert.notDeepEqual(await readFile(snapshotFile), saved)
      await withStore(async (other) => {
        await put(other.store, other.clock, [article('9', 'Elsewhere', 'Another store with an article of its own.')])
        {
          await using indexer = startIndexer(other.store, other.clock)
          await indexed(other.store, indexer, other.clock)
        }
        const otherLoads = countLoads(other.store)
        const foreign = new Indexer({
          store: otherLoads.store,
          clock: other.clock,
          holder: crypto.randomUUID(),
          snapshotFile,
        })
        await using indexer = foreign
        foreign.start()
        await put(other.store, other.clock, [
          article('10', 'Elsewhere again', 'Another store with an article of its own, twice.'),
        ])
        await indexed(other.store, indexer, other.clock)
        assert.ok(otherLoads.pages() > 0)
        assert.deepEqual(await railOf(other.store, other.clock, '10'), ['9'])
      })
    }))

  it('that is not to load before it must does so with the first change', () =>
    withStore(async ({ store, clock }) => {
      {
        await using indexer = startIndexer(store, clock)
        await put(store, clock, [...ferry, ...others])
        await indexed(store, indexer, clock)
      }
      await using indexer = new Indexer({ store, clock, holder: crypto.randomUUID(), loadsAtStart: false })
      indexer.start()
      await put(store, clock, [third])
      await indexed(store, indexer, clock)
      assert.deepEqual((await railOf(store, clock, '3')).sort(), ['1', '2'])
    }))

  it('leads alone; a standby takes over when the leader is closed', () =>
    withStore(async ({ store, clock }) => {
      const leader = startIndexer(store, clock)
      await put(store, clock, ferry)
      await indexed(store, leader, clock)
      await using standby = startIndexer(store, clock)
      assert.equal(await store.takeLease({ name: 'indexer', holder: 'a third', forMs: 1000, now: clock.now() }), null)
      await leader[Symbol.asyncDispose]()
      await put(store, clock, [third])
      await indexed(store, standby, clock)
      assert.deepEqual((await railOf(store, clock, '3')).sort(), ['1', '2'])
    }))

  it('that stood still past its lease writes nothing once another leads, and stands by', () =>
    withStore(async ({ store, clock }) => {
      const { promise: wakes, resolve: wakeUp } = Promise.withResolvers<void>()
      const { promise: isPaused, resolve: pausesNow } = Promise.withResolvers<void>()
      let isToPause = false
      const pausing = new Proxy(store, {
        get(target, key) {
          const member: unknown = Reflect.get(target, key, target)
          if (typeof member !== 'function') return member
          if (key !== 'writeRails' || !isToPause) return member.bind(target)
          return async (...given: unknown[]) => {
            pausesNow()
            await wakes
            return member.apply(target, given)
          }
        },
      })
      const reasons: string[] = []
      const stop = subscribe('leadership-changed', ({ leads, because }) => {
        if (!leads) reasons.push(because)
      })
      try {
        await using old = startIndexer(pausing, clock)
        await put(store, clock, ferry)
        await indexed(store, old, clock)
        isToPause = true
        await put(store, clock, [third])
        old.wake()
        await isPaused
        clock.set(now + 60_000)
        await using standby = startIndexer(store, clock)
        await indexed(store, standby, clock)
        const { lastRailSeq } = await store.readStatus({ now: clock.now() })
        wakeUp()
        await until(async () => reasons.length > 0)
        assert.deepEqual(reasons, ['write-refused'])
        assert.equal((await store.readStatus({ now: clock.now() })).lastRailSeq, lastRailSeq)
        assert.deepEqual([old.leads, standby.leads], [false, true])
      } finally {
        stop()
      }
    }))

  it('gives breaking news its place while old articles stream in without a pause', () =>
    withStore(async ({ store, clock }) => {
      await using indexer = startIndexer(store, clock)
      await put(store, clock, [...ferry, ...others])
      await indexed(store, indexer, clock)
      let isStreaming = true
      let streamed = 0
      const stream = (async () => {
        // Faster than rails can be worked out, until the news is in its place.
        while (isStreaming) {
          const batch = Array.from({ length: 200 }, () => {
            const at = streamed++
            const body = `Agenda ${at}: budget ${at % 97}, drain ${at % 89}, bench ${at % 83}, lamp ${at % 79}, permit ${at % 73}.`
            return { ...article(`old-${at}`, `Old minutes ${at}`, body), publishedAt: '2025-03-01T10:00:00.000Z' }
          })
          await put(store, clock, batch)
          indexer.wake()
        }
      })()
      try {
        await until(async () => streamed > 1000)
        await put(store, clock, [third])
        await until(async () => (await railOf(store, clock, '1')).includes('3'))
        assert.ok((await railOf(store, clock, '3')).includes('1'))
        const { lastSeq, indexedSeq } = await store.readStatus({ now: clock.now() })
        assert.ok(lastSeq > indexedSeq, 'the stream was slower than the indexer: this shows nothing')
      } finally {
        isStreaming = false
        await stream
      }
    }))

  it('goes on after the store has failed', () =>
    withStore(async ({ store, clock }) => {
      let isDown = false
      const flaky = new Proxy(store, {
        get(target, key) {
          const member: unknown = Reflect.get(target, key, target)
          if (typeof member !== 'function') return member
          return (...given: unknown[]) =>
            isDown ? Promise.reject(new Error('The store is down.')) : member.apply(target, given)
        },
      })
      const failures: string[] = []
      const stop = subscribe('background-failed', ({ what }) => failures.push(what))
      try {
        await using indexer = startIndexer(flaky, clock)
        await put(store, clock, ferry)
        await indexed(store, indexer, clock)
        isDown = true
        indexer.wake()
        await until(async () => failures.includes('keeping the rails'))
        isDown = false
        await put(store, clock, [third])
        await indexed(store, indexer, clock)
        assert.deepEqual((await railOf(store, clock, '3')).sort(), ['1', '2'])
      } finally {
        stop()
      }
    }))

  it('leaves nothing behind when it is closed while it works', () =>
    leavesNothingBehind(() =>
      withStore(async ({ store, clock }) => {
        await put(store, clock, [...ferry, ...others])
        const indexer = startIndexer(store, clock)
        await indexer[Symbol.asyncDispose]()
      }),
    ))
})

function startIndexer(store: Store, clock: Clock): Indexer {
  const indexer = new Indexer({ store, clock, holder: crypto.randomUUID() })
  indexer.start()
  return indexer
}

async function withStore(story: (given: { store: Store; clock: ReturnType<typeof storyClock> }) => Promise<void>) {
  await using folder = await temporaryFolder()
  await using store = await openStore(`sqlite:${folder.file('news.db')}`)
  await story({ store, clock: storyClock() })
}

async function put(store: Store, clock: Clock, inputs: readonly ArticleInput[]): Promise<void> {
  const batch: PreparedArticle[] = inputs.map((input) => ({ input, fingerprint: fingerprint(input) }))
  await store.putArticles(batch, { now: clock.now(), republish: false })
}

async function indexed(store: Store, indexer: Indexer, clock: Clock): Promise<void> {
  indexer.wake()
  await waitUntilIndexed(store, { clock, signal: AbortSignal.timeout(20_000) })
}

async function railOf(store: Store, clock: Clock, id: string): Promise<string[]> {
  const read = await store.readRail(id, { limit: 6, now: clock.now() })
  assert.equal(read.state, 'found')
  return read.state === 'found' && read.basis === 'related' ? read.items.map((item) => item.id) : []
}

/** Looks again with every turn of the event loop; the test's own timeout bounds it. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve))
}

function article(id: string, title: string, body: string): ArticleInput {
  return { id, title, body, tags: [], status: 'published', section: 'Local', publishedAt: '2026-11-02T10:00:00.000Z' }
}

/** A store, and how often an index was loaded from it page by page. */
function countLoads(store: Store): { store: Store; pages(): number } {
  let pages = 0
  const counting = new Proxy(store, {
    get(target, name) {
      if (name === 'readIndexPage') pages++
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { store: counting, pages: () => pages }
}
