import { type DocumentItem, feedScope, type ParsedDocument, recordOf, type UnreadableDocument } from './feed-record.ts'
import { child, children, descendants, parseXml, textOf, type XmlElement } from './xml-tree.ts'

/**
 * Reads an export of WordPress (WXR, which is RSS with a vocabulary of its own).
 *
 * It is not read as plain RSS, since what must not be shown stands only in that vocabulary: drafts, private and
 * password-protected posts come as drafts; pages, attachments and menus are refused; so is what lies in the trash.
 */
export function parseWordPress(text: string): ParsedDocument | UnreadableDocument {
  const channel = descendants(parseXml(text), 'channel')[0]
  const title = textOf(child(channel, 'title')).trim() || undefined
  const link = textOf(child(channel, 'link')).trim() || undefined
  const context = {
    scope: feedScope({ link, title }),
    title,
    language: textOf(child(channel, 'language')).trim() || undefined,
    baseUrl: link,
  }
  const items = children(channel, 'item').map((item): DocumentItem => {
    const value = (name: string) => textOf(child(item, name)).trim()
    const refusal = whyRefused(value('wp:post_type'), value('wp:status'))
    const guid = value('guid') || value('link')
    if (refusal !== undefined)
      return { ok: false, ...(guid === '' ? {} : { id: guid }), problems: [{ path: '', message: refusal }] }
    const categories = children(item, 'category')
    return recordOf(
      {
        guid,
        links: [value('link'), value('guid')],
        title: value('title'),
        content: paragraphs(value('content:encoded')),
        contentIs: 'html',
        summary: value('excerpt:encoded') || value('description'),
        authors: [authorName(channel, value('dc:creator'))],
        categories: categories.filter(({ attributes }) => attributes.domain !== 'post_format').map(textOf),
        section: categories
          .filter(({ attributes }) => attributes.domain === 'category')
          .map(textOf)
          .find((name) => name !== 'Uncategorized'),
        published: [known(value('wp:post_date_gmt')), value('pubdate')],
        updated: [known(value('wp:post_modified_gmt'))],
        status: isPublic(value('wp:status')) && value('wp:post_password') === '' ? 'published' : 'draft',
      },
      context,
    )
  })
  if (items.length === 0) return { ok: false, format: 'WordPress', problem: 'is a WordPress export without posts' }
  return { ok: true, format: 'WordPress', title, items }
}

export function isWordPress(text: string): boolean {
  return /xmlns:wp\s*=\s*["']https?:\/\/wordpress\.org\/export\/|<wp:wxr_version\b/.test(text.slice(0, 20_000))
}

function whyRefused(type: string, status: string): string | undefined {
  if (type !== '' && type !== 'post') return `is of the WordPress type ${JSON.stringify(type)}; a post was expected`
  return status === 'trash' ? 'lies in the trash of WordPress' : undefined
}

// `future`: scheduled; its time of publication keeps it back until then.
function isPublic(status: string): boolean {
  return status === '' || status === 'publish' || status === 'future'
}

function authorName(channel: XmlElement | undefined, login: string): string {
  const author = children(channel, 'wp:author').find(
    (element) => textOf(child(element, 'wp:author_login')).trim() === login,
  )
  return textOf(child(author, 'wp:author_display_name')).trim() || login
}

function known(date: string): string | undefined {
  return date === '' || date.startsWith('0000') ? undefined : date
}

/** WordPress stores text without paragraphs and makes them of empty lines when it shows the post. */
export function paragraphs(html: string): string {
  const withoutCaptions = html.replace(/\[\/?(?:caption|gallery|embed|dropcap)\b[^\]]*\]/g, '')
  if (/<(?:p|br)[\s>/]/i.test(withoutCaptions)) return withoutCaptions
  const blocks = withoutCaptions.split(/\n\s*\n/).map((block) => block.trim())
  return blocks
    .filter((block) => block !== '')
    .map((block) => (/^<(?:h\d|ul|ol|dl|div|blockquote|figure|pre|table|!--)/i.test(block) ? block : `<p>${block}</p>`))
    .join('\n')
}
