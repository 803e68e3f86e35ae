import type { PreparedArticle } from '../article/article.ts'
import { fingerprint } from '../article/fingerprint.ts'
import { parseArticle } from '../article/parse-article.ts'
import type { Problem } from '../errors.ts'
import { detectLanguage } from './detect-language.ts'
import { sanitisedHtmlToText } from './html-to-text.ts'
import { sanitiseArticleHtml } from './sanitise-html.ts'

/** A record on its way to becoming an article, with what is known of it but not said in it. */
export interface RawRecord {
  readonly record: unknown
  /** What relative links in its HTML are resolved against. */
  readonly baseUrl?: string | undefined
}

/** A record that is still the text of a line. */
export interface RawLine {
  readonly json: string
}

export type PrepareResult =
  | { readonly ok: true; readonly prepared: PreparedArticle }
  | { readonly ok: false; readonly id?: string; readonly problems: readonly Problem[] }

/** {@link prepareRecord} for a line of JSON Lines. */
export function prepareLine({ json }: RawLine, source?: string | undefined): PrepareResult {
  let record: unknown
  try {
    record = JSON.parse(json)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const message = `is not well-formed JSON (${why.slice(0, 200)}); one article as a JSON object was expected`
    return { ok: false, problems: [{ path: '', message }] }
  }
  return prepareRecord({ record }, source)
}

/** Checks, sanitises and fingerprints one record, and guesses its language where it does not say. Never throws. */
export function prepareRecord({ record, baseUrl }: RawRecord, source?: string | undefined): PrepareResult {
  const parsed = parseArticle(record, { source })
  if (!parsed.ok) return parsed
  let input = parsed.input
  if (parsed.bodyHtmlRaw !== undefined) {
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
  const language = input.language ?? detectLanguage(input.title, input.body)
  return {
    ok: true,
    prepared: { input: language === undefined ? input : { ...input, language }, fingerprint: fingerprint(input) },
  }
}
