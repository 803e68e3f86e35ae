import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '../../src/generate/seeded-random.ts'
import { weightedChoice, zipfWeights } from '../../src/generate/weighted-choice.ts'

describe('a weighted choice', () => {
  it('gives each as often as its weight says', () => {
    for (const weights of [[1], [3, 0, 1], [1, 1, 1, 1], [...zipfWeights(50, 1)]]) {
      const random = seededRandom(11)
      const choose = weightedChoice(weights)
      const counts = weights.map(() => 0)
      const times = 200_000
      for (let n = 0; n < times; n++) counts[choose(random)]!++
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      for (const [index, weight] of weights.entries()) {
        assert.ok(Math.abs(counts[index]! / times - weight / total) < 0.005, `${counts[index]} of ${index}`)
      }
    }
  })

  it('refuses to choose from nothing', () => {
    assert.throws(() => weightedChoice([]), /nothing to choose from/)
  })
})
