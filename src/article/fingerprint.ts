import { createHash } from 'node:crypto'
import type { ArticleInput } from './article.ts'

/**
 * Hex SHA-256 of an input as canonical JSON (keys sorted, what equals its default left out): the same input twice has
 * the same fingerprint, whatever the order of its keys.
 *
 * It is taken after sanitising and before a language is guessed: a feed that changes only its tracking pixels has not
 * changed, and a better guess is not a correction.
 */
export function fingerprint(input: ArticleInput): string {
  const fields = Object.entries(input)
    .filter(([key, value]) => value !== undefined && !isDefault(key, value))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex')
}

function isDefault(key: string, value: unknown): boolean {
  if (value === '') return true
  if (Array.isArray(value)) return value.length === 0
  return key === 'status' && value === 'published'
}
