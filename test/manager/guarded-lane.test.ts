import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, it } from 'node:test'
import { RetryBudget } from '../../src/concurrency/retry-budget.ts'
import { DeadlineExceededError, InvalidRequestError, OverloadedError, StoreUnavailableError } from '../../src/errors.ts'
import { subscribe } from '../../src/events.ts'
import { burstMsMax, GuardedLane, type GuardedLaneOptions } from '../../src/manager/guarded-lane.ts'
import { playInThread } from '../concurrency/support/play-schedules.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { leavesNothingBehind } from '../support/leak-check.ts'
import { hang } from './scripted-store.ts'

const attemptMs = 400
const burstMs = burstMsMax.article
const essential = { importance: 'essential' } as const

function rehearsal(options: Partial<GuardedLaneOptions> = {}) {
  const clock = fakeClock()
  const probes = { made: 0, go: () => Promise.resolve() as Promise<unknown> }
  const lane = new GuardedLane({
    name: 'article',
    clock,
    random: () => 0.5,
    atATimeMax: 64,
    attemptMs,
    retries: new RetryBudget(),
    probe: () => {
      probes.made++
      return probes.go()
    },
    heldClosed: false,
    ...options,
  })
  const settle = () => clock.advanceAndSettle(0)
  return { lane, clock, probes, settle }
}

const away = () => Promise.reject(new StoreUnavailableError('away'))

/** Five failures in a row, each of them tried once more where that is allowed. */
async function openTheBreaker(lane: GuardedLane): Promise<void> {
  for (let n = 0; n < 5; n++) await assert.rejects(lane.read(away, essential), StoreUnavailableError)
}

/** Fills the lane with reads that hang, one more than it lets through; gives how many there are. */
function fill(lane: GuardedLane, importance: 'background' | 'bonus' | 'essential'): { running: () => number } {
  let running = 0
  for (let n = 0; n < 100; n++) {
    const work = () => {
      running++
      return hang<void>()
    }
    lane.read(work, { importance }).catch(() => {})
  }
  return { running: () => running }
}

describe('a guarded lane', () => {
  it('gives what is read, and leaves nothing behind', () =>
    leavesNothingBehind(async () => {
      const { lane, clock } = rehearsal()
      const reader = new AbortController()
      assert.equal(await lane.read(async () => 'text', { ...essential, signal: reader.signal }), 'text')
      assert.equal(clock.pending, 0)
      assert.equal(getEventListeners(reader.signal, 'abort').length, 0)
    }))

  it('ends an attempt that takes longer than it may, and tells it to stop', async () => {
    const { lane, clock } = rehearsal()
    let stop: AbortSignal | null = null
    const reading = lane.read((signal) => {
      stop = signal
      return hang()
    }, essential)
    const rejected = assert.rejects(reading, DeadlineExceededError)
    await clock.advanceAndSettle(attemptMs)
    await rejected
    assert.equal((stop as AbortSignal | null)?.aborted, true)
    assert.equal(clock.pending, 0)
  })

  it('lets no more through than it may at a time, and the rest wait for as long as a burst may last', async () => {
    const { lane, clock } = rehearsal({ atATimeMax: 3 })
    const { running } = fill(lane, 'essential')
    await clock.advanceAndSettle(0)
    assert.equal(running(), 3)
    const last = lane.read(async () => 'text', essential)
    const rejected = assert.rejects(last, OverloadedError)
    await clock.advanceAndSettle(burstMs)
    await rejected
    await clock.advanceAndSettle(attemptMs)
    assert.equal(clock.pending, 0)
  })

  it('rejects with the reason of a reader who leaves while waiting for room, and while reading', async () => {
    const { lane, clock, settle } = rehearsal({ atATimeMax: 1 })
    const readers = [new AbortController(), new AbortController()]
    const readings = readers.map(({ signal }) => lane.read(() => hang(), { ...essential, signal }))
    await settle()
    for (const [n, reader] of readers.entries()) reader.abort(new Error(`reader ${n} left`))
    await assert.rejects(readings[0] as Promise<unknown>, /reader 0 left/)
    await assert.rejects(readings[1] as Promise<unknown>, /reader 1 left/)
    for (const { signal } of readers) assert.equal(getEventListeners(signal, 'abort').length, 0)
    assert.equal(clock.pending, 0)
    assert.equal(await lane.read(async () => 'room again', essential), 'room again')
  })
})

