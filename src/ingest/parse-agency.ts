import {
  type DocumentItem,
  type Entry,
  feedScope,
  type ParsedDocument,
  recordOf,
  type UnreadableDocument,
} from './feed-record.ts'
import { child, children, descendants, parseXml, textOf, toHtml, type XmlElement } from './xml-tree.ts'

/** Reads NITF, NewsML-G2 (text items with NITF, XHTML or plain text inside, alone or in a message) and NewsML 1. */
export function parseAgencyXml(text: string): ParsedDocument | UnreadableDocument {
  const root = parseXml(text)
  const g2 = descendants(root, 'newsitem', 'packageitem')
  if (g2.some(({ attributes }) => attributes.guid !== undefined)) return documentOf('NewsML-G2', g2.map(fromNewsMlG2))
  const newsMl = descendants(root, 'newsml')[0]
  if (newsMl) return documentOf('NewsML 1', descendants(newsMl, 'newsitem').map(fromNewsMl1))
  return documentOf(
    'NITF',
    descendants(root, 'nitf').map((nitf) => recordOf(entryOfNitf(nitf), { scope: nitfScope(nitf) })),
  )
}

/** The name of the format when `rootName` starts a document that {@link parseAgencyXml} reads. */
export function isAgencyXml(rootName: string): boolean {
  return ['newsitem', 'packageitem', 'newsmessage', 'newsml', 'nitf', 'contentset'].includes(
    rootName.toLowerCase().replace(/^.*:/, ''),
  )
}

/** Reads ninjs, the JSON of the same agencies (all versions: `headline` was a text and became a list of them). */
export function parseNinjs(value: object): ParsedDocument {
  const get = (key: string): unknown => (Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined)
  const string = (key: string) => (typeof get(key) === 'string' ? String(get(key)) : undefined)
  const guid = string('uri') ?? string('guid')
  const type = string('type')
  const status = string('pubstatus') ?? 'usable'
  if (type !== undefined && type !== 'text') {
    const problem = { path: 'type', message: `is ${JSON.stringify(type)}; ninjs of the type text was expected` }
    return {
      ok: true,
      format: 'ninjs',
      items: [{ ok: false, ...(guid === undefined ? {} : { id: guid }), problems: [problem] }],
    }
  }
  const html = string('body_html') ?? string('body_xhtml') ?? valueIn(get('bodies'))
  const entry: Entry = {
    guid,
    links: [guid],
    title: string('headline') ?? valueIn(get('headlines')) ?? string('name'),
    content: html ?? string('body_text'),
    contentIs: html === undefined ? 'text' : 'mixed',
    summary: string('description_text') ?? valueIn(get('descriptions')),
    authors: [string('byline') ?? string('by')],
    categories: listOf(get('subject') ?? get('subjects')).map(nameIn),
    section: listOf(get('service')).map(nameIn).find(Boolean),
    images: Object.values(Object(get('renditions'))).map((rendition) => Reflect.get(Object(rendition), 'href')),
    language: string('language'),
    source: string('source') ?? string('copyrightholder'),
    published: [string('firstcreated') ?? string('firstCreated'), string('versioncreated') ?? string('versionCreated')],
    updated: [string('versioncreated') ?? string('versionCreated')],
    embargoed: string('embargoed') ?? string('embargoedUntil'),
    status: statusOf(status),
  }
  return { ok: true, format: 'ninjs', items: [recordOf(entry, { scope: entry.source ?? '' })] }
}

export function isNinjs(value: object): boolean {
  const has = (key: string) => Object.hasOwn(value, key)
  return (
    (has('uri') || has('guid')) &&
    !has('id') &&
    (has('versioncreated') || has('pubstatus') || has('headline') || has('headlines') || has('body_html'))
  )
}

function fromNewsMlG2(item: XmlElement): DocumentItem {
  const guid = item.attributes.guid ?? ''
  if (item.name === 'packageitem')
    return refused(guid, 'is a package, a list of other items; a news item with text was expected')
  const meta = child(item, 'itemmeta')
  const content = child(item, 'contentmeta')
  const itemClass = child(meta, 'itemclass')?.attributes.qcode ?? ''
  if (itemClass !== '' && !/:text$/.test(itemClass))
    return refused(guid, `is of the class ${itemClass}; a text was expected`)
  const nitf = descendants(item, 'nitf')[0]
  const html = descendants(item, 'html')[0]
  const inside: Entry = nitf
    ? entryOfNitf(nitf)
    : { content: html ? toHtml(child(html, 'body') ?? html) : textOf(child(item, 'contentset', 'inlinedata')) }
  const text = (name: string) => line(child(content, name))
  const created = [text('contentcreated'), line(child(meta, 'firstcreated')), line(child(meta, 'versioncreated'))]
  const provider = child(meta, 'provider')
  const entry: Entry = {
    ...inside,
    guid,
    links: [child(item, 'itemmeta', 'altid')?.attributes.href],
    title: text('headline') ?? inside.title ?? line(child(meta, 'title')),
    content: inside.content,
    contentIs: nitf || html ? 'html' : 'mixed',
    summary:
      inside.summary ??
      line(children(content, 'description').find(({ attributes }) => /summary/.test(attributes.role ?? ''))),
    authors: inside.authors?.some(Boolean) ? inside.authors : [text('by') ?? line(child(content, 'creator', 'name'))],
    categories: children(content, 'subject').map((subject) => line(child(subject, 'name'))),
    source: line(child(content, 'infosource', 'name')) ?? line(child(provider, 'name')) ?? provider?.attributes.literal,
    language: child(content, 'language')?.attributes.tag ?? item.attributes['xml:lang'],
    published: created,
    updated: [line(child(meta, 'versioncreated')), text('contentmodified')],
    embargoed: line(child(meta, 'embargoed')),
    status: statusOf(child(meta, 'pubstatus')?.attributes.qcode ?? ''),
  }
  // An agency's guid is a URN or a tag: unique in the world, so one that came through two doors is one article.
  return recordOf(entry, { scope: 'newsml' })
}

