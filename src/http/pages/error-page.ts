import { html } from 'ghtml'
import { documentClosing, documentOpening } from './document.ts'
import { siteLanguage } from './markup.ts'
import { frontPath, type SiteView } from './site-view.ts'

/** A page for a reader who cannot be given what they asked for: what happened, and where to go from here. */
export function errorPage(view: {
  readonly site: SiteView
  readonly status: number
  readonly title: string
  readonly detail: string
  /** What the reader can do. */
  readonly hint?: string | undefined
}): string {
  const { site } = view
  const opening = documentOpening({
    site,
    title: view.title,
    language: siteLanguage,
    metadata: '<meta name="robots" content="noindex">',
    section: null,
    kind: 'error',
  })
  return html`!${opening}<div class="error">
<p class="error-status">${view.status}</p>
<h1>${view.title}</h1>
<p class="standfirst">${view.detail}</p>
!${view.hint === undefined || view.hint === '' ? '' : html`<p>${view.hint}</p>`}<p><a class="button" href="${frontPath(site)}">Go to the front page</a></p>
</div>
!${documentClosing(site)}`
}
