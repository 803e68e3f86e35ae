import { html } from 'ghtml'
import type { Rail } from '../../manager/manager.ts'
import type { RelatedArticle } from '../../related/related.ts'
import { headlineClass } from './headline.ts'
import { languageAttributes, siteLanguage, webAddress } from './markup.ts'
import { absoluteAddress, articlePath, frontPath, type SiteView, sectionPath } from './site-view.ts'
import { timeAsAge } from './times.ts'

/**
 * The rail as an `<aside>` that stands on its own: inside the article's page, or fetched into another page.
 *
 * It always says what it is: the state in `data-related-state`, and in words wherever it is not simply the rail.
 */
export function railFragment(view: {
  readonly site: SiteView
  readonly rail: Rail
  readonly articleId: string
  /** The article's section, for the way on from a rail that has nothing to show. */
  readonly section?: string | null | undefined
  /**
   * Where the items lead: `here`, the default, to this site's own pages; `publisher` to the publisher's pages, for a
   * fragment that is fetched into those. Absolute when the site knows its address.
   */
  readonly links?: 'here' | 'publisher' | undefined
}): string {
  const { site, rail, articleId } = view
  const headingId = `related-${articleId}`
  const title = rail.items.length === 0 ? 'Related' : headingOf(rail)
  const note = noteOf(rail, site.now)
  const content =
    rail.items.length === 0
      ? wayOn(site, view.section ?? null)
      : html`<ol>!${rail.items.map((item) => railItem(site, rail, item, view.links ?? 'here'))}</ol>`
  return html`
<aside class="onward-rail" lang="${siteLanguage}" dir="ltr" aria-labelledby="${headingId}" data-related-state="${rail.state}" data-related-basis="${rail.basis}">
<h2 id="${headingId}">${title}</h2>
!${note === '' ? '' : html`<p class="rail-note">!${note}</p>`}!${content}</aside>`
}

function railItem(site: SiteView, rail: Rail, item: RelatedArticle, links: 'here' | 'publisher'): string {
  const image = webAddress(item.image)
  // The labelled filler has one reason for all of it, and the heading has said it.
  const reason = rail.basis === 'newest' ? '' : item.reason
  const source = item.source ? html`<span dir="auto">${item.source}</span> · ` : ''
  return html`<li>
!${image === null ? '' : html`<img src="${image}" alt="" loading="lazy" decoding="async" width="96" height="72">`}<h3 class="${headlineClass(
    item.title,
  )}"><a href="${addressOf(site, item, links)}"!${languageAttributes(item.language)}>${item.title}</a></h3>
!${item.pinned ? '<p class="rail-pick">Editors’ choice</p>' : ''}!${reason === '' ? '' : html`<p class="rail-reason" dir="auto">${reason}</p>`}<p class="meta">!${source}!${timeAsAge(
    item.publishedAt,
    site.now,
  )}</p>
</li>
`
}

function addressOf(site: SiteView, item: RelatedArticle, links: 'here' | 'publisher'): string {
  const here = articlePath(site, item.id)
  if (links === 'here') return here
  return webAddress(item.url) ?? absoluteAddress(site, here) ?? here
}

function headingOf(rail: Rail): string {
  if (rail.basis === 'related') return 'Related'
  const section = rail.items[0]?.section ?? null
  return section !== null && rail.items.every((item) => item.section === section)
    ? `Latest in ${section}`
    : 'Latest stories'
}

function noteOf(rail: Rail, now: number): string {
  if (rail.items.length === 0) return emptyNotes[rail.state]
  if (rail.state === 'fallback') return 'Related stories are not available right now.'
  if (rail.basis === 'newest') return 'Nothing closely related has been published yet.'
  if (rail.state !== 'stale') return ''
  return rail.generatedAt === null ? 'From a moment ago.' : html`As of !${timeAsAge(rail.generatedAt, now)}.`
}

const emptyNotes: Record<Rail['state'], string> = {
  fresh: 'Nothing closely related has been published yet.',
  stale: 'Nothing closely related has been published yet.',
  fallback: 'Related stories are not available right now.',
  late: 'The related stories were not ready in time, and we did not want to keep you waiting.',
  unavailable: 'Related stories are not available right now.',
  shed: 'Many people are reading at this moment, so the related stories take a short break.',
}

function wayOn(site: SiteView, section: string | null): string {
  return section === null || section === ''
    ? html`<p class="rail-way-on"><a href="${frontPath(site)}">See the latest stories</a></p>`
    : html`<p class="rail-way-on"><a href="${sectionPath(site, section)}">See the latest in <span dir="auto">${section}</span></a></p>`
}
