import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { articleIdPattern } from '../../src/article/article.ts'
import { type ParsedArticle, parseArticle } from '../../src/article/parse-article.ts'
import { problemText } from '../../src/errors.ts'

const sampleFolder = new URL('../../sample/', import.meta.url)
const lines = readFileSync(new URL('newsroom.jsonl', sampleFolder), 'utf8').trimEnd().split('\n')
const records = lines.map((line) => JSON.parse(line) as unknown)
const articles = records.map((record) => accepted(parseArticle(record)))
const byId = new Map(articles.map((article) => [article.id, article]))
const stories = Map.groupBy(articles, (article) => article.story ?? '')

const dayMs = 86_400_000

describe('the sample newsroom', () => {
  it('is taken in without a single problem', () => {
    const problems = records.flatMap((record, index) => {
      const parsed = parseArticle(record)
      return parsed.ok ? [] : parsed.problems.map((problem) => `line ${index + 1}: ${problemText(problem)}`)
    })
    assert.deepEqual(problems, [])
  })

  it('has enough articles, stories and sections to fill a front page and its rails', () => {
    const sections = new Set(articles.map((article) => article.section))
    assert.ok(articles.length >= 84, `${articles.length} articles`)
    assert.ok(stories.size >= 22, `${stories.size} stories`)
    assert.deepEqual([...sections].sort(), ['Business', 'Culture', 'Local', 'Politics', 'Science', 'Sport', 'World'])
  })

  it('gives every article an id of its own that can stand in an address as it is', () => {
    assert.equal(byId.size, articles.length)
    assert.deepEqual(
      records.map((record) => property(record, 'id')),
      articles.map((article) => article.id),
    )
    for (const { id } of articles) assert.match(id, articleIdPattern)
  })

  it('opens on article 1, which is the newest', () => {
    const newest = articles.toSorted((a, b) => publishedAtMs(b) - publishedAtMs(a))[0]
    assert.equal(newest?.id, '1')
  })

  it('tells every article in full: headline, standfirst, byline, section, tags, source, language and time', () => {
    for (const article of articles) {
      const missing = (['title', 'standfirst', 'byline', 'section', 'source', 'language', 'story'] as const).filter(
        (key) => !article[key],
      )
      assert.deepEqual(missing, [], `article ${article.id}`)
      assert.ok(article.tags.length > 0, `article ${article.id} has no tags`)
      const words = article.text.split(/\s+/).length
      assert.ok(words >= 120 && words <= 350, `article ${article.id} has ${words} words`)
    }
  })

  it('leaves nothing to fetch: no images and no addresses outside', () => {
    for (const article of articles) {
      assert.equal(article.url, undefined, `article ${article.id}`)
      assert.equal(article.image, undefined, `article ${article.id}`)
      assert.doesNotMatch(article.text, /https?:|<(?:img|script|iframe|a)\b/i, `article ${article.id}`)
    }
  })

  it('plays between 28 September and 2 November 2026, and every story unfolds over days', () => {
    const [start, end] = [Date.parse('2026-09-28T00:00:00Z'), Date.parse('2026-11-03T00:00:00Z')]
    for (const [story, told] of stories) {
      const times = told.map(publishedAtMs)
      assert.ok(
        times.every((time) => time >= start && time < end),
        story,
      )
      assert.ok(told.length >= 2 && told.length <= 7, `${story} has ${told.length} articles`)
      assert.equal(new Set(times).size, times.length, `${story} has two articles of the same minute`)
      assert.ok(Math.max(...times) - Math.min(...times) >= dayMs, `${story} is over within a day`)
    }
  })

  it('lets an editor pick only articles that exist, in the same language, and never the article itself', () => {
    const picking = articles.filter((article) => article.related)
    assert.ok(picking.length >= 18, `${picking.length} articles have picks`)
    for (const article of picking) {
      for (const id of article.related ?? []) {
        assert.notEqual(id, article.id)
        assert.equal(byId.get(id)?.language, article.language, `article ${article.id} picks ${id}`)
      }
    }
  })

  it('tells its stories in two languages, each story in one', () => {
    const languages = Map.groupBy(articles, (article) => article.language)
    assert.deepEqual([...languages.keys()].sort(), ['de', 'en'])
    assert.ok((languages.get('de')?.length ?? 0) >= 10)
    for (const [story, told] of stories) {
      assert.equal(new Set(told.map((article) => article.language)).size, 1, story)
    }
  })

  it('has a rewritten version, whose earlier one is there and older', () => {
    const rewritten = articles.filter((article) => article.evolvedFrom)
    assert.ok(rewritten.length > 0)
    for (const article of rewritten) {
      const earlier = byId.get(article.evolvedFrom ?? '')
      assert.ok(earlier, `article ${article.id} replaces one that is not there`)
      assert.equal(earlier.story, article.story)
      assert.ok(publishedAtMs(earlier) < publishedAtMs(article))
    }
  })

  it('has a correction, with a note to the reader and a later time', () => {
    const corrected = articles.filter((article) => article.updatedAt)
    assert.ok(corrected.length > 0)
    for (const article of corrected) {
      assert.ok(Date.parse(article.updatedAt ?? '') > publishedAtMs(article))
      assert.match(article.text, /^Correction, /m)
    }
  })

  it('has a wire report that two sources print nearly word for word', () => {
    const told = articles.map((article) => ({ article, phrases: phrasesOf(article.text) }))
    const pairs = told.flatMap((one, index) =>
      told
        .slice(index + 1)
        .filter((other) => sharedShare(one.phrases, other.phrases) > 0.9)
        .map((other) => [one.article, other.article] as const),
    )
    assert.equal(pairs.length, 1)
    const [original, reprint] = pairs[0] ?? []
    assert.equal(original?.story, reprint?.story)
    assert.notEqual(original?.source, reprint?.source)
    assert.notEqual(original?.text, reprint?.text)
  })

  it('has one article that comes as HTML', () => {
    const asHtml = records.filter((record) => property(record, 'bodyHtml') !== undefined)
    assert.equal(asHtml.length, 1)
    assert.equal(property(asHtml[0], 'body'), undefined)
  })

  it('is listed in its README, story by story', () => {
    const readme = readFileSync(new URL('README.md', sampleFolder), 'utf8')
    const listed = [...readme.matchAll(/^\| `([a-z-]+)` \| (\d+) \|/gm)].map(([, story, count]) => [
      story,
      Number(count),
    ])
    assert.deepEqual(
      Object.fromEntries(listed),
      Object.fromEntries([...stories].map(([story, told]) => [story, told.length])),
    )
    assert.match(readme, new RegExp(`holds ${articles.length} articles in ${stories.size} stories`))
  })
})

/** The article as it was taken in, with its text whether it came as plain text or as HTML. */
function accepted(parsed: ParsedArticle) {
  assert.ok(parsed.ok, 'a line of the sample was refused')
  return { ...parsed.input, text: parsed.bodyHtmlRaw ?? parsed.input.body }
}

function publishedAtMs(article: { readonly publishedAt?: string }): number {
  return Date.parse(article.publishedAt ?? '')
}

function property(record: unknown, key: string): unknown {
  return typeof record === 'object' && record !== null
    ? Object.entries(record).find(([name]) => name === key)?.[1]
    : undefined
}

/** How many of the first text's phrases the second has too, 0 to 1. */
function sharedShare(phrases: ReadonlySet<string>, others: ReadonlySet<string>): number {
  return [...phrases].filter((phrase) => others.has(phrase)).length / phrases.size
}

/** The runs of four words in a text. */
function phrasesOf(text: string): Set<string> {
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? []
  return new Set(words.slice(3).map((_, index) => words.slice(index, index + 4).join(' ')))
}
