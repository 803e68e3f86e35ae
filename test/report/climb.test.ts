import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { endedByGenerator, highestSustained, nextRate, stepsExpected } from '../../src/report/climb.ts'
import type { LadderStep } from '../../src/report/report.ts'

describe('the search for the highest rate', () => {
  for (const limit of [1, 3, 9, 14, 55, 230, 1800, 9400]) {
    it(`comes within a quarter of ${limit} a second, in few steps`, () => {
      const steps = climb((rate) => rate <= limit)
      const found = highestSustained(steps)
      assert.ok(found <= limit && found >= limit / 1.3, `${found}: ${steps.map(({ rate }) => rate)}`)
      assert.ok(steps.length <= stepsExpected + 3, `${steps.length} steps`)
    })
  }

  it('finds nothing where one page a second is too much', () => {
    const steps = climb(() => false)
    assert.equal(highestSustained(steps), 0)
    assert.equal(endedByGenerator(steps), false)
  })

  it('does not take one hiccup for the limit when a higher rate was sustained', () => {
    const steps = climb((rate) => rate <= 500)
    const withHiccup = [{ ...steps[0]!, rate: 2, sustained: false }, ...steps]
    assert.equal(nextRate(withHiccup), null)
    assert.equal(highestSustained(withHiccup), highestSustained(steps))
  })

  it('says so when it ended because of the generator', () => {
    assert.equal(endedByGenerator(climb((rate) => rate <= 500, 400)), true)
    assert.equal(endedByGenerator(climb((rate) => rate <= 500, 5000)), false)
    assert.equal(endedByGenerator(climb(() => true)), true)
  })
})

function climb(isSustained: (rate: number) => boolean, generatorMax = Infinity): LadderStep[] {
  const steps: LadderStep[] = []
  for (let rate = nextRate(steps); rate !== null; rate = nextRate(steps)) {
    steps.push({ rate, pageP99Ms: 1, failed: 0, sustained: isSustained(rate), generatorWasLimit: rate > generatorMax })
    assert.ok(steps.length < 50, 'it ends')
  }
  return steps
}
