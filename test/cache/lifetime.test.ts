import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ageOf, isRefreshDueEarly, type Lifetime, longerWithAge, withJitter } from '../../src/cache/lifetime.ts'

const lifetime: Lifetime = { freshMs: 100, graceMs: 200, ifErrorMs: 300 }
const dayMs = 24 * 60 * 60 * 1000

describe('the age of a copy', () => {
  const ages: ReadonlyArray<readonly [number, string]> = [
    [0, 'fresh'],
    [99.9, 'fresh'],
    [100, 'grace'],
    [199.9, 'grace'],
    [200, 'if-error'],
    [299.9, 'if-error'],
    [300, 'expired'],
    [Number.POSITIVE_INFINITY, 'expired'],
  ]
  for (const [ageMs, age] of ages) {
    it(`is ${age} at ${ageMs} ms of a lifetime of 100, 200 and 300`, () => assert.equal(ageOf(lifetime, ageMs), age))
  }

  it('is never fresh in a lifetime of nothing', () => {
    assert.equal(ageOf({ freshMs: 0, graceMs: 0, ifErrorMs: 0 }, 0), 'expired')
    assert.equal(ageOf({ freshMs: 0, graceMs: 0, ifErrorMs: 10 }, 0), 'if-error')
  })
})

describe('jitter', () => {
  it('spreads the end of freshness by a tenth either way, and no further', () => {
    assert.equal(withJitter(lifetime, 0).freshMs, 90)
    assert.equal(Math.round(withJitter(lifetime, 0.5).freshMs), 100)
    const latest = withJitter(lifetime, 1 - Number.EPSILON).freshMs
    assert.ok(latest > 109.99 && latest < 110.01, String(latest))
  })

  it('leaves grace and if-error where they are', () => {
    assert.deepEqual([withJitter(lifetime, 0).graceMs, withJitter(lifetime, 0).ifErrorMs], [200, 300])
  })

  it('never lets grace or if-error end before freshness does', () => {
    const short = withJitter({ freshMs: 100, graceMs: 100, ifErrorMs: 100 }, 0.999)
    assert.ok(short.freshMs > 100)
    assert.equal(short.graceMs, short.freshMs)
    assert.equal(short.ifErrorMs, short.freshMs)
  })
})

describe('a copy of what was published long ago', () => {
  const freshAfter = (days: number) => longerWithAge(lifetime, days * dayMs).freshMs
  it('stays fresh as long as any on its first day', () => assert.deepEqual([freshAfter(0), freshAfter(1)], [100, 100]))
  it('stays fresh for longer by the day', () => assert.deepEqual([freshAfter(2.5), freshAfter(9)], [250, 900]))
  it('stays fresh ten times as long at most', () => assert.deepEqual([freshAfter(10), freshAfter(4000)], [1000, 1000]))
  it('counts as new when its time is still to come', () => assert.equal(freshAfter(-3), 100))
  it('has its other ages moved along, and never cut short', () => {
    assert.deepEqual(longerWithAge(lifetime, 2.5 * dayMs), { freshMs: 250, graceMs: 250, ifErrorMs: 300 })
    assert.deepEqual(longerWithAge(lifetime, 0), lifetime)
  })
})

describe('an early refresh', () => {
  it('is always due when freshness has ended', () => {
    assert.equal(isRefreshDueEarly(lifetime, { ageMs: 100, loadMs: 0 }, 0), true)
  })

  it('is never due before for what takes no time to load', () => {
    assert.equal(isRefreshDueEarly(lifetime, { ageMs: 99.9, loadMs: 0 }, 1 - Number.EPSILON), false)
  })

  it('is not due for a new copy whatever chance says, as long as its loading is short', () => {
    // -ln(2 ** -53) is below 37: a load of 2 ms is begun 74 ms early at most.
    assert.equal(isRefreshDueEarly(lifetime, { ageMs: 20, loadMs: 2 }, 1 - Number.EPSILON / 2), false)
  })

  it('is due with a chance of exp(-left / loadMs), as the paper has it', () => {
    const due = (leftMs: number) => {
      const draws = Array.from({ length: 10_000 }, (_, draw) => (draw + 0.5) / 10_000)
      return draws.filter((chance) => isRefreshDueEarly(lifetime, { ageMs: 100 - leftMs, loadMs: 10 }, chance)).length
    }
    for (const leftMs of [1, 10, 30]) {
      assert.ok(Math.abs(due(leftMs) / 10_000 - Math.exp(-leftMs / 10)) < 0.001, `${leftMs} ms left: ${due(leftMs)}`)
    }
  })

  it('is not due by a chance of 0, whose logarithm is 0', () => {
    assert.equal(isRefreshDueEarly(lifetime, { ageMs: 99, loadMs: 1000 }, 0), false)
  })
})
