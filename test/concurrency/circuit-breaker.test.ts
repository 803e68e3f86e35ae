import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, it } from 'node:test'
import {
  CircuitBreaker,
  type CircuitBreakerEvent,
  type CircuitBreakerOptions,
  CircuitOpenError,
} from '../../src/concurrency/circuit-breaker.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { playInThread } from './support/play-schedules.ts'

describe('a circuit breaker', () => {
  it('lets calls pass, and their results and failures', async () => {
    const { breaker } = rehearsal()
    assert.equal(await breaker.run(async () => 'rail'), 'rail')
    await assert.rejects(breaker.run(wrong), /wrong/)
    assert.equal(breaker.state, 'closed')
  })

  it('opens on five failures in a row, and calls nothing then', async () => {
    const { breaker } = rehearsal()
    await fail(breaker, 4)
    await breaker.run(well)
    await fail(breaker, 4)
    assert.equal(breaker.state, 'closed')
    await fail(breaker, 1)
    assert.equal(breaker.state, 'open')
    let called = false
    const refused = breaker.run(async () => {
      called = true
    })
    await assert.rejects(refused, CircuitOpenError)
    assert.equal(called, false)
  })

  it('opens when half of at least 20 calls failed', async () => {
    const { breaker } = rehearsal()
    for (let pair = 0; pair < 9; pair++) {
      await breaker.run(well)
      await fail(breaker, 1)
    }
    await breaker.run(well)
    assert.equal(breaker.state, 'closed', '9 of 19')
    await fail(breaker, 1)
    assert.equal(breaker.state, 'open', '10 of 20')
  })

  it('stays closed when fewer than half failed, however many', async () => {
    const { breaker } = rehearsal()
    for (let round = 0; round < 100; round++) {
      await breaker.run(well)
      await breaker.run(well)
      await fail(breaker, 1)
    }
    assert.equal(breaker.state, 'closed')
  })

  it('forgets what happened longer than its window ago', async () => {
    const { breaker, clock } = rehearsal()
    for (let pair = 0; pair < 9; pair++) {
      await breaker.run(well)
      await fail(breaker, 1)
    }
    clock.advance(11_000)
    await breaker.run(well)
    await fail(breaker, 1)
    assert.equal(breaker.state, 'closed')
  })

  it('does not count a call whose caller left, nor what is said to be no failure', async () => {
    const { breaker } = rehearsal({ isFailure: (error) => !(error instanceof RangeError) })
    const left = AbortSignal.abort()
    for (let call = 0; call < 10; call++) {
      await assert.rejects(breaker.run(wrong, { signal: left }))
      await assert.rejects(breaker.run(() => Promise.reject(new RangeError('The asker asks for too much.'))))
    }
    assert.equal(breaker.state, 'closed')
    await fail(breaker, 5)
    assert.equal(breaker.state, 'open')
  })

  it('counts work that throws before it has given a promise', async () => {
    const { breaker } = rehearsal()
    const throwing = () => {
      throw new Error('at once')
    }
    for (let call = 0; call < 5; call++) await assert.rejects(breaker.run(throwing), /at once/)
    assert.equal(breaker.state, 'open')
  })

  it('closes by probes in the background, and no reader is tried with', async () => {
    const { breaker, clock, events, probes } = rehearsal()
    await fail(breaker, 5)
    await clock.advanceAndSettle(499)
    assert.equal(probes.length, 0)
    await clock.advanceAndSettle(1)
    assert.equal(breaker.state, 'probing')
    assert.equal(probes.length, 1)
    await assert.rejects(breaker.run(well), CircuitOpenError)
    probes[0]?.resolve()
    await clock.advanceAndSettle(124)
    assert.equal(probes.length, 1)
    await clock.advanceAndSettle(1)
    assert.equal(probes.length, 2, 'One success may be luck.')
    assert.equal(breaker.state, 'probing')
    probes[1]?.resolve()
    await clock.advanceAndSettle(0)
    assert.equal(breaker.state, 'closed')
    assert.equal(await breaker.run(async () => 'rail'), 'rail')
    assert.deepEqual(
      events.map((event) => event.became),
      ['open', 'probing', 'closed'],
    )
    assert.equal(clock.pending, 0)
  })

  it('closes within a quarter of a second of the return of what was down, however long and however often it was', async () => {
    const { breaker, clock, events, probes } = rehearsal()
    for (let outage = 0; outage < 3; outage++) {
      await fail(breaker, 5)
      await clock.advanceAndSettle(500)
      for (let round = 0; round < 20; round++) {
        probes.at(-1)?.reject(new Error('not yet'))
        await clock.advanceAndSettle(0)
        await clock.advanceAndSettle(125)
      }
      assert.equal(breaker.state, 'probing')
      probes.at(-1)?.resolve()
      await clock.advanceAndSettle(125)
      probes.at(-1)?.resolve()
      await clock.advanceAndSettle(0)
      assert.equal(breaker.state, 'closed')
    }
    assert.deepEqual(new Set(openings(events)), new Set([500, 125]))
  })

  it('opens for twice as long each time that calls fail soon after probes went well, up to eight seconds', async () => {
    const { breaker, clock, events } = rehearsal({ probe: async () => {} })
    for (let round = 0; round < 7; round++) {
      await fail(breaker, 5)
      await clock.advanceAndSettle((openings(events).at(-1) ?? 0) + 125)
      assert.equal(breaker.state, 'closed')
    }
    assert.deepEqual(openings(events), [500, 1000, 2000, 4000, 8000, 8000, 8000])
  })

  it('takes a probe that hangs for one that failed, and stops it', async () => {
    const { breaker, clock, events, probes } = rehearsal()
    await fail(breaker, 5)
    await clock.advanceAndSettle(500)
    assert.equal(probes[0]?.signal.aborted, false)
    await clock.advanceAndSettle(250)
    assert.equal(probes[0]?.signal.aborted, true)
    assert.equal(breaker.state, 'open')
    assert.deepEqual(openings(events), [500, 125])
  })

  it('opens for longer when it opens again soon, and for half a second when it was closed for its whole window', async () => {
    const { breaker, clock, events } = rehearsal({ probe: async () => {} })
    await fail(breaker, 5)
    await clock.advanceAndSettle(2000)
    await fail(breaker, 5)
    await clock.advanceAndSettle(2000)
    assert.equal(breaker.state, 'closed')
    await clock.advanceAndSettle(10_000)
    await fail(breaker, 5)
    assert.deepEqual(openings(events), [500, 1000, 500])
  })

  it('opens for up to a fifth less or more by chance', async () => {
    for (const [chance, forMs] of [
      [0, 400],
      [0.999999, 599.9998],
    ] as const) {
      const { breaker, events } = rehearsal({ random: () => chance })
      await fail(breaker, 5)
      assert.ok(Math.abs((openings(events)[0] ?? 0) - forMs) < 0.001)
    }
  })

  it('is not told by a call from before it opened how things are after', async () => {
    const { breaker, clock } = rehearsal({ probe: async () => {} })
    const old = Array.from({ length: 10 }, () => Promise.withResolvers<never>())
    const oldCalls = old.map(({ promise }) => breaker.run(() => promise))
    await fail(breaker, 5)
    await clock.advanceAndSettle(2000)
    assert.equal(breaker.state, 'closed')
    for (const { reject } of old) reject(new Error('from before'))
    await Promise.allSettled(oldCalls)
    assert.equal(breaker.state, 'closed')
  })

  it('never opens while it is held closed', async () => {
    const { breaker, clock, events } = rehearsal({ heldClosed: true })
    await fail(breaker, 100)
    assert.equal(breaker.state, 'closed')
    assert.equal(await breaker.run(async () => 'rail'), 'rail')
    assert.deepEqual(events, [])
    assert.equal(clock.pending, 0)
  })

  it('ends its timer and its probe when it is disposed of, and starts no other', async () => {
    const { breaker, clock, probes } = rehearsal()
    await fail(breaker, 5)
    breaker[Symbol.dispose]()
    assert.equal(clock.pending, 0)

    const second = rehearsal()
    await fail(second.breaker, 5)
    await second.clock.advanceAndSettle(500)
    second.breaker[Symbol.dispose]()
    await second.clock.advanceAndSettle(10_000)
    assert.equal(second.probes[0]?.signal.aborted, true)
    assert.equal(second.probes.length, 1)
    assert.equal(second.clock.pending, 0)
    assert.equal(probes.length, 0)
    for (const { signal } of second.probes) assert.equal(getEventListeners(signal, 'abort').length, 0)
  })

  it('calls nothing while open and always probes again, in 10,000 orders of calls, probes and time', async () => {
    const counts = await playInThread(new URL('./schedules/circuit-breaker.ts', import.meta.url))
    // Or else the orders did not reach what they are here for.
    for (const [name, count] of Object.entries(counts)) assert.ok(count > 100, `${name}: ${count}`)
  })
})

function rehearsal(options: Partial<CircuitBreakerOptions> = {}) {
  const clock = fakeClock()
  const events: CircuitBreakerEvent[] = []
  const probes: Array<{ signal: AbortSignal; resolve: () => void; reject: (reason: unknown) => void }> = []
  const probe = (signal: AbortSignal) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    probes.push({ signal, resolve, reject })
    return promise
  }
  const onEvent = (event: CircuitBreakerEvent) => events.push(event)
  const breaker = new CircuitBreaker({ name: 'The store', clock, random: () => 0.5, probe, onEvent, ...options })
  return { breaker, clock, events, probes }
}

async function well(): Promise<void> {}

async function wrong(): Promise<never> {
  throw new Error('wrong')
}

async function fail(breaker: CircuitBreaker, times: number): Promise<void> {
  for (let call = 0; call < times; call++) await assert.rejects(breaker.run(wrong), /wrong/)
}

function openings(events: readonly CircuitBreakerEvent[]): number[] {
  return events.flatMap((event) => (event.became === 'open' ? [event.forMs] : []))
}
