import sanitizeHtml from 'sanitize-html'
import { cleanLine, cleanText } from '../article/clean-text.ts'

/**
 * The plain text of HTML that {@link sanitiseArticleHtml} gave, paragraphs parted by an empty line.
 *
 * It relies on that form: every `<` opens a tag, attributes are quoted, and only `&amp;`, `&lt;`, `&gt;` and `&quot;` occur.
 */
export function sanitisedHtmlToText(html: string): string {
  let text = ''
  let preformatted = 0
  for (const [, tag, words] of html.matchAll(/<([^>"]*(?:"[^"]*"[^>"]*)*)>|([^<]+)/g)) {
    if (words !== undefined) {
      text += preformatted > 0 ? words : words.replace(/\s+/g, ' ')
      continue
    }
    const [, closing, name = ''] = /^(\/?)([a-z0-9]*)/.exec(tag ?? '') ?? []
    if (name === 'pre') preformatted += closing ? -1 : 1
    text += breakFor(name, closing === '/')
  }
  return cleanText(unescaped(text).replace(/^[^\S\n]+/gm, ''))
}

/**
 * A title or a name that may be plain text or HTML, as one line of plain text.
 *
 * Feeds do not say which of the two it is. It is read as HTML when it holds a tag that HTML has, or a character
 * reference; a `<` that opens no such tag stays what it is (`Standard Oil <SRD> to form unit`).
 */
export function mixedToLine(text: string): string {
  return cleanLine(looksLikeHtml(text) ? mixedToText(text).replace(/\s+/g, ' ') : text)
}

/** The same for a text with paragraphs. */
export function mixedToText(text: string): string {
  if (!looksLikeHtml(text)) return cleanText(text)
  const marked = text.replace(new RegExp(`<(?!/?(?:${knownTags})\\b|!--)`, 'gi'), '&lt;')
  return sanitisedHtmlToText(sanitizeHtml(marked, textOnly))
}

export function looksLikeHtml(text: string): boolean {
  return htmlTag.test(text) || characterReference.test(text)
}

// Everything that parts text is kept as a tag for the moment, so that the breaks are made in one place.
const blocks = [
  'p',
  'div',
  'li',
  'ul',
  'ol',
  'blockquote',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  'tr',
  'td',
  'th',
  'br',
  'hr',
  'pre',
]
const textOnly: sanitizeHtml.IOptions = { allowedTags: blocks, allowedAttributes: {}, nestingLimit: 100 }

const knownTags =
  'a|abbr|article|aside|b|big|blockquote|br|center|cite|code|dd|del|div|dl|dt|em|figcaption|figure|font|footer|h[1-6]|' +
  'header|hr|i|iframe|img|ins|kbd|li|mark|nobr|ol|p|pre|q|s|samp|script|section|small|span|strike|strong|style|sub|sup|' +
  'svg|table|tbody|td|th|thead|time|tr|tt|u|ul|var|video|wbr'
const htmlTag = new RegExp(`</?(?:${knownTags})(?:\\s[^<>]*)?/?>`, 'i')
const characterReference = /&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z][a-z\d]{1,30});/i

const paragraphs = new Set([
  ...[
    'p',
    'div',
    'h1',
    'h2',
    'h3',
    'h4',
    'h5',
    'h6',
    'blockquote',
    'pre',
    'figure',
    'figcaption',
    'ul',
    'ol',
    'dl',
    'hr',
  ],
  ...['table', 'caption'],
])
const lines = new Set(['li', 'dt', 'dd', 'tr', 'br'])

function breakFor(name: string, closing: boolean): string {
  if (paragraphs.has(name)) return '\n\n'
  if (lines.has(name)) return '\n'
  return (name === 'td' || name === 'th') && closing ? ' ' : ''
}

function unescaped(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&')
}
