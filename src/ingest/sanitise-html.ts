import sanitizeHtml from 'sanitize-html'

/**
 * The HTML of an article, cut down to what an article needs: running text, headings, lists, quotes, tables, images and
 * links. No style, class, id, event handler, script, frame, form, media player, SVG or MathML survives, and no address
 * but http, https, mailto and tel.
 *
 * What a page that shows the result must allow in its CSP is `img-src http: https:` and nothing else.
 */
export function sanitiseArticleHtml(html: string, options: SanitiseOptions = {}): string {
  const { baseUrl, ownUrl } = options
  const ownHost = ownUrl === undefined ? undefined : URL.parse(ownUrl)?.host
  const clean = sanitizeHtml(html, {
    ...policy,
    transformTags: {
      ...renamedTags,
      a: (tagName, attributes) => ({ tagName, attribs: linkAttributes(attributes, baseUrl, ownHost) }),
      img: (tagName, attributes) => ({ tagName, attribs: imageAttributes(attributes, baseUrl) }),
    },
  })
  // An image whose address was refused is a broken image; the library has no hook after its own check of addresses.
  return clean.replace(/<img(?![^>]* src=")[^>]*>/g, '').trim()
}

export interface SanitiseOptions {
  /** What relative links are resolved against; without it they lose their address. */
  readonly baseUrl?: string | undefined
  /** The article's own page: links to the same host are the house's own. */
  readonly ownUrl?: string | undefined
}

/** An absolute http(s) address, or undefined. */
export function resolveHttpUrl(address: string | undefined, baseUrl?: string | undefined): string | undefined {
  const url = resolve(address, baseUrl)
  return url && (url.protocol === 'https:' || url.protocol === 'http:') ? url.href : undefined
}

const renamedTags: Record<string, string> = {
  // The page has its own first heading.
  h1: 'h2',
  // Blocks that part two texts, and would run them together if they only lost their tags.
  section: 'div',
  article: 'div',
  aside: 'div',
  header: 'div',
  footer: 'div',
  main: 'div',
  center: 'div',
  address: 'div',
  tt: 'code',
  strike: 's',
  acronym: 'abbr',
}

const policy: sanitizeHtml.IOptions = {
  allowedTags: [
    ...['p', 'br', 'hr', 'div', 'h2', 'h3', 'h4', 'h5', 'h6', 'blockquote', 'pre', 'figure', 'figcaption'],
    ...['ul', 'ol', 'li', 'dl', 'dt', 'dd', 'table', 'caption', 'thead', 'tbody', 'tfoot', 'tr', 'th', 'td'],
    ...['a', 'img', 'em', 'strong', 'b', 'i', 'u', 's', 'del', 'ins', 'sub', 'sup', 'small', 'mark', 'q', 'cite'],
    ...['code', 'kbd', 'samp', 'var', 'abbr', 'dfn', 'time', 'wbr', 'bdi', 'bdo', 'ruby', 'rt', 'rp'],
  ],
  allowedAttributes: {
    '*': ['lang', 'dir'],
    a: ['href', 'title', 'rel'],
    img: ['src', 'alt', 'title', 'width', 'height', 'loading', 'decoding', 'referrerpolicy'],
    th: ['colspan', 'rowspan', 'scope'],
    td: ['colspan', 'rowspan'],
    ol: ['start', 'reversed', 'type'],
    time: ['datetime'],
    abbr: ['title'],
  },
  allowedSchemes: ['http', 'https', 'mailto', 'tel'],
  allowedSchemesByTag: { img: ['http', 'https'] },
  allowProtocolRelative: false,
  // Their text is no text of the article.
  nonTextTags: [
    ...['script', 'style', 'noscript', 'template', 'textarea', 'option', 'select', 'button', 'head', 'title'],
    ...['iframe', 'object', 'applet', 'audio', 'video', 'svg', 'math', 'canvas', 'xmp', 'noembed', 'noframes'],
  ],
  // A page of a newspaper is some 20 deep; browsers give up nesting at 512.
  nestingLimit: 100,
  exclusiveFilter: (frame) => frame.tag === 'img' && isTrackingPixel(frame.attribs),
}

function linkAttributes(attributes: sanitizeHtml.Attributes, baseUrl: string | undefined, ownHost: string | undefined) {
  const url = resolve(attributes.href, baseUrl)
  if (!url || !['http:', 'https:', 'mailto:', 'tel:'].includes(url.protocol)) return without(attributes, 'href', 'rel')
  // A feed's links are other people's until they lead to the article's own house (Google: rel="ugc").
  const rel = ownHost !== undefined && url.host === ownHost ? 'noopener' : 'noopener nofollow ugc'
  return { ...attributes, href: url.href, ...(url.protocol.startsWith('http') ? { rel } : {}) }
}

function imageAttributes(attributes: sanitizeHtml.Attributes, baseUrl: string | undefined) {
  const src = resolveHttpUrl(attributes.src, baseUrl)
  if (src === undefined) return without(attributes, 'src')
  const size = Object.fromEntries(
    ['width', 'height'].flatMap((key) =>
      /^\d{1,5}$/.test(attributes[key] ?? '') ? [[key, attributes[key] ?? '']] : [],
    ),
  )
  const { alt = '', title } = attributes
  // `referrerpolicy`: a picture's host need not learn which articles its reader opens.
  const fixed = { loading: 'lazy', decoding: 'async', referrerpolicy: 'no-referrer' }
  // Always in one order, so that what was sanitised once is not changed by doing it again.
  return { src, alt, ...(title === undefined ? {} : { title }), ...size, ...fixed }
}

function isTrackingPixel({ width, height }: sanitizeHtml.Attributes): boolean {
  return [width, height].some((side) => side === '0' || side === '1')
}

function without(attributes: sanitizeHtml.Attributes, ...keys: string[]): sanitizeHtml.Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([key]) => !keys.includes(key)))
}

function resolve(address: string | undefined, baseUrl: string | undefined): URL | null {
  const text = address?.trim() ?? ''
  // `#note` leads to an id, and ids are taken out.
  if (text === '' || text.startsWith('#')) return null
  const url = URL.parse(text, baseUrl) ?? (text.startsWith('//') ? URL.parse(`https:${text}`) : null)
  return url
}
