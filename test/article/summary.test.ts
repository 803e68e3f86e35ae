import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Article } from '../../src/article/article.ts'
import { cutAtWord, standfirstLengthMax, summaryOf } from '../../src/article/summary.ts'

describe('the summary of an article', () => {
  it('has what a list shows, and null for what the article does not say', () => {
    assert.deepEqual(summaryOf(article({ title: 'Ferry returns', body: 'It sails.', section: 'Local' })), {
      id: 'a',
      title: 'Ferry returns',
      standfirst: 'It sails.',
      url: null,
      byline: null,
      section: 'Local',
      source: null,
      language: null,
      image: null,
      publishedAt: time,
      updatedAt: time,
    })
  })

  it('has the first words of the body for a title that is missing', () => {
    assert.equal(summaryOf(article({ title: ' ', body: '\n\n Rain\n all  day. ' })).title, 'Rain all day.')
    const long = summaryOf(article({ title: '', body: 'Rain '.repeat(100) })).title
    assert.match(long, /^(Rain )+Rain…$/)
    assert.ok(long.length <= 100)
  })

  it('has a title even of an article without a word', () => {
    assert.equal(summaryOf(article({ title: '', body: ' ' })).title, 'a')
  })

  it('prefers the standfirst of the article to its body', () => {
    assert.equal(summaryOf(article({ standfirst: 'In short.', body: 'At length.' })).standfirst, 'In short.')
    assert.equal(summaryOf(article({ standfirst: '  ', body: 'At length.' })).standfirst, 'At length.')
  })

  it('is never longer than it may be, nor torn inside a character, whatever the text', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 600 }),
      fc
        .array(fc.constantFrom('👩‍👩‍👧', '漢字', 'word', ' ', 'é', '🏳️‍🌈'), { maxLength: 300 })
        .map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(texts, (body) => {
        const { title, standfirst } = summaryOf(article({ title: '', body }))
        assert.ok(title.length > 0)
        assert.ok(standfirst.length <= standfirstLengthMax)
        assert.ok(standfirst.isWellFormed() || !body.isWellFormed())
      }),
    )
  })
})

describe('a text that is cut', () => {
  it('ends after a word, without the comma, with an ellipsis', () => {
    assert.equal(cutAtWord('The ferry, the bus and the train', 12), 'The ferry…')
    assert.equal(cutAtWord('The ferry', 9), 'The ferry')
  })

  it('ends after a character where there are no spaces', () => {
    assert.equal(cutAtWord('漢字漢字漢字漢字', 5), '漢字漢字…')
    assert.equal(cutAtWord(`${'👩‍👩‍👧'.repeat(3)}`, 20), `${'👩‍👩‍👧'.repeat(2)}…`)
  })
})

const time = '2026-11-02T09:30:00.000Z'

function article(over: Partial<Article>): Article {
  return {
    id: 'a',
    title: 'Title',
    body: 'Body',
    tags: [],
    status: 'published',
    publishedAt: time,
    updatedAt: time,
    firstSeenAt: time,
    ...over,
  }
}
