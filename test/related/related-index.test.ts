import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type RailItem, type RelatedDocument, storedRailLength } from '../../src/related/related.ts'
import { RelatedIndex } from '../../src/related/related-index.ts'
import { day, document, documents } from './documents.ts'
import { type Rails, railsByBruteForce } from './oracle.ts'

/** What a store would hold: every rail as it was last given. */
class Shelf {
  readonly rails = new Map<string, RailItem[]>()

  settle(index: RelatedIndex, atMost?: number): void {
    for (let remaining = 1; remaining > 0; ) {
      const settled = index.settle(atMost === undefined ? {} : { atMost })
      for (const { articleId, items } of settled.rails) this.rails.set(articleId, items)
      remaining = settled.remaining
    }
  }

  scores(): Rails {
    return Object.fromEntries([...this.rails].map(([id, items]) => [id, items.map(({ id, score }) => ({ id, score }))]))
  }
}

function railsOf(all: readonly RelatedDocument[]): Map<string, RailItem[]> {
  const index = new RelatedIndex()
  const shelf = new Shelf()
  for (const one of all) index.put(one)
  shelf.settle(index)
  return shelf.rails
}

const sorted = (rails: Map<string, RailItem[]>) => [...rails].toSorted(([a], [b]) => (a < b ? -1 : 1))
const runs = { numRuns: 25, endOnFailure: false, interruptAfterTimeLimit: 20_000 }

describe('rails', () => {
  test('are those of comparing every article with every other', () => {
    fc.assert(
      fc.property(documents({ min: 1, max: 110 }), fc.integer({ min: 1, max: 50 }), (all, atMost) => {
        const index = new RelatedIndex()
        const shelf = new Shelf()
        for (const one of all) index.put(one)
        shelf.settle(index, atMost)
        assert.deepEqual(shelf.scores(), railsByBruteForce(all))
      }),
      runs,
    )
  })

  test('are the same whatever the order in which the articles came', () => {
    const shuffled = documents({ min: 2, max: 60 }).chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    )
    fc.assert(
      fc.property(shuffled, ([all, reordered]) => {
        assert.deepEqual(sorted(railsOf(reordered)), sorted(railsOf(all)))
      }),
      runs,
    )
  })

  const known = [
    ['in any order', {}],
    // Each an order that once left a rail short of a newcomer: weaker than all that were looked at, or the first turned away.
    ['in the orders of seed 10', { seed: 10 }],
    ['in the orders of seed 1', { seed: 1 }],
  ] as const
  for (const [how, seed] of known) {
    test(`published one by one, corrected and removed ${how}, are those of a rebuild under the same statistics`, () => {
      const news = documents({ min: 1, max: 6 }, 'n')
      const base = documents({ min: 60, max: 100 })
      const removed = fc.uniqueArray(fc.nat(59), { maxLength: 3 })
      const corrected = fc.uniqueArray(fc.nat(59), { maxLength: 3 })
      fc.assert(
        fc.property(
          base,
          news,
          removed,
          corrected,
          fc.integer({ min: 1, max: 9 }),
          (old, fresh, gone, changed, atMost) => {
            const index = new RelatedIndex()
            const shelf = new Shelf()
            for (const one of old) index.put(one)
            shelf.settle(index)
            const now = new Map(old.map((one) => [one.id, one]))
            const put = (one: RelatedDocument) => {
              index.put(one)
              now.set(one.id, one)
              // Some are settled at once, some together with the next.
              if (one.title.length % 2 === 0) shelf.settle(index, atMost)
            }
            fresh.slice(0, 3).forEach(put)
            for (const at of changed) put({ ...old[at]!, body: `${fresh[0]!.body} corrected`, evolvedFrom: null })
            for (const at of gone) {
              assert.equal(index.remove(`a${at}`), true)
              now.delete(`a${at}`)
              shelf.rails.delete(`a${at}`)
            }
            fresh.slice(3).forEach(put)
            shelf.settle(index, atMost)
            assert.deepEqual(shelf.scores(), railsByBruteForce([...now.values()], old))
            for (const id of now.keys()) assert.deepEqual(index.rail(id), shelf.rails.get(id))
          },
        ),
        { numRuns: 40, ...seed },
      )
    })
  }

  test('score two articles alike from both sides, and give the same reason', () => {
    fc.assert(
      fc.property(documents({ min: 2, max: 40 }), (all) => {
        const rails = railsOf(all)
        for (const [id, items] of rails) {
          for (const item of items) {
            const back = rails.get(item.id)!.find((other) => other.id === id)
            if (back) assert.deepEqual({ ...back, id: item.id }, item)
          }
        }
      }),
      runs,
    )
  })

  test('never hold the article itself, one of its versions, another language, or more than is stored', () => {
    fc.assert(
      fc.property(documents({ min: 2, max: 80 }), (all) => {
        const byId = new Map(all.map((one) => [one.id, one]))
        for (const [id, items] of railsOf(all)) {
          assert.ok(items.length <= storedRailLength)
          assert.equal(new Set(items.map((item) => item.id)).size, items.length)
          for (const item of items) {
            const other = byId.get(item.id)!
            assert.equal(
              items.some(({ id: beside }) => beside === other.evolvedFrom),
              false,
            )
            assert.notEqual(item.id, id)
            assert.notEqual(other.evolvedFrom, id)
            assert.notEqual(byId.get(id)!.evolvedFrom, item.id)
            const languages = new Set([other.language, byId.get(id)!.language].filter((language) => language !== null))
            assert.ok(languages.size <= 1)
            assert.ok(item.score > 0 && item.score <= 1)
          }
        }
      }),
      runs,
    )
  })

  test('of a corpus that has doubled are those of a new index', () => {
    fc.assert(
      fc.property(documents({ min: 20, max: 40 }), documents({ min: 45, max: 60 }, 'b'), (first, second) => {
        const index = new RelatedIndex()
        const shelf = new Shelf()
        for (const one of first) index.put(one)
        shelf.settle(index)
        for (const one of second) index.put(one)
        shelf.settle(index, 3)
        assert.deepEqual(sorted(shelf.rails), sorted(railsOf([...first, ...second])))
      }),
      runs,
    )
  })

  test('stay true when articles are published and removed while a new epoch is being built', () => {
    fc.assert(
      fc.property(documents({ min: 50, max: 60 }), documents({ min: 20, max: 24 }, 'b'), (first, second) => {
        const index = new RelatedIndex()
        const shelf = new Shelf()
        for (const one of first) index.put(one)
        shelf.settle(index)
        const before = second.slice(0, -2)
        // Enough to be due for a new epoch, too few to be taken for a bulk load.
        for (const one of before) index.put(one)
        for (const { articleId, items } of index.settle({ atMost: 20 }).rails) shelf.rails.set(articleId, items)
        const counted = [...first, ...before]
        for (const one of second.slice(-2)) index.put(one)
        index.remove('a1')
        index.remove('b1')
        shelf.settle(index, 2)
        for (const id of ['a1', 'b1']) shelf.rails.delete(id)
        const now = [...first, ...second].filter(({ id }) => id !== 'a1' && id !== 'b1')
        assert.deepEqual(shelf.scores(), railsByBruteForce(now, counted))
      }),
      runs,
    )
  })
})

