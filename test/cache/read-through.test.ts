import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, it } from 'node:test'
import type { Lifetime } from '../../src/cache/lifetime.ts'
import { type AboutValue, ReadThrough, type ReadThroughOptions } from '../../src/cache/read-through.ts'
import type { Importance } from '../../src/concurrency/limiter.ts'
import { DeadlineExceededError, OverloadedError } from '../../src/errors.ts'
import { playInThread } from '../concurrency/support/play-schedules.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { leavesNothingBehind } from '../support/leak-check.ts'

const lifetime: Lifetime = { freshMs: 1000, graceMs: 2000, ifErrorMs: 3000 }
const loadBudgetMs = 800
const patienceMs = 100
const essential = { importance: 'essential' } as const

interface Load {
  readonly key: string
  readonly signal: AbortSignal
  readonly importance: Importance
  readonly resolve: (value: string) => void
  readonly reject: (reason: unknown) => void
}

/** A cache whose loads a test answers by hand. Chance is half: no jitter, and an early refresh in the last 0.69 load times. */
function rehearsal(options: Partial<ReadThroughOptions<string>> = {}) {
  const clock = fakeClock()
  const loads: Load[] = []
  const failedBehind: unknown[] = []
  const told = { isTold: true }
  const cache = new ReadThrough<string>({
    what: 'Reading the rail',
    clock,
    random: () => 0.5,
    load: (key, { signal, importance }) =>
      new Promise((resolve, reject) => loads.push({ key, signal, importance, resolve, reject })),
    loadBudgetMs,
    loadsMax: 10,
    goesOn: false,
    patienceMs,
    bytesMax: 10_000,
    isTold: () => told.isTold,
    about: aboutText,
    onFailedBehind: (_key, error) => failedBehind.push(error),
    ...options,
  })
  const settle = () => clock.advanceAndSettle(0)
  /** Loads `value` under `key` and lets it get as old as this. */
  const keep = async (key: string, value: string, agedMs = 0) => {
    const reading = cache.read(key, essential)
    loads.at(-1)?.resolve(value)
    await reading
    await clock.advanceAndSettle(agedMs)
    loads.length = 0
  }
  const last = () => {
    const load = loads.at(-1)
    assert.ok(load, 'nothing is being loaded')
    return load
  }
  return { cache, clock, loads, failedBehind, told, settle, keep, last }
}

/** A value is `none`, `unkept`, or the ids that it shows. */
function aboutText(key: string, value: string): AboutValue {
  return {
    lifetime: value === 'unkept' ? null : lifetime,
    isNegative: value === 'none',
    bytes: 100,
    shows: [key, ...value.split(' ')],
  }
}

const fromLoad = (value: string) => ({ value, state: 'fresh', from: 'load' })
const fresh = (value: string) => ({ value, state: 'fresh', from: 'memory' })
const stale = (value: string) => ({ value, state: 'stale', from: 'memory' })

describe('a read without a copy', () => {
  it('is given what is loaded, once for all who ask meanwhile', async () => {
    const { cache, loads, last } = rehearsal()
    const reading = Promise.all([cache.read('a', essential), cache.read('a', essential)])
    assert.equal(loads.length, 1)
    last().resolve('1')
    assert.deepEqual(await reading, [fromLoad('1'), fromLoad('1')])
  })

  it('fails as the load does', async () => {
    const { cache, last, clock } = rehearsal()
    const reading = cache.read('a', essential)
    last().reject(new Error('The store is away.'))
    await assert.rejects(reading, /away/)
    assert.equal(clock.pending, 0)
  })

  it('waits for the whole budget and not for the patience, which is for those who have a copy', async () => {
    const { cache, clock, last } = rehearsal()
    const reading = cache.read('a', essential)
    await clock.advanceAndSettle(loadBudgetMs - 1)
    last().resolve('1')
    assert.deepEqual(await reading, fromLoad('1'))
    const late = cache.read('b', essential)
    const rejected = assert.rejects(late, DeadlineExceededError)
    await clock.advanceAndSettle(loadBudgetMs)
    await rejected
    assert.equal(last().signal.aborted, true)
    assert.equal(clock.pending, 0)
  })

  it('rejects with the reason of a reader who left, and the load is told to stop', async () => {
    const { cache, clock, last } = rehearsal()
    const reader = new AbortController()
    const reading = cache.read('a', { ...essential, signal: reader.signal })
    reader.abort(new Error('left'))
    await assert.rejects(reading, /left/)
    assert.equal(last().signal.aborted, true)
    assert.equal(getEventListeners(reader.signal, 'abort').length, 0)
    assert.deepEqual([clock.pending, cache.usage.loadsInFlight], [0, 0])
  })

  it('does not begin for a reader who has left', async () => {
    const { cache, loads } = rehearsal()
    await assert.rejects(cache.read('a', { ...essential, signal: AbortSignal.abort(new Error('left')) }), /left/)
    assert.equal(loads.length, 0)
  })
})

