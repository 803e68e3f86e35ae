import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { mapConcurrent } from '../../src/concurrency/map-concurrent.ts'
import { leavesNothingBehind } from '../support/leak-check.ts'

describe('a concurrent map', () => {
  it('gives the results in the order of the items, and never has more at work than it may, in any order of completion', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.nat(), { maxLength: 6 }),
        fc.integer({ min: 1, max: 4 }),
        fc.boolean(),
        async (s, items, concurrency, isAsync) => {
          let atWork = 0
          const work = async (item: number) => {
            atWork++
            assert.ok(atWork <= concurrency)
            await s.schedule(Promise.resolve())
            atWork--
            return item + 1
          }
          const source = isAsync ? asAsync(items) : items
          const results = await s.waitFor(Array.fromAsync(mapConcurrent(source, work, { concurrency })))
          assert.deepEqual(
            results,
            items.map((item) => item + 1),
          )
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('has as many at work as it may', async () => {
    let atWork = 0
    let atWorkMax = 0
    const work = async (item: number) => {
      atWorkMax = Math.max(atWorkMax, ++atWork)
      await nextTurn()
      atWork--
      return item
    }
    await Array.fromAsync(mapConcurrent(upTo(20), work, { concurrency: 4 }))
    assert.equal(atWorkMax, 4)
  })

  it('reads an endless source no further ahead of its consumer than it may', async () => {
    let read = 0
    function* endless() {
      while (read < 1000) yield read++
      assert.fail('read on and on')
    }
    const results = mapConcurrent(endless(), async (item) => item, { concurrency: 3 })
    await results.next()
    await nextTurn()
    assert.equal(read, 4)
    await results.return()
  })

  it('ends with the first failure at once, tells the others to stop, and closes the source', async () => {
    await leavesNothingBehind(async () => {
      const source = closable(upTo(10))
      const told: AbortSignal[] = []
      const work = async (item: number, signal: AbortSignal) => {
        told.push(signal)
        if (item === 2) throw new Error('item 2')
        // The others fail as well, later, and in vain.
        await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))))
      }
      await assert.rejects(Array.fromAsync(mapConcurrent(source, work, { concurrency: 3 })), /item 2/)
      assert.equal(told.length, 3)
      assert.ok(told.every((signal) => signal.aborted))
      assert.equal(source.closed, true)
    })
  })

  it('tells the others to stop as soon as one fails, though its consumer is busy with an earlier result', async () => {
    const told: AbortSignal[] = []
    const second = Promise.withResolvers<never>()
    const work = async (item: number, signal: AbortSignal) => {
      told[item] = signal
      return item === 0 ? item : second.promise
    }
    const results = mapConcurrent(upTo(3), work, { concurrency: 3 })
    assert.deepEqual(await results.next(), { value: 0, done: false })
    second.reject(new Error('item 1'))
    await nextTurn()
    assert.equal(told[2]?.aborted, true)
    await assert.rejects(results.next(), /item 1/)
  })

  it('fails with the failure of its source', async () => {
    async function* broken() {
      yield 1
      throw new Error('The feed broke off.')
    }
    await assert.rejects(
      Array.fromAsync(mapConcurrent(broken(), async (item) => item, { concurrency: 2 })),
      /broke off/,
    )
  })

  it('fails when the work throws before it has given a promise', async () => {
    const work = () => {
      throw new Error('at once')
    }
    await assert.rejects(Array.fromAsync(mapConcurrent([1, 2], work, { concurrency: 2 })), /at once/)
  })

  it('stops when its caller leaves, even while work or source hang', async () => {
    for (const source of [upTo(3), hanging()]) {
      const caller = new AbortController()
      const { signal } = caller
      const results = Array.fromAsync(mapConcurrent(source, () => new Promise(() => {}), { concurrency: 2, signal }))
      await nextTurn()
      caller.abort(new Error('The editor pressed Ctrl+C.'))
      await assert.rejects(results, /Ctrl\+C/)
      assert.equal(getEventListeners(signal, 'abort').length, 0)
    }
  })

  it('begins nothing for a caller who has left', async () => {
    let begun = 0
    const work = async () => ++begun
    const signal = AbortSignal.abort(new Error('left'))
    await assert.rejects(Array.fromAsync(mapConcurrent([1], work, { concurrency: 1, signal })), /left/)
    assert.equal(begun, 0)
  })

  it('stops what is at work and closes the source when the loop is left early', async () => {
    const source = closable(upTo(10))
    const told: AbortSignal[] = []
    const caller = new AbortController()
    const work = async (item: number, signal: AbortSignal) => {
      told[item] = signal
      return item === 0 ? item : new Promise<number>(() => {})
    }
    for await (const first of mapConcurrent(source, work, { concurrency: 3, signal: caller.signal })) {
      assert.equal(first, 0)
      break
    }
    assert.ok(told.length >= 3 && told.every((signal) => signal.aborted))
    assert.equal(source.closed, true)
    assert.equal(getEventListeners(caller.signal, 'abort').length, 0)
  })

  it('leaves the signal of work silent after a full run, and no listener behind', async () => {
    const caller = new AbortController()
    const told: AbortSignal[] = []
    const work = async (item: number, signal: AbortSignal) => {
      told.push(signal)
      return item
    }
    await Array.fromAsync(mapConcurrent(upTo(5), work, { concurrency: 2, signal: caller.signal }))
    assert.ok(told.every((signal) => !signal.aborted))
    assert.equal(getEventListeners(caller.signal, 'abort').length, 0)
  })

  it('refuses a bound that is none', async () => {
    for (const concurrency of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      await assert.rejects(Array.fromAsync(mapConcurrent([], async () => {}, { concurrency })), RangeError)
    }
  })
})

function* upTo(count: number) {
  for (let item = 0; item < count; item++) yield item
}

async function* asAsync<Item>(items: Iterable<Item>) {
  yield* items
}

async function* hanging(): AsyncGenerator<number> {
  await new Promise(() => {})
}

function closable<Item>(items: Iterable<Item>) {
  const result = {
    closed: false,
    *[Symbol.iterator]() {
      try {
        yield* items
      } finally {
        result.closed = true
      }
    },
  }
  return result
}
