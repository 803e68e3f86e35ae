import { html } from 'ghtml'
import type { Article } from '../../article/article.ts'
import { plainTextAsHtml } from './article-text.ts'
import { afterStylesheet, beforeStylesheet, type DocumentOpening, documentClosing } from './document.ts'
import { type Headline, headlineClass, headlineOf } from './headline.ts'
import { languageAttributes, siteLanguage, webAddress } from './markup.ts'
import { articleMetadata, writersOf } from './metadata.ts'
import { type SiteView, sectionPath } from './site-view.ts'
import { stylesheet } from './stylesheet.ts'
import { timeInFull } from './times.ts'

/**
 * Everything that the reader came for: from the doctype through `</article>`, which ends it.
 *
 * It is sent before the rail is known, and lays out the same with and without it: the rail's column is kept free.
 */
export function articlePageOpening(view: ArticleView): string {
  const { beforeStylesheet, afterStylesheet } = articlePageParts(view)
  return beforeStylesheet + stylesheet + afterStylesheet
}

export interface ArticleView {
  readonly site: SiteView
  readonly article: Article
}

/**
 * The {@link articlePageOpening} around its stylesheet, which is the same on every page and most of its bytes: whoever
 * sends pages by the thousand makes it into bytes once.
 */
export function articlePageParts({ site, article }: ArticleView): {
  beforeStylesheet: string
  afterStylesheet: string
} {
  const headline = headlineOf(article)
  const document: DocumentOpening = {
    site,
    title: headline.text,
    language: article.language ?? null,
    metadata: articleMetadata(site, article, headline.text),
    section: article.section ?? null,
    kind: 'article',
  }
  return {
    beforeStylesheet: beforeStylesheet(document),
    afterStylesheet: afterStylesheet(document) + story(site, article, headline),
  }
}

function story(site: SiteView, article: Article, headline: Headline): string {
  // The page's language is the article's. Where it is not known, each text takes its direction from its own letters.
  const direction = article.language ? '' : ' dir="auto"'
  const image = webAddress(article.image)
  const body = article.bodyHtml ?? plainTextAsHtml(headline.body)
  return html`<article class="story">
<header class="story-head">
!${article.section ? html`<p class="kicker"!${direction}><a href="${sectionPath(site, article.section)}">${article.section}</a></p>` : ''}<h1 class="${
    headline.visible ? headlineClass(headline.text) : 'for-screen-readers'
  }"!${direction}>${headline.text}</h1>
!${article.standfirst ? html`<p class="standfirst"!${direction}>${article.standfirst}</p>` : ''}!${dateline(article)}
</header>
!${image === null ? '' : html`<figure class="picture"><img src="${image}" alt="" decoding="async" fetchpriority="high"></figure>`}<div class="text${
    headline.visible ? '' : ' text-alone'
  }"!${direction}>
!${body}
</div>
!${storyFoot(site, article)}</article>`
}

/** What follows the rail: the rest of `<main>`, the footer, `</html>`. */
export function articlePageClosing(view: { readonly site: SiteView }): string {
  return `\n${documentClosing(view.site)}`
}

function dateline(article: Article): string {
  const ownWords = languageAttributes(siteLanguage, article.language || siteLanguage)
  const writers = article.byline === undefined ? '' : writersOf(article.byline)
  // `By` is English; a byline in another language brings its own word, or none.
  const isEnglish = (article.language || siteLanguage).startsWith(siteLanguage)
  const byline = writers !== '' && isEnglish ? `By ${writers}` : writers
  const people = [
    byline === '' ? '' : html`<span class="byline" dir="auto">${byline}</span>`,
    article.source ? html`<span dir="auto">${article.source}</span>` : '',
  ].join('')
  const isUpdated = Date.parse(article.updatedAt) - Date.parse(article.publishedAt) >= correctionMs
  const updated = isUpdated ? html`<span!${ownWords}>Updated !${timeInFull(article.updatedAt)}</span>` : ''
  return html`<div class="dateline">!${people === '' ? '' : html`<p>!${people}</p>`}<p><span!${ownWords}>!${timeInFull(article.publishedAt)}</span>!${updated}</p></div>`
}

function storyFoot(site: SiteView, article: Article): string {
  const original = webAddress(article.url)
  const isElsewhere = original !== null && (site.baseUrl === null || new URL(original).host !== hostOf(site.baseUrl))
  const inOtherWords = languageAttributes(siteLanguage, article.language || siteLanguage)
  const tags =
    article.tags.length === 0
      ? ''
      : html`<p class="tags"><b!${inOtherWords}>In this story</b> !${article.tags.map((tag) => html`<span dir="auto">${tag}</span>`).join(' ')}</p>`
  const source = isElsewhere
    ? html`<p class="original"!${inOtherWords}>First published at <a href="${original}" rel="noopener">${new URL(original).host}</a></p>`
    : ''
  return tags === '' && source === '' ? '' : html`<footer class="story-foot">!${tags}!${source}</footer>`
}

function hostOf(address: string): string | null {
  return URL.canParse(address) ? new URL(address).host : null
}

// What changes within a minute of publication is the desk's own tidying, not an update worth telling.
const correctionMs = 60_000