describe('the breaker of a lane', () => {
  it('comes first: while it is open nothing is read, and nobody is told of overload', async () => {
    const { lane } = rehearsal({ retries: null })
    await openTheBreaker(lane)
    let read = false
    const reading = lane.read(async () => {
      read = true
    }, essential)
    await assert.rejects(reading, (error: unknown) => {
      assert.ok(error instanceof StoreUnavailableError)
      assert.match(error.message, /is not called while it keeps failing/)
      return true
    })
    assert.equal(read, false)
    lane[Symbol.dispose]()
  })

  it('closes by its probes, of which no reader is one', async () => {
    const { lane, clock, probes } = rehearsal({ retries: null })
    await openTheBreaker(lane)
    await clock.advanceAndSettle(500)
    assert.equal(probes.made, 1)
    await assert.rejects(
      lane.read(async () => 'text', essential),
      StoreUnavailableError,
    )
    await clock.advanceAndSettle(250)
    assert.equal(await lane.read(async () => 'text', essential), 'text')
    assert.equal(clock.pending, 0)
  })

  it('is told of in events, with why it opened', async () => {
    const heard: unknown[] = []
    const stop = subscribe('breaker-changed', (event) => heard.push(event))
    const { lane, clock } = rehearsal({ retries: null })
    await openTheBreaker(lane)
    await clock.advanceAndSettle(750)
    stop()
    assert.deepEqual(heard, [
      { lane: 'article', became: 'open', forMs: 500, because: 'failures-in-row' },
      { lane: 'article', became: 'probing' },
      { lane: 'article', became: 'closed' },
    ])
  })

  const noFailures: ReadonlyArray<readonly [string, () => Promise<never>]> = [
    ['what the store refuses for want of room', () => Promise.reject(new OverloadedError('full'))],
    ['what was asked wrongly', () => Promise.reject(new InvalidRequestError('wrong', []))],
  ]
  for (const [what, work] of noFailures) {
    it(`does not count ${what}`, async () => {
      const { lane } = rehearsal()
      for (let n = 0; n < 30; n++) await assert.rejects(lane.read(work, essential))
      assert.equal(await lane.read(async () => 'text', essential), 'text')
    })
  }

  it('does not count what the lane itself refuses for want of room', async () => {
    const { lane, clock, settle } = rehearsal({ atATimeMax: 1 })
    const reader = new AbortController()
    const holding = lane.read(() => hang(), { ...essential, signal: reader.signal })
    await settle()
    const refused = Array.from({ length: 300 }, () =>
      assert.rejects(
        lane.read(async () => 1, essential),
        OverloadedError,
      ),
    )
    await clock.advanceAndSettle(burstMs)
    await Promise.all(refused)
    reader.abort(new Error('left'))
    await assert.rejects(holding, /left/)
    assert.equal(await lane.read(async () => 'text', essential), 'text')
  })

  it('does not count the reads of readers who left', async () => {
    const { lane, settle } = rehearsal()
    for (let n = 0; n < 30; n++) {
      const reader = new AbortController()
      const reading = lane.read(() => hang(), { ...essential, signal: reader.signal })
      await settle()
      reader.abort(new Error('left'))
      await assert.rejects(reading, /left/)
    }
    assert.equal(await lane.read(async () => 'text', essential), 'text')
  })

  it('counts what hangs', async () => {
    const { lane, clock } = rehearsal()
    const readings = Array.from({ length: 5 }, () => assert.rejects(lane.read(() => hang(), essential)))
    await clock.advanceAndSettle(attemptMs)
    await Promise.all(readings)
    await assert.rejects(
      lane.read(async () => 'text', essential),
      /keeps failing/,
    )
    lane[Symbol.dispose]()
    assert.equal(clock.pending, 0)
  })

  it('never opens when it is held closed', async () => {
    const { lane, clock } = rehearsal({ retries: null, heldClosed: true })
    for (let n = 0; n < 100; n++) await assert.rejects(lane.read(away, essential))
    assert.equal(await lane.read(async () => 'text', essential), 'text')
    assert.equal(clock.pending, 0)
  })
})

