import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { ArticleInput } from '../../src/article/article.ts'
import { articleIdPattern } from '../../src/article/article.ts'
import { articleLimits, parseArticle } from '../../src/article/parse-article.ts'

describe('parseArticle', () => {
  it('takes an article with an id and a title, and fills in nothing else', () => {
    assert.deepEqual(parsed({ id: 'a', title: 'Rain' }), {
      id: 'a',
      title: 'Rain',
      body: '',
      tags: [],
      status: 'published',
    })
  })

  it('takes an article with a body and no title', () => {
    assert.equal(parsed({ id: 'a', body: 'It rained.' }).body, 'It rained.')
  })

  it('reports everything that is wrong at once, each with what was expected', () => {
    const problems = problemsOf({
      id: {},
      title: 7,
      tags: ['ok', 4],
      url: 'javascript:alert(1)',
      publishedAt: '2026-02-30',
      status: 'live',
      language: 'English, mostly',
    })
    assert.deepEqual(
      problems.map(({ path }) => path),
      ['title', 'status', 'id', 'url', 'language', 'publishedAt', 'tags[1]'],
    )
    for (const { message } of problems) assert.match(message, /was expected/)
  })

  it('says that neither title nor body is there', () => {
    assert.deepEqual(
      problemsOf({ id: 'a', title: '  ' }).map(({ path }) => path),
      ['title'],
    )
  })

  it('takes down with nothing but an id', () => {
    assert.equal(parsed({ id: 'a', status: 'withdrawn' }).status, 'withdrawn')
  })

  it('takes a number as an id, but not one that JSON has rounded', () => {
    assert.equal(parsed({ id: 12, title: 'x' }).id, '12')
    assert.match(problemsOf({ id: 2 ** 53, title: 'x' })[0]?.message ?? '', /below 2\^53/)
  })

  it('hashes an id that cannot stand in an address, together with its source', () => {
    const one = parsed({ id: 'https://a.example/1', title: 'x', source: 'A' }).id
    assert.match(one, articleIdPattern)
    assert.notEqual(one, parsed({ id: 'https://a.example/1', title: 'x', source: 'B' }).id)
    assert.equal(one, parsed({ id: 'https://a.example/1', title: 'other', source: 'A' }).id)
  })

  it('refers to other articles by the ids under which they are stored', () => {
    const first = parsed({ id: 'news/1', title: 'x', source: 'A' })
    const second = parsed({
      id: 'b',
      title: 'x',
      source: 'A',
      evolvedFrom: 'news/1',
      related: ['news/1', 'b', 'news/1'],
    })
    assert.equal(second.evolvedFrom, first.id)
    assert.deepEqual(second.related, [first.id])
  })

  it('ignores keys that it does not know', () => {
    assert.equal('split' in parsed({ id: 'a', title: 'x', labels: ['grain'], split: 'TRAIN' }), false)
  })

  it('takes labels where they are a list of texts, and leaves anything else alone', () => {
    assert.deepEqual(parsed({ id: 'a', title: 'x', labels: ['grain', ' grain', 'wheat'] }).labels, ['grain', 'wheat'])
    for (const labels of ['grain', [], [{ name: 'grain' }], { grain: 1 }, [4], null]) {
      assert.equal('labels' in parsed({ id: 'a', title: 'x', labels }), false)
    }
  })

  it('takes null for left out', () => {
    assert.deepEqual(parsed({ id: 'a', title: 'x', url: null, tags: null }), parsed({ id: 'a', title: 'x' }))
  })

  it('normalises text and takes control characters and lone surrogates out', () => {
    const { title, body } = parsed({
      id: 'a',
      title: ' Cafe\u0301\u0000 \n\ud800 au\tlait ',
      body: 'One.\r\n\r\n\r\n\r\nTwo\u0007.  \n',
    })
    assert.equal(title, 'Café au lait')
    assert.equal(body, 'One.\n\nTwo.')
  })

  it('reads quotes that Windows wrote where Unicode has control characters', () => {
    assert.equal(parsed({ id: 'a', title: 'don\u0092t \u0093go\u0094' }).title, 'don’t “go”')
  })

  it('keeps the HTML apart, so that nothing stores it before it is sanitised', () => {
    const result = parseArticle({ id: 'a', bodyHtml: '<p>Hi</p>' })
    assert.ok(result.ok)
    assert.equal(result.bodyHtmlRaw, '<p>Hi</p>')
    assert.equal('bodyHtml' in result.input, false)
  })

  it('refuses what is too large, and says how large it may be', () => {
    const problems = problemsOf({
      id: 'a',
      title: 'x'.repeat(articleLimits.titleCharacters + 1),
      body: 'é'.repeat(articleLimits.bodyBytes / 2 + 1),
      tags: Array.from({ length: articleLimits.tags + 1 }, String),
    })
    assert.deepEqual(
      problems.map(({ path }) => path),
      ['title', 'body', 'tags'],
    )
    assert.match(problems[0]?.message ?? '', /at most 1000/)
  })

  it('refuses an address with a password', () => {
    assert.deepEqual(
      problemsOf({ id: 'a', title: 'x', url: 'https://me:secret@example.com/' }).map(({ path }) => path),
      ['url'],
    )
  })

  it('is not led astray by a prototype', () => {
    const record: unknown = JSON.parse(
      '{"id":"a","title":"x","__proto__":{"status":"withdrawn","url":"https://evil.example"}}',
    )
    assert.deepEqual(parsed(record), parsed({ id: 'a', title: 'x' }))
    assert.equal(Object.getPrototypeOf(parsed(record)), Object.prototype)
  })

  it('never throws, whatever JSON it is handed', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        assert.equal(typeof parseArticle(value).ok, 'boolean')
      }),
    )
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...keys), fc.jsonValue()), (value) => {
        assert.equal(typeof parseArticle(value).ok, 'boolean')
      }),
    )
  })

  it('gives the same article when it reads what it gave', () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        const once = parseArticle(record)
        fc.pre(once.ok)
        const twice = parseArticle(JSON.parse(JSON.stringify(once.input)))
        assert.deepEqual(twice, { ok: true, input: once.input })
      }),
      { numRuns: 500 },
    )
  })
})

