import { html } from 'ghtml'
import type { Article } from '../../article/article.ts'
import { openingWords } from './headline.ts'
import { webAddress } from './markup.ts'
import { absoluteAddress, articlePath, type SiteView } from './site-view.ts'

/**
 * What the head of an article's page tells search engines and previews.
 *
 * The canonical address is the publisher's own page where the article names one: what is served here beside a CMS, or
 * collected from a feed, must not compete with the original. Otherwise it is this page, when the site knows its address.
 */
export function articleMetadata(site: SiteView, article: Article, headline: string): string {
  const canonical = webAddress(article.url) ?? absoluteAddress(site, articlePath(site, article.id))
  const image = webAddress(article.image)
  const description = descriptionOf(article)
  return html`!${description === '' ? '' : html`<meta name="description" content="${description}">`}!${
    canonical === null
      ? ''
      : html`<link rel="canonical" href="${canonical}"><meta property="og:url" content="${canonical}">`
  }<meta name="robots" content="max-image-preview:large">
<meta property="og:type" content="article">
<meta property="og:site_name" content="${site.name}">
<meta property="og:title" content="${headline}">
!${description === '' ? '' : html`<meta property="og:description" content="${description}">`}!${
    image === null ? '' : html`<meta property="og:image" content="${image}">`
  }<meta name="twitter:card" content="${image === null ? 'summary' : 'summary_large_image'}">
<meta property="article:published_time" content="${article.publishedAt}">
<meta property="article:modified_time" content="${article.updatedAt}">
!${article.section === undefined ? '' : html`<meta property="article:section" content="${article.section}">`}!${article.tags.map(
    (tag) => html`<meta property="article:tag" content="${tag}">`,
  )}<script type="application/ld+json">!${jsonForScript(newsArticle(site, article, { headline, description, canonical, image }))}</script>`
}

/** A value as JSON that is safe inside `<script>`, whatever its strings hold. */
export function jsonForScript(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** The names in a byline: `By Ada Lind and Bo Rask` and `Ada Lind` are both the writers' names to a machine. */
export function writersOf(byline: string): string {
  return byline.replace(/^\s*by\s+/i, '').trim()
}

function newsArticle(
  site: SiteView,
  article: Article,
  page: { headline: string; description: string; canonical: string | null; image: string | null },
): object {
  const writers = article.byline === undefined ? '' : writersOf(article.byline)
  // JSON.stringify leaves out what is undefined: a key is there only when it says something.
  return {
    '@context': 'https://schema.org',
    '@type': 'NewsArticle',
    headline: page.headline,
    description: page.description || undefined,
    datePublished: article.publishedAt,
    dateModified: article.updatedAt,
    inLanguage: article.language,
    articleSection: article.section,
    keywords: article.tags.length === 0 ? undefined : article.tags,
    image: page.image === null ? undefined : [page.image],
    author:
      writers !== ''
        ? { '@type': 'Person', name: writers }
        : article.source === undefined
          ? undefined
          : { '@type': 'Organization', name: article.source },
    publisher: { '@type': 'Organization', name: site.name, url: site.baseUrl ?? undefined },
    url: page.canonical ?? undefined,
    mainEntityOfPage: page.canonical ?? undefined,
  }
}

function descriptionOf(article: Article): string {
  return openingWords(article.standfirst ?? article.body, descriptionLengthMax)
}

// Search engines and previews show about this much.
const descriptionLengthMax = 200
