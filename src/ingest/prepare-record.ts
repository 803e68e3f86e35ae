import type { PreparedArticle } from '../article/article.ts'
import { fingerprint } from '../article/fingerprint.ts'
import { parseArticle } from '../article/parse-article.ts'
import type { Problem } from '../errors.ts'
import { detectLanguage } from './detect-language.ts'
import { nestsDeeperThan } from './html-nesting.ts'
import { sanitisedHtmlToText } from './html-to-text.ts'
import { sanitiseArticleHtml } from './sanitise-html.ts'

/** A record on its way to becoming an article, with what is known of it but not said in it. */
export interface RawRecord {
  readonly record: unknown
  /** What relative links in its HTML are resolved against. */
  readonly baseUrl?: string | undefined
  /** The id under which it is published: it may leave its own out, but must not name another. */
  readonly articleId?: string | undefined
}

/** A record that is still text. */
export interface RawLine {
  readonly json: string
  /** As in {@link RawRecord}. */
  readonly articleId?: string | undefined
}

export type PrepareResult =
  | { readonly ok: true; readonly prepared: PreparedArticle }
  | { readonly ok: false; readonly id?: string; readonly problems: readonly Problem[] }

/** {@link prepareRecord} for a line of JSON Lines. */
export function prepareLine({ json, articleId }: RawLine, source?: string | undefined): PrepareResult {
  let record: unknown
  try {
    record = JSON.parse(json)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const message = `is not well-formed JSON (${why.slice(0, 200)}); one article as a JSON object was expected`
    return { ok: false, problems: [{ path: '', message }] }
  }
  return prepareRecord({ record, articleId }, source)
}

/** Checks, sanitises and fingerprints one record, and guesses its language where it does not say. Never throws. */
export function prepareRecord(raw: RawRecord, source?: string | undefined): PrepareResult {
  const { record, baseUrl, articleId } = raw
  const otherId = articleId === undefined ? null : otherIdProblem(record, articleId)
  if (otherId) return { ok: false, problems: [otherId] }
  const parsed = parseArticle(articleId === undefined ? record : withId(record, articleId), { source })
  if (!parsed.ok) return parsed
  let input = parsed.input
  if (parsed.bodyHtmlRaw !== undefined) {
    if (nestsDeeperThan(parsed.bodyHtmlRaw, nestedTagsMax)) {
      const message = `has tags more than ${nestedTagsMax} deep inside each other; an article has some 20`
      return { ok: false, id: input.id, problems: [{ path: 'bodyHtml', message }] }
    }
    const bodyHtml = sanitiseArticleHtml(parsed.bodyHtmlRaw, { baseUrl: baseUrl ?? input.url, ownUrl: input.url })
    const body = input.body === '' ? sanitisedHtmlToText(bodyHtml) : input.body
    if (input.title === '' && body === '' && input.status !== 'withdrawn') {
      return {
        ok: false,
        id: input.id,
        problems: [{ path: 'bodyHtml', message: 'holds no text, and there is no title; text was expected' }],
      }
    }
    input = { ...input, body, ...(bodyHtml === '' ? {} : { bodyHtml }) }
  }
  const language = input.language ?? detectLanguage(input.title, input.body, input.standfirst)
  return {
    ok: true,
    prepared: { input: language === undefined ? input : { ...input, language }, fingerprint: fingerprint(input) },
  }
}

// Only a text or a whole number is an id: anything else must not become one by the way it is written out.
function otherIdProblem(record: unknown, articleId: string): Problem | null {
  if (typeof record !== 'object' || record === null || !Object.hasOwn(record, 'id')) return null
  const id: unknown = Reflect.get(record, 'id')
  if (id === articleId || (Number.isSafeInteger(id) && String(id) === articleId)) return null
  const own = typeof id === 'string' ? JSON.stringify(id.slice(0, 100)) : typeof id === 'number' ? String(id) : null
  return {
    path: 'id',
    message: `is ${own ?? 'neither a text nor a whole number'}; ${JSON.stringify(articleId)}, the id in the address, or no id was expected`,
  }
}

function withId(record: unknown, articleId: string): unknown {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return record
  return { ...record, id: articleId }
}

/**
 * Browsers stop at 512, and pages of old with tags that nobody closed reach a few hundred. The sanitiser looks through all
 * open tags for each closing one: 2 MB of those take 3 s when 2,000 are open.
 */
const nestedTagsMax = 1000
