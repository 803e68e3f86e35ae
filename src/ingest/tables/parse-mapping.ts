import type { Problem } from '../../errors.ts'
import { ghostTable } from './ghost.ts'
import {
  type ArticleStatus,
  type MappedField,
  mappedFields,
  mappedTable,
  statusNames,
  type TableMapping,
} from './mapped-table.ts'
import type { SourceTable, TableName } from './source-table.ts'
import { wordpressTable } from './wordpress.ts'

/** What a mapping is: a table to read, or everything that is wrong with it at once. */
export type ParsedMapping =
  | { readonly ok: true; readonly table: SourceTable }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** The content systems that need no mapping file. */
export const builtInNames = ['wordpress', 'ghost'] as const

/** Checks any JSON value as a mapping. Never throws. */
export function parseMapping(value: unknown): ParsedMapping {
  const reading = new MappingReading()
  const table = reading.isObject('', value)
    ? Object.hasOwn(value, 'builtIn')
      ? readBuiltIn(reading, value)
      : mappedTable(readMapping(reading, value))
    : null
  const { problems } = reading
  if (table === null || problems.length > 0) return { ok: false, problems }
  return { ok: true, table }
}

function readBuiltIn(reading: MappingReading, given: Given): SourceTable | null {
  const name = given.builtIn
  const isWordpress = name === 'wordpress'
  if (!isWordpress && name !== 'ghost') {
    reading.wrong('builtIn', name, `one of ${builtInNames.map((known) => JSON.stringify(known)).join(' and ')}`)
    return null
  }
  reading.onlyKeys('', given, ['builtIn', 'siteUrl', 'idPrefix', 'database', ...(isWordpress ? ['prefix'] : [])])
  const options = {
    schema: given.database === undefined ? null : reading.name('database', given.database, 'a database'),
    idPrefix: reading.idPrefix(given.idPrefix),
    siteUrl: reading.siteUrl(given.siteUrl),
  }
  if (!isWordpress) return ghostTable(options)
  const prefix = given.prefix === undefined ? 'wp_' : given.prefix
  if (typeof prefix === 'string' && /^\w{0,40}$/.test(prefix)) return wordpressTable({ ...options, prefix })
  reading.wrong('prefix', prefix, 'what the names of the tables begin with, such as "wp_"')
  return null
}

function readMapping(reading: MappingReading, given: Given): TableMapping {
  reading.onlyKeys('', given, ['table', 'columns', 'since', 'where', 'html', 'statuses', 'idPrefix'])
  const url = isObject(given.columns) ? given.columns.url : undefined
  const isTemplate = typeof url === 'string' && url.includes('{')
  const columns = readColumns(reading, given.columns, isTemplate)
  const statuses = given.statuses === undefined ? null : readStatuses(reading, given.statuses)
  if (statuses !== null && isObject(given.columns) && given.columns.status === undefined) {
    reading.wrong('columns.status', undefined, 'the column whose values "statuses" explains')
  }
  return {
    table: reading.table(given.table),
    columns,
    urlTemplate: isTemplate ? reading.urlTemplate('columns.url', url) : null,
    since: reading.name('since', given.since, 'the column that says when a row was last changed, such as "updated_at"'),
    where: given.where === undefined ? [] : readWhere(reading, given.where),
    html: reading.flag('html', given.html),
    statuses,
    idPrefix: reading.idPrefix(given.idPrefix),
  }
}

function readColumns(reading: MappingReading, value: unknown, hasUrlTemplate: boolean): TableMapping['columns'] {
  if (!reading.isObject('columns', value)) return {}
  reading.onlyKeys('columns', value, mappedFields)
  const columns: Partial<Record<MappedField, readonly string[]>> = {}
  for (const field of mappedFields) {
    const given = value[field]
    const path = `columns.${field}`
    if (field === 'url' && hasUrlTemplate) continue
    if (given === undefined) {
      if (field === 'id' || field === 'title' || field === 'body') reading.wrong(path, given, 'the name of a column')
    } else if (Array.isArray(given) && field !== 'id' && field !== 'status') {
      if (given.length === 0 || given.length > columnsMax) reading.wrong(path, given, `1 to ${columnsMax} columns`)
      columns[field] = given
        .slice(0, columnsMax)
        .map((one, index) => reading.name(`${path}[${index}]`, one, 'a column'))
    } else columns[field] = [reading.name(path, given, 'a column')]
  }
  return columns
}