describe('a fresh copy', () => {
  it('is served, and nothing is loaded', async () => {
    const { cache, loads, keep } = rehearsal()
    await keep('a', '1', 999)
    assert.deepEqual(cache.peek('a'), fresh('1'))
    assert.deepEqual(await cache.read('a', essential), fresh('1'))
    assert.equal(loads.length, 0)
  })

  it('is loaded again behind one reader near its end, as by chance', async () => {
    const { cache, clock, loads, settle, last } = rehearsal()
    const first = cache.read('a', essential)
    await clock.advanceAndSettle(100)
    last().resolve('1')
    await first
    // The load took 100 ms, and the logarithm of a half is 0.69.
    await clock.advanceAndSettle(930)
    cache.peek('a')
    assert.equal(loads.length, 1)
    await clock.advanceAndSettle(1)
    assert.deepEqual(cache.peek('a'), fresh('1'))
    assert.deepEqual(cache.peek('a'), fresh('1'))
    assert.equal(loads.length, 2, 'one reader of many loads it')
    assert.equal(last().importance, 'background')
    last().resolve('2')
    await settle()
    assert.deepEqual(cache.peek('a'), fresh('2'))
  })
})

describe('a copy in its grace', () => {
  it('is served at once, called stale, and loaded once behind all who come', async () => {
    const { cache, loads, settle, keep, last } = rehearsal()
    await keep('a', '1', 1000)
    assert.deepEqual(cache.peek('a'), stale('1'))
    assert.deepEqual(await cache.read('a', essential), stale('1'))
    assert.equal(loads.length, 1)
    assert.equal(last().importance, 'background')
    last().resolve('2')
    await settle()
    assert.deepEqual(cache.peek('a'), fresh('2'))
    assert.equal(cache.usage.loadsBehind, 0)
  })

  it('stays when loading behind it fails, which is told of, and is loaded again half a second later', async () => {
    const { cache, clock, loads, failedBehind, settle, keep, last } = rehearsal()
    await keep('a', '1', 1000)
    cache.peek('a')
    last().reject(new Error('away'))
    await settle()
    assert.equal(failedBehind.length, 1)
    assert.deepEqual(cache.peek('a'), stale('1'))
    assert.equal(loads.length, 1, 'a store that is down is not asked for each reader')
    clock.advance(500)
    assert.deepEqual(cache.peek('a'), stale('1'))
    assert.equal(loads.length, 2)
  })

  it('does not wait for a load behind it that hangs, which ends by its budget', async () => {
    const { cache, clock, keep, last } = rehearsal()
    await keep('a', '1', 1000)
    cache.peek('a')
    await clock.advanceAndSettle(loadBudgetMs)
    assert.equal(last().signal.aborted, true)
    assert.deepEqual([clock.pending, cache.usage.loadsBehind, cache.usage.loadsInFlight], [0, 0, 0])
  })
})

