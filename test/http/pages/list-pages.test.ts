import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ArticleSummary } from '../../../src/article/article.ts'
import { errorPage, frontPage, sectionPage } from '../../../src/http/pages/page.ts'
import { addressesIn, aSite, aSummary } from './views.ts'

describe('the front page', () => {
  test('links to every article once, the newest first', () => {
    for (const count of [1, 2, 4, 5, 8, 30]) {
      const links = addressesIn(front(count)).filter((address) => address.startsWith('/articles/'))
      assert.deepEqual(links, numbered(count), `${count} articles`)
    }
  })

  test('loses no article when the lead has a picture', () => {
    const articles = summaries(12).map((summary) => ({ ...summary, image: 'https://pictures.example/1.jpg' }))
    const page = frontPage({ site: aSite(), articles: { articles, next: null } })
    assert.deepEqual(
      addressesIn(page).filter((address) => address.startsWith('/articles/')),
      numbered(12),
    )
  })

  test('is headed by the site’s name, and its headings are in order', () => {
    const page = front(12)
    assert.match(page, /<h1 class="site-name"><a href="\/">Halvern Courier<\/a><\/h1>/)
    const levels = [...page.matchAll(/<h([1-6])/g)].map(([, level]) => Number(level))
    assert.equal(levels.filter((level) => level === 1).length, 1)
    levels.reduce((before, level) => {
      assert.ok(level <= before + 1, `h${level} follows h${before}`)
      return level
    })
  })

  test('says so when nothing has been published', () => {
    assert.match(front(0), /Nothing has been published here yet/)
  })

  test('lets pictures below the lead wait for the reader', () => {
    const articles = summaries(9).map((summary) => ({ ...summary, image: 'https://pictures.example/1.jpg' }))
    const page = frontPage({ site: aSite(), articles: { articles, next: null } })
    const [first = '', ...others] = [...page.matchAll(/<img[^>]*>/g)].map(([image]) => image)
    assert.doesNotMatch(first, /lazy/)
    assert.ok(
      others.length > 0 && others.every((image) => image.includes('loading="lazy"') && image.includes('alt=""')),
    )
  })

  test('does not repeat the words of an article that has no title of its own', () => {
    const summary = aSummary({ title: 'Sugar rose in London…', standfirst: 'Sugar rose in London on Tuesday.' })
    assert.doesNotMatch(frontPage({ site: aSite(), articles: { articles: [summary], next: null } }), /class="summary"/)
  })
})

describe('paging', () => {
  test('leads to older stories while there are any', () => {
    const page = front(3, { next: '2026-11-01T00:00:00.000Z~a b&c' })
    const older = '/?before=2026-11-01T00%3A00%3A00.000Z~a%20b%26c'
    assert.equal(addressesIn(page).filter((address) => address === older).length, 2)
    assert.match(page, /<link rel="next"/)
    assert.doesNotMatch(front(3), /rel="next"/)
  })

  test('leads back to the newest from an older page, which is its own canonical page', () => {
    const page = front(3, { before: '2026-11-01T00:00:00.000Z' })
    assert.match(page, /<a href="\/" rel="first">Newest stories<\/a>/)
    assert.ok(addressesIn(page).includes('https://courier.example/?before=2026-11-01T00%3A00%3A00.000Z'))
    assert.match(page, /<title>Older stories – Halvern Courier<\/title>/)
  })
})

describe('a section’s page', () => {
  test('is headed by the section as the newsroom writes it, and marks it in the navigation', () => {
    const page = section('arts & letters')
    assert.match(page, /<h1 dir="auto">Arts &#38; Letters<\/h1>/)
    assert.match(page, /<a href="\/sections\/Arts%20%26%20Letters" dir="auto" aria-current="page">/)
    assert.equal(page.match(/<h1/g)?.length, 1)
  })

  test('does not print the section’s name on each of its stories', () => {
    assert.doesNotMatch(section('World', [aSummary({ section: 'World' })]), /class="kicker"/)
  })

  test('survives a section whose name is not well-formed text', () => {
    assert.match(section('\ud800', []), /Nothing has been published here yet/)
  })
})

describe('a page for an error', () => {
  test('says what happened and where to go, and asks not to be indexed', () => {
    const page = errorPage({
      site: aSite({ prefix: '/news' }),
      status: 410,
      title: 'This article was taken down',
      detail: 'It is no longer available.',
      hint: 'Try the front page.',
    })
    assert.match(page, /<h1>This article was taken down<\/h1>/)
    assert.match(page, />410</)
    assert.match(page, /Try the front page\./)
    assert.match(page, /<meta name="robots" content="noindex">/)
    assert.match(page, /<a class="button" href="\/news\/">/)
  })

  test('says only what it was told to say', () => {
    const page = errorPage({ site: aSite(), status: 500, title: '<b>', detail: 'a & b' })
    assert.match(page, /<h1>&#60;b&#62;<\/h1>/)
    assert.match(page, /a &#38; b/)
  })
})

function front(count: number, list: { next?: string; before?: string } = {}): string {
  return frontPage({
    site: aSite(),
    articles: { articles: summaries(count), next: list.next ?? null },
    before: list.before,
  })
}

function section(name: string, articles: readonly ArticleSummary[] = summaries(3)): string {
  return sectionPage({ site: aSite(), section: name, articles: { articles, next: null } })
}

function summaries(count: number): ArticleSummary[] {
  return Array.from({ length: count }, (_, index) => aSummary({ id: `a${index}`, title: `Story ${index}` }))
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `/articles/a${index}`)
}