function readWhere(reading: MappingReading, value: unknown): TableMapping['where'] {
  if (!reading.isObject('where', value)) return []
  return Object.entries(value).map(([column, given]) => {
    const values: readonly unknown[] = Array.isArray(given) ? given : [given]
    const isSimple = (one: unknown) => one === null || /^(?:string|number|boolean)$/.test(typeof one)
    if (values.length === 0 || values.length > valuesMax || !values.every(isSimple)) {
      reading.wrong(
        `where.${column}`,
        given,
        `a text, a number, true, false, null, or a list of at most ${valuesMax} of those`,
      )
    }
    return {
      column: reading.name('where', column, 'the name of a column'),
      values: values.map((one) => (one === null ? null : String(one))),
    }
  })
}

function readStatuses(reading: MappingReading, value: unknown): Record<ArticleStatus, readonly string[]> {
  const statuses: Record<ArticleStatus, readonly string[]> = { published: [], draft: [], withdrawn: [] }
  if (!reading.isObject('statuses', value)) return statuses
  reading.onlyKeys('statuses', value, statusNames)
  const seen = new Set<string>()
  for (const name of statusNames) {
    const given = value[name]
    if (given === undefined) continue
    if (!Array.isArray(given) || !given.every((one) => /^(?:string|number|boolean)$/.test(typeof one))) {
      reading.wrong(`statuses.${name}`, given, 'a list of values of the column, such as ["publish"]')
      continue
    }
    statuses[name] = given.map(String)
    for (const one of statuses[name]) {
      if (seen.has(one)) reading.wrong(`statuses.${name}`, one, 'a value that stands in one list alone')
      seen.add(one)
    }
  }
  if (statuses.published.length === 0) {
    reading.wrong(
      'statuses.published',
      value.published,
      'the values that stand for a published article: others are not shown',
    )
  }
  return statuses
}

type Given = Readonly<Record<string, unknown>>

/** Reads one value at a time, and notes what is wrong with it. */
class MappingReading {
  readonly problems: Problem[] = []

  wrong(path: string, value: unknown, expected: string): void {
    const shown = value === undefined ? 'missing' : (JSON.stringify(value) ?? 'nothing').slice(0, 100)
    this.problems.push({ path, message: `is ${shown}; expected ${expected}` })
  }

  isObject(path: string, value: unknown): value is Given {
    if (isObject(value)) return true
    this.wrong(
      path,
      value,
      path === '' ? 'an object with "table", "columns" and "since", or with "builtIn"' : 'an object',
    )
    return false
  }

  onlyKeys(path: string, given: Given, known: readonly string[]): void {
    for (const key of Object.keys(given)) {
      if (known.includes(key)) continue
      this.problems.push({
        path: path === '' ? key : `${path}.${key}`,
        message: `is not known; expected only ${known.join(', ')}`,
      })
    }
  }

  /** A name that stands in SQL: it is quoted there, and what could end the quotes is no name either. */
  name(path: string, value: unknown, expected: string): string {
    if (typeof value === 'string' && namePattern.test(value)) return value
    const rule = typeof value === 'string' ? ': letters, digits, "_", "-" and blanks, at most 63' : ''
    this.wrong(path, value, `${expected}${rule}`)
    return ''
  }

  table(value: unknown): TableName {
    const parts = typeof value === 'string' ? value.split('.') : []
    const [first = '', second] = parts
    const isFit = parts.length <= 2 && parts.every((part) => namePattern.test(part)) && first !== ''
    if (!isFit) this.wrong('table', value, 'the name of a table, such as "articles" or "public.articles"')
    return second === undefined ? { schema: null, name: first } : { schema: first, name: second }
  }

  flag(path: string, value: unknown): boolean {
    if (value !== undefined && typeof value !== 'boolean') this.wrong(path, value, 'true or false')
    return value === true
  }

  idPrefix(value: unknown): string {
    if (value === undefined) return ''
    if (typeof value === 'string' && /^[A-Za-z0-9._~-]{1,20}$/.test(value)) return value
    this.wrong('idPrefix', value, 'up to 20 letters, digits and . _ ~ -')
    return ''
  }

  siteUrl(value: unknown): string | null {
    if (value === undefined) return null
    if (typeof value === 'string' && isHttp(value)) return value.replace(/\/+$/, '')
    this.wrong('siteUrl', value, 'the address of the site, such as "https://news.example"')
    return null
  }

  urlTemplate(path: string, value: string): string {
    const names = [...value.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name)
    const isFit = isHttp(value.replace(/\{[^{}]*\}/g, 'x')) && names.length > 0
    if (!isFit || !names.every((name) => namePattern.test(name))) {
      this.wrong(path, value, 'an address with columns in braces, such as "https://news.example/{slug}"')
    }
    return value
  }
}

function isObject(value: unknown): value is Given {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isHttp(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && !/[{}]/.test(text)
}

const namePattern = /^[\p{L}_][\p{L}\p{N}_ -]{0,62}$/u
const columnsMax = 10
const valuesMax = 100