describe('a copy that is for errors only', () => {
  it('is not served while the store answers: it is asked first', async () => {
    const { cache, keep, last } = rehearsal()
    await keep('a', '1', 2000)
    assert.equal(cache.peek('a'), null)
    const reading = cache.read('a', essential)
    last().resolve('2')
    assert.deepEqual(await reading, fromLoad('2'))
  })

  it('is served, called stale, when the load fails', async () => {
    const { cache, clock, keep, last } = rehearsal()
    await keep('a', '1', 2000)
    const reading = cache.read('a', essential)
    last().reject(new Error('away'))
    assert.deepEqual(await reading, stale('1'))
    assert.equal(clock.pending, 0)
  })

  it('is served when the load takes longer than the patience; the load goes on and is kept', async () => {
    const { cache, clock, settle, keep, last } = rehearsal()
    await keep('a', '1', 2000)
    const reading = cache.read('a', essential)
    await clock.advanceAndSettle(patienceMs)
    assert.deepEqual(await reading, stale('1'))
    assert.equal(last().signal.aborted, false, 'or nobody would ever learn that it hangs')
    last().resolve('2')
    await settle()
    assert.deepEqual(cache.peek('a'), fresh('2'))
  })

  it('is not served to a reader who left', async () => {
    const { cache, keep, last } = rehearsal()
    await keep('a', '1', 2000)
    const reader = new AbortController()
    const reading = cache.read('a', { ...essential, signal: reader.signal })
    reader.abort(new Error('left'))
    await assert.rejects(reading, /left/)
    assert.equal(getEventListeners(reader.signal, 'abort').length, 0)
    last().resolve('2')
  })

  it('is not served any more when it has expired', async () => {
    const { cache, keep, last } = rehearsal()
    await keep('a', '1', 3000)
    const reading = cache.read('a', essential)
    last().reject(new Error('away'))
    await assert.rejects(reading, /away/)
  })
})

describe('what was forgotten', () => {
  const ages: Record<string, number> = { fresh: 0, grace: 1000, 'if-error': 2000 }
  for (const [age, agedMs] of Object.entries(ages)) {
    it(`is served to nobody, though its copy was ${age} and the store is away`, async () => {
      const { cache, keep, last } = rehearsal()
      await keep('a', '1 2', agedMs)
      cache.forget(['2'])
      assert.equal(cache.peek('a'), null)
      const reading = cache.read('a', essential)
      last().reject(new Error('away'))
      await assert.rejects(reading, /away/)
      assert.deepEqual([cache.usage.copies, cache.usage.idsShown, cache.usage.bytes], [0, 0, 0])
    })
  }

  it('does not stand in for a load that was under way when it was forgotten, and fails', async () => {
    const { cache, keep, last } = rehearsal()
    await keep('a', '1', 2000)
    const reading = cache.read('a', essential)
    cache.forget(['1'])
    last().reject(new Error('away'))
    await assert.rejects(reading, /away/)
  })

  it('does not shorten the wait of a reader whose copy went while the store was asked', async () => {
    const { cache, clock, loads, settle, keep, last } = rehearsal()
    await keep('a', '1', 2000)
    const reading = cache.read('a', essential)
    cache.forget(['1'])
    await clock.advanceAndSettle(patienceMs)
    last().resolve('2')
    assert.deepEqual(await reading, fromLoad('2'))
    loads[0]?.resolve('old')
    await settle()
    assert.equal(clock.pending, 0)
  })

  it('is not brought back by a load that began before, and who asks after gets what is loaded after', async () => {
    const { cache, loads, settle, last } = rehearsal()
    const before = cache.read('a', essential)
    cache.forget(['1'])
    const after = cache.read('a', essential)
    assert.equal(loads.length, 2)
    last().resolve('new')
    assert.deepEqual(await after, fromLoad('new'))
    loads[0]?.resolve('old 1')
    assert.equal((await before).value, 'old 1')
    await settle()
    assert.deepEqual(cache.peek('a'), fresh('new'))
  })

  it('is not brought back by a load behind a reader either', async () => {
    const { cache, settle, keep, last } = rehearsal()
    await keep('a', '1', 1000)
    cache.peek('a')
    cache.forget(['1'])
    last().resolve('old 1')
    await settle()
    assert.equal(cache.peek('a'), null)
  })

  it('takes with it what says that there is nothing', async () => {
    const { cache, keep } = rehearsal()
    await keep('a', 'none')
    assert.deepEqual(cache.peek('a'), fresh('none'))
    cache.forget(['a'])
    assert.equal(cache.peek('a'), null)
  })

  it('by its key leaves what only shows the same id', async () => {
    const { cache, keep } = rehearsal()
    await keep('a', '1')
    await keep('b', 'a')
    cache.forgetKeys(['a'])
    assert.equal(cache.peek('a'), null)
    assert.deepEqual(cache.peek('b'), fresh('a'))
  })

  it('by its key is not brought back by a load that began before', async () => {
    const { cache, settle, last } = rehearsal()
    const before = cache.read('a', essential)
    cache.forgetKeys(['a'])
    last().resolve('old')
    await before
    await settle()
    assert.equal(cache.peek('a'), null)
  })
})

