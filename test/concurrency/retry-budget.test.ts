import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { RetryBudget } from '../../src/concurrency/retry-budget.ts'

describe('a retry budget', () => {
  it('allows the first failures their retries', () => {
    const budget = new RetryBudget()
    assert.equal(retriesOf(budget), 10)
  })

  it('allows one retry for ten calls once it is used up', () => {
    const budget = new RetryBudget()
    retriesOf(budget)
    for (let call = 0; call < 9; call++) budget.called()
    assert.equal(retriesOf(budget), 0)
    budget.called()
    assert.equal(retriesOf(budget), 1)
  })

  it('saves no more for a storm than it had at the start', () => {
    const budget = new RetryBudget()
    for (let call = 0; call < 100_000; call++) budget.called()
    assert.equal(retriesOf(budget), 10)
  })

  it('never allows more than its share and its start, in any order', () => {
    const options = fc.record({ percent: fc.integer({ min: 0, max: 100 }), retriesMax: fc.integer({ min: 0, max: 5 }) })
    fc.assert(
      fc.property(options, fc.array(fc.constantFrom('call', 'retry'), { maxLength: 200 }), (settings, actions) => {
        const budget = new RetryBudget(settings)
        let calls = 0
        let retries = 0
        for (const action of actions) {
          if (action === 'call') budget.called()
          else if (budget.tryRetry()) retries++
          if (action === 'call') calls++
          assert.ok(retries <= settings.retriesMax + (calls * settings.percent) / 100)
        }
      }),
    )
  })

  it('is not made of what is no share', () => {
    for (const percent of [-1, 101, 0.5, Number.NaN]) {
      assert.throws(() => new RetryBudget({ percent, retriesMax: 1 }), RangeError)
    }
    assert.throws(() => new RetryBudget({ percent: 10, retriesMax: -1 }), RangeError)
  })
})

function retriesOf(budget: RetryBudget): number {
  let retries = 0
  while (retries < 1000 && budget.tryRetry()) retries++
  return retries
}