describe('a repeat-heavy corpus', () => {
  const wire = 'harbour strike halts ferries in halvern as crews walk out over new rosters and pay'
  const copies = Array.from({ length: 60 }, (_, at) => document(`copy${at}`, { body: wire }))
  const others = Array.from({ length: 40 }, (_, at) =>
    document(`other${at}`, {
      body: `ferries rosters quay ${name(at)} ${name(at + 7)} ${name(at + 13)} ${name(at + 19)}`,
    }),
  )
  // Enough of the rest of the world that the words of the strike stay rare.
  const rest = Array.from({ length: 500 }, (_, at) =>
    document(`rest${at}`, { body: `${name(at)} ${name(at + 1)} elsewhere` }),
  )
  const reader = document('reader', {
    body: 'harbour strike halts ferries while crews and owners of halvern talk rosters on the quay',
  })
  const all = [...copies, ...others, ...rest, reader]

  test('still fills a rail when copies of one text take all the nearest places', () => {
    const rail = railsOf(all).get('reader')!
    assert.equal(rail.filter(({ id }) => id.startsWith('copy')).length, 1)
    assert.equal(rail.length, storedRailLength)
    assert.deepEqual(
      rail.map(({ id, score }) => ({ id, score })),
      railsByBruteForce(all).reader,
    )
  })

  test('keeps such a rail true when one of its far places is removed, and when one is beaten', () => {
    const index = new RelatedIndex()
    const shelf = new Shelf()
    for (const one of all) index.put(one)
    shelf.settle(index)
    const far = shelf.rails.get('reader')!.at(-3)!.id
    index.remove(far)
    shelf.settle(index)
    shelf.rails.delete(far)
    const without = all.filter(({ id }) => id !== far)
    assert.deepEqual(shelf.scores().reader, railsByBruteForce(without, all).reader)
    const newcomer = document('newcomer', { body: 'ferries rosters quay of halvern' })
    index.put(newcomer)
    shelf.settle(index)
    assert.ok(shelf.rails.get('reader')!.some(({ id }) => id === 'newcomer'))
    assert.deepEqual(shelf.scores(), railsByBruteForce([...without, newcomer], all))
  })
})