function fromNewsMl1(item: XmlElement): DocumentItem {
  const find = (...names: string[]) => descendants(item, ...names)[0]
  const id = line(find('publicidentifier')) ?? line(find('newsitemid')) ?? ''
  // The public identifier ends in the revision; without it a correction replaces what it corrects.
  const guid = id.replace(/:\d+[A-Z]?$/, '')
  const nitf = find('nitf')
  const body = nitf
    ? entryOfNitf(nitf)
    : { content: find('datacontent') ? toHtml(find('datacontent'), nitfToHtml) : undefined }
  const entry: Entry = {
    ...body,
    guid,
    title: line(find('headline')) ?? ('title' in body ? body.title : undefined),
    contentIs: 'html',
    authors: [line(find('byline'))],
    categories: descendants(item, 'property')
      .filter(({ attributes }) => attributes.formalname === 'Keyword')
      .map(({ attributes }) => attributes.value),
    source: find('provider') ? descendants(item, 'party')[0]?.attributes.formalname : undefined,
    language: find('language')?.attributes.formalname ?? item.attributes['xml:lang'],
    published: [line(find('firstcreated'))],
    updated: [line(find('thisrevisioncreated'))],
    status: statusOf(find('status')?.attributes.formalname ?? ''),
  }
  return recordOf(entry, { scope: 'newsml' })
}

function entryOfNitf(nitf: XmlElement): Entry {
  const bodyHead = child(nitf, 'body', 'body.head')
  const docdata = child(nitf, 'head', 'docdata')
  const release = child(docdata, 'date.release')?.attributes.norm
  const issued = child(docdata, 'date.issue')?.attributes.norm
  const status = docdata?.attributes['management-status'] ?? 'usable'
  return {
    guid: child(docdata, 'doc-id')?.attributes['id-string'],
    title: line(child(bodyHead, 'hedline', 'hl1')) ?? line(child(nitf, 'head', 'title')),
    content: toHtml(child(nitf, 'body', 'body.content'), nitfToHtml),
    contentIs: 'html',
    summary: line(child(bodyHead, 'abstract')),
    authors: [line(child(bodyHead, 'byline'))?.replace(/^by\s+/i, '')],
    categories: children(child(docdata, 'key-list'), 'keyword').map(({ attributes }) => attributes.key),
    source: line(child(bodyHead, 'distributor')) ?? child(nitf, 'head', 'pubdata')?.attributes.name,
    published: [issued, release],
    embargoed: status === 'embargoed' ? release : undefined,
    status: statusOf(status),
  }
}

function nitfScope(nitf: XmlElement): string {
  return feedScope({ title: child(nitf, 'head', 'docdata', 'doc.copyright')?.attributes.holder ?? 'nitf' })
}

function nitfToHtml(name: string): string {
  return (
    (
      {
        hl2: 'h2',
        block: 'div',
        media: 'figure',
        'media-caption': 'figcaption',
        'media-metadata': 'template',
      } as Record<string, string>
    )[name] ?? name
  )
}

function statusOf(code: string): 'published' | 'draft' | 'withdrawn' {
  const status = code.toLowerCase().replace(/^.*:/, '')
  if (status === 'canceled' || status === 'cancelled') return 'withdrawn'
  return status === 'withheld' ? 'draft' : 'published'
}

function refused(guid: string, message: string): DocumentItem {
  return { ok: false, ...(guid === '' ? {} : { id: guid }), problems: [{ path: '', message }] }
}

function line(element: XmlElement | undefined): string | undefined {
  return textOf(element).replace(/\s+/g, ' ').trim() || undefined
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function nameIn(value: unknown): string | undefined {
  const name: unknown = Reflect.get(Object(value), 'name')
  return typeof name === 'string' ? name : undefined
}

function valueIn(list: unknown): string | undefined {
  const value: unknown = Reflect.get(Object(listOf(list)[0]), 'value')
  return typeof value === 'string' ? value : undefined
}

function documentOf(format: string, items: DocumentItem[]): ParsedDocument | UnreadableDocument {
  if (items.length === 0) return { ok: false, format, problem: `is ${format} without news items` }
  return { ok: true, format, items }
}
