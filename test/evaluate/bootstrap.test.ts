import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { drawRatios, intervalOf, type Ratio, ratioOf, seededRandom } from '../../src/evaluate/bootstrap.ts'

function meanOf(values: readonly number[]): Ratio {
  return { numerators: Float64Array.from(values), denominators: new Float64Array(values.length).fill(1) }
}

suite('the bootstrap', () => {
  test('gives the same interval for the same seed, and another for another', () => {
    const ratio = meanOf(Array.from({ length: 200 }, (_, at) => (at % 3 === 0 ? 1 : 0)))
    const intervalWith = (seed: number) => intervalOf(ratioOf(ratio), drawRatios([ratio], seededRandom(seed))[0]!)
    assert.deepEqual(intervalWith(7), intervalWith(7))
    assert.notDeepEqual(intervalWith(7), intervalWith(8))
  })

  test('is as wide as theory says of a share', () => {
    const ratio = meanOf(Array.from({ length: 400 }, (_, at) => (at % 2 === 0 ? 1 : 0)))
    const { low, high, value } = intervalOf(ratioOf(ratio), drawRatios([ratio], seededRandom(1), 4000)[0]!)
    const expected = 2 * 1.96 * Math.sqrt(0.25 / 400)
    assert.equal(value, 0.5)
    assert.ok(Math.abs(high - low - expected) < expected * 0.1, `${high - low}, expected about ${expected}`)
  })

  test('holds the true value in about 95 of 100 samples', () => {
    const random = seededRandom(3)
    let held = 0
    const samples = 300
    for (let sample = 0; sample < samples; sample++) {
      const ratio = meanOf(Array.from({ length: 120 }, () => (random() < 0.3 ? 1 : 0)))
      const { low, high } = intervalOf(ratioOf(ratio), drawRatios([ratio], random, 400)[0]!)
      if (low <= 0.3 && 0.3 <= high) held++
    }
    assert.ok(held / samples > 0.9 && held / samples < 0.985, `${held} of ${samples}`)
  })

  test('takes ratios over the same draws, so that what is always better has a difference without 0', () => {
    const worse = Array.from({ length: 60 }, (_, at) => (at % 5) / 10)
    const columns = [meanOf(worse.map((value) => value + 0.01)), meanOf(worse)]
    const [better, other] = drawRatios(columns, seededRandom(1))
    const apart = better!.map((value, draw) => value - other![draw]!)
    const { low, high } = intervalOf(0.01, apart)
    assert.ok(low > 0.0099 && high < 0.0101)
  })

  test('a ratio of sums is no mean of ratios', () => {
    const ratio: Ratio = { numerators: Float64Array.of(1, 1), denominators: Float64Array.of(1, 5) }
    assert.equal(ratioOf(ratio), 2 / 6)
    assert.equal(ratioOf({ numerators: Float64Array.of(0), denominators: Float64Array.of(0) }), 0)
  })

  test('seeded numbers fill 0 to 1 evenly', () => {
    const random = seededRandom(42)
    const counts = new Int32Array(10)
    for (let at = 0; at < 20_000; at++) counts[Math.floor(random() * 10)]! += 1
    for (const count of counts) assert.ok(count > 1850 && count < 2150, String(counts))
  })
})
