import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Vectors } from '../../src/related/vectors.ts'

const terms = fc
  .uniqueArray(
    fc.record({ term: fc.integer({ min: 0, max: 2 ** 24 - 1 }), weight: fc.integer({ min: 1, max: 255 }) }),
    {
      selector: ({ term }) => term,
      maxLength: 120,
    },
  )
  .map((all) => Uint32Array.from(all, ({ term, weight }) => ((term << 8) | weight) >>> 0).sort())

test('the terms of every article are read back as they were set, whatever was deleted, saved and set again', () => {
  const step = fc.record({ slot: fc.nat(12), terms: fc.option(terms), isSaved: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let vectors = new Vectors()
      const expected = new Map<number, Uint32Array>()
      for (const { slot, terms: set, isSaved } of steps) {
        vectors.delete(slot)
        expected.delete(slot)
        if (set) {
          vectors.set(slot, set)
          expected.set(slot, set)
        }
        if (isSaved) {
          const again = new Vectors()
          again.restore(structuredClone(vectors.save(13)))
          vectors = again
        }
        for (let at = 0; at <= 12; at++) {
          assert.equal(vectors.has(at), expected.has(at))
          assert.deepEqual(vectors.termsOf(at), expected.get(at) ?? new Uint32Array(0))
        }
      }
    }),
    { numRuns: 200 },
  )
})
