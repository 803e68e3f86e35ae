import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseStoredRail } from '../../src/related/stored-rail.ts'

const item = { id: 'a', score: 0.5, reason: { kind: 'story', terms: ['Bahia'] } }

describe('a stored rail', () => {
  test('is read as it was written', () => {
    const rail = [item, { ...item, id: 'b', score: 0.25 }]
    assert.deepEqual(parseStoredRail(JSON.stringify(rail)), rail)
    assert.deepEqual(parseStoredRail('[]'), [])
  })

  const foreign: Array<[string, unknown]> = [
    ['torn', '[{"id":"a"'],
    ['not a list', { items: [] }],
    ['a list of other things', [1]],
    ['with an id that is none', [{ ...item, id: '<b>' }]],
    ['with a score out of range', [{ ...item, score: 2 }]],
    ['with a reason of another kind', [{ ...item, reason: { kind: 'mood', terms: [] } }]],
    ['with too many terms', [{ ...item, reason: { kind: 'topic', terms: ['a', 'b', 'c', 'd', 'e'] } }]],
    [
      'not in order',
      [
        { ...item, score: 0.1 },
        { ...item, id: 'b' },
      ],
    ],
    ['with an article twice', [item, item]],
    ['longer than any', Array.from({ length: 25 }, (_, at) => ({ ...item, id: `a${at}` }))],
  ]
  for (const [what, value] of foreign) {
    test(`that is ${what} counts as none`, () => {
      assert.equal(parseStoredRail(typeof value === 'string' ? value : JSON.stringify(value)), null)
    })
  }
})
