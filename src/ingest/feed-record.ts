import { hashedArticleId } from '../article/article-id.ts'
import { cutAtWord } from '../article/clean-text.ts'
import { articleLimits } from '../article/parse-article.ts'
import type { Problem } from '../errors.ts'
import { looksLikeHtml, mixedToLine, mixedToText } from './html-to-text.ts'
import { parseFeedTime } from './parse-feed-time.ts'
import type { RawRecord } from './prepare-record.ts'
import { resolveHttpUrl } from './sanitise-html.ts'

/** What a document gave: every item in it is either a record to be prepared or refused with the reason. */
export interface ParsedDocument {
  readonly ok: true
  /** In words for a report: `RSS`, `Atom`, `JSON Feed`, `NewsML-G2` ... */
  readonly format: string
  readonly title?: string | undefined
  readonly items: readonly DocumentItem[]
}

export type DocumentItem = ({ readonly ok: true } & RawRecord) | RefusedItem

export interface RefusedItem {
  readonly ok: false
  readonly id?: string
  readonly problems: readonly Problem[]
}

/** Why a document gave nothing, as the end of a sentence that starts with its name. */
export interface UnreadableDocument {
  readonly ok: false
  readonly format?: string
  readonly problem: string
}

/** What the formats of feeds and agencies have in common, each value as it was found. */
export interface Entry {
  readonly guid?: string | undefined
  readonly links?: ReadonlyArray<string | undefined>
  readonly title?: string | undefined
  readonly content?: string | undefined
  readonly summary?: string | undefined
  /** What is known of `title`, `content` and `summary`; `mixed`: a feed that does not say. Default `mixed`. */
  readonly titleIs?: 'text' | 'mixed'
  readonly contentIs?: 'text' | 'html' | 'mixed'
  readonly authors?: ReadonlyArray<string | undefined>
  readonly categories?: ReadonlyArray<string | undefined>
  readonly section?: string | undefined
  readonly images?: ReadonlyArray<string | undefined>
  readonly source?: string | undefined
  readonly language?: string | undefined
  readonly published?: ReadonlyArray<string | undefined>
  readonly updated?: ReadonlyArray<string | undefined>
  readonly embargoed?: string | undefined
  readonly status?: 'published' | 'draft' | 'withdrawn'
  /** Nested `xml:base`s, the outermost first. */
  readonly bases?: ReadonlyArray<string | undefined>
}

/** What holds for every entry of a document. */
export interface FeedContext {
  /** Whose guids they are: see {@link feedScope}. */
  readonly scope: string
  readonly title?: string | undefined
  readonly language?: string | undefined
  /** What the document's own links are relative to. */
  readonly baseUrl?: string | undefined
}

/** The article record of a feed's entry. What is only decoration and does not fit is shortened or left out. */
export function recordOf(entry: Entry, feed: FeedContext): DocumentItem {
  const baseUrl = (entry.bases ?? []).reduce<string | undefined>(
    (base, next) => resolveHttpUrl(next, base) ?? base,
    feed.baseUrl,
  )
  const url = first(entry.links, (link) => resolveHttpUrl(link, baseUrl)?.slice(0, articleLimits.urlCharacters + 1))
  const title = readTitle(entry)
  const content = entry.content?.trim() || entry.summary?.trim() || ''
  // RSS asks for a title or a description and nothing else: the last resort is the text itself.
  const words = [title || content.slice(0, 300), entry.published?.find(Boolean) ?? ''].join('\n').trim()
  const identity = entry.guid?.trim() || url || words
  if (identity === '') return { ok: false, problems: [{ path: '', message: emptyItem }] }

  const isHtml = entry.contentIs === 'html' || (entry.contentIs !== 'text' && looksLikeHtml(content))
  const published = first([...(entry.published ?? []), ...(entry.updated ?? [])], parseFeedTime)
  const updated = first(entry.updated, parseFeedTime)
  const tags = tagsOf(entry)
  const record: Record<string, unknown> = {
    id: hashedArticleId(identity, feed.scope),
    title,
    ...(isHtml ? { bodyHtml: content } : { body: content }),
    url,
    standfirst: standfirstOf(entry),
    byline: name(
      [...new Set((entry.authors ?? []).map((author) => mixedToLine(author ?? '')))].filter(Boolean).join(', '),
    ),
    section: name(mixedToLine(entry.section ?? (tags.length === 1 ? (tags[0] ?? '') : ''))),
    tags,
    source: name(mixedToLine(entry.source ?? feed.title ?? '')),
    language: first([entry.language, feed.language], knownLanguage),
    image: first(entry.images, (image) => within(resolveHttpUrl(image, baseUrl), articleLimits.urlCharacters)),
    publishedAt: published,
    updatedAt: updated,
    embargoedUntil: parseFeedTime(entry.embargoed),
    status: entry.status ?? 'published',
  }
  return { ok: true, record, baseUrl: baseUrl ?? url }
}

/**
 * Whose guids a document's are: the host that it was fetched from, else the host that it links to, else its title.
 *
 * Not the feed's full address: a newspaper lists one article in the feeds of several sections, under one guid.
 */
export function feedScope(from: {
  url?: string | undefined
  link?: string | undefined
  title?: string | undefined
}): string {
  const host = [from.url, from.link].map((address) => URL.parse(address ?? '')?.hostname).find(Boolean)
  return host?.replace(/^www\./, '') ?? from.title ?? ''
}

/** What `read` makes of the first value that it makes something of. */
export function first<Value, Result>(
  values: readonly Value[] | undefined,
  read: (value: Value) => Result | undefined,
): Result | undefined {
  for (const value of values ?? []) {
    const result = value === undefined ? undefined : read(value)
    if (result !== undefined) return result
  }
  return undefined
}

/** The id that an identity of this scope becomes: for what refers to another item. */
export function idIn(scope: string, identity: string): string {
  return hashedArticleId(identity.trim(), scope)
}

function readTitle({ title = '', titleIs }: Entry): string {
  const line = titleIs === 'text' ? title.replace(/\s+/g, ' ').trim() : mixedToLine(title)
  return cutAtWord(line, articleLimits.titleCharacters)
}

function standfirstOf({ content, summary }: Entry): string | undefined {
  // A feed that gives only a summary has it as its body; that it repeats the body's start is then no standfirst either.
  if (!content?.trim() || !summary?.trim()) return undefined
  const text = mixedToText(summary).replace(/\s+/g, ' ')
  return text === '' ? undefined : cutAtWord(text, standfirstCharacters)
}

function tagsOf({ categories = [] }: Entry): string[] {
  const tags = categories.map((category) => mixedToLine(category ?? '')).filter((tag) => tag !== '')
  return [...new Set(tags)].filter((tag) => tag.length <= articleLimits.tagCharacters).slice(0, articleLimits.tags)
}

function name(text: string): string | undefined {
  return text === '' ? undefined : cutAtWord(text, articleLimits.nameCharacters)
}

function within(text: string | undefined, charactersMax: number): string | undefined {
  return text !== undefined && text.length <= charactersMax ? text : undefined
}

function knownLanguage(text: string | undefined): string | undefined {
  const tag = text?.trim().toLowerCase().replaceAll('_', '-') ?? ''
  return /^[a-z]{2,3}(?:-[a-z0-9]{1,8}){0,3}$/.test(tag) ? tag : undefined
}

const emptyItem = 'is empty: it has no title, no text, no link and no guid'

// Some feeds repeat the whole article as its summary.
const standfirstCharacters = 600
