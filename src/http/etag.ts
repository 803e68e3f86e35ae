import type { Encoding } from './accepted-encoding.ts'

/**
 * Whether the reader has an answer already (RFC 9110, 13.1.2: weak comparison), in whatever encoding.
 *
 * @param digest of the body, as it stands in the ETag
 */
export function matchesEtag(ifNoneMatch: string, digest: string): boolean {
  if (ifNoneMatch.trim() === '*') return true
  // Opaque tags may hold commas, so the quotes are what parts the list.
  for (const [, tag = ''] of ifNoneMatch.matchAll(/"([^"]*)"/g)) {
    if (tag === digest || tag === `${digest}-br` || tag === `${digest}-gzip`) return true
  }
  return false
}

/** A strong ETag stands for bytes (RFC 9110, 8.8.3), so that each encoding has one of its own. */
export function etagOf(digest: string, { encoding, isWeak }: { encoding: Encoding; isWeak: boolean }): string {
  const tag = encoding === 'identity' ? `"${digest}"` : `"${digest}-${encoding}"`
  return isWeak ? `W/${tag}` : tag
}
