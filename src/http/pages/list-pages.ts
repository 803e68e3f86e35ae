import { html } from 'ghtml'
import type { ArticleSummary } from '../../article/article.ts'
import type { ArticleList } from '../../store/store.ts'
import { documentClosing, documentOpening } from './document.ts'
import { headlineClass } from './headline.ts'
import { languageAttributes, siteLanguage, webAddress } from './markup.ts'
import { absoluteAddress, articlePath, frontPath, type SiteView, sectionPath } from './site-view.ts'
import { timeAsAge } from './times.ts'

/** The front page: a lead story, a few beside it, the rest below. With `before`, an older page of the same list. */
export function frontPage(view: {
  readonly site: SiteView
  readonly articles: ArticleList
  /** What the reader asked to see the articles before; absent on the first page. */
  readonly before?: string | null | undefined
}): string {
  const { site, articles } = view
  return listPage({
    ...listAddresses(frontPath(site), articles, view.before ?? null),
    site,
    articles,
    section: null,
    before: view.before ?? null,
  })
}

/** A section's page; laid out as the front page is. An empty list is a page that says so. */
export function sectionPage(view: {
  readonly site: SiteView
  readonly section: string
  readonly articles: ArticleList
  readonly before?: string | null | undefined
}): string {
  const { site, articles } = view
  // The reader's `/sections/world` is the newsroom's World.
  const named = site.sections.find(({ section }) => section.toLowerCase() === view.section.toLowerCase())
  const section = named?.section ?? articles.articles[0]?.section ?? view.section
  return listPage({
    ...listAddresses(sectionPath(site, section), articles, view.before ?? null),
    site,
    articles,
    section,
    before: view.before ?? null,
  })
}

interface ListAddresses {
  readonly first: string
  readonly self: string
  readonly next: string | null
}

function listAddresses(first: string, articles: ArticleList, before: string | null): ListAddresses {
  const at = (cursor: string) => `${first}?before=${encodeURIComponent(cursor.toWellFormed())}`
  return { first, self: before === null ? first : at(before), next: articles.next === null ? null : at(articles.next) }
}

function listPage(
  page: ListAddresses & { site: SiteView; articles: ArticleList; section: string | null; before: string | null },
): string {
  const { site, section, before } = page
  const title = [section ?? '', before === null ? '' : 'Older stories'].filter((part) => part !== '').join(' – ')
  const opening = documentOpening({
    site,
    title,
    language: siteLanguage,
    metadata: listMetadata(page, title === '' ? site.name : title),
    section,
    kind: section === null ? 'front' : 'section',
  })
  const head = section === null ? '' : html`<header class="section-head"><h1 dir="auto">${section}</h1></header>`
  return html`!${opening}!${head}!${stories(site, page.articles.articles, { section, isFirst: before === null })}!${paging(page)}!${documentClosing(site)}`
}

function listMetadata(page: ListAddresses & { site: SiteView }, title: string): string {
  const { site } = page
  const canonical = absoluteAddress(site, page.self)
  return html`!${
    canonical === null
      ? ''
      : html`<link rel="canonical" href="${canonical}"><meta property="og:url" content="${canonical}">`
  }!${page.next === null ? '' : html`<link rel="next" href="${page.next}">`}!${page.self === page.first ? '' : html`<link rel="first" href="${page.first}">`}<meta property="og:type" content="website">
<meta property="og:site_name" content="${site.name}">
<meta property="og:title" content="${title}">`
}

function stories(
  site: SiteView,
  articles: readonly ArticleSummary[],
  list: { readonly section: string | null; readonly isFirst: boolean },
): string {
  if (articles.length === 0) {
    const words = list.isFirst ? 'Nothing has been published here yet.' : 'There are no older stories.'
    return html`<p class="empty">${words} <a href="${frontPath(site)}">Go to the front page</a></p>`
  }
  const hideSection = list.section !== null
  const cardOf = (kind: CardKind, level: 2 | 3) => (article: ArticleSummary) =>
    card({ site, article, kind, level, hideSection })
  if (!list.isFirst) {
    return html`<section aria-labelledby="older"><h2 id="older" class="rule">Older stories</h2><div class="grid">!${articles.map(cardOf('brief', 3))}</div></section>`
  }
  const [lead, ...others] = articles
  // A picture makes the lead tall; without one, two stories below it do, so that both columns end at about one height.
  const underLength = webAddress(lead?.image) === null && others.length > besideLength ? 2 : 0
  const besideEnd = underLength === 0 ? besideLength : underLength + besideLength - 1
  const under = others.slice(0, underLength)
  const beside = others.slice(underLength, besideEnd)
  const rest = others.slice(besideEnd)
  return html`<div class="top">
<div>!${articles.slice(0, 1).map(cardOf('lead', 2))}!${under.length === 0 ? '' : html`<div class="under">!${under.map(cardOf('second', 2))}</div>`}</div>
!${beside.length === 0 ? '' : html`<div class="beside">!${beside.map(cardOf('second', 2))}</div>`}
</div>
!${
    rest.length === 0
      ? ''
      : html`<section aria-labelledby="more"><h2 id="more" class="rule">More stories</h2><div class="grid">!${rest.map(cardOf('brief', 3))}</div></section>`
  }`
}

type CardKind = 'lead' | 'second' | 'brief'

function card(view: {
  readonly site: SiteView
  readonly article: ArticleSummary
  readonly kind: CardKind
  readonly level: 2 | 3
  readonly hideSection: boolean
}): string {
  const { site, article, kind } = view
  const image = kind === 'second' ? null : webAddress(article.image)
  const heading = `h${view.level}`
  const language = languageAttributes(article.language)
  // The largest picture is what the reader waits for; the others can wait for the reader.
  const loading = kind === 'lead' ? 'fetchpriority="high"' : 'loading="lazy"'
  const writers = article.byline ?? article.source
  return html`<article class="card ${kind}">
!${image === null ? '' : html`<img class="picture" src="${image}" alt="" !${loading} decoding="async">`}!${
    article.section === null || article.section === '' || view.hideSection
      ? ''
      : html`<p class="kicker" dir="auto"><a href="${sectionPath(site, article.section)}">${article.section}</a></p>`
  }<${heading} class="${headlineClass(article.title)}"!${language}><a href="${articlePath(site, article.id)}">${article.title}</a></${heading}>
!${saysMore(article) ? html`<p class="summary"!${language}>${article.standfirst}</p>` : ''}<p class="meta">!${
    writers ? html`<span dir="auto">${writers}</span> · ` : ''
  }!${timeAsAge(article.publishedAt, site.now)}</p>
</article>
`
}

// An article without a title is listed by its first words, and its text opens with the same ones.
function saysMore(article: ArticleSummary): boolean {
  return article.standfirst !== '' && !article.standfirst.startsWith(article.title.replace(/…$/u, ''))
}

function paging(page: ListAddresses & { before: string | null }): string {
  const newest = page.before === null ? '' : html`<a href="${page.first}" rel="first">Newest stories</a>`
  const older = page.next === null ? '' : html`<a class="older" href="${page.next}" rel="next">Older stories</a>`
  return newest === '' && older === '' ? '' : html`<nav class="paging" aria-label="Pages">!${newest}!${older}</nav>`
}

// Four stand about as high as a lead story with a picture at 1280 pixels.
const besideLength = 4
