import { parseTime } from '../article/parse-time.ts'
import { InvalidRequestError } from '../errors.ts'

/** Where a page of a newest-first list starts: just after this article. */
export interface ListPosition {
  readonly publishedAt: string
  /** `''` sorts before every id: the page starts with what was published before the time itself. */
  readonly id: string
}

/** Later than every article: `~` sorts after all that an ISO time can start with. */
export const listStart: ListPosition = { publishedAt: '~', id: '' }

// No ISO time contains a tilde, and neither does it need escaping in a URL.
const separator = '~'

/** The `next` that names a position. */
export function listToken(position: ListPosition): string {
  return `${position.publishedAt}${separator}${position.id}`
}

/**
 * The position that `before` names: a token, or any date or time that `parseTime` reads (UTC where it names no zone).
 *
 * @throws InvalidRequestError when it is neither
 */
export function listPosition(before: string | undefined): ListPosition {
  if (before === undefined) return listStart
  const end = before.indexOf(separator)
  const time = end === -1 ? before : before.slice(0, end)
  const publishedAt = parseTime(time)
  if (publishedAt === null) {
    throw new InvalidRequestError('List of articles', [
      {
        path: 'before',
        message: 'expected an ISO 8601 time such as 2026-11-02T09:30:00Z, or the "next" of the page before',
      },
    ])
  }
  return { publishedAt, id: end === -1 ? '' : before.slice(end + 1) }
}