describe('while nobody would tell of a change', () => {
  it('a fresh copy is not served before the store was asked', async () => {
    const { cache, told, keep, last } = rehearsal()
    await keep('a', '1')
    told.isTold = false
    assert.equal(cache.peek('a'), null)
    const reading = cache.read('a', essential)
    last().resolve('2')
    assert.deepEqual(await reading, fromLoad('2'))
  })

  it('a fresh copy is served, called stale, when the store is away too', async () => {
    const { cache, told, keep, last } = rehearsal()
    await keep('a', '1')
    told.isTold = false
    const reading = cache.read('a', essential)
    last().reject(new Error('away'))
    assert.deepEqual(await reading, stale('1'))
    told.isTold = true
    assert.deepEqual(cache.peek('a'), fresh('1'))
  })
})

describe('what is kept', () => {
  it('is not what says itself that it may not be, nor its older self', async () => {
    const { cache, keep, last } = rehearsal()
    await keep('a', '1', 2000)
    const reading = cache.read('a', essential)
    last().resolve('unkept')
    await reading
    assert.equal(cache.usage.copies, 0)
  })

  it('is either that there is something, or that there is nothing', async () => {
    const { cache, keep } = rehearsal()
    await keep('a', '1', 3000)
    await keep('a', 'none', 3000)
    assert.equal(cache.usage.copies, 1)
    await keep('a', '2')
    assert.equal(cache.usage.copies, 1)
    assert.deepEqual(cache.peek('a'), fresh('2'))
  })

  it('is not pushed out by a crawl through what is not there', async () => {
    const { cache, keep } = rehearsal({ bytesMax: 1000 })
    await keep('a', '1')
    for (let n = 0; n < 50; n++) await keep(`unknown ${n}`, 'none')
    assert.deepEqual(cache.peek('a'), fresh('1'))
    assert.ok(cache.usage.bytes <= 2000)
  })

  it('is nothing when there may be no copies, and loads are shared all the same', async () => {
    const { cache, loads, last } = rehearsal({ bytesMax: 0 })
    const reading = Promise.all([cache.read('a', essential), cache.read('a', essential)])
    assert.equal(loads.length, 1)
    last().resolve('1')
    await reading
    assert.equal(cache.peek('a'), null)
    assert.deepEqual([cache.usage.copies, cache.usage.idsShown], [0, 0])
  })

  it('ends later or earlier by chance, by a tenth', async () => {
    let chance = 0
    const { cache, clock, loads, keep } = rehearsal({ random: () => chance })
    await keep('a', '1', 899)
    chance = 0
    assert.deepEqual(cache.peek('a'), fresh('1'))
    await clock.advanceAndSettle(1)
    assert.deepEqual(cache.peek('a'), stale('1'))
    assert.equal(loads.length, 1)
  })
})

describe('a load that goes on when its reader has left', () => {
  it('is in time for the next', async () => {
    const { cache, settle, last } = rehearsal({ goesOn: true })
    const reader = new AbortController()
    const reading = cache.read('a', { importance: 'bonus', signal: reader.signal })
    reader.abort(new Error('left'))
    await assert.rejects(reading, /left/)
    assert.equal(last().signal.aborted, false)
    last().resolve('1')
    await settle()
    assert.deepEqual(cache.peek('a'), fresh('1'))
  })

  it('is so too when one that was overtaken by a change is still under way', async () => {
    const { cache, loads, settle, last } = rehearsal({ goesOn: true })
    const before = cache.read('a', { importance: 'bonus' })
    cache.forget(['1'])
    const reader = new AbortController()
    const reading = cache.read('a', { importance: 'bonus', signal: reader.signal })
    assert.equal(loads.length, 2)
    reader.abort(new Error('left'))
    await assert.rejects(reading, /left/)
    assert.equal(last().signal.aborted, false)
    last().resolve('new')
    loads[0]?.resolve('old')
    await before
    await settle()
    assert.deepEqual(cache.peek('a'), fresh('new'))
    assert.equal(cache.usage.loadsBehind, 0)
  })

  it('ends by its budget when it hangs', async () => {
    const { cache, clock, last } = rehearsal({ goesOn: true })
    const reader = new AbortController()
    const reading = cache.read('a', { importance: 'bonus', signal: reader.signal })
    reader.abort(new Error('left'))
    await assert.rejects(reading, /left/)
    await clock.advanceAndSettle(loadBudgetMs)
    assert.equal(last().signal.aborted, true)
    assert.deepEqual([clock.pending, cache.usage.loadsInFlight, cache.usage.loadsBehind], [0, 0, 0])
  })
})

