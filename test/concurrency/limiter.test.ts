import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Importance, Limiter, type LimiterSettings, type Permit } from '../../src/concurrency/limiter.ts'
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

  it('refuses who waits when it was served from for 100 ms without an end, and after 5 ms while that lasts', async () => {
    const { clock, limiter, crowd } = rehearsal({ limitFirst: 1 })
    const refused = await crowd()
    assert.equal(clock.monotonicMs(), 100)
    assert.equal(refused(), 3)
    assert.equal(limiter.waiting, 0)
    const refusedAfter = async (asked: Promise<unknown>) => {
      const askedAt = clock.monotonicMs()
      let isRefused = false
      asked.catch(() => {
        isRefused = true
      })
      while (!isRefused && clock.monotonicMs() < askedAt + 1000) await clock.advanceAndSettle(1)
      return clock.monotonicMs() - askedAt
    }
    const ask = () => limiter.acquire({ importance: 'essential' })
    assert.equal(await refusedAfter(ask()), 5)
    assert.equal(await refusedAfter(ask()), 5)
    assert.equal(clock.pending, 0)
    await clock.advanceAndSettle(100)
    assert.equal(await refusedAfter(ask()), 1000, 'the crowd is gone, and nothing is served at all')
  })

  it('refuses nobody while what it serves stands still: who waits then is served in moments when it goes on', async () => {
    const { clock, ask } = rehearsal({ limitFirst: 1 })
    const running = await ask('essential')
    const waiting = Array.from({ length: 50 }, () => ask('essential'))
    await clock.advanceAndSettle(700)
    running.release()
    for (const one of waiting) {
      const permit = await one
      await clock.advanceAndSettle(1)
      permit.release()
    }
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
    const { clock, limiter, ask, crowd } = rehearsal({ limitFirst: 1 })
    assert.equal(limiter.refusesNow('essential'), false)
    await crowd()
    // Calls take 10 ms, so that within 5 ms one is served at most.
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
    const { clock, ask, crowd } = rehearsal({ limitFirst: 1 })
    const reader = new AbortController()
    const refused = await crowd(reader.signal)
    assert.equal(refused(), 3)
    const shed = ask('essential', reader.signal)
    clock.advance(5)
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
  /**
   * Twelve ask at once where one may run, and each runs for 10 ms: 100 ms later the three last are refused, since more come
   * than can be served. Gives how many were refused; one still runs.
   */
  const crowd = async (signal?: AbortSignal) => {
    let refused = 0
    let running = await ask('essential', signal)
    const takeOver = (permit: Permit) => {
      running = permit
    }
    for (let number = 0; number < 12; number++) ask('essential', signal).then(takeOver, () => refused++)
    for (let atMs = 10; atMs <= 100; atMs += 10) {
      await clock.advanceAndSettle(10)
      if (atMs < 100) running.release()
    }
    return () => refused
  }
  return { clock, limiter, ask, crowd }
}
