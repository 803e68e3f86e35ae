import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { RelatedIndex } from '../../src/related/related-index.ts'
import { storyLengthMax, storyOf } from '../../src/related/story.ts'
import { day, document } from './documents.ts'

const at = (id: string, days: number) => ({ id, publishedAtMs: days * day })
/** A score as a rail has it, of two articles so many days apart, for texts alike by `text`. */
const scored = (text: number, daysApart: number) => (text * (1 + 2 * Math.exp(-daysApart / 3))) / 3

describe('the story so far', () => {
  it('is told in the order of time, whatever the order of the rail, and weeks long', () => {
    const rail = [
      { ...at('later', 3), score: scored(0.4, 2) },
      { ...at('first', -20), score: scored(0.3, 21) },
    ]
    const story = storyOf(at('a', 1), (id) => (id === 'a' ? rail : []))
    assert.deepEqual(
      story.map(({ id }) => id),
      ['first', 'later'],
    )
  })

  it('leaves out what is merely near in time', () => {
    const story = storyOf(at('a', 1), () => [{ ...at('chance', 1), score: scored(0.1, 0) }])
    assert.deepEqual(story, [])
  })

  it('goes on by two links and no further, the second stronger than the first', () => {
    const rails: Record<string, Array<{ id: string; publishedAtMs: number; score: number }>> = {
      a: [{ ...at('b', 2), score: scored(0.19, 1) }],
      b: [
        { ...at('a', 1), score: scored(0.19, 1) },
        { ...at('weak', 2), score: scored(0.3, 0) },
        { ...at('c', 3), score: scored(0.4, 1) },
      ],
      c: [{ ...at('d', 3), score: scored(0.9, 0) }],
    }
    const story = storyOf(at('a', 1), (id) => rails[id] ?? [])
    assert.deepEqual(
      story.map(({ id }) => id),
      ['b', 'c'],
    )
  })

  it('keeps the nearest when there are too many', () => {
    const rail = Array.from({ length: 80 }, (_, number) => ({
      ...at(`n${String(number).padStart(2, '0')}`, 1),
      score: scored(0.3 + number / 1000, 0),
    }))
    const story = storyOf(at('a', 1), (id) => (id === 'a' ? rail : []))
    assert.equal(story.length, storyLengthMax - 1)
    assert.ok(story.every(({ id }) => Number(id.slice(1)) >= 80 - (storyLengthMax - 1)))
  })

  it('finds the stories of the sample newsroom: most of each, and little else', () => {
    const lines = readFileSync(sample, 'utf8').trim().split('\n')
    const rows = lines.map((line) => JSON.parse(line) as Row)
    const index = new RelatedIndex()
    for (const { publishedAt, story: _story, ...fields } of rows) {
      const known = Object.fromEntries(Object.entries(fields).filter(([key]) => key in document('')))
      index.put(document(fields.id, { ...known, publishedAtMs: Date.parse(publishedAt) }))
    }
    index.settle()
    const byId = new Map(rows.map((row) => [row.id, row]))
    const timed = (id: string) => ({ id, publishedAtMs: Date.parse(byId.get(id)!.publishedAt) })
    let found = 0
    let right = 0
    let mates = 0
    for (const { id, story } of rows) {
      const told = storyOf(timed(id), (of) => index.rail(of).map((item) => ({ ...timed(item.id), score: item.score })))
      found += told.length
      right += told.filter((other) => byId.get(other.id)!.story === story).length
      mates += rows.filter((other) => other.id !== id && other.story === story).length
    }
    assert.ok(right / found > 0.8, `of what is found, ${right / found} belongs to the story`)
    assert.ok(right / mates > 0.65, `of what belongs to the story, ${right / mates} is found`)
  })
})

interface Row {
  readonly id: string
  readonly publishedAt: string
  readonly story: string
}

const sample = new URL('../../sample/newsroom.jsonl', import.meta.url)
