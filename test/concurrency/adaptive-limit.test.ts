import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  type AdaptiveLimit,
  afterCall,
  type EndedCall,
  firstLimit,
  adaptiveLimitDefaults as settings,
  wholeLimit,
} from '../../src/concurrency/adaptive-limit.ts'

describe('an adaptive limit', () => {
  it('grows by its square root while calls take as long as ever', () => {
    const learnt = afterWindows(firstLimit(settings, 0), 1, { tookMs: 20 })
    assert.equal(learnt.baselineMs, 20)
    assert.ok(Math.abs(learnt.limit - (20 + 0.2 * Math.sqrt(20))) < 1e-9)
    assert.equal(wholeLimit(afterWindows(learnt, 300, { tookMs: 20, inFlight: 200 })), settings.limitMax)
  })

  it('keeps its size while calls take up to half as long again, and shrinks when they take longer', () => {
    const learnt = afterWindows(firstLimit(settings, 0), 10, { tookMs: 20 })
    assert.ok(afterWindows(learnt, 1, { tookMs: 30, contended: true }).limit > learnt.limit)
    assert.ok(afterWindows(learnt, 1, { tookMs: 31, contended: true }).limit < learnt.limit)
  })

  it('shrinks by no more than a tenth in one window, however long the calls take', () => {
    const learnt = afterWindows(firstLimit(settings, 0), 10, { tookMs: 20 })
    const shrunk = afterWindows(learnt, 1, { tookMs: 60_000, contended: true })
    assert.ok(Math.abs(shrunk.limit - learnt.limit * 0.9) < 1e-9)
  })

  it('does not grow while less than half of it is used', () => {
    const state = afterWindows(firstLimit(settings, 0), 10, { tookMs: 20, inFlight: 9 })
    assert.equal(state.limit, 20)
  })

  it('does not take an overload for the new normal, however long it lasts', () => {
    const learnt = afterWindows(firstLimit(settings, 0), 50, { tookMs: 20 })
    const overloaded = afterWindows(learnt, 10_000, { tookMs: 29, contended: true })
    assert.equal(overloaded.baselineMs, 20)
  })

  it('takes slower work for the new normal when it is so with nothing in its way', () => {
    const learnt = afterWindows(firstLimit(settings, 0), 50, { tookMs: 20 })
    const slower = afterWindows(learnt, 25, { tookMs: 60, contended: true, inFlight: 200 })
    assert.equal(wholeLimit(slower), settings.limitMin)
    const known = afterWindows(slower, 1000, { tookMs: 60, contended: true, inFlight: 200 })
    assert.ok(known.limit > settings.limitMin, `still ${known.limit}`)
  })

  it('forgets within seconds what it learnt under load', () => {
    const learnt = afterWindows(firstLimit(settings, 0), 10, { tookMs: 500 })
    assert.ok((afterWindows(learnt, 50, { tookMs: 20 }).baselineMs ?? 0) < 40)
  })

  it('is not told by quick failures that the work is quick, and by slow ones that it is slow', () => {
    const learnt = afterWindows(firstLimit(settings, 0), 10, { tookMs: 20 })
    const refused = afterWindows(learnt, 10, { tookMs: 1, failed: true })
    assert.deepEqual([refused.baselineMs, refused.limit], [20, learnt.limit])
    const late = afterWindows(learnt, 10, { tookMs: 800, failed: true })
    assert.equal(late.baselineMs, 20)
    assert.ok(late.limit < learnt.limit)
  })

  it('stays within its bounds, whatever the calls take', () => {
    const aCall = fc.record({
      tookMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e6, noNaN: true })),
      inFlight: fc.integer({ min: 1, max: 300 }),
      contended: fc.boolean(),
      failed: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(aCall, { maxLength: 200 }), (calls) => {
        let state = firstLimit(settings, 0)
        let nowMs = 0
        for (const call of calls) {
          nowMs += 20
          state = afterCall(state, call, { nowMs, settings })
          assert.ok(state.limit >= settings.limitMin && state.limit <= settings.limitMax)
          assert.ok(state.baselineMs === null || state.baselineMs > 0)
        }
      }),
    )
  })
})

function afterWindows(state: AdaptiveLimit, windows: number, call: Partial<EndedCall>): AdaptiveLimit {
  let next = state
  for (let number = 0; number < windows * settings.windowCallsMin; number++) {
    const nowMs = next.window.startedAtMs + settings.windowMs
    next = afterCall(next, { tookMs: 20, inFlight: 20, contended: false, failed: false, ...call }, { nowMs, settings })
  }
  return next
}
