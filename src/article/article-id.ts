import { createHash } from 'node:crypto'
import { articleIdPattern } from './article.ts'

/**
 * The public id of an article: `id` itself where it can stand in an address as it is, else a hash of it and its source.
 *
 * @param source whose id it is, so that two publishers that both count from `a/1` do not overwrite each other
 */
export function publicArticleId(id: string, source: string): string {
  return articleIdPattern.test(id) ? id : hashedArticleId(id, source)
}

/**
 * The public id of what a third party numbers, such as a feed's guid: always hashed, so that a feed that calls its item
 * `1` can never overwrite an article `1` of the house.
 *
 * 32 hexadecimal digits of a SHA-256: two of a thousand million articles meet with a chance below 1 in 10^20.
 */
export function hashedArticleId(id: string, source: string): string {
  // The length parts the two, so that no pair of source and id reads like another pair.
  return createHash('sha256').update(`${source.length}:${source}${id}`).digest('hex').slice(0, 32)
}