describe('a reader who joins what was begun behind another', () => {
  it('has it loaded once more when it was shed because nobody waited for it', async () => {
    const { cache, clock, loads, keep, last } = rehearsal({ loadBudgetMs: 5000 })
    await keep('a', '1', 1999)
    cache.peek('a')
    await clock.advanceAndSettle(1001)
    const reading = cache.read('a', essential)
    assert.equal(loads.length, 1)
    last().reject(new OverloadedError('no room for what nobody waits for'))
    await clock.advanceAndSettle(0)
    assert.equal(loads.length, 2)
    assert.equal(last().importance, 'essential')
    last().resolve('2')
    assert.deepEqual(await reading, fromLoad('2'))
  })

  it('is refused like anybody else the second time', async () => {
    const { cache, clock, loads, keep, last } = rehearsal({ loadBudgetMs: 5000 })
    await keep('a', '1', 1999)
    cache.peek('a')
    await clock.advanceAndSettle(1001)
    const reading = cache.read('a', essential)
    last().reject(new OverloadedError('no room'))
    const rejected = assert.rejects(reading, OverloadedError)
    await clock.advanceAndSettle(0)
    last().reject(new OverloadedError('no room'))
    await rejected
    assert.equal(loads.length, 2)
  })
})

describe('whether a read would have to wait for a load of its own', () => {
  it('is so where there is no copy, and not where one could stand in or a load could be joined', async () => {
    const { cache, clock, keep, last } = rehearsal()
    assert.equal(cache.needsLoad('a'), true)
    const reading = cache.read('a', essential)
    assert.equal(cache.needsLoad('a'), false)
    last().resolve('1')
    await reading
    assert.equal(cache.needsLoad('a'), false)
    await clock.advanceAndSettle(2999)
    assert.equal(cache.needsLoad('a'), false)
    await clock.advanceAndSettle(1)
    assert.equal(cache.needsLoad('a'), true)
    await keep('b', '1')
    cache.forget(['1'])
    assert.equal(cache.needsLoad('b'), true)
  })
})

describe('a cache that is closed', () => {
  it('stops what is loaded behind readers, tells nobody of it, and begins nothing more', async () => {
    await leavesNothingBehind(async () => {
      const { cache, clock, loads, failedBehind, settle, keep, last } = rehearsal()
      await keep('a', '1', 1000)
      cache.peek('a')
      cache.close()
      await settle()
      assert.equal(last().signal.aborted, true)
      assert.deepEqual(failedBehind, [])
      assert.deepEqual(cache.peek('a'), stale('1'))
      assert.equal(loads.length, 1)
      assert.deepEqual([clock.pending, cache.usage.loadsInFlight, cache.usage.loadsBehind], [0, 0, 0])
    })
  })

  it('lets those who are reading read on', async () => {
    const { cache, last } = rehearsal()
    const reading = cache.read('a', essential)
    cache.close()
    last().resolve('1')
    assert.deepEqual(await reading, fromLoad('1'))
  })
})

describe('a cache in any order', () => {
  it('keeps its promises in 10,000 orders of asking, leaving, changing, ageing, failing and hanging', async () => {
    const counts = await playInThread(new URL('./schedules/read-through.ts', import.meta.url))
    // Or else the orders did not reach what they are here for.
    for (const [name, count] of Object.entries(counts)) assert.ok(count > 100, `${name}: ${count}`)
  })
})
