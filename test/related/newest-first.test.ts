import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NewestFirst } from '../../src/related/newest-first.ts'
import { RelatedIndex } from '../../src/related/related-index.ts'
import { day, document } from './documents.ts'

test('the newest article comes first, and of one time the one that was added last', () => {
  const times = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 })
  fc.assert(
    fc.property(times, (published) => {
      const queue = new NewestFirst<{ publishedAtMs: number; added: number }>()
      const items = published.map((publishedAtMs, added) => ({ publishedAtMs, added }))
      for (const item of items) queue.push(item)
      const expected = items.toSorted((a, b) => b.publishedAtMs - a.publishedAtMs || b.added - a.added)
      assert.deepEqual(
        items.map(() => queue.pop()),
        expected,
      )
      assert.equal(queue.pop(), undefined)
    }),
  )
})

test('breaking news has its rail, and is in the rails that it enters, before a backlog of old articles is worked through', () => {
  const index = new RelatedIndex()
  const old = (at: number) =>
    document(`old-${at}`, {
      body: `minutes of council meeting ${at} about drains benches and lamp ${at % 40}`,
      publishedAtMs: at,
    })
  const ferry = document('ferry', {
    body: 'ferry Aurelia runs aground off Halvern lighthouse',
    publishedAtMs: 400 * day,
  })
  for (let at = 0; at < 600; at++) index.put(old(at))
  index.put(ferry)
  index.settle()
  for (let at = 600; at < 1100; at++) index.put(old(at))
  index.put(
    document('captain', {
      body: 'captain of ferry Aurelia blames fog off Halvern lighthouse',
      publishedAtMs: 400 * day + 1,
    }),
  )
  for (let at = 1100; at < 1150; at++) index.put(old(at))
  const { rails, remaining } = index.settle({ atMost: 10 })
  assert.ok(remaining > 500, `a backlog of ${remaining} is left`)
  const railOf = (id: string) => rails.find(({ articleId }) => articleId === id)?.items.map((item) => item.id)
  assert.deepEqual(railOf('captain'), ['ferry'])
  assert.deepEqual(railOf('ferry'), ['captain'])
})
