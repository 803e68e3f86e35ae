import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { generateArticles } from '../../src/generate/generate-articles.ts'
import { seededRandom } from '../../src/generate/seeded-random.ts'
import { defaultNeighbours } from '../../src/related/neighbours.ts'
import type { RelatedDocument } from '../../src/related/related.ts'
import { RelatedIndex } from '../../src/related/related-index.ts'
import { day, document } from './documents.ts'

function generated(articles: number, seed: number): RelatedDocument[] {
  return [...generateArticles({ articles, seed, perDay: 100, from: '1970-01-01T00:00:00.000Z' })].map((article) =>
    document(article.id, {
      title: article.title,
      body: article.body,
      source: article.source,
      section: article.section,
      tags: article.tags,
      publishedAtMs: Date.parse(article.publishedAt),
    }),
  )
}

describe('the work of a publication', () => {
  test('is bounded, however popular the topic', () => {
    const postingsExpected = 50
    const index = new RelatedIndex({ neighbours: { ...defaultNeighbours, postingsExpected }, wordsKept: 250 })
    for (const one of generated(300, 1)) index.put(one)
    index.settle({ givesRails: false })
    // A word that no statistics have heard of, and then everybody writes about nothing else, all at once.
    const works = Array.from({ length: 600 }, (_, at) => {
      const before = index.workDone
      index.put(
        document(`flood${at}`, {
          body: `Zurbaran floods reach gate ${at} of Quellheim, Ostrava and Maribor`,
          publishedAtMs: 0,
        }),
      )
      index.settle({ givesRails: false })
      return index.workDone - before
    })
    const terms = 12
    assert.ok(Math.max(...works) <= terms * postingsExpected * 2 + index.size, `${Math.max(...works)} steps`)
  })

  test('of terms that are in the news every day does not grow with the years', () => {
    const index = new RelatedIndex({ neighbours: { ...defaultNeighbours, postingsExpected: 50 } })
    const daily = (at: number) =>
      document(`n${at}`, {
        body: `council budget meeting ${at % 7} votes ${at % 11} on drains ${at % 5}`,
        publishedAtMs: at * day,
      })
    for (let at = 0; at < 400; at++) index.put(daily(at))
    for (const one of generated(1200, 2)) index.put(one)
    index.settle({ givesRails: false })
    const standing = index.scoreParts('n10', 'n11')
    const distant = index.scoreParts('n10', 'n311')
    assert.ok(standing && distant)
    assert.ok(standing.text > distant.text, `${standing.text} near, ${distant.text} far`)
  })
})

describe('published in any order, with corrections and takedowns, within one epoch', () => {
  test('the rails are those of a rebuild', () => {
    const all = generated(1500, 3)
    const base = all.slice(0, 900)
    const random = seededRandom(5)
    const shuffled = all.slice(900).toSorted(() => random() - 0.5)
    const options = { neighbours: { ...defaultNeighbours, postingsExpected: 200 } }
    const index = new RelatedIndex(options)
    for (const one of base) index.put(one)
    index.settle({ givesRails: false })
    const now = new Map(base.map((one) => [one.id, one]))
    shuffled.forEach((one, at) => {
      index.put(one)
      now.set(one.id, one)
      const earlier = all[Math.floor(random() * 900)]!
      if (at % 5 === 0 && now.has(earlier.id)) {
        const corrected = { ...earlier, body: `${earlier.body} Corrected: ${one.title}.` }
        index.put(corrected)
        now.set(corrected.id, corrected)
      } else if (at % 7 === 0 && now.delete(earlier.id)) index.remove(earlier.id)
      if (at % 3 === 0) index.settle({ givesRails: false })
    })
    index.settle({ givesRails: false })
    // The same statistics: counted from the same base, then everything else in one go.
    const rebuilt = new RelatedIndex(options)
    for (const one of base) rebuilt.put(one)
    rebuilt.settle({ givesRails: false })
    for (const one of base) if (now.get(one.id) !== one) rebuilt.remove(one.id)
    for (const one of now.values()) if (!base.includes(one)) rebuilt.put(one)
    rebuilt.settle({ givesRails: false })
    assert.equal(rebuilt.size, index.size)
    for (const id of now.keys()) assert.deepEqual(index.rail(id), rebuilt.rail(id), id)
  })
})

test('an archive that has shrunk below what words are kept of goes on, with every rail that it had', () => {
  const index = new RelatedIndex({ wordsKept: 60 })
  const all = generated(140, 9)
  for (const one of all) {
    index.put(one)
    index.settle({ givesRails: false })
  }
  const kept = all.filter((_, at) => at % 3 === 0)
  for (const one of all) if (!kept.includes(one)) index.remove(one.id)
  index.settle({ givesRails: false })
  const before = kept.map((one) => index.neighbours(one.id))
  const more = generated(60, 10).map((one) => ({ ...one, id: `more-${one.id}` }))
  for (const one of more.slice(0, 40)) {
    index.put(one)
    index.settle({ givesRails: false })
    index.remove(one.id)
    index.settle({ givesRails: false })
  }
  assert.ok(before.some((neighbours) => neighbours.length > 0))
  assert.deepEqual(
    kept.map((one) => index.neighbours(one.id)),
    before,
  )
  assert.equal(index.size, kept.length)
})
