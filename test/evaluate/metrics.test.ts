import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { hitAt, labelOverlapAt, ndcgAt, recallAt, reciprocalRank } from '../../src/evaluate/metrics.ts'

const close = (value: number, expected: number) =>
  assert.ok(Math.abs(value - expected) < 1e-12, `${value} is not ${expected}`)

suite('metrics of a list', () => {
  const mates = new Set(['a', 'b', 'c'])

  test('recall is the share of the mates among the first k', () => {
    close(recallAt(5, ['a', 'x', 'b', 'y', 'z', 'c'], mates), 2 / 3)
    close(recallAt(6, ['a', 'x', 'b', 'y', 'z', 'c'], mates), 1)
    close(recallAt(5, [], mates), 0)
  })

  test('the reciprocal rank looks for the first mate alone', () => {
    close(reciprocalRank(['x', 'y', 'b', 'a'], mates), 1 / 3)
    close(reciprocalRank(['x'], mates), 0)
  })

  test('a hit is one mate or more', () => {
    assert.equal(hitAt(1, ['x', 'a'], mates), 0)
    assert.equal(hitAt(2, ['x', 'a', 'b'], mates), 1)
  })

  test('nDCG is 1 for the best possible order, and counts a low place for less', () => {
    close(ndcgAt(5, ['b', 'a', 'c', 'x'], mates), 1)
    // Worked out by hand: ranks 2 and 4 against an ideal of ranks 1, 2 and 3.
    const gain = 1 / Math.log2(3) + 1 / Math.log2(5)
    const ideal = 1 + 1 / Math.log2(3) + 1 / Math.log2(4)
    close(ndcgAt(5, ['x', 'a', 'y', 'b'], mates), gain / ideal)
    close(ndcgAt(2, ['a', 'b'], mates), 1)
  })

  test('what has no label is neither right nor wrong', () => {
    const labels: Record<string, string[]> = { a: ['grain'], b: ['ship'], c: ['wheat', 'grain'] }
    const overlap = labelOverlapAt(4, ['a', 'x', 'b', 'c'], ['grain', 'corn'], (id) => labels[id] ?? [])
    assert.deepEqual(overlap, { sharing: 2, labelled: 3 })
  })
})
