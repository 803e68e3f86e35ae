import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { MoreLikeThis } from '../../src/evaluate/more-like-this.ts'
import { NewestInSection } from '../../src/evaluate/newest-in-section.ts'
import { byId, known } from './articles.ts'

suite('BM25 more-like-this', () => {
  test('gives what the formula gives, worked out without an index', () => {
    const word = fc.constantFrom('storm', 'ferry', 'harbour', 'council', 'vote', 'goal', 'match', 'grain')
    const text = fc.array(word, { minLength: 1, maxLength: 12 }).map((words) => words.join(' '))
    fc.assert(
      fc.property(fc.array(text, { minLength: 2, maxLength: 12 }), (texts) => {
        const baseline = new MoreLikeThis()
        texts.forEach((each, at) => {
          baseline.put(`a${String(at).padStart(2, '0')}`, each)
        })
        for (let at = 0; at < texts.length; at++) {
          assert.deepEqual(baseline.rank(`a${String(at).padStart(2, '0')}`, 5), slowly(texts, at))
        }
      }),
      { numRuns: 100 },
    )
  })

  test('a correction takes the place of what was there, and a removal leaves nothing', () => {
    const baseline = new MoreLikeThis()
    baseline.put('a', 'storm ferry harbour')
    baseline.put('b', 'council vote')
    baseline.put('c', 'storm ferry')
    assert.deepEqual(baseline.rank('a', 5), ['c'])
    baseline.put('b', 'storm harbour ferry')
    baseline.remove('c')
    assert.deepEqual(baseline.rank('a', 5), ['b'])
    assert.deepEqual(baseline.rank('c', 5), [])
  })
})

suite('newest in section', () => {
  const articles = byId(
    known('a', { section: 'Sport', publishedAtMs: 1 }),
    known('b', { section: 'sport', publishedAtMs: 2 }),
    known('c', { section: 'World', publishedAtMs: 3 }),
    known('d', { section: 'Sport', publishedAtMs: 4 }),
    known('e', { section: 'Sport', publishedAtMs: 5 }),
    known('f', { publishedAtMs: 6 }),
  )

  test('gives what was the newest when the article came out', () => {
    const baseline = new NewestInSection(articles)
    assert.deepEqual(baseline.rank('d', 5), ['b', 'a'])
    assert.deepEqual(baseline.rank('e', 2), ['d', 'b'])
    assert.deepEqual(baseline.rank('c', 5), [])
  })

  test('gives the newest of all to an article without a section, and nothing for an unknown one', () => {
    const baseline = new NewestInSection(articles)
    assert.deepEqual(baseline.rank('f', 2), ['e', 'd'])
    assert.deepEqual(baseline.rank('nobody', 2), [])
  })
})

function slowly(texts: readonly string[], own: number): string[] {
  const articles = texts.map((text) => text.split(' '))
  const mean = articles.reduce((sum, { length }) => sum + length, 0) / articles.length
  const frequency = (word: string) => articles.filter((words) => words.includes(word)).length
  const idf = (word: string) => Math.log(1 + (articles.length - frequency(word) + 0.5) / (frequency(word) + 0.5))
  const query = [...new Set(articles[own])].filter((word) => frequency(word) > 1)
  const scores = articles.map((words, at) => {
    if (at === own) return 0
    // In the order of the word's first arrival, as the index adds them up: sums of fractions depend on it.
    let score = 0
    for (const word of sortedAsIndexed(query, articles, own, idf)) {
      const count = words.filter((other) => other === word).length
      if (count > 0) score += (idf(word) * count * 2.2) / (count + 1.2 * (0.25 + (0.75 * words.length) / mean))
    }
    return score
  })
  return scores
    .map((score, at) => ({ score, id: `a${String(at).padStart(2, '0')}` }))
    .filter(({ score }) => score > 0)
    .sort((one, two) => two.score - one.score || (one.id < two.id ? -1 : 1))
    .slice(0, 5)
    .map(({ id }) => id)
}

function sortedAsIndexed(
  query: readonly string[],
  articles: readonly string[][],
  own: number,
  idf: (word: string) => number,
): string[] {
  const arrival = [...new Set(articles.flat())]
  const weight = (word: string) => articles[own]!.filter((other) => other === word).length * idf(word)
  return [...query].sort((one, two) => weight(two) - weight(one) || arrival.indexOf(one) - arrival.indexOf(two))
}
