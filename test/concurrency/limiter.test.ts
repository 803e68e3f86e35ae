import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Importance, Limiter, type LimiterSettings } from '../../src/concurrency/limiter.ts'
import { OverloadedError } from '../../src/errors.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { playInThread } from './support/play-schedules.ts'
import { simulateLoad } from './support/simulate-load.ts'

describe('a limiter', () => {
  it('lets as many run at a time as its limit, and the next when one has ended', async () => {
    const { limiter, ask } = rehearsal({ limitFirst: 2 })
    const [first, , third] = [await ask('essential'), await ask('essential'), ask('essential')]
    assert.deepEqual([limiter.running, limiter.waiting], [2, 1])
    first.release()
    await third
    assert.deepEqual([limiter.running, limiter.waiting], [2, 0])
  })

  it('takes a permit back once, however often it is released', async () => {
    const { limiter, ask } = rehearsal({ limitFirst: 2 })
    const permit = await ask('essential')
    await ask('essential')
    permit.release()
    permit.release()
    permit[Symbol.dispose]()
    assert.equal(limiter.running, 1)
  })

  it('takes a permit back when the work fails, also at once', async () => {
    const { limiter } = rehearsal({})
    const throwing = () => {
      throw new Error('at once')
    }
    await assert.rejects(limiter.run(throwing, { importance: 'essential' }), /at once/)
    await assert.rejects(
      limiter.run(() => Promise.reject(new Error('later')), { importance: 'essential' }),
      /later/,
    )
    assert.equal(await limiter.run(async () => 'rail', { importance: 'bonus' }), 'rail')
    assert.equal(limiter.running, 0)
  })

  it('keeps room for what is more important', async () => {
    const { limiter, ask } = rehearsal({ limitFirst: 10 })
    for (const [importance, runsUpTo] of [
      ['background', 5],
      ['bonus', 8],
      ['essential', 10],
    ] as const) {
      for (let more = runsUpTo - limiter.running; more > 0; more--) await ask(importance)
      ask(importance).catch(() => {})
      assert.equal(limiter.running, runsUpTo, importance)
    }
    assert.equal(limiter.waiting, 3)
  })

  it('serves the most important first', async () => {
    const { ask } = rehearsal({ limitFirst: 1 })
    const running = await ask('essential')
    const served: Importance[] = []
    for (const importance of ['background', 'bonus', 'essential', 'bonus'] as const) {
      void ask(importance).then((permit) => {
        served.push(importance)
        permit.release()
      })
    }
    running.release()
    await nextTurn()
    assert.deepEqual(served, ['essential', 'bonus', 'bonus', 'background'])
  })

  it('sheds the oldest of the least important when too many wait, and never what is more important than the newcomer', async () => {
    const { limiter, ask } = rehearsal({ limitFirst: 1, waitingMax: 2 })
    await ask('essential')
    const fates: string[] = []
    const waits = (importance: Importance, name: string) =>
      ask(importance).then(
        () => fates.push(`${name} served`),
        () => fates.push(`${name} shed`),
      )
    void waits('background', 'refresh')
    void waits('bonus', 'rail')
    void waits('essential', 'article 1')
    await nextTurn()
    assert.deepEqual(fates, ['refresh shed'])
    void waits('essential', 'article 2')
    await nextTurn()
    assert.deepEqual(fates, ['refresh shed', 'rail shed'])
    void waits('bonus', 'another rail')
    await nextTurn()
    assert.deepEqual(fates, ['refresh shed', 'rail shed', 'another rail shed'])
    void waits('essential', 'article 3')
    await nextTurn()
    assert.deepEqual(fates.slice(3), ['article 1 shed'])
    assert.equal(limiter.waiting, 2)
  })

  it('sheds at once when nobody may wait', async () => {
    const { ask } = rehearsal({ limitFirst: 1, waitingMax: 0 })
    await ask('essential')
    await assert.rejects(ask('essential'), (error) => {
      assert.ok(error instanceof OverloadedError)
      assert.equal(error.retryAfterMs, 2000)
      assert.ok(new Error('an error after it').stack?.includes('\n'), 'other errors keep their stacks')
      return true
    })
  })

  it('refuses after 100 ms what could not be served, and after 5 ms while that lasts', async () => {
    const { clock, ask } = rehearsal({ limitFirst: 1 })
    await ask('essential')
    const refusedAfter = async (asked: Promise<unknown>) => {
      const askedAt = clock.monotonicMs()
      let refused = false
      asked.catch(() => {
        refused = true
      })
      while (!refused && clock.monotonicMs() < askedAt + 1000) await clock.advanceAndSettle(1)
      return clock.monotonicMs() - askedAt
    }
    assert.equal(await refusedAfter(ask('essential')), 100)
    assert.equal(await refusedAfter(ask('essential')), 5)
    assert.equal(await refusedAfter(ask('essential')), 5)
    await clock.advanceAndSettle(100)
    assert.equal(await refusedAfter(ask('essential')), 100)
  })

  it('refuses each in its own time', async () => {
    const { clock, ask } = rehearsal({ limitFirst: 1 })
    await ask('essential')
    const refused: string[] = []
    ask('essential').catch(() => refused.push('first'))
    await clock.advanceAndSettle(98)
    ask('essential').catch(() => refused.push('second'))
    await clock.advanceAndSettle(2)
    assert.deepEqual(refused, ['first'])
    await clock.advanceAndSettle(3)
    assert.deepEqual(refused, ['first', 'second'])
    assert.equal(clock.pending, 0)
  })

  it('lets who leaves go, and does not serve them', async () => {
    const { clock, limiter, ask } = rehearsal({ limitFirst: 1 })
    const running = await ask('essential')
    const reader = new AbortController()
    const left = ask('essential', reader.signal)
    const stayed = ask('essential')
    reader.abort(new Error('left'))
    await assert.rejects(left, /left/)
    assert.equal(limiter.waiting, 1)
    running.release()
    await stayed
    assert.equal(limiter.running, 1)
    assert.equal(clock.pending, 0)
    await assert.rejects(ask('essential', reader.signal), /left/)
  })

  it('refuses at the door, while it is crowded, whoever could not be served in time', async () => {
    const { clock, limiter, ask } = rehearsal({ limitFirst: 2, targetMs: 5, intervalMs: 100 })
    const running = [await ask('essential'), await ask('essential')]
    const waiting = Array.from({ length: 3 }, () => ask('essential'))
    for (const promise of waiting) promise.catch(() => {})
    assert.equal(limiter.refusesNow('essential'), false, 'a burst may be passing')
    clock.advance(100)
    // Calls take 100 ms, so that within 5 ms not even one is served.
    running[0]?.release()
    await ask('essential')
    void ask('essential').catch(() => {})
    assert.equal(limiter.isCrowded('essential'), true)
    assert.equal(limiter.refusesNow('essential'), true)
    assert.equal(limiter.refusesNow('bonus'), false, 'each line has a door of its own')
    await assert.rejects(ask('essential'), OverloadedError)
    assert.equal(limiter.waiting, 1)
    clock.advance(5)
    assert.equal(limiter.refusesNow('essential'), false, 'nobody waits any more')
  })

  it('leaves no listener behind on who was served, shed or let in at once', async () => {
    const { clock, ask } = rehearsal({ limitFirst: 1 })
    const reader = new AbortController()
    const running = await ask('essential', reader.signal)
    const served = ask('essential', reader.signal)
    const shed = ask('essential', reader.signal)
    running.release()
    await served
    clock.advance(100)
    await assert.rejects(shed, OverloadedError)
    assert.equal(getEventListeners(reader.signal, 'abort').length, 0)
    assert.equal(clock.pending, 0)
  })

  it('settles at what can run at a time and serves all that can be served, under five times as much', async () => {
    const load = { atATime: 8, takesMs: 20, durations: 'even', perSecond: 2000, forMs: 8000 } as const
    const { goodput, limit, servedMs, refusedMs } = await simulateLoad(load)
    assert.ok(goodput >= 0.98, `${goodput} of what can be served`)
    assert.ok(limit >= 8 && limit <= 20, `a limit of ${limit}`)
    // The first of them came before the limit had settled.
    assert.ok(servedMs(0.95) <= 60, `95 of 100 within ${servedMs(0.95)} ms`)
    assert.ok(refusedMs(0.95) <= 6, `95 of 100 refused within ${refusedMs(0.95)} ms`)
  })

  it('does so when the durations vary, and for a store that does two at a time', async () => {
    const varying = await simulateLoad({ atATime: 8, takesMs: 20, durations: 'chance', perSecond: 2000, forMs: 5000 })
    assert.ok(varying.goodput >= 0.95 && varying.servedMs(0.99) <= 200)
    const small = await simulateLoad({ atATime: 2, takesMs: 50, durations: 'chance', perSecond: 200, forMs: 30_000 })
    assert.ok(small.goodput >= 0.95 && small.servedMs(0.99) <= 800)
  })

  it('refuses nobody when all can be served, and learns that more can run', async () => {
    const settings = { limitFirst: 60 }
    const load = { atATime: 100, takesMs: 20, durations: 'even', perSecond: 2000, forMs: 4000, settings } as const
    const { refused, limit } = await simulateLoad(load)
    assert.equal(refused, 0)
    assert.ok(limit > 60, `a limit of ${limit}`)
  })

  it('never exceeds its limit, loses no place and keeps the order of importance, in 10,000 orders', async () => {
    const counts = await playInThread(new URL('./schedules/limiter.ts', import.meta.url))
    // Or else the orders did not reach what they are here for.
    for (const [name, count] of Object.entries(counts)) assert.ok(count > 100, `${name}: ${count}`)
  })
})

function rehearsal(settings: Partial<LimiterSettings>) {
  const clock = fakeClock()
  const limiter = new Limiter({ what: 'The store', clock, random: () => 0.5, settings })
  const ask = (importance: Importance, signal?: AbortSignal) => limiter.acquire({ importance, signal })
  return { clock, limiter, ask }
}