describe('a restart', () => {
  const all = fc.sample(documents({ min: 60, max: 60, plain: true }), { numRuns: 1, seed: 7 })[0]!

  test('takes stored rails as they are', () => {
    const stored = railsOf(all)
    const index = new RelatedIndex()
    for (const one of all) index.put(one, stored.get(one.id))
    const { rails, remaining } = index.settle()
    assert.deepEqual({ rails, remaining }, { rails: [], remaining: 0 })
    for (const one of all) assert.deepEqual(index.rail(one.id), stored.get(one.id))
  })

  test('enters a newcomer in the stored rails whose last place it beats, and in no other', () => {
    const stored = railsOf(all)
    const index = new RelatedIndex()
    for (const one of all) index.put(one, stored.get(one.id))
    index.settle()
    const newcomer = document('newcomer', {
      title: all[3]!.title,
      body: `${all[3]!.body} and much besides that nobody said`,
      publishedAtMs: all[3]!.publishedAtMs,
    })
    index.put(newcomer)
    const shelf = new Shelf()
    shelf.settle(index)
    const expected = railsByBruteForce([...all, newcomer], all)
    assert.deepEqual(shelf.scores().newcomer, expected.newcomer)
    for (const [id, items] of shelf.rails) {
      assert.deepEqual(
        items.map(({ id, score }) => ({ id, score })),
        expected[id],
      )
    }
    const unchanged = all.filter(({ id }) => !shelf.rails.has(id))
    assert.ok(shelf.rails.size > 1 && unchanged.length > 0)
    for (const { id } of unchanged)
      assert.equal(
        expected[id]!.some((item) => item.id === 'newcomer'),
        false,
      )
  })

  test('works out anew what has no stored rail, or one that names an article that is gone', () => {
    const stored = railsOf(all)
    const without = all.filter(({ id }) => id !== 'a5')
    const index = new RelatedIndex()
    for (const one of without) index.put(one, one.id === 'a0' ? null : stored.get(one.id))
    const shelf = new Shelf()
    shelf.settle(index)
    assert.ok(shelf.rails.has('a0'))
    for (const [id, items] of stored) {
      if (id !== 'a5' && items.some((item) => item.id === 'a5')) assert.ok(shelf.rails.has(id), id)
    }
    for (const items of shelf.rails.values())
      assert.equal(
        items.some(({ id }) => id === 'a5'),
        false,
      )
  })
})

describe('settling', () => {
  test('does no more neighbour work in a call than it is asked for', () => {
    const all = fc.sample(documents({ min: 80, max: 80 }), { numRuns: 1, seed: 3 })[0]!
    const index = new RelatedIndex()
    for (const one of all) index.put(one)
    let calls = 0
    for (let remaining = 1; remaining > 0; calls++) {
      const settled = index.settle({ atMost: 4 })
      assert.ok(settled.rails.length <= 20, `${settled.rails.length} rails in one call`)
      remaining = settled.remaining
    }
    assert.ok(calls >= 80 / 4, `${calls} calls`)
    assert.deepEqual(index.settle(), { rails: [], remaining: 0 })
  })

  test('gives an article without relations an empty rail once', () => {
    const index = new RelatedIndex()
    index.put(document('alone', { title: 'Nothing else is here' }))
    assert.deepEqual(index.settle().rails, [{ articleId: 'alone', items: [] }])
    assert.deepEqual(index.settle().rails, [])
  })

  test('takes an article without a single word', () => {
    const index = new RelatedIndex()
    index.put(document('empty', { title: '—', body: '...' }))
    index.put(document('full', { title: 'A word or two' }))
    assert.deepEqual(
      index.settle().rails.map(({ items }) => items),
      [[], []],
    )
  })

  test('forgets a removed article at once, before it is settled', () => {
    const index = new RelatedIndex()
    const body = 'ferry crews strike in halvern harbour'
    index.put(document('one', { body: `${body} on monday morning`, publishedAtMs: 0 }))
    index.put(document('two', { body: `why ${body.toUpperCase()} again this winter`, publishedAtMs: day }))
    index.settle()
    assert.deepEqual(
      index.rail('one').map(({ id }) => id),
      ['two'],
    )
    assert.equal(index.remove('two'), true)
    assert.equal(index.remove('two'), false)
    assert.deepEqual(index.rail('one'), [])
    assert.deepEqual(index.settle().rails, [{ articleId: 'one', items: [] }])
    assert.equal(index.size, 1)
  })
})

function name(at: number): string {
  return `name${String.fromCharCode(97 + (at % 26))}${String.fromCharCode(97 + (Math.floor(at / 26) % 26))}`
}
