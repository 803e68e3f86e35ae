import type { Problem } from '../errors.ts'
import type { ArticleInput } from './article.ts'
import { publicArticleId } from './article-id.ts'
import { cleanLine, cleanMarkup, cleanText } from './clean-text.ts'
import { parseTime } from './parse-time.ts'

/** The most that an article may hold. Text is counted in UTF-16 units, as `String.length` does; bodies in UTF-8 bytes. */
export const articleLimits = {
  titleCharacters: 1000,
  /** 2 MB: ten times the longest article seen; the whole of it crosses two threads. */
  bodyBytes: 2_000_000,
  standfirstCharacters: 5000,
  nameCharacters: 500,
  /** What browsers and proxies take without argument is about 2,000; some trackers are longer. */
  urlCharacters: 4000,
  tags: 100,
  tagCharacters: 200,
  relatedIds: 100,
  rawIdCharacters: 4000,
} as const

/** What became of an input: an article, or everything that is wrong with it at once. */
export type ParsedArticle =
  | {
      readonly ok: true
      /** Without `bodyHtml`: what came is not safe to keep before it is sanitised. */
      readonly input: ArticleInput
      /** The HTML as it came, to be sanitised by `ingest/prepare-record.ts`. */
      readonly bodyHtmlRaw?: string
    }
  | {
      readonly ok: false
      /** The id as it came, where there was one: for a report on what was rejected. */
      readonly id?: string
      readonly problems: readonly Problem[]
    }

/**
 * Checks any JSON value as an article. Never throws.
 *
 * Keys that are not known are ignored, `null` counts as left out, and text is cleaned (NFC, no control characters). An id
 * that cannot stand in an address is hashed with the record's `source`, or else with `options.source`.
 */
export function parseArticle(value: unknown, options: { source?: string | undefined } = {}): ParsedArticle {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { ok: false, problems: [{ path: '', message: `is ${described(value)}; an object with an id was expected` }] }
  }
  const problems: Problem[] = []
  const fields = new Fields(value, problems)

  const title = fields.line('title', articleLimits.titleCharacters)
  const body = fields.text('body')
  const bodyHtmlRaw = fields.html('bodyHtml')
  const status = fields.status()
  const source = fields.line('source', articleLimits.nameCharacters)
  const rawId = fields.id('id', true)
  const id = rawId === undefined ? '' : publicArticleId(rawId, source ?? options.source ?? '')
  const idOf = (raw: string) => publicArticleId(raw, source ?? options.source ?? '')
  const evolvedFrom = fields.id('evolvedFrom')
  // An editor's pick of the article itself says nothing, and some exports have it.
  const related = fields
    .ids('related')
    ?.map(idOf)
    .filter((other) => other !== id)
  const optional = {
    url: fields.url('url'),
    standfirst: fields.line('standfirst', articleLimits.standfirstCharacters),
    byline: fields.line('byline', articleLimits.nameCharacters),
    section: fields.line('section', articleLimits.nameCharacters),
    source,
    language: fields.language(),
    image: fields.url('image'),
    publishedAt: fields.time('publishedAt'),
    updatedAt: fields.time('updatedAt'),
    embargoedUntil: fields.time('embargoedUntil'),
    evolvedFrom: evolvedFrom === undefined ? undefined : idOf(evolvedFrom),
    story: fields.id('story'),
    related: related && related.length > 0 ? [...new Set(related)] : undefined,
    labels: fields.labels(),
  }
  const tags = fields.tags()

  // A takedown needs no text: an agency's kill notice has only the id.
  const empty = !title && !body && !bodyHtmlRaw
  const unreadable = problems.some(({ path }) => path === 'title' || path === 'body' || path === 'bodyHtml')
  if (empty && !unreadable && status !== 'withdrawn') {
    problems.push({ path: 'title', message: 'is missing, and so is body; at least one of the two was expected' })
  }
  if (optional.evolvedFrom !== undefined && optional.evolvedFrom === id) {
    problems.push({
      path: 'evolvedFrom',
      message: 'is the id of the article itself; that of an earlier version was expected',
    })
  }
  if (problems.length > 0) return { ok: false, ...(rawId === undefined ? {} : { id: rawId }), problems }

  const known = Object.fromEntries(Object.entries(optional).filter(([, field]) => field !== undefined && field !== ''))
  return {
    ok: true,
    input: { id, title: title ?? '', body: body ?? '', ...known, tags: tags ?? [], status },
    ...(bodyHtmlRaw ? { bodyHtmlRaw } : {}),
  }
}

/** Reads one key at a time, and notes what is wrong with it. A key that is absent or wrong reads as undefined. */
class Fields {
  readonly #record: object
  readonly #problems: Problem[]

  constructor(record: object, problems: Problem[]) {
    this.#record = record
    this.#problems = problems
  }

  line(key: string, charactersMax: number): string | undefined {
    const text = this.#string(key)
    return text === undefined ? undefined : this.#within(key, cleanLine(text), charactersMax)
  }

  text(key: string): string | undefined {
    const text = this.#string(key)
    return text === undefined ? undefined : this.#withinBytes(key, cleanText(text))
  }

  html(key: string): string | undefined {
    const text = this.#string(key)
    return text === undefined ? undefined : this.#withinBytes(key, cleanMarkup(text))
  }

  id(key: string, required = false): string | undefined {
    const value = this.#own(key)
    if (value === undefined) {
      if (required) this.#wrong(key, 'is missing; a text or a whole number was expected')
      return undefined
    }
    return this.#idFrom(key, value)
  }

