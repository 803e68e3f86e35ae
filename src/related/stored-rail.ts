import { articleIdPattern } from '../article/article.ts'
import { type RailItem, storedRailLength } from './related.ts'

/**
 * Reads a rail back from the store; null when there is none, or when it is not one that the index wrote: torn, of
 * another version, or edited. A null rail is worked out anew, so strictness costs a little work and nothing else.
 */
export function parseStoredRail(text: string | null): RailItem[] | null {
  if (text === null) return null
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (!Array.isArray(value) || value.length > storedRailLength || !value.every(isRailItem)) return null
  const items: RailItem[] = value
  const isInOrder = items.every((item, at) => at === 0 || item.score <= items[at - 1]!.score)
  const hasRepeats = new Set(items.map(({ id }) => id)).size < items.length
  return isInOrder && !hasRepeats ? items : null
}

function isRailItem(value: unknown): value is RailItem {
  if (typeof value !== 'object' || value === null) return false
  const { id, score, reason } = value as Partial<Record<keyof RailItem, unknown>>
  if (typeof id !== 'string' || !articleIdPattern.test(id)) return false
  if (typeof score !== 'number' || !(score >= 0 && score <= 1)) return false
  if (typeof reason !== 'object' || reason === null) return false
  const { kind, terms } = reason as { kind?: unknown; terms?: unknown }
  const hasKind = kind === 'story' || kind === 'topic'
  return hasKind && Array.isArray(terms) && terms.length <= 4 && terms.every((term) => typeof term === 'string')
}
