import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { groundTruths } from '../../src/evaluate/ground-truth.ts'
import { byId, known } from './articles.ts'

suite('ground truth', () => {
  test('the mates of an article are the others of its story; one alone in its story does not count', () => {
    const [truth, ...rest] = groundTruths(
      byId(known('a', { story: 's' }), known('b', { story: 's' }), known('c', { story: 't' }), known('d')),
    )
    assert.equal(rest.length, 0)
    assert.ok(truth?.kind === 'mates')
    assert.equal(truth.name, 'story')
    assert.equal(truth.withoutMates, 1)
    const mates = truth.questions.map(({ article, mates: others, cluster }) => [article.id, [...others], cluster])
    assert.deepEqual(mates, [
      ['a', ['b'], 's'],
      ['b', ['a'], 's'],
    ])
  })

  test('a pick counts for the article that has it, and only when it is in the data', () => {
    const [truth] = groundTruths(
      byId(known('a', { related: ['b', 'gone'] }), known('b'), known('c', { related: ['gone'] })),
    )
    assert.ok(truth?.kind === 'mates')
    assert.equal(truth.name, 'related')
    assert.deepEqual(
      truth.questions.map(({ article, mates }) => [article.id, [...mates]]),
      [['a', ['b']]],
    )
    assert.equal(truth.withoutMates, 1)
  })

  test('labels, sections and tags are told apart, the strongest ground truth first', () => {
    const about = { story: 's', labels: ['grain'], section: 'Markets', tags: ['Wheat'] }
    const truths = groundTruths(byId(known('a', about), known('b', { ...about, section: 'markets' })))
    assert.deepEqual(
      truths.map(({ name }) => name),
      ['story', 'labels', 'section', 'tags'],
    )
  })

  test('a label that nobody else has asks no question', () => {
    const truths = groundTruths(byId(known('a', { labels: ['grain'] }), known('b', { labels: ['ship'] })))
    assert.deepEqual(truths, [])
  })
})
