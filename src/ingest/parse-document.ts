import { charsetOf, decodeText } from './decode-text.ts'
import type { ParsedDocument, UnreadableDocument } from './feed-record.ts'
import { isAgencyXml, isNinjs, parseAgencyXml, parseNinjs } from './parse-agency.ts'
import { parseFeed } from './parse-feed.ts'
import { isWordPress, parseWordPress } from './parse-wordpress.ts'

/**
 * The records in a document whose format is told by what is in it: a feed, an agency's format, or JSON.
 *
 * Pure; never throws. An item that is listed twice is taken once, as it stands first: feeds list the newest first, and taking
 * both would change the article at every reading.
 */
export function parseDocument(bytes: Uint8Array, options: DocumentOptions = {}): ParsedDocument | UnreadableDocument {
  const decoded = decodeText(bytes, charsetOf(options.contentType))
  if (!decoded.ok) return decoded
  const document = parseText(decoded.text, options.url)
  return document.ok ? { ...document, items: withoutRepeats(document) } : document
}

export interface DocumentOptions {
  readonly contentType?: string | undefined
  /** Where it was fetched from. */
  readonly url?: string | undefined
}

function parseText(text: string, url: string | undefined): ParsedDocument | UnreadableDocument {
  const start = text.replace(/^[\uFEFF\s]+/, '')
  if (start === '') return { ok: false, problem: 'is empty' }
  if (start.startsWith('{') || start.startsWith('[')) return parseJson(start, url)
  if (!start.includes('<'))
    return { ok: false, problem: 'is neither XML nor JSON; a feed or articles as JSON were expected' }
  const root = rootName(start)
  if (isAgencyXml(root)) return parseAgencyXml(start)
  if (/^(?:rss|\w+:rss)$/i.test(root) && isWordPress(start)) return parseWordPress(start)
  if (!/<(?:\w+:)?(?:rss|feed|rdf)[\s>]/i.test(start)) {
    return /^(?:html|head|body|!doctype)$/i.test(root)
      ? { ok: false, format: 'HTML', problem: 'is a web page, not a feed; give the address of its feed' }
      : { ok: false, problem: `is XML that starts with <${root}>; RSS, Atom, NewsML or NITF was expected` }
  }
  return parseFeed(start, url)
}

function parseJson(text: string, url: string | undefined): ParsedDocument | UnreadableDocument {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { ok: false, problem: `is not well-formed JSON: ${why.slice(0, 200)}` }
  }
  if (Array.isArray(value)) {
    if (value.length === 0) return { ok: false, format: 'JSON', problem: 'is an empty list' }
    return { ok: true, format: 'JSON', items: value.map((record: unknown) => ({ ok: true, record })) }
  }
  if (typeof value !== 'object' || value === null)
    return { ok: false, problem: 'is JSON, but neither a list nor an object' }
  if (isJsonFeed(value)) return parseFeed(text, url)
  if (isNinjs(value)) return parseNinjs(value)
  return { ok: true, format: 'JSON', items: [{ ok: true, record: value }] }
}

function isJsonFeed(value: object): boolean {
  const version: unknown = Reflect.get(value, 'version')
  return (
    (typeof version === 'string' && version.includes('jsonfeed.org')) ||
    ('items' in value && Array.isArray(value.items))
  )
}

/** The name of the root element: what comes first after declarations, comments and the document type. */
function rootName(text: string): string {
  const rest = text.replace(/^(?:\s|<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<!DOCTYPE[^[>]*(?:\[[\s\S]*?\]\s*)?>)+/i, '')
  return /^<([^\s/>]{1,100})/.exec(rest)?.[1] ?? ''
}

function withoutRepeats({ format, items }: ParsedDocument): ParsedDocument['items'] {
  // In plain JSON the publisher's own order counts: the later line is the correction.
  if (format === 'JSON') return items
  const seen = new Set<unknown>()
  return items.map((item) => {
    if (!item.ok) return item
    const id: unknown = Reflect.get(Object(item.record), 'id')
    if (!seen.has(id)) {
      seen.add(id)
      return item
    }
    return {
      ok: false,
      id: String(id),
      problems: [{ path: 'id', message: 'is listed twice in the document; the first was taken' }],
    }
  })
}
