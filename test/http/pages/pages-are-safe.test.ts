import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Article } from '../../../src/article/article.ts'
import {
  articlePageClosing,
  articlePageOpening,
  contentSecurityPolicy,
  errorPage,
  frontPage,
  railFragment,
  type SiteView,
  sectionPage,
} from '../../../src/http/pages/page.ts'
import { addressesIn, anArticle, aRail, aRelatedArticle, aSite, aSummary, skeletonOf } from './views.ts'

const attacks = [
  '"><script>alert(1)</script>',
  "' onmouseover='alert(1)",
  '</title></style></script><img src=x onerror=alert(1)>',
  '<!-- --!> <svg/onload=alert(1)>',
  '&lt;script&gt;&#60;script&#62;',
  '`$' + '{process}!',
  'a\u2028b\u2029c`"=',
]

const badAddresses = [
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'java\nscript:alert(1)',
  '\u0001javascript:alert(1)',
  ' javascript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:x',
  'file:///etc/passwd',
  '//evil.example/x',
  'http://[',
  '/relative',
]

describe('every page', () => {
  test('has the same elements and attributes whatever the texts in it say', () => {
    const plain = skeletonOf(allPages('plain text', null))
    assert.ok(plain.length > 150)
    for (const attack of attacks) assert.deepEqual(skeletonOf(allPages(attack, null)), plain, attack)
  })

  test('has no address that is not http, https, a path of the site, a place in the page, or the icon', () => {
    for (const address of badAddresses) {
      const addresses = addressesIn(allPages('text', address))
      assert.ok(addresses.length > 20)
      for (const found of addresses)
        assert.match(found, /^(?:https?:\/\/|\/(?!\/)|#main$|data:image\/svg\+xml,)/, address)
      assert.deepEqual(skeletonOf(allPages('text', address)), skeletonOf(allPages('text', null)), address)
    }
  })

  test('keeps an address that would end its attribute inside it', () => {
    const page = allPages('text', 'https://pictures.example/a"onload="alert(1)?a=1&b=<2>')
    assert.doesNotMatch(page, /"onload/)
    assert.ok(addressesIn(page).some((address) => address.startsWith('https://pictures.example/a%22onload')))
  })

  test('has no script but the one block of data, no inline style and no handler', () => {
    for (const page of pagesOf('text', 'https://pictures.example/a.jpg')) {
      const scripts = [...page.matchAll(/<script[^>]*>/g)].map(([tag]) => tag)
      assert.ok(scripts.every((tag) => tag === '<script type="application/ld+json">'))
      assert.ok(skeletonOf(page).every((element) => !/ (?:style|on[a-z]+)(?: |$)/.test(element)))
    }
  })

  test('carries exactly the stylesheet that the policy allows', () => {
    for (const page of pagesOf('text', null)) {
      if (!page.startsWith('<!doctype')) continue
      const styles = [...page.matchAll(/<style>(.*?)<\/style>/gs)]
      assert.equal(styles.length, 1)
      const hash = createHash('sha256')
        .update(styles[0]?.[1] ?? '')
        .digest('base64')
      assert.ok(contentSecurityPolicy.includes(`style-src 'sha256-${hash}'`))
    }
  })

  test('is never printed with a value that is missing', () => {
    const word = fc.stringMatching(/^[a-km-t A-M0-9<&"'\n.]{0,40}$/)
    const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
    const time = fc
      .date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
      .map((at) => at.toISOString())
    const articles = fc.record(
      {
        id: fc.stringMatching(/^[a-k0-9._~-]{1,20}$/),
        title: word,
        body: word,
        tags: fc.array(word, { maxLength: 3 }),
        publishedAt: time,
        updatedAt: time,
        firstSeenAt: time,
        status: fc.constant('published' as const),
        url: maybe(fc.webUrl()),
        standfirst: maybe(word),
        byline: maybe(word),
        section: maybe(word),
        source: maybe(word),
        language: maybe(fc.constantFrom('en', 'de', 'ar', 'pt-br', '')),
        image: maybe(fc.webUrl()),
      },
      { requiredKeys: ['id', 'title', 'body', 'tags', 'publishedAt', 'updatedAt', 'firstSeenAt', 'status'] },
    )
    fc.assert(
      fc.property(articles, fc.boolean(), (drawn, hasAddress) => {
        // A key that is there with the value undefined is how a careless store would hand it over.
        const article = drawn as Article
        const site = aSite(hasAddress ? {} : { baseUrl: null, sections: [] })
        const summary = aSummary({ ...withNulls(article), standfirst: article.standfirst ?? '' })
        const item = aRelatedArticle({ ...withNulls(article), url: '/articles/x', standfirst: '' })
        const page = [
          articlePageOpening({ site, article }),
          railFragment({
            site,
            rail: aRail({ items: [item], generatedAt: null, state: 'stale' }),
            articleId: article.id,
          }),
          articlePageClosing({ site }),
          frontPage({ site, articles: { articles: [summary, summary], next: null } }),
        ].join('')
        assert.doesNotMatch(
          page.replace(/<(style|script)[^>]*>.*?<\/\1>/gs, ''),
          /undefined|null|NaN|\[object|Invalid|false|true|\\n/,
        )
      }),
      { numRuns: 300 },
    )
  })
})

test('the policy allows no script, no frame of others, and no form', () => {
  const directives = new Map(contentSecurityPolicy.split('; ').map((part) => [part.split(' ')[0], part]))
  assert.equal(directives.get('default-src'), "default-src 'none'")
  assert.equal(directives.has('script-src'), false)
  assert.equal(directives.get('base-uri'), "base-uri 'none'")
  assert.equal(directives.get('form-action'), "form-action 'none'")
  assert.doesNotMatch(contentSecurityPolicy, /unsafe/)
})

function allPages(text: string, address: string | null): string {
  return pagesOf(text, address).join('\n')
}

function pagesOf(text: string, address: string | null): string[] {
  const site: SiteView = aSite({ name: text, sections: [{ section: text, articles: 1 }] })
  const addresses = address === null ? {} : { url: address, image: address }
  const texts = { title: text, standfirst: text, byline: text, section: text, source: text, language: 'de' }
  const article = anArticle({ ...texts, ...addresses, body: text, tags: [text] })
  const summaries = Array.from({ length: 9 }, (_, index) => aSummary({ ...texts, ...addresses, id: `a${index}` }))
  const item = aRelatedArticle({ ...texts, ...addresses, reason: text, pinned: true })
  const articles = { articles: summaries, next: text }
  return [
    articlePageOpening({ site, article }) +
      railFragment({ site, rail: aRail({ items: [item] }), articleId: 'quay-1' }) +
      articlePageClosing({ site }),
    railFragment({ site, rail: aRail({ items: [item], basis: 'newest' }), articleId: 'quay-1', links: 'publisher' }),
    railFragment({ site, rail: aRail({ items: [], state: 'late' }), articleId: 'quay-1', section: text }),
    frontPage({ site, articles }),
    frontPage({ site, articles, before: text }),
    sectionPage({ site, section: text, articles }),
    errorPage({ site, status: 404, title: text, detail: text, hint: text }),
  ]
}

function withNulls(article: Article) {
  return {
    id: article.id,
    title: article.title || 'First words',
    byline: article.byline ?? null,
    section: article.section ?? null,
    source: article.source ?? null,
    language: article.language ?? null,
    image: article.image ?? null,
    publishedAt: article.publishedAt,
    updatedAt: article.updatedAt,
  }
}
