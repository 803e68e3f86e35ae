import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { InvalidOptionError, InvalidRequestError, OverloadedError, StoreUnavailableError } from '../../../src/errors.ts'
import { Lane } from '../../../src/store/sqlite/lane.ts'
import { SteppedClock } from '../stepped-clock.ts'

describe('a lane', () => {
  it('answers in the order in which it was asked', async () => {
    await using lane = open({ inFlightMax: 2 })
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map((asks) => lane.ask('echo', asks)))
    assert.deepEqual(await lane.ask('asked', null), ['a', 'b', 'c', 'd', 'e'])
  })

  it('refuses what comes past its bound, and counts what was given up but not answered', async () => {
    await using lane = open({ pendingMax: 3, inFlightMax: 1 })
    const gate = new Gate()
    const giveUp = new AbortController()
    const held = lane.ask('wait', gate.buffer, giveUp.signal)
    const waiting = [lane.ask('echo', 1), lane.ask('echo', 2)]
    await assert.rejects(lane.ask('echo', 3), OverloadedError)
    giveUp.abort(new Error('left'))
    await assert.rejects(held, /left/)
    await assert.rejects(lane.ask('echo', 4), OverloadedError)
    gate.open()
    assert.deepEqual(await Promise.all(waiting), [1, 2])
    assert.equal(await lane.ask('echo', 5), 5)
  })

  it('never starts what was given up while it waited', async () => {
    await using lane = open({ inFlightMax: 1 })
    const gate = new Gate()
    const held = lane.ask('wait', gate.buffer)
    const giveUp = new AbortController()
    const left = lane.ask('echo', 'left', giveUp.signal)
    const stayed = lane.ask('echo', 'stayed')
    giveUp.abort(new Error('left'))
    await assert.rejects(left, /left/)
    assert.equal(lane.pending, 2)
    gate.open()
    await Promise.all([held, stayed])
    assert.deepEqual((await lane.ask('asked', null)).slice(1), ['stayed'])
  })

  it('shares its work among its threads', async () => {
    await using lane = open({ threads: 2, inFlightMax: 1 })
    const gate = new Gate()
    const held = lane.ask('wait', gate.buffer)
    assert.equal(await lane.ask('echo', 'meanwhile'), 'meanwhile')
    gate.open()
    await held
  })

  it('ends a thread that is stuck, rejects who waited for it, and serves who comes next', async () => {
    const clock = new SteppedClock()
    await using lane = open({ clock, stuckMs: 1000, inFlightMax: 2 })
    await lane.ask('echo', 'up')
    const stuck = lane.ask('stick', null)
    const behind = lane.ask('echo', 'behind')
    const next = lane.ask('echo', 'next')
    clock.advance(999)
    assert.equal(lane.pending, 3)
    clock.advance(1)
    for (const waiting of [stuck, behind]) {
      await assert.rejects(waiting, (error) => {
        assert.ok(error instanceof StoreUnavailableError)
        assert.match(error.message, /test thread had not answered for 1000 ms/)
        return true
      })
    }
    assert.equal(await next, 'next')
  })

  it('lets a thread take its time to start, and ends one that never comes up', async () => {
    const clock = new SteppedClock()
    await using lane = open({ clock, stuckMs: 1000 })
    const gate = new Gate()
    const first = lane.ask('wait', gate.buffer)
    clock.advance(1000)
    gate.open()
    await first
    await using other = open({ clock, stuckMs: 1000 })
    const never = other.ask('stick', null)
    clock.advance(29_999)
    assert.equal(other.pending, 1)
    clock.advance(1)
    await assert.rejects(never, /had not answered for 30000 ms/)
  })

  it('gives the one that follows on a thread which died that time again', async () => {
    const clock = new SteppedClock()
    await using lane = open({ clock, stuckMs: 1000 })
    await lane.ask('echo', 'up')
    await assert.rejects(lane.ask('die', null), StoreUnavailableError)
    const gate = new Gate()
    const first = lane.ask('wait', gate.buffer)
    clock.advance(1000)
    gate.open()
    await first
  })

  it('lets a thread be slow as long as it answers', async () => {
    const clock = new SteppedClock()
    await using lane = open({ clock, stuckMs: 1000, inFlightMax: 1 })
    const gates = [new Gate(), new Gate(), new Gate()]
    const answers = gates.map((gate) => lane.ask('wait', gate.buffer))
    for (const [index, gate] of gates.entries()) {
      clock.advance(900)
      gate.open()
      await answers[index]
    }
  })

  it('says what failed in an error of its own kind', async () => {
    await using lane = open({})
    const kinds = [
      ['STORE_UNAVAILABLE', StoreUnavailableError],
      ['INVALID_OPTION', InvalidOptionError],
      ['INVALID_REQUEST', InvalidRequestError],
      ['ERR_ANYTHING_ELSE', StoreUnavailableError],
    ] as const
    for (const [code, kind] of kinds) {
      await assert.rejects(lane.ask('fail', code), (error) => {
        assert.ok(error instanceof kind)
        assert.match(error.message, /on purpose/)
        return true
      })
    }
  })

  it('answers what it was asked before it closes, and refuses what comes after', async () => {
    const lane = open({ inFlightMax: 1 })
    const answers = Promise.all([lane.ask('echo', 1), lane.ask('echo', 2), lane.ask('echo', 3)])
    await lane.close()
    assert.deepEqual(await answers, [1, 2, 3])
    await assert.rejects(lane.ask('echo', 4), /sqlite:test\.db is closed/)
    await lane.close()
  })

  it('is closed for each who closes it only when it is', async () => {
    const lane = open({ inFlightMax: 1 })
    const gate = new Gate()
    const answer = lane.ask('wait', gate.buffer)
    const order: string[] = []
    const closing = [
      lane.close().then(() => order.push('closed')),
      lane.close().then(() => order.push('closed')),
      answer.then(() => order.push('answered')),
    ]
    // What has settled already says so before the thread is let go.
    await new Promise((resolve) => setImmediate(resolve))
    gate.open()
    await Promise.all(closing)
    assert.deepEqual(order, ['answered', 'closed', 'closed'])
  })

  it('closes in time although a thread is stuck, and rejects who waited', async () => {
    const clock = new SteppedClock()
    const lane = open({ clock, inFlightMax: 1 })
    await lane.ask('echo', 'up')
    const waiting = [lane.ask('stick', null), lane.ask('echo', 'behind')]
    const rejected = waiting.map((asked) => assert.rejects(asked, StoreUnavailableError))
    const closing = lane.close(20)
    clock.advance(20)
    await Promise.all([...rejected, closing])
    assert.equal(clock.pending, 0)
  })
})

interface Requests {
  echo: { asks: unknown; answers: unknown }
  wait: { asks: SharedArrayBuffer; answers: SharedArrayBuffer }
  stick: { asks: null; answers: null }
  die: { asks: null; answers: null }
  fail: { asks: string; answers: null }
  asked: { asks: null; answers: unknown[] }
}

function open(options: Partial<ConstructorParameters<typeof Lane>[0]>): Lane<Requests> {
  return new Lane<Requests>({
    name: 'test',
    location: 'sqlite:test.db',
    url: new URL('./lane-thread.ts', import.meta.url),
    data: null,
    threads: 1,
    pendingMax: 100,
    inFlightMax: 100,
    stuckMs: 60_000,
    clock: new SteppedClock(),
    ...options,
  })
}

/** Holds a thread until it is opened from here. */
class Gate {
  readonly buffer = new SharedArrayBuffer(4)

  open(): void {
    const cell = new Int32Array(this.buffer)
    Atomics.store(cell, 0, 1)
    Atomics.notify(cell, 0)
  }
}
