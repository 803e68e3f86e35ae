import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Coalesce, type CoalesceOptions } from '../../src/concurrency/coalesce.ts'
import { DeadlineExceededError, OverloadedError } from '../../src/errors.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { leavesNothingBehind } from '../support/leak-check.ts'
import { playInThread } from './support/play-schedules.ts'

const loadBudgetMs = 100

describe('coalescing', () => {
  it('loads once for all who ask meanwhile', async () => {
    const { coalesce, loads } = rehearsal()
    const asked = Array.from({ length: 10_000 }, () => coalesce.ask('a'))
    assert.equal(loads.length, 1)
    loads[0]?.resolve('rail')
    for (const loaded of await Promise.all(asked)) assert.deepEqual(loaded, { value: 'rail', current: true })
  })

  it('keeps nothing: who asks after the end starts a new load, after a failure too', async () => {
    const { coalesce, loads } = rehearsal()
    const first = coalesce.ask('a')
    loads[0]?.reject(new Error('The store is away.'))
    await assert.rejects(first, /away/)
    const second = coalesce.ask('a')
    loads[1]?.resolve('rail')
    assert.equal((await second).value, 'rail')
  })

  it('keeps apart what has different keys', async () => {
    const { coalesce, loads } = rehearsal()
    const asked = [coalesce.ask('a'), coalesce.ask('b')]
    loads[1]?.resolve('of b')
    loads[0]?.resolve('of a')
    assert.deepEqual(
      (await Promise.all(asked)).map(({ value }) => value),
      ['of a', 'of b'],
    )
  })

  it('gives those who ask after an invalidation what was loaded after it, and tells the others that theirs is old', async () => {
    const kept: string[] = []
    const { coalesce, loads } = rehearsal({ onLoaded: (_key, value) => kept.push(value) })
    const before = coalesce.ask('a')
    coalesce.invalidate('a')
    const after = coalesce.ask('a')
    assert.equal(loads.length, 2)
    loads[1]?.resolve('new')
    assert.deepEqual(await after, { value: 'new', current: true })
    loads[0]?.resolve('old')
    assert.deepEqual(await before, { value: 'old', current: false })
    assert.deepEqual(kept, ['new'])
  })

  it('invalidates every key when it is not known which', async () => {
    const { coalesce, loads } = rehearsal()
    const before = [coalesce.ask('a'), coalesce.ask('b')]
    coalesce.invalidateAll()
    for (const load of loads) load.resolve('old')
    assert.deepEqual(
      (await Promise.all(before)).map(({ current }) => current),
      [false, false],
    )
  })

  it('hands the value to the cache before an invalidation can come in between', async () => {
    const cache = new Map<string, string>()
    const { coalesce, loads } = rehearsal({ onLoaded: (key, value) => cache.set(key, value) })
    const asked = coalesce.ask('a')
    loads[0]?.resolve('old')
    // In every microtask from here on the invalidation purges the cache: an asker who fills it would come too late once.
    for (let turn = 0; turn < 10; turn++) {
      await null
      coalesce.invalidate('a')
      cache.delete('a')
    }
    await asked
    assert.equal(cache.size, 0)
  })

  it('fails nobody else when one leaves, the first one included', async () => {
    const { coalesce, loads } = rehearsal()
    const first = new AbortController()
    const left = coalesce.ask('a', { signal: first.signal })
    const stayed = coalesce.ask('a')
    first.abort(new Error('The reader left.'))
    await assert.rejects(left, /The reader left/)
    assert.equal(loads[0]?.signal.aborted, false)
    loads[0]?.resolve('rail')
    assert.equal((await stayed).value, 'rail')
  })

  it('stops the load when the last one leaves, and loads afresh for the next', async () => {
    const { coalesce, loads } = rehearsal()
    const readers = [new AbortController(), new AbortController()]
    const asked = readers.map(({ signal }) => coalesce.ask('a', { signal }))
    readers[0]?.abort()
    assert.equal(loads[0]?.signal.aborted, false)
    readers[1]?.abort()
    assert.equal(loads[0]?.signal.aborted, true)
    assert.equal(coalesce.inFlight, 0)
    for (const ask of asked) await assert.rejects(ask, { name: 'AbortError' })
    const next = coalesce.ask('a')
    loads[0]?.reject(new Error('stopped'))
    loads[1]?.resolve('rail')
    assert.equal((await next).value, 'rail')
  })

  it('lets one who has no more time go, and stops the load when he was the last', async () => {
    await leavesNothingBehind(async () => {
      const { coalesce, clock, loads } = rehearsal()
      const short = coalesce.ask('a', { budgetMs: 10 })
      const long = coalesce.ask('a', { budgetMs: 20 })
      clock.advance(10)
      await assert.rejects(short, DeadlineExceededError)
      assert.equal(loads[0]?.signal.aborted, false)
      clock.advance(10)
      await assert.rejects(long, DeadlineExceededError)
      assert.equal(loads[0]?.signal.aborted, true)
      assert.equal(coalesce.inFlight, 0)
      assert.equal(clock.pending, 0)
    })
  })

  it('does not begin for one who has no time at all', async () => {
    const { coalesce, loads } = rehearsal()
    await assert.rejects(coalesce.ask('a', { budgetMs: 0 }), DeadlineExceededError)
    assert.equal(loads.length, 0)
  })

  it('loads nothing for one who has left already', async () => {
    const { coalesce, loads } = rehearsal()
    await assert.rejects(coalesce.ask('a', { signal: AbortSignal.abort(new Error('left')) }), /left/)
    assert.equal(loads.length, 0)
  })

  it('frees the key when a load hangs', async () => {
    const { coalesce, clock, loads } = rehearsal()
    const asked = coalesce.ask('a')
    clock.advance(loadBudgetMs)
    await assert.rejects(asked, DeadlineExceededError)
    assert.equal(loads[0]?.signal.aborted, true)
    const next = coalesce.ask('a')
    loads[1]?.resolve('rail')
    assert.equal((await next).value, 'rail')
  })

  it('refuses what would be one load too many, and nobody who joins one', async () => {
    const { coalesce, loads } = rehearsal({ loadsMax: 2 })
    const asked = [coalesce.ask('a'), coalesce.ask('b'), coalesce.ask('a')]
    await assert.rejects(coalesce.ask('c'), OverloadedError)
    coalesce.invalidate('a')
    await assert.rejects(coalesce.ask('a'), OverloadedError, 'An overtaken load is in flight still.')
    for (const load of loads) load.resolve('x')
    await Promise.all(asked)
    assert.equal(coalesce.inFlight, 0)
  })

  it('fails its askers when the load throws at once, or the cache does', async () => {
    await leavesNothingBehind(async () => {
      const clock = fakeClock()
      const throwing = () => {
        throw new Error('at once')
      }
      const options = { clock, what: 'Rails', loadBudgetMs, loadsMax: 1 }
      await assert.rejects(new Coalesce<string>(throwing, options).ask('a'), /at once/)
      const coalesce = new Coalesce(async () => 'rail', { ...options, onLoaded: throwing })
      await assert.rejects(coalesce.ask('a'), /at once/)
      assert.equal(coalesce.inFlight, 0)
    })
  })

  it('holds its promises in 10,000 orders of asking, leaving, invalidating, loading, failing and hanging', async () => {
    const counts = await playInThread(new URL('./schedules/coalesce.ts', import.meta.url))
    // Or else the orders did not reach what they are here for.
    for (const [name, count] of Object.entries(counts)) assert.ok(count > 100, `${name}: ${count}`)
  })
})

function rehearsal(options: Partial<CoalesceOptions<string>> = {}) {
  const clock = fakeClock()
  const loads: Array<{ signal: AbortSignal; resolve: (value: string) => void; reject: (reason: unknown) => void }> = []
  const load = (_key: string, signal: AbortSignal) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    loads.push({ signal, resolve, reject })
    return promise
  }
  return {
    clock,
    loads,
    coalesce: new Coalesce(load, { clock, what: 'Rails', loadBudgetMs, loadsMax: 10, ...options }),
  }
}
