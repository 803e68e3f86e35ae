import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Article } from '../../../src/article/article.ts'
import { articlePageClosing, articlePageOpening, railFragment } from '../../../src/http/pages/page.ts'
import { anArticle, aRail, aSite, markupOf, structuredDataOf } from './views.ts'

describe('the page of an article', () => {
  test('ends its opening with the article, before any byte of the rail', () => {
    const page = opening({ tags: ['quay'], url: 'https://elsewhere.example/quay' })
    assert.match(page, /^<!doctype html>/)
    assert.ok(page.endsWith('</article>'))
    assert.equal(page.split('</article>').length, 2)
    assert.doesNotMatch(page, /<aside/)
  })

  test('is a whole document once the rail and the closing have come', () => {
    const site = aSite()
    const page = opening() + railFragment({ site, rail: aRail(), articleId: 'quay-1' }) + articlePageClosing({ site })
    const landmarks = [
      ...page.matchAll(/<(\/?(?:header class="masthead"|nav|main|article|aside|footer|body|html))(?=[\s>])/g),
    ]
    assert.deepEqual(
      landmarks.map(([, name]) => name),
      [
        ...['html', 'body', 'header class="masthead"', 'nav', '/nav', 'main', 'article', '/article', 'aside', '/aside'],
        ...['/main', 'footer', '/footer', '/body', '/html'],
      ],
    )
    assert.match(page, /<a class="skip" href="#main"/)
    assert.match(page, /<main id="main"/)
    assert.deepEqual(
      [...page.matchAll(/<h([1-6])/g)].map(([, level]) => level),
      ['1', '2', '3'],
    )
  })

  test('has one h1, also for an article without a title', () => {
    for (const article of [
      {},
      { title: '' },
      { title: '', body: 'word '.repeat(200) },
      { title: '', bodyHtml: '<p>x</p>' },
    ]) {
      assert.equal(opening(article).match(/<h1/g)?.length, 1)
    }
  })

  test('takes a short first paragraph as the headline that an agency left out, and does not print it twice', () => {
    const page = opening({ title: '', body: 'LONDON SUGAR PRICES\n\nSugar rose in London on Tuesday.' })
    assert.match(page, /<h1 class="caps" dir="auto">LONDON SUGAR PRICES<\/h1>/)
    assert.equal(page.match(/<p>Sugar rose/g)?.length, 1)
    assert.doesNotMatch(page, /<p>LONDON SUGAR/)
  })

  test('shows no headline over a text that opens with the same words', () => {
    const page = opening({ title: '', body: `Sugar ${'rose and rose '.repeat(40)}` })
    assert.match(page, /<h1 class="for-screen-readers" dir="auto">Sugar rose[^<]*…<\/h1>/)
  })

  test('says when it was published, and when it was updated after that', () => {
    assert.match(opening(), /<time datetime="2026-11-02T09:30:00.000Z">2 November 2026, 09:30 UTC<\/time>/)
    assert.doesNotMatch(opening(), /Updated/)
    assert.doesNotMatch(opening({ updatedAt: '2026-11-02T09:30:20.000Z' }), /Updated/)
    assert.match(opening({ updatedAt: '2026-11-03T10:00:00.000Z' }), /Updated <time[^>]*>3 November 2026, 10:00 UTC/)
  })

  test('names the writers once, however the byline begins', () => {
    for (const byline of ['Ada Lind', 'By Ada Lind', 'BY  Ada Lind']) {
      const page = opening({ byline, language: 'en' })
      assert.match(page, />By Ada Lind</)
      assert.deepEqual(structuredDataOf(page).author, { '@type': 'Person', name: 'Ada Lind' })
    }
    assert.match(opening({ byline: 'Von Ada Lind', language: 'de' }), />Von Ada Lind</)
  })

  test('marks its section in the navigation, whatever the case it is written in', () => {
    assert.match(opening({ section: 'WORLD' }), /<a href="\/sections\/World" dir="auto" aria-current="page">World<\/a>/)
    assert.doesNotMatch(opening({ section: 'Sport' }), /aria-current/)
  })

  test('keeps the frame of one site, and of one current section, from another that has the same sections', () => {
    const { sections } = aSite()
    const page = (site: Parameters<typeof aSite>[0], section: string) =>
      articlePageOpening({ site: aSite({ ...site, sections }), article: anArticle({ section }) }) +
      articlePageClosing({ site: aSite({ ...site, sections }) })
    const first = page({ name: 'Courier' }, 'World')
    const other = page({ name: 'Herald', prefix: '/news' }, 'Sport')
    assert.doesNotMatch(other, />Courier<|aria-current="page"|href="\/sections/)
    assert.equal(page({ name: 'Courier' }, 'World'), first)
  })

  test('links below the path that it is mounted under', () => {
    const page = articlePageOpening({ site: aSite({ prefix: '/news' }), article: anArticle({ section: 'World' }) })
    assert.match(page, /href="\/news\/sections\/World"/)
    assert.match(page, /href="\/news\/"/)
    assert.match(page, /<link rel="canonical" href="https:\/\/courier.example\/news\/articles\/quay-1">/)
  })
})

describe('the language of a page', () => {
  test("is the article's", () => {
    assert.match(opening({ language: 'de' }), /<html lang="de">/)
    assert.match(opening({ language: 'de' }), /<header class="masthead" lang="en">/)
  })

  test('is the site’s where the article has none, and its text then takes its direction from its letters', () => {
    const page = opening()
    assert.match(page, /<html lang="en">/)
    assert.match(page, /<h1 class="" dir="auto">/)
    assert.match(page, /<div class="text" dir="auto">/)
  })

  test('mirrors a page that is written from right to left, and keeps the site’s own words as they are', () => {
    for (const language of ['ar', 'he', 'fa-ir', 'az-arab']) {
      const page = opening({ language })
      assert.match(page, /<html lang="[a-z-]+" dir="rtl">/, language)
      assert.match(page, /<header class="masthead" lang="en" dir="ltr">/, language)
    }
    for (const language of ['en', 'de', 'ku-latn', 'pt-br']) assert.doesNotMatch(opening({ language }), /rtl/, language)
  })
})

describe('the text of an article', () => {
  test('is parted into paragraphs at empty lines', () => {
    assert.match(opening({ body: 'One.\n\nTwo.\n \n\n\nThree.' }), /<p>One\.<\/p>\s*<p>Two\.<\/p>\s*<p>Three\.<\/p>/)
  })

  test('is joined where a machine has wrapped it, and stays broken where a person has broken it', () => {
    const wrapped = `${'a long line that a machine has wrapped at its width'}\nand its end`
    assert.match(opening({ body: wrapped }), /<p>a long line that a machine has wrapped at its width and its end<\/p>/)
    assert.match(opening({ body: 'Roses are red,\nthe tide is in,\nand so on.' }), /red,<br>the tide is in,<br>and/)
  })

  test('sets the rows of a table as one block', () => {
    const rows = ['Shr 34 cts vs 17 cts', 'Net 807,000 vs 2,858,000', 'Year', 'Shr 83 cts vs 76 cts']
    const page = opening({ body: `${rows.join('\n\n')}\n\nThe year includes a gain.` })
    assert.ok(page.includes(`<div class="figures">${rows.map((row) => `<p>${row}</p>`).join('')}</div>`))
    assert.match(page, /<\/div><p>The year includes a gain\.<\/p>/)
  })

  test('does not take a conversation for a table', () => {
    assert.doesNotMatch(opening({ body: '“At 5?”\n\n“At 6.”\n\n“By the 9 o’clock boat!”' }), /figures/)
  })

  test('keeps columns that are made of spaces, within reach of a keyboard', () => {
    const page = opening({ body: 'Month    Buyer   Seller\nMay     150.8    151.0' })
    assert.match(page, /<pre class="columns" tabindex="0">Month {4}Buyer {3}Seller\nMay {5}150\.8 {4}151\.0<\/pre>/)
  })

  test('is the sanitised HTML where the article came as HTML', () => {
    const page = opening({ bodyHtml: '<p>It is <em>open</em>.</p>', body: 'It is open.' })
    assert.match(page, /<p>It is <em>open<\/em>\.<\/p>/)
    assert.equal(page.match(/It is/g)?.length, 1 + descriptionsOf(page, 'It is'))
  })
})

describe('what machines are told of an article', () => {
  test("names the publisher's own page as the canonical one, else this page, else none", () => {
    const own = { url: 'https://elsewhere.example/quay' }
    assert.match(opening(own), /<link rel="canonical" href="https:\/\/elsewhere.example\/quay">/)
    assert.equal(structuredDataOf(opening(own)).mainEntityOfPage, 'https://elsewhere.example/quay')
    assert.match(opening(), /<link rel="canonical" href="https:\/\/courier.example\/articles\/quay-1">/)
    assert.doesNotMatch(articlePageOpening({ site: aSite({ baseUrl: null }), article: anArticle() }), /rel="canonical"/)
  })

  test('is a NewsArticle that says only what is known', () => {
    assert.deepEqual(structuredDataOf(opening({ standfirst: 'On Monday.', tags: ['quay'], language: 'en' })), {
      '@context': 'https://schema.org',
      '@type': 'NewsArticle',
      headline: 'The quay opens again',
      description: 'On Monday.',
      datePublished: '2026-11-02T09:30:00.000Z',
      dateModified: '2026-11-02T09:30:00.000Z',
      inLanguage: 'en',
      keywords: ['quay'],
      publisher: { '@type': 'Organization', name: 'Halvern Courier', url: 'https://courier.example' },
      url: 'https://courier.example/articles/quay-1',
      mainEntityOfPage: 'https://courier.example/articles/quay-1',
    })
  })

  test('survives a title that closes the script and a body that breaks old parsers', () => {
    const title = '</script><script>alert(1)</script> & \u2028\u2029 <!--'
    const page = opening({ title })
    assert.equal(structuredDataOf(page).headline, title)
    assert.equal(page.match(/<script/g)?.length, 1)
    const [, json = ''] = /<script[^>]*>(.*?)<\/script>/s.exec(page) ?? []
    assert.doesNotMatch(json, /[<>&\u2028\u2029]/)
  })
})

function opening(article: Partial<Article> = {}): string {
  return markupOf(articlePageOpening({ site: aSite(), article: anArticle(article) }))
}

// The description is in the head up to three times: for search, for previews, as JSON-LD.
function descriptionsOf(page: string, start: string): number {
  const head = page.slice(0, page.indexOf('</head>'))
  return head.split(start).length - 1
}
