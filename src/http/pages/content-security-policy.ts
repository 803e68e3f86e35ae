import { createHash } from 'node:crypto'
import { stylesheet } from './stylesheet.ts'

const stylesheetHash = createHash('sha256').update(stylesheet).digest('base64')

/**
 * The `Content-Security-Policy` of every page.
 *
 * The one stylesheet is allowed by its hash, never by a nonce: pages are cached. JSON-LD needs no `script-src`, because
 * browsers decide that a data block is not a script before they ask the policy (HTML, "prepare the script element").
 * Pictures may come from anywhere, since publishers keep them on hosts of their own; `data:` is for the icon alone.
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${stylesheetHash}'`,
  'img-src https: http: data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ')
