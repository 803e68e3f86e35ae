import type { Article, ArticleSummary } from '../../../src/article/article.ts'
import type { SiteView } from '../../../src/http/pages/page.ts'
import type { Rail } from '../../../src/manager/manager.ts'
import type { RelatedArticle } from '../../../src/related/related.ts'

/** Views for tests of pages: each is complete, and a test names only what it is about. */
export const publishedAt = '2026-11-02T09:30:00.000Z'
export const now = Date.parse('2026-11-02T12:30:00.000Z')

export function aSite(site: Partial<SiteView> = {}): SiteView {
  return {
    name: 'Halvern Courier',
    baseUrl: 'https://courier.example',
    prefix: '',
    sections: [
      { section: 'World', articles: 12 },
      { section: 'Arts & Letters', articles: 3 },
    ],
    now,
    ...site,
  }
}

export function anArticle(article: Partial<Article> = {}): Article {
  return {
    id: 'quay-1',
    title: 'The quay opens again',
    body: 'Ferries sail from Monday.\n\nThe harbour master is content.',
    tags: [],
    publishedAt,
    updatedAt: publishedAt,
    firstSeenAt: publishedAt,
    status: 'published',
    ...article,
  }
}

export function aSummary(summary: Partial<ArticleSummary> = {}): ArticleSummary {
  return {
    id: 'quay-1',
    title: 'The quay opens again',
    standfirst: 'Ferries sail from Monday.',
    url: null,
    byline: null,
    section: null,
    source: null,
    language: null,
    image: null,
    publishedAt,
    updatedAt: publishedAt,
    ...summary,
  }
}

export function aRelatedArticle(item: Partial<RelatedArticle> = {}): RelatedArticle {
  return {
    id: 'quay-2',
    url: '/articles/quay-2',
    title: 'Ferries wait for the tide',
    standfirst: '',
    publishedAt,
    section: 'World',
    source: null,
    language: null,
    image: null,
    reason: 'Same story: quay, ferries',
    score: 0.6,
    position: 1,
    pinned: false,
    ...item,
  }
}

export function aRail(rail: Partial<Rail> = {}): Rail {
  return {
    state: 'fresh',
    basis: 'related',
    version: 7,
    generatedAt: publishedAt,
    items: [aRelatedArticle()],
    tookMs: 2,
    ...rail,
  }
}

/** Every element of a page in order, with the names of its attributes: what no text from outside may change. */
export function skeletonOf(page: string): string[] {
  return [...page.matchAll(/<(\/?[a-z][a-z0-9]*)((?:\s+[a-z-]+(?:="[^"<>]*")?)*)\s*>/gi)].map(
    ([, name = '', attributes = '']) =>
      [name, ...[...attributes.matchAll(/([a-z-]+)(?:="[^"]*")?/gi)].map(([, attribute]) => attribute)].join(' '),
  )
}

/** A page without its stylesheet, whose selectors name what tests look for. */
export function markupOf(page: string): string {
  return page.replace(/<style>.*?<\/style>/s, '')
}

/** The values of `href` and `src` in a page, with the escapes of the templates undone. */
export function addressesIn(page: string): string[] {
  return [...page.matchAll(/\s(?:href|src)="([^"]*)"/g)].map(([, address = '']) =>
    address.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code))),
  )
}

/** The one JSON-LD block of a page, parsed. */
export function structuredDataOf(page: string): Record<string, unknown> {
  const [, json] = /<script type="application\/ld\+json">(.*?)<\/script>/s.exec(page) ?? []
  if (json === undefined) throw new Error('The page has no JSON-LD.')
  return JSON.parse(json) as Record<string, unknown>
}
