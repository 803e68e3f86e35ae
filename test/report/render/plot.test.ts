import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { apart, logAxis } from '../../../src/report/render/plot.ts'
import { middleOf } from '../../../src/report/render/reading.ts'

suite('a logarithmic axis', () => {
  test('has room for all that is on it, and at least two round ticks within itself', () => {
    const values = fc.array(fc.double({ min: 1e-3, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(values, fc.integer({ min: 2, max: 12 }), (all, room) => {
        const { scale, ticks } = logAxis(all, [0, 100], room)
        const [low = Number.NaN, high = Number.NaN] = scale.domain()
        for (const value of all)
          assert.ok(low <= value * 1.000001 && value <= high * 1.000001, `${low} ${value} ${high}`)
        assert.ok(high / low >= 10, 'noise does not look like a difference')
        assert.ok(ticks.length >= 2 && ticks.length <= Math.max(room, 2) + 1, `${ticks.length} ticks`)
        for (const tick of ticks) assert.ok(tick >= low * 0.999999 && tick <= high * 1.000001)
      }),
    )
  })

  test('is there for nothing, for one value and for values that it has no place for', () => {
    for (const values of [[], [0], [5], [5, 5], [0, -1, Number.POSITIVE_INFINITY]]) {
      const { scale, ticks } = logAxis(values, [0, 100], 5)
      assert.ok([...ticks, ...values].every((value) => Number.isFinite(scale(value))))
    }
  })
})

test('labels that want the same place stand apart, in their order, and within the drawing while there is room', () => {
  const places = fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 10 })
  fc.assert(
    fc.property(places, (wanted) => {
      const placed = apart(wanted, { gap: 17, top: 0, bottom: 200 })
      const sorted = placed.toSorted((a, b) => a - b)
      sorted.slice(1).forEach((place, at) => {
        assert.ok(place - (sorted[at] ?? 0) >= 17 - 1e-9)
      })
      for (const place of placed) assert.ok(place >= 0 && place <= 200)
      wanted.forEach((a, i) => {
        wanted.forEach((b, j) => {
          if (a < b) assert.ok((placed[i] ?? 0) < (placed[j] ?? 0))
        })
      })
    }),
  )
})

test('the middle of several runs is one of them, and failed is worse than any', () => {
  assert.equal(middleOf([3, 1, 2]), 2)
  assert.equal(middleOf([1, 2]), 1)
  assert.equal(middleOf([null, 1, 2]), 2)
  assert.equal(middleOf([null, 1, null]), null)
  assert.equal(middleOf([1, null]), 1)
  assert.equal(middleOf([]), null)
})