const keys = [
  'id',
  'title',
  'body',
  'bodyHtml',
  'url',
  'tags',
  'related',
  'language',
  'publishedAt',
  'status',
  'evolvedFrom',
  '__proto__',
]

const anyText = fc.string({
  unit: fc.constantFrom(
    'a',
    'E',
    ' ',
    '\n',
    '\r',
    '\u0000',
    '\u0092',
    '\ud83d',
    '\ude00',
    '\u0301',
    '\ufeff',
    '<',
    '&',
    '\u2028',
    'ﬁ',
    '/',
  ),
})
const anyRecord = fc.record(
  {
    id: fc.oneof(anyText, fc.nat()),
    title: anyText,
    body: anyText,
    source: anyText,
    url: fc.webUrl({ withFragments: true, withQueryParameters: true }),
    tags: fc.array(anyText, { maxLength: 4 }),
    related: fc.array(fc.oneof(anyText, fc.nat()), { maxLength: 4 }),
    story: fc.nat(),
    language: fc.constantFrom('en', 'pt_BR', 'DE'),
    publishedAt: fc
      .date({ noInvalidDate: true, min: new Date('0002-01-01'), max: new Date('9998-01-01') })
      .map((date) => date.toISOString()),
    status: fc.constantFrom('published', 'Draft', 'withdrawn'),
  },
  { requiredKeys: ['id', 'title'] },
)

function parsed(value: unknown): ArticleInput {
  const result = parseArticle(value)
  assert.ok(result.ok, JSON.stringify(result))
  return result.input
}

function problemsOf(value: unknown) {
  const result = parseArticle(value)
  assert.ok(!result.ok, 'it was taken')
  return result.problems
}
