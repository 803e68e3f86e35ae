import { MalformedError, parseFeed as readFeed } from 'feedsmith'
import {
  type DocumentItem,
  type FeedContext,
  feedScope,
  first,
  type ParsedDocument,
  recordOf,
  type UnreadableDocument,
} from './feed-record.ts'
import { resolveHttpUrl } from './sanitise-html.ts'

/**
 * Reads RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, and JSON Feed.
 *
 * Real feeds are broken in every way; what can be read is read. A feed that ends in the middle gives its complete items.
 *
 * @param url where the document was fetched from: what its links are relative to
 */
export function parseFeed(text: string, url?: string | undefined): ParsedDocument | UnreadableDocument {
  const source = withoutProlog(text)
  const parsed = tryRead(source) ?? tryRead(withoutUnfinishedItem(source))
  if (parsed === undefined) {
    return { ok: false, problem: 'cannot be read as a feed: its markup is broken beyond the first items' }
  }
  if (parsed === 'empty') return { ok: false, problem: 'is a feed without items' }
  const { format, feed } = parsed
  switch (format) {
    case 'rss':
      return documentOf('RSS', rssItems(feed, url), feed.title)
    case 'rdf':
      return documentOf('RSS 1.0', rdfItems(feed, url), feed.title)
    case 'atom':
      return documentOf('Atom', atomItems(feed, url), feed.title?.value)
    case 'json':
      return documentOf('JSON Feed', jsonItems(feed, url), feed.title)
  }
}

type Read = ReturnType<typeof readFeed<string>>
type RssFeed = Extract<Read, { format: 'rss' }>['feed']
type RdfFeed = Extract<Read, { format: 'rdf' }>['feed']
type AtomFeed = Extract<Read, { format: 'atom' }>['feed']
type JsonFeed = Extract<Read, { format: 'json' }>['feed']
type RssItem = NonNullable<RssFeed['items']>[number]
type MediaItem = NonNullable<RssItem['media']>

function documentOf(format: string, items: DocumentItem[], title?: string): ParsedDocument | UnreadableDocument {
  if (items.length === 0) return { ok: false, format, problem: `is ${withArticle(format)} feed without items` }
  return { ok: true, format, title, items }
}

function rssItems(feed: RssFeed, url: string | undefined): DocumentItem[] {
  const context = contextOf({
    url,
    link: feed.link,
    title: feed.title,
    language: feed.language ?? feed.dc?.languages?.[0],
  })
  return (feed.items ?? []).map((item) => {
    const permalink = item.guid?.isPermaLink === false ? undefined : absoluteOnly(item.guid?.value)
    const content = item.content?.encoded ?? item.atom?.content?.value
    return recordOf(
      {
        guid: item.guid?.value ?? item.atom?.id,
        links: [item.link, permalink, ...alternateLinks(item.atom?.links)],
        title: item.title ?? item.dc?.titles?.[0] ?? item.media?.title?.value,
        content: content ?? item.description ?? item.dc?.descriptions?.[0] ?? item.media?.description?.value,
        summary: content === undefined ? undefined : (item.description ?? item.atom?.summary?.value),
        authors: item.dc?.creators ?? item.authors?.map((author) => author.name) ?? [item.itunes?.author],
        categories: [...(item.categories ?? []).map((category) => category.name), ...(item.dc?.subjects ?? [])],
        section: item.prism?.section,
        images: [
          ...mediaImages(item.media),
          ...(item.enclosures ?? []).filter(({ type }) => type?.startsWith('image/')).map((enclosure) => enclosure.url),
          item.itunes?.image,
        ],
        source: item.source?.title,
        language: item.xml?.lang ?? item.dc?.languages?.[0],
        published: [
          item.pubDate,
          ...(item.dc?.dates ?? []),
          item.atom?.published,
          ...(item.dcterms?.issued ?? []),
          ...(item.dcterms?.created ?? []),
        ],
        updated: [item.atom?.updated, ...(item.dcterms?.modified ?? [])],
        bases: [feed.xml?.base, item.xml?.base],
      },
      context,
    )
  })
}

function rdfItems(feed: RdfFeed, url: string | undefined): DocumentItem[] {
  const context = contextOf({ url, link: feed.link, title: feed.title, language: feed.dc?.languages?.[0] })
  return (feed.items ?? []).map((item) =>
    recordOf(
      {
        guid: item.rdf?.about ?? item.link,
        links: [item.link, item.rdf?.about],
        title: item.title ?? item.dc?.titles?.[0],
        content: item.content?.encoded ?? item.description ?? item.dc?.descriptions?.[0],
        summary: item.content?.encoded === undefined ? undefined : item.description,
        authors: item.dc?.creators ?? [],
        categories: item.dc?.subjects ?? [],
        images: mediaImages(item.media),
        source: item.dc?.sources?.[0],
        language: item.dc?.languages?.[0],
        published: [...(item.dc?.dates ?? []), ...(item.dcterms?.issued ?? [])],
        updated: item.dcterms?.modified ?? [],
        bases: [feed.xml?.base, item.xml?.base],
      },
      context,
    ),
  )
}

