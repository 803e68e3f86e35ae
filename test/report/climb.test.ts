import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { endedByGenerator, highestSustained, ladderOf, nextRate, stepsExpected } from '../../src/report/climb.ts'
import type { LadderStep } from '../../src/report/report.ts'

describe('the search for the highest rate', () => {
  for (const limit of [1, 3, 9, 14, 55, 230, 1800, 9400]) {
    it(`comes within a quarter of ${limit} a second, in few steps`, () => {
      const steps = climb((rate) => rate <= limit)
      const found = highestSustained(steps)
      assert.ok(found <= limit && found >= limit / 1.3, `${found}: ${steps.map(({ rate }) => rate)}`)
      assert.ok(steps.length <= stepsExpected.first + 3, `${steps.length} steps`)
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

  for (const from of [0, 1, 2, 3, 5, 40, 700, 9000]) {
    for (const limit of [0, 1, 2, 4, 50, 690, 701, 9400]) {
      it(`climbs again from ${from} to a limit of ${limit}, and comes within a quarter of it`, () => {
        const steps = climb((rate) => rate <= limit, { from })
        const found = highestSustained(steps)
        assert.ok(found <= limit && (found >= limit / 1.3 || found + 1 > limit), `${found}`)
      })
    }
  }

  it('needs few steps to climb again where little has changed', () => {
    for (const limit of [600, 700, 800]) {
      const steps = climb((rate) => rate <= limit, { from: 700 })
      assert.ok(steps.length <= stepsExpected.again, `${steps.map(({ rate }) => rate)}`)
    }
  })

  it('tells the median of the climbs, and how far they lie apart', () => {
    const climbs = [900, 300, 550].map((limit) => climb((rate) => rate <= limit))
    const found = climbs.map(highestSustained)
    const { maxRate, spread, steps } = ladderOf(climbs)
    assert.deepEqual({ maxRate, spread }, { maxRate: found[2], spread: { min: found[1], max: found[0] } })
    assert.equal(steps.length, climbs.flat().length)
  })

  it('tells the lower one of two climbs, and that of a generator that ended it', () => {
    const [low, high] = [climb((rate) => rate <= 300, { generatorMax: 200 }), climb((rate) => rate <= 900)]
    const ladder = ladderOf([high, low])
    assert.equal(ladder.maxRate, highestSustained(low))
    assert.equal(ladder.endedByGenerator, true)
    assert.equal(ladderOf([high]).endedByGenerator, false)
  })

  it('says so when it ended because of the generator', () => {
    assert.equal(endedByGenerator(climb((rate) => rate <= 500, { generatorMax: 400 })), true)
    assert.equal(endedByGenerator(climb((rate) => rate <= 500, { generatorMax: 5000 })), false)
    assert.equal(endedByGenerator(climb(() => true)), true)
  })
})

function climb(
  isSustained: (rate: number) => boolean,
  { generatorMax = Infinity, from }: { generatorMax?: number; from?: number } = {},
): LadderStep[] {
  const steps: LadderStep[] = []
  for (let rate = nextRate(steps, { from }); rate !== null; rate = nextRate(steps, { from })) {
    assert.ok(rate >= 1 && steps.every((step) => step.rate !== rate), `${rate} was not tried before`)
    steps.push({ rate, pageP99Ms: 1, failed: 0, sustained: isSustained(rate), generatorWasLimit: rate > generatorMax })
    assert.ok(steps.length < 50, 'it ends')
  }
  return steps
}
