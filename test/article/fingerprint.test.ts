import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { ArticleInput } from '../../src/article/article.ts'
import { hashedArticleId, publicArticleId } from '../../src/article/article-id.ts'
import { fingerprint } from '../../src/article/fingerprint.ts'

const article: ArticleInput = { id: 'a', title: 'Rain', body: '', tags: [], status: 'published' }

describe('fingerprint', () => {
  it('is the same whatever the order of the keys', () => {
    const full = { ...article, url: 'https://example.com/', section: 'Weather', language: 'en' }
    fc.assert(
      fc.property(fc.shuffledSubarray(Object.entries(full), { minLength: Object.keys(full).length }), (entries) => {
        assert.equal(fingerprint(Object.fromEntries(entries) as unknown as ArticleInput), fingerprint(full))
      }),
    )
  })

  it('does not change when a default is spelt out', () => {
    const { status: _, ...silent } = article
    assert.equal(fingerprint(silent as ArticleInput), fingerprint(article))
    assert.equal(fingerprint({ ...article, standfirst: '' }), fingerprint(article))
  })

  it('changes with every field', () => {
    const changed: ArticleInput[] = [
      { ...article, title: 'Sun' },
      { ...article, body: 'Rain' },
      { ...article, tags: ['Rain'] },
      { ...article, section: 'Rain' },
      { ...article, byline: 'Rain' },
      { ...article, status: 'draft' },
      { ...article, publishedAt: '2026-11-02T09:30:00.000Z' },
    ]
    assert.equal(new Set([article, ...changed].map(fingerprint)).size, changed.length + 1)
  })

  it('is 64 hexadecimal digits', () => assert.match(fingerprint(article), /^[0-9a-f]{64}$/))
})

describe('publicArticleId', () => {
  it('leaves an id that can stand in an address as it is', () => {
    assert.equal(publicArticleId('2026-11-02_rain.v2~a', 'any'), '2026-11-02_rain.v2~a')
  })

  it('hashes the two names that a browser takes for folders', () => {
    assert.match(publicArticleId('.', 's'), /^[0-9a-f]{32}$/)
    assert.match(publicArticleId('..', 's'), /^[0-9a-f]{32}$/)
  })

  it('never takes one pair of source and id for another', () => {
    assert.notEqual(hashedArticleId('bc', 'a'), hashedArticleId('c', 'ab'))
    assert.notEqual(hashedArticleId('1:a', ''), hashedArticleId('a', '1:'))
  })
})
