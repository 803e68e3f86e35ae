import type { Row } from '../../database/database.ts'
import type { Entry } from '../feed-record.ts'
import { type SourceTable, type TableArticle, type TableName, textIn } from './source-table.ts'

/** What a mapping file says of a table of one's own, checked. */
export interface TableMapping {
  readonly table: TableName
  /** The columns that each of an article's fields comes from. */
  readonly columns: Readonly<Partial<Record<MappedField, readonly string[]>>>
  /** An address with names of columns in braces, such as `https://news.example/{slug}`, in place of a column. */
  readonly urlTemplate: string | null
  readonly since: string
  readonly where: SourceTable['where']
  /** Whether bodies are HTML. */
  readonly html: boolean
  /** Which values of the column of the status stand for what; null: it says `published`, `draft` or `withdrawn` itself. */
  readonly statuses: Readonly<Record<ArticleStatus, readonly string[]>> | null
  readonly idPrefix: string
}

export type MappedField = (typeof mappedFields)[number]
export type ArticleStatus = (typeof statusNames)[number]

/** What may become of a row. */
export const statusNames = ['published', 'draft', 'withdrawn'] as const

/** The fields of an article that columns can be named for. */
export const mappedFields = [
  'id',
  'title',
  'body',
  'summary',
  'publishedAt',
  'updatedAt',
  'embargoedUntil',
  'section',
  'tags',
  'authors',
  'url',
  'image',
  'language',
  'source',
  'status',
] as const

/** A table that a mapping file describes. */
export function mappedTable(mapping: TableMapping): SourceTable {
  const { table, columns, since, where, idPrefix } = mapping
  const id = columns.id?.[0] ?? ''
  const named = [
    ...Object.values(columns).flat(),
    ...inBraces(mapping.urlTemplate),
    ...where.map(({ column }) => column),
  ]
  return {
    table,
    columns: [...new Set([id, since, ...named])],
    texts: [...(columns.body ?? []), ...(columns.summary ?? [])],
    id,
    since,
    where,
    idPrefix,
    articlesOf: async (rows) => rows.map((row) => articleOf(row, mapping)),
  }
}

function articleOf(row: Row, mapping: TableMapping): TableArticle {
  const { columns, html } = mapping
  const texts = (field: MappedField) => (columns[field] ?? []).map((column) => textIn(row, column)).filter(isText)
  // A list of columns is joined where an article has many of a thing; elsewhere the first that says something counts.
  const first = (field: MappedField) => texts(field)[0]
  const url = mapping.urlTemplate === null ? first('url') : filled(mapping.urlTemplate, row)
  const entry: Entry = {
    links: [url],
    title: first('title'),
    titleIs: html ? 'mixed' : 'text',
    content: texts('body').join('\n\n'),
    contentIs: html ? 'html' : 'text',
    summary: first('summary'),
    authors: listsIn(row, columns.authors),
    categories: listsIn(row, columns.tags),
    section: first('section') ?? '',
    images: [first('image')],
    source: first('source'),
    language: first('language'),
    published: [timeText(first('publishedAt'))],
    updated: [timeText(first('updatedAt'))],
    embargoed: timeText(first('embargoedUntil')),
    status: statusOf(first('status'), mapping),
  }
  return { entry, baseUrl: url }
}

/** What a status stands for that no list has is not known, and so not shown. */
function statusOf(value: string | undefined, { columns, statuses }: TableMapping): ArticleStatus {
  if (columns.status === undefined) return 'published'
  const lists = statuses ?? { published: ['published'], draft: [], withdrawn: ['withdrawn'] }
  if (value === undefined) return 'draft'
  if (lists.withdrawn.includes(value)) return 'withdrawn'
  return lists.published.includes(value) ? 'published' : 'draft'
}

/** Lists as tables keep them: PostgreSQL's own, JSON, or texts that commas part. */
function listsIn(row: Row, columns: readonly string[] = []): string[] {
  return columns.flatMap((column) => {
    const value = row[column]
    if (Array.isArray(value)) return value.filter((one) => typeof one === 'string')
    const text = textIn(row, column) ?? ''
    return listInJson(text) ?? text.split(',').map((part) => part.trim())
  })
}

function listInJson(text: string): string[] | null {
  if (!text.trimStart().startsWith('[')) return null
  try {
    const list: unknown = JSON.parse(text)
    return Array.isArray(list) ? list.filter((one) => typeof one === 'string') : null
  } catch {
    return null
  }
}

/** Some tables keep times as seconds or milliseconds since 1970. */
function timeText(value: string | undefined): string | undefined {
  if (value === undefined || !/^\d{9,13}$/.test(value)) return value
  return new Date(Number(value) * (value.length > 10 ? 1 : 1000)).toISOString()
}

/** Undefined where one of the columns is empty: half an address leads elsewhere. */
function filled(template: string, row: Row): string | undefined {
  if (inBraces(template).some((column) => textIn(row, column) === undefined)) return undefined
  return template.replace(/\{([^{}]*)\}/g, (_, column: string) => encodeURIComponent(textIn(row, column) ?? ''))
}

function inBraces(template: string | null): string[] {
  return [...(template ?? '').matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name)
}

function isText(value: string | undefined): value is string {
  return value !== undefined
}
