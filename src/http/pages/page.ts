/**
 * What HTTP calls to make pages; the other files of this folder are its own business.
 *
 * All of it is pure: views in, text out. Everything that comes from an article is escaped, apart from `bodyHtml`, which
 * was sanitised when it came in. There is no script and no inline style, so that one fixed policy covers every page.
 */
export { articlePageClosing, articlePageOpening, articlePageParts } from './article-page.ts'
export { contentSecurityPolicy } from './content-security-policy.ts'
export { errorPage } from './error-page.ts'
export { frontPage, sectionPage } from './list-pages.ts'
export { railFragment } from './rail.ts'
export type { SiteView } from './site-view.ts'
export { stylesheetBytes } from './stylesheet.ts'