  ids(key: string): string[] | undefined {
    return this.#list(key, articleLimits.relatedIds, 'ids', (path, item) => this.#idFrom(path, item))
  }

  tags(): string[] | undefined {
    const tags = this.#list('tags', articleLimits.tags, 'texts', (path, item) => {
      if (typeof item !== 'string') return this.#wrong(path, `is ${described(item)}; a text was expected`)
      return this.#within(path, cleanLine(item), articleLimits.tagCharacters)
    })
    return tags && [...new Set(tags.filter((tag) => tag !== ''))]
  }

  /** For evaluation alone: `labels` means other things in other people's exports, and none of them is worth an article. */
  labels(): string[] | undefined {
    const value = this.#own('labels')
    if (!Array.isArray(value) || value.length > articleLimits.tags) return undefined
    const texts = value.filter((item) => typeof item === 'string' && item.length <= articleLimits.tagCharacters)
    const labels = [...new Set(texts.map((text: string) => cleanLine(text)).filter((label) => label !== ''))]
    return texts.length === value.length && labels.length > 0 ? labels : undefined
  }

  status(): ArticleInput['status'] {
    const value = this.#own('status')
    if (value === undefined) return 'published'
    const status = typeof value === 'string' ? value.trim().toLowerCase() : value
    if (status === 'published' || status === 'draft' || status === 'withdrawn') return status
    this.#wrong('status', `is ${shown(value)}; published, draft or withdrawn was expected`)
    return 'published'
  }

  language(): string | undefined {
    const text = this.#string('language')
    if (text === undefined || text.trim() === '') return undefined
    const language = text.trim().toLowerCase().replaceAll('_', '-')
    if (language.length <= 35 && languageTag.test(language)) return language
    return this.#wrong('language', `is ${shown(text)}; a language tag such as en or pt-br was expected`)
  }

  time(key: string): string | undefined {
    const text = this.#string(key, 'a time such as 2026-11-02T09:30:00Z')
    if (text === undefined || text.trim() === '') return undefined
    const time = text.length <= 100 ? parseTime(text) : null
    return time ?? this.#wrong(key, `is ${shown(text)}; a time such as 2026-11-02T09:30:00Z was expected`)
  }

  url(key: string): string | undefined {
    const text = this.#string(key, 'an address such as https://example.com/story')
    if (text === undefined || text.trim() === '') return undefined
    const url = URL.parse(text.trim().toWellFormed())
    if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
      return this.#wrong(key, `is ${shown(text)}; an address that starts with https:// or http:// was expected`)
    }
    if (url.username !== '' || url.password !== '') {
      return this.#wrong(key, 'holds a user name or a password; an address without them was expected')
    }
    return this.#within(key, url.href, articleLimits.urlCharacters)
  }

  #own(key: string): unknown {
    // Own keys only: what was put on Object.prototype by whoever is no part of the article.
    const value: unknown = Object.hasOwn(this.#record, key) ? Reflect.get(this.#record, key) : undefined
    return value === null ? undefined : value
  }

  #string(key: string, expected = 'a text'): string | undefined {
    const value = this.#own(key)
    if (value === undefined || typeof value === 'string') return value
    return this.#wrong(key, `is ${described(value)}; ${expected} was expected`)
  }

  #idFrom(path: string, value: unknown): string | undefined {
    if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
    if (typeof value === 'number') {
      // 2^53 and beyond arrive rounded: two articles would share an id without a word.
      return this.#wrong(path, `is the number ${value}; a text or a whole number below 2^53 was expected`)
    }
    if (typeof value !== 'string')
      return this.#wrong(path, `is ${described(value)}; a text or a whole number was expected`)
    const id = cleanLine(value)
    if (id === '') return this.#wrong(path, 'is empty; a text or a whole number was expected')
    return this.#within(path, id, articleLimits.rawIdCharacters)
  }

  #list(
    key: string,
    itemsMax: number,
    what: string,
    read: (path: string, item: unknown) => string | undefined,
  ): string[] | undefined {
    const value = this.#own(key)
    if (value === undefined) return undefined
    if (!Array.isArray(value)) return this.#wrong(key, `is ${described(value)}; a list of ${what} was expected`)
    if (value.length > itemsMax) {
      return this.#wrong(key, `has ${value.length} items; at most ${itemsMax} were expected`)
    }
    const items = value.map((item: unknown, index) => read(`${key}[${index}]`, item))
    return items.filter((item) => item !== undefined)
  }

  #within(path: string, text: string, charactersMax: number): string | undefined {
    if (text.length <= charactersMax) return text
    return this.#wrong(path, `is ${text.length} characters long; at most ${charactersMax} were expected`)
  }

  #withinBytes(path: string, text: string): string | undefined {
    if (text.length * 3 <= articleLimits.bodyBytes) return text
    const bytes = Buffer.byteLength(text)
    if (bytes <= articleLimits.bodyBytes) return text
    return this.#wrong(path, `is ${bytes} bytes long; at most ${articleLimits.bodyBytes} were expected`)
  }

  #wrong(path: string, message: string): undefined {
    this.#problems.push({ path, message })
  }
}

// BCP 47 in outline: a primary language and subtags. A list of every language would be out of date.
const languageTag = /^(?:[a-z]{2,3}|[a-z]{5,8})(?:-[a-z0-9]{1,8})*$/

function described(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  if (typeof value === 'string') return 'a text'
  return value === undefined ? 'missing' : `the ${typeof value} ${String(value)}`
}

function shown(value: unknown): string {
  if (typeof value !== 'string') return described(value)
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
}
