import type { SectionCount } from '../../store/store.ts'

/** What every page says of the site that it belongs to. */
export interface SiteView {
  readonly name: string
  /** Absolute, http or https, without a path: for canonical addresses and previews. Null leaves out what needs it. */
  readonly baseUrl: string | null
  /** The path that the site is mounted under: `''` or for example `'/news'`. */
  readonly prefix: string
  /** The largest first; may be empty when they are not known yet. */
  readonly sections: readonly SectionCount[]
  /** The time that ages are told by, in milliseconds since the epoch. */
  readonly now: number
}

/** The path of the front page. */
export function frontPath(site: SiteView): string {
  return `${site.prefix}/`
}

/** The path of an article's page. */
export function articlePath(site: SiteView, articleId: string): string {
  return `${site.prefix}/articles/${pathSegment(articleId)}`
}

/** The path of a section's page. */
export function sectionPath(site: SiteView, section: string): string {
  return `${site.prefix}/sections/${pathSegment(section)}`
}

/** `path` of this site as an absolute address, or null when the site's own is not known. */
export function absoluteAddress(site: SiteView, path: string): string | null {
  return site.baseUrl === null ? null : `${site.baseUrl.replace(/\/+$/, '')}${path}`
}

// encodeURIComponent throws at a lone surrogate, and a section's name comes from outside.
function pathSegment(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}
