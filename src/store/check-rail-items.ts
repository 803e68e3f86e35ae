import { articleIdPattern } from '../article/article.ts'
import { InvalidRequestError } from '../errors.ts'
import { storedRailLength } from '../related/related.ts'

/**
 * Checks the JSON text of a rail that is about to be stored: from then on the store's query trusts it.
 *
 * @throws InvalidRequestError when it is not `RailItem[]` of at most `storedRailLength` items
 */
export function checkRailItems(items: string): void {
  const problem = problemOf(items)
  if (problem) throw new InvalidRequestError('Rail', [{ path: 'items', message: problem }])
}

function problemOf(text: string): string | null {
  let items: unknown
  try {
    items = JSON.parse(text)
  } catch {
    return 'expected JSON'
  }
  if (!Array.isArray(items)) return 'expected an array of rail items'
  if (items.length > storedRailLength) return `expected at most ${storedRailLength} items, found ${items.length}`
  const wrong = items.findIndex((item: unknown) => !isRailItem(item))
  return wrong === -1 ? null : `item ${wrong} is not { id, score from 0 to 1, reason: { kind, terms } }`
}

function isRailItem(item: unknown): boolean {
  if (typeof item !== 'object' || item === null) return false
  if (!('id' in item && 'score' in item && 'reason' in item)) return false
  const { id, score, reason } = item
  return (
    typeof id === 'string' &&
    articleIdPattern.test(id) &&
    typeof score === 'number' &&
    score >= 0 &&
    score <= 1 &&
    isReason(reason)
  )
}

function isReason(reason: unknown): boolean {
  if (typeof reason !== 'object' || reason === null || !('kind' in reason && 'terms' in reason)) return false
  const { kind, terms } = reason
  return (
    (kind === 'story' || kind === 'topic') &&
    Array.isArray(terms) &&
    terms.every((term: unknown) => typeof term === 'string')
  )
}
