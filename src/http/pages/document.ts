import { html } from 'ghtml'
import { directionOf, languageAttributes, siteLanguage } from './markup.ts'
import { frontPath, type SiteView, sectionPath } from './site-view.ts'
import { stylesheet } from './stylesheet.ts'
import { dayInFull } from './times.ts'

/** From the doctype to the opened `<main>`. */
export function documentOpening(document: DocumentOpening): string {
  return beforeStylesheet(document) + stylesheet + afterStylesheet(document)
}

export interface DocumentOpening {
  readonly site: SiteView
  /** What the window is called; the site's name is added. Empty on the front page. */
  readonly title: string
  /** BCP 47; null when the page's main text is in a language that is not known. */
  readonly language: string | null
  /** Markup for the head. */
  readonly metadata: string
  /** The section that is marked as the current one. */
  readonly section: string | null
  readonly kind: 'front' | 'section' | 'article' | 'error'
}

/** The part of {@link documentOpening} that stands before the stylesheet: for those who hold that as bytes. */
export function beforeStylesheet({ site, title, language }: DocumentOpening): string {
  return html`<!doctype html>
<html lang="${language || siteLanguage}"!${directionOf(language || siteLanguage) === 'rtl' ? ' dir="rtl"' : ''}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title === '' ? site.name : `${title} – ${site.name}`}</title>
<meta name="color-scheme" content="light dark">
<style>`
}

/** The part of {@link documentOpening} that stands after the stylesheet. */
export function afterStylesheet(document: DocumentOpening): string {
  const { site, kind } = document
  const language = document.language || siteLanguage
  // On the front page the site's name is the headline of the page; elsewhere something else is.
  const nameTag = kind === 'front' ? 'h1' : 'p'
  return html`</style>
<link rel="icon" href="!${icon}">
!${document.metadata}
</head>
<body class="page-${kind}">
<a class="skip" href="#main"!${ownWords(language)}>Skip to ${kind === 'article' ? 'the article' : 'the news'}</a>
<header class="masthead"!${ownWords(language)}>
<div class="masthead-line">
<${nameTag} class="site-name"><a href="${frontPath(site)}">${site.name}</a></${nameTag}>
<p class="today"><time datetime="${new Date(site.now).toISOString().slice(0, 10)}">${dayInFull(site.now)}</time></p>
</div>
!${sectionNavigation(site, document.section)}
</header>
<main id="main" tabindex="-1">
`
}

/** From the end of `<main>` to the end of the document. */
export function documentClosing(site: SiteView): string {
  const frame = frameOf(site)
  frame.closing ??= renderClosing(site)
  return frame.closing
}

function renderClosing(site: SiteView): string {
  const more = site.sections.slice(navigationLength, footerLength)
  return html`</main>
<footer class="colophon" lang="${siteLanguage}" dir="ltr">
<div class="colophon-line">
!${
    more.length === 0
      ? ''
      : html`<nav aria-label="More sections"><ul>!${more.map(({ section }) => html`<li><a href="${sectionPath(site, section)}" dir="auto">${section}</a></li>`)}</ul></nav>`
  }<p><a href="${frontPath(site)}">${site.name}</a></p>
<p><a href="#main">Back to the top</a></p>
</div>
</footer>
</body>
</html>
`
}

function sectionNavigation(site: SiteView, current: string | null): string {
  if (site.sections.length === 0) return ''
  const shown = site.sections.slice(0, navigationLength)
  const currentAt =
    current === null ? -1 : shown.findIndex(({ section }) => section.toLowerCase() === current.toLowerCase())
  const { navigations } = frameOf(site)
  const known = navigations.get(currentAt)
  if (known !== undefined) return known
  const links = shown.map(
    ({ section }, at) =>
      html`<li><a href="${sectionPath(site, section)}" dir="auto"!${at === currentAt ? ' aria-current="page"' : ''}>${section}</a></li>`,
  )
  const navigation = html`<nav class="sections" aria-label="Sections"><ul>!${links}</ul></nav>`
  navigations.set(currentAt, navigation)
  return navigation
}

/** What is the same on all pages of a site, for as long as its list of sections is the same one. */
interface Frame {
  readonly name: string
  readonly prefix: string
  closing: string | null
  /** By the place of the current section among those shown; -1: it is none of them. */
  readonly navigations: Map<number, string>
}

// Dozens of links on each page, which change with the list of sections only. Gone with the list that they were made of.
const frames = new WeakMap<SiteView['sections'], Frame>()

function frameOf({ sections, name, prefix }: SiteView): Frame {
  const known = frames.get(sections)
  if (known && known.name === name && known.prefix === prefix) return known
  const frame: Frame = { name, prefix, closing: null, navigations: new Map() }
  frames.set(sections, frame)
  return frame
}

// The site's own words inside a page in another language say which language they are in.
function ownWords(around: string): string {
  return languageAttributes(siteLanguage, around)
}

// As many as stand in one line at 1280 pixels. Feeds can bring hundreds of categories; the footer has the next ones.
const navigationLength = 9
const footerLength = 40

// Without one, each visit would ask for /favicon.ico, and find nothing.
const icon = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="6" fill="#8c1d2f"/><path d="M8 16h14m-6-7 7 7-7 7" fill="none" stroke="#fff" stroke-width="3.5"/></svg>',
)}`