describe('a retry', () => {
  /** How often `work` is called until the read is done. */
  async function attempts(lane: GuardedLane, work: () => Promise<unknown>, signal?: AbortSignal): Promise<number> {
    let made = 0
    const count = () => {
      made++
      return work()
    }
    await lane.read(count, { ...essential, signal }).catch(() => {})
    return made
  }

  it('is made once for a read that failed, within the same place in the lane', async () => {
    const { lane } = rehearsal({ atATimeMax: 1 })
    let made = 0
    const work = async () => {
      if (++made === 1) throw new StoreUnavailableError('away')
      return 'text'
    }
    assert.equal(await lane.read(work, essential), 'text')
    assert.equal(made, 2)
    assert.equal(await attempts(lane, away), 2)
  })

  it('is not made in a lane without a budget for it', async () => {
    const { lane } = rehearsal({ retries: null })
    assert.equal(await attempts(lane, away), 1)
  })

  it('is not made when the budget is used up', async () => {
    const { lane } = rehearsal({ retries: new RetryBudget({ percent: 0, retriesMax: 2 }), heldClosed: true })
    const made: number[] = []
    for (let n = 0; n < 4; n++) made.push(await attempts(lane, away))
    assert.deepEqual(made, [2, 2, 1, 1])
  })

  it('is earned by reads that were tried, ten for one', async () => {
    const { lane } = rehearsal({ retries: new RetryBudget({ percent: 10, retriesMax: 1 }), heldClosed: true })
    assert.equal(await attempts(lane, away), 2)
    for (let n = 0; n < 9; n++) await lane.read(async () => 'text', essential)
    assert.equal(await attempts(lane, away), 2, 'the tenth since')
    assert.equal(await attempts(lane, away), 1)
  })

  it('is not earned by reads that were refused', async () => {
    const { lane, clock, settle } = rehearsal({
      retries: new RetryBudget({ percent: 10, retriesMax: 1 }),
      atATimeMax: 1,
      heldClosed: true,
    })
    assert.equal(await attempts(lane, away), 2)
    const reader = new AbortController()
    const holding = assert.rejects(lane.read(() => hang(), { ...essential, signal: reader.signal }))
    await settle()
    const refused = Array.from({ length: 50 }, () =>
      assert.rejects(
        lane.read(async () => 1, essential),
        OverloadedError,
      ),
    )
    await clock.advanceAndSettle(burstMs)
    await Promise.all(refused)
    reader.abort()
    await holding
    assert.equal(await attempts(lane, away), 1)
  })

  it('is not made for what was refused, was late, or went wrong in our own hands', async () => {
    const { lane, clock } = rehearsal()
    assert.equal(await attempts(lane, () => Promise.reject(new OverloadedError('full'))), 1)
    assert.equal(await attempts(lane, () => Promise.reject(new TypeError('a mistake'))), 1)
    const late = attempts(lane, hang)
    await clock.advanceAndSettle(attemptMs)
    assert.equal(await late, 1)
  })

  it('is not made while the breaker is open', async () => {
    const { lane } = rehearsal()
    await openTheBreaker(lane)
    assert.equal(await attempts(lane, away), 0)
    lane[Symbol.dispose]()
  })

  it('is not made for a reader who has left', async () => {
    const { lane } = rehearsal()
    const reader = new AbortController()
    const work = () => {
      reader.abort(new Error('left'))
      return away()
    }
    assert.equal(await attempts(lane, work, reader.signal), 1)
  })

  it('has an attempt of its own to be made in, and no more', async () => {
    const { lane, clock } = rehearsal()
    let made = 0
    const work = () => (++made === 1 ? away() : hang<void>())
    const rejected = assert.rejects(lane.read(work, essential), DeadlineExceededError)
    await clock.advanceAndSettle(attemptMs)
    await rejected
    assert.equal(made, 2)
    assert.equal(clock.pending, 0)
  })

  it('is told of in an event', async () => {
    const heard: string[] = []
    const stop = subscribe('read-retried', ({ lane }) => heard.push(lane))
    const { lane } = rehearsal()
    await attempts(lane, away)
    stop()
    assert.deepEqual(heard, ['article'])
  })
})

describe('room in a lane', () => {
  it('is half for what nobody waits for, four fifths for a bonus, and all for what is essential', async () => {
    for (const [importance, places] of [
      ['background', 10],
      ['bonus', 16],
      ['essential', 20],
    ] as const) {
      const { lane, clock } = rehearsal()
      const { running } = fill(lane, importance)
      await clock.advanceAndSettle(0)
      assert.equal(running(), places, importance)
      await clock.advanceAndSettle(1000)
      lane[Symbol.dispose]()
      assert.equal(clock.pending, 0)
    }
  })

  it('is refused at the door once more wait than can be served, and what was shed is told of', async () => {
    const heard: string[] = []
    const stop = subscribe('read-shed', ({ lane, importance }) => heard.push(`${lane} ${importance}`))
    const { lane, clock, settle } = rehearsal({ atATimeMax: 1 })
    assert.equal(lane.refusesNow('essential'), false)
    void assert.rejects(lane.read(() => hang(), essential))
    await settle()
    const first = assert.rejects(
      lane.read(async () => 1, essential),
      OverloadedError,
    )
    await clock.advanceAndSettle(burstMs)
    await first
    assert.equal(heard.length, 1)
    // One more may wait, as nothing is known yet of how long a read takes.
    const waiting = assert.rejects(lane.read(async () => 1, essential))
    assert.equal(lane.isCrowded, true)
    await clock.advanceAndSettle(300)
    await waiting
    stop()
    assert.deepEqual(heard, ['article essential', 'article essential'])
    assert.equal(clock.pending, 0)
  })
})

describe('a lane in any order', () => {
  it('keeps its promises in 10,000 orders of reading, leaving, failing, hanging and recovering', async () => {
    const counts = await playInThread(new URL('./schedules/guarded-lane.ts', import.meta.url))
    for (const [name, count] of Object.entries(counts)) assert.ok(count > 100, `${name}: ${count}`)
  })
})
