import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { DiffTally, diffRail } from '../../src/evaluate/diff-rails.ts'

suite('what becomes of a rail', () => {
  test('names what leaves and what enters, each with its place, and counts what moves', () => {
    assert.deepEqual(diffRail('x', ['a', 'b', 'c', 'd'], ['c', 'e', 'a', 'd']), {
      id: 'x',
      leaving: [{ id: 'b', place: 2 }],
      entering: [{ id: 'e', place: 2 }],
      moved: 2,
    })
  })

  test('is nothing when nothing changes, and only then', () => {
    const list = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 5 })
    fc.assert(
      fc.property(list, list, (before, after) => {
        assert.equal(diffRail('x', before, after) === null, JSON.stringify(before) === JSON.stringify(after))
      }),
    )
  })

  test('is added up over all rails', () => {
    const tally = new DiffTally()
    for (const [before, after] of [
      [['a'], ['a']],
      [
        ['a', 'b'],
        ['b', 'a'],
      ],
      [['a'], []],
      [[], ['b', 'c']],
    ] as Array<[string[], string[]]>) {
      tally.add(before, after, diffRail('x', before, after))
    }
    assert.deepEqual(tally.summary(), {
      rails: 4,
      changed: 3,
      orderOnly: 1,
      leaving: 1,
      entering: 2,
      emptied: 1,
      filled: 1,
    })
  })
})