function atomItems(feed: AtomFeed, url: string | undefined): DocumentItem[] {
  const link = first(alternateLinks(feed.links), (address) => resolveHttpUrl(address, url))
  const self = feed.links?.find(({ rel }) => rel === 'self')?.href
  const context = contextOf({
    url: url ?? resolveHttpUrl(self),
    link,
    title: feed.title?.value,
    language: feed.xml?.lang,
  })
  return (feed.entries ?? []).map((entry) => {
    const { content, summary } = entry
    const inline = content?.src === undefined ? content : undefined
    const main = inline?.value === undefined ? summary : inline
    return recordOf(
      {
        guid: entry.id,
        links: [...alternateLinks(entry.links), absoluteOnly(entry.id)],
        title: entry.title?.value ?? entry.media?.title?.value,
        titleIs: entry.title?.type === 'text' ? 'text' : 'mixed',
        content: main?.value ?? entry.media?.groups?.[0]?.description?.value,
        contentIs: contentKind(main?.type),
        summary: inline?.value === undefined ? undefined : summary?.value,
        authors: (entry.authors ?? feed.authors ?? []).map((author) => author.name),
        categories: (entry.categories ?? []).map((category) => category.label ?? category.term),
        images: [
          ...mediaImages(entry.media),
          ...(entry.links ?? [])
            .filter(({ rel, type }) => rel === 'enclosure' && type?.startsWith('image/'))
            .map(({ href }) => href),
        ],
        source: entry.source?.title?.value,
        language: content?.xml?.lang ?? entry.xml?.lang,
        published: [entry.published, ...(entry.dcterms?.issued ?? []), ...(entry.dc?.dates ?? [])],
        updated: [entry.updated],
        bases: [feed.xml?.base, entry.xml?.base, inline?.xml?.base],
      },
      { ...context, baseUrl: url ?? link ?? context.baseUrl },
    )
  })
}

function jsonItems(feed: JsonFeed, url: string | undefined): DocumentItem[] {
  const context = contextOf({
    url: url ?? resolveHttpUrl(feed.feed_url),
    link: feed.home_page_url,
    title: feed.title,
    language: feed.language,
  })
  return (feed.items ?? []).map((item) =>
    recordOf(
      {
        guid: item.id,
        links: [item.url, item.external_url],
        title: item.title,
        titleIs: 'text',
        content: item.content_html ?? item.content_text,
        contentIs: item.content_html === undefined ? 'text' : 'html',
        summary: item.summary,
        authors: (item.authors ?? feed.authors ?? []).map((author) => author.name),
        categories: item.tags ?? [],
        images: [
          item.image,
          item.banner_image,
          ...(item.attachments ?? [])
            .filter(({ mime_type }) => mime_type?.startsWith('image/'))
            .map((attachment) => attachment.url),
        ],
        language: item.language,
        published: [item.date_published],
        updated: [item.date_modified],
      },
      context,
    ),
  )
}

function contextOf(feed: {
  url?: string | undefined
  link?: string | undefined
  title?: string | undefined
  language?: string | undefined
}): FeedContext {
  return {
    scope: feedScope(feed),
    title: feed.title,
    language: feed.language,
    baseUrl: resolveHttpUrl(feed.link, feed.url) ?? feed.url,
  }
}

function alternateLinks(
  links: ReadonlyArray<{ href?: string; rel?: string; type?: string }> | undefined,
): Array<string | undefined> {
  const alternates = (links ?? []).filter(({ rel }) => rel === undefined || rel === 'alternate')
  // Some feeds list the same entry as PDF or as Atom first; a reader wants the page.
  const pages = alternates.filter(({ type }) => type === undefined || type.includes('html'))
  return [...pages, ...alternates].map(({ href }) => href)
}

function absoluteOnly(address: string | undefined): string | undefined {
  return address !== undefined && /^https?:\/\//i.test(address.trim()) ? address : undefined
}

function contentKind(type: string | undefined): 'text' | 'html' | 'mixed' {
  if (type === undefined) return 'mixed'
  if (type === 'text' || type === 'text/plain') return 'text'
  return type.includes('html') ? 'html' : 'mixed'
}

/** Pictures first that say they are, the widest first; a thumbnail only when there is nothing larger. */
function mediaImages(media: MediaItem | undefined): Array<string | undefined> {
  const contents = [...(media?.contents ?? []), ...(media?.groups ?? []).flatMap((group) => group.contents ?? [])]
  const pictures = contents.filter(
    ({ type, medium, url }) =>
      type?.startsWith('image/') ||
      medium === 'image' ||
      (!type && !medium && /\.(?:jpe?g|png|webp|avif|gif)(?:\?|$)/i.test(url ?? '')),
  )
  const thumbnails = [
    ...(media?.thumbnails ?? []),
    ...contents.flatMap((content) => content.thumbnails ?? []),
    ...(media?.groups ?? []).flatMap((group) => group.thumbnails ?? []),
  ]
  return [...pictures.toSorted(byWidth), ...thumbnails.toSorted(byWidth)].map((image) => image.url)
}

function byWidth(a: { width?: number }, b: { width?: number }): number {
  return (b.width ?? 0) - (a.width ?? 0)
}

function tryRead(text: string): Read | 'empty' | undefined {
  try {
    return readFeed(text)
  } catch (error) {
    // Well-formed, but with nothing in it that the library knows.
    return error instanceof MalformedError ? undefined : 'empty'
  }
}

/** From the root element on: an XML declaration that is not at the very start stops the parser, and so do many DOCTYPEs. */
function withoutProlog(text: string): string {
  const root = /<(?:\w+:)?(?:rss|feed|rdf)[\s>]/i.exec(text)
  if (root) return text.slice(root.index)
  return text.trim()
}

function withoutUnfinishedItem(text: string): string {
  const ends = [...text.matchAll(/<\/((?:\w+:)?(?:item|entry))\s*>/gi)]
  const last = ends.at(-1)
  const root = /^<((?:\w+:)?(?:rss|feed|rdf))[\s>]/i.exec(text)?.[1]
  if (!last || root === undefined) return text
  const complete = text.slice(0, last.index + last[0].length)
  return /rss$/i.test(root) ? `${complete}</channel></${root}>` : `${complete}</${root}>`
}

function withArticle(format: string): string {
  return /^[AR]/.test(format) ? `an ${format}` : `a ${format}`
}
