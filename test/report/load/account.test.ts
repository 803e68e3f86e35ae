import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { accountOf, timelineOf } from '../../../src/report/load/account.ts'
import type { Outcome } from '../../../src/report/load/open-loop.ts'
import { percentilesOf } from '../../../src/report/load/percentiles.ts'

describe('percentiles', () => {
  it('go by the nearest rank', () => {
    const times = Array.from({ length: 1000 }, (_, index) => 1000 - index)
    assert.deepEqual(percentilesOf(times, 0), { count: 1000, p50: 500, p90: 900, p99: 990, p999: 999, max: 1000 })
  })

  it('count what failed as infinitely late', () => {
    const { count, p50, p90, p99 } = percentilesOf([1, 2, 3, 4, 5, 6, 7, 8], 2)
    assert.deepEqual({ count, p50, p90, p99 }, { count: 10, p50: 5, p90: null, p99: null })
  })

  it('of nothing are nothing', () => {
    assert.deepEqual(percentilesOf([], 0), { count: 0, p50: null, p90: null, p99: null, p999: null, max: null })
  })
})

describe('the account of a run', () => {
  const outcomes = [
    page({ at: 0, took: 5, rail: 'fresh', counted: false }),
    page({ at: 1, took: 10, rail: 'fresh' }),
    page({ at: 2, took: 20, rail: 'fallback' }),
    page({ at: 3, took: 30, rail: 'late' }),
    page({ at: 4, result: 'timed-out' }),
    page({ at: 5, result: 'left' }),
  ]

  it('leaves out the warm-up, and counts those who went away apart', () => {
    const { pages, counts, rails } = accountOf(outcomes, { utilisation: 0.1, lateLimitMs: 10 })
    assert.equal(pages.page.count, 4)
    assert.equal(pages.page.p50, 20)
    assert.equal(pages.page.p99, null)
    const { arrivals, served, failed, left, failures } = counts
    assert.deepEqual({ arrivals, served, failed, left }, { arrivals: 5, served: 3, failed: 1, left: 1 })
    assert.deepEqual(failures, { timedOut: 1, disconnected: 0, serverError: 0, wrongAnswer: 0 })
    assert.deepEqual(rails, { complete: 1, stale: 0, fallback: 1, missing: 1 })
  })

  it('says when the generator itself was too late', () => {
    const late = outcomes.map((outcome) => ({ ...outcome, lateMs: 11 }))
    assert.equal(accountOf(late, { utilisation: 1, lateLimitMs: 10 }).generator.wasLimit, true)
    assert.equal(accountOf(outcomes, { utilisation: 1, lateLimitMs: 10 }).generator.wasLimit, false)
  })
})

describe('the timeline of an incident', () => {
  const settings = { seconds: 4, bucketMs: 1000, from: 1, until: 2, p99LimitMs: 50 }
  const outcomes = [
    page({ at: -500, took: 5, article: 7, counted: false }),
    page({ at: 100, took: 5 }),
    page({ at: 1100, result: 'server-error', article: 7 }),
    page({ at: 1200, result: 'server-error', article: 9 }),
    page({ at: 2100, took: 80 }),
    page({ at: 3100, took: 5 }),
  ].map(({ arrival, ...rest }) => ({ ...rest, arrival: { ...arrival, atMs: arrival.atMs + 1000 } }))

  it('has a bucket for each stretch of time, by when its readers came', () => {
    const { timeline } = timelineOf(outcomes, 1000, settings)
    assert.deepEqual(
      timeline.map(({ atSeconds, arrivals, failed, maxMs }) => [atSeconds, arrivals, failed, maxMs]),
      [
        [0, 1, 0, 5],
        [1, 2, 2, null],
        [2, 1, 0, 80],
        [3, 1, 0, 5],
      ],
    )
  })

  it('tells the failures of what had been served before from the others', () => {
    assert.equal(timelineOf(outcomes, 1000, settings).failedSeenBefore, 1)
  })

  it('tells how long it took until all was well for good', () => {
    assert.equal(timelineOf(outcomes, 1000, settings).recoveredAfterSeconds, 1)
    assert.equal(timelineOf(outcomes.slice(0, 5), 1000, { ...settings, seconds: 3 }).recoveredAfterSeconds, null)
    assert.equal(timelineOf(outcomes.slice(0, 2), 1000, settings).recoveredAfterSeconds, 0)
  })
})

function page(given: {
  at: number
  took?: number
  result?: Outcome['result']
  rail?: string
  counted?: boolean
  article?: number
}): Outcome {
  const { at, took = Infinity, result = 'served', rail = 'fresh', counted = true, article = 0 } = given
  const reader = { isCold: false, isColdAgain: false, leavesAfterMs: null }
  return {
    arrival: { kind: 'page', atMs: at, isCounted: counted, article, ...reader },
    result,
    firstByteMs: took,
    articleMs: took,
    completeMs: took,
    rail,
    lateMs: 0,
  }
}
