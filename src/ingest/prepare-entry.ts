import { type Entry, recordOf } from './feed-record.ts'
import { paragraphs } from './parse-wordpress.ts'
import { type PrepareResult, prepareRecord } from './prepare-record.ts'

/** What a row of a content system's table says, on its way to becoming an article. */
export interface RawEntry {
  readonly entry: Entry
  /** The id of the article: the house's own, and so it is not hashed as a feed's guid is. */
  readonly articleId: string
  readonly baseUrl?: string | undefined
  readonly hasBareParagraphs?: boolean | undefined
}

/** {@link prepareRecord} for a row: read by the rules by which feeds are read. */
export function prepareEntry({ entry, articleId, baseUrl, hasBareParagraphs }: RawEntry): PrepareResult {
  const content = hasBareParagraphs ? paragraphs(entry.content ?? '') : entry.content
  const item = recordOf({ ...entry, content, guid: articleId }, { scope: '', baseUrl })
  if (!item.ok) return { ok: false, id: articleId, problems: item.problems }
  const record = { ...(item.record as Record<string, unknown>), id: articleId }
  return prepareRecord({ record, baseUrl: item.baseUrl })
}
