import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, it } from 'node:test'
import { Deadline, withDeadline } from '../../src/concurrency/deadline.ts'
import { DeadlineExceededError } from '../../src/errors.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { leavesNothingBehind } from '../support/leak-check.ts'

describe('a deadline', () => {
  it('knows what is left of it and never less than nothing', () => {
    const clock = fakeClock()
    const deadline = Deadline.in(clock, 100)
    clock.advance(30)
    assert.equal(deadline.remainingMs(), 70)
    clock.advance(200)
    assert.equal(deadline.remainingMs(), 0)
  })

  it('gives away a part of itself, and never more than it has', () => {
    const clock = fakeClock()
    const deadline = Deadline.in(clock, 100)
    clock.advance(30)
    assert.equal(deadline.atMost(20).remainingMs(), 20)
    assert.equal(deadline.atMost(500).remainingMs(), 70)
    assert.equal(deadline.atMost(Number.POSITIVE_INFINITY).remainingMs(), 70)
    assert.equal(Deadline.in(clock, Number.POSITIVE_INFINITY).atMost(5).remainingMs(), 5)
  })

  it('is not made of what is no number', () => {
    assert.throws(() => Deadline.in(fakeClock(), Number.NaN), RangeError)
    assert.throws(() => Deadline.in(fakeClock(), 5).atMost(Number.NaN), RangeError)
  })
})

describe('work with a deadline', () => {
  it('gives its value when it is in time', async () => {
    const clock = fakeClock()
    const slow = gate<string>()
    const result = withDeadline(() => slow.promise, { clock, budgetMs: 10, what: 'The rail' })
    clock.advance(9.9)
    slow.open('rail')
    assert.equal(await result, 'rail')
  })

  it('is given up at its deadline, and told to stop', async () => {
    const clock = fakeClock()
    let told: AbortSignal | undefined
    const result = withDeadline(
      (signal) => {
        told = signal
        return new Promise(() => {})
      },
      { clock, budgetMs: 10, what: 'The query for the rail' },
    )
    clock.advance(9.9)
    assert.equal(told?.aborted, false)
    clock.advance(0.1)
    const error = await result.catch((reason: unknown) => reason)
    assert.ok(error instanceof DeadlineExceededError)
    assert.equal(error.budgetMs, 10)
    assert.match(error.message, /^The query for the rail was not done within its 10 ms\.$/)
    assert.equal(told?.reason, error)
  })

  it('is stopped when its caller leaves, with the reason of the caller', async () => {
    const clock = fakeClock()
    const caller = new AbortController()
    let told: AbortSignal | undefined
    const result = withDeadline(
      (signal) => {
        told = signal
        return new Promise(() => {})
      },
      { clock, budgetMs: 10, what: 'x', signal: caller.signal },
    )
    const reason = new Error('The reader left.')
    caller.abort(reason)
    await assert.rejects(result, reason)
    assert.equal(told?.reason, reason)
  })

  it('is not begun for a caller who has left, or with no time left', async () => {
    const clock = fakeClock()
    let begun = 0
    const work = async () => ++begun
    const left = AbortSignal.abort(new Error('left'))
    await assert.rejects(withDeadline(work, { clock, budgetMs: 10, what: 'x', signal: left }), /left/)
    await assert.rejects(withDeadline(work, { clock, budgetMs: 0, what: 'x' }), DeadlineExceededError)
    await assert.rejects(withDeadline(work, { clock, budgetMs: -3, what: 'x' }), DeadlineExceededError)
    assert.equal(begun, 0)
  })

  it('rejects when it throws before it has given a promise', async () => {
    const clock = fakeClock()
    const result = withDeadline(
      () => {
        throw new Error('at once')
      },
      { clock, budgetMs: 10, what: 'x' },
    )
    await assert.rejects(result, /at once/)
    assert.equal(clock.pending, 0)
  })

  it('may be under a budget that no timer can hold', async () => {
    const clock = fakeClock()
    const slow = gate<string>()
    for (const budgetMs of [Number.POSITIVE_INFINITY, 2 ** 31]) {
      const result = withDeadline(() => slow.promise, { clock, budgetMs, what: 'x' })
      assert.equal(clock.pending, 0)
      slow.open('done')
      assert.equal(await result, 'done')
    }
  })

  it('may fail after it was given up, and nobody hears of it', async () => {
    await leavesNothingBehind(async () => {
      const clock = fakeClock()
      const late = gate<never>()
      const result = withDeadline(() => late.promise, { clock, budgetMs: 10, what: 'x' })
      clock.advance(10)
      await assert.rejects(result, DeadlineExceededError)
      late.fail(new Error('too late'))
    })
  })

  it('leaves no timer and no listener behind, however it ends', async () => {
    const endings: Record<
      string,
      (work: Gate<string>, clock: { advance(ms: number): void }, caller: AbortController) => void
    > = {
      done: (work) => work.open('done'),
      failed: (work) => work.fail(new Error('failed')),
      late: (_work, clock) => clock.advance(10),
      left: (_work, _clock, caller) => caller.abort(),
    }
    for (const [name, end] of Object.entries(endings)) {
      const clock = fakeClock()
      const caller = new AbortController()
      const work = gate<string>()
      const result = withDeadline(() => work.promise, { clock, budgetMs: 10, what: 'x', signal: caller.signal })
      assert.equal(clock.pending, 1)
      assert.equal(getEventListeners(caller.signal, 'abort').length, 1)
      end(work, clock, caller)
      await result.catch(() => {})
      assert.equal(clock.pending, 0, `timer after ${name}`)
      assert.equal(getEventListeners(caller.signal, 'abort').length, 0, `listener after ${name}`)
    }
  })
})

interface Gate<T> {
  readonly promise: Promise<T>
  readonly open: (value: T) => void
  readonly fail: (reason: unknown) => void
}

function gate<T>(): Gate<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  return { promise, open: resolve, fail: reject }
}
