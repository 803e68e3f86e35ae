import { articleIdPattern } from '../article/article.ts'
import { InvalidRequestError } from '../errors.ts'
import { railLimitMax } from '../related/related.ts'
import type { ArticleRequest } from './manager.ts'

/** The id that a request names; null when it names none. @throws InvalidRequestError */
export function requestedId(request: ArticleRequest): string | null {
  if (typeof request !== 'object' || request === null) {
    throw invalid(
      '',
      `expected an object such as { articleId: '1' }, got ${request === null ? 'null' : typeof request}`,
    )
  }
  const { articleId } = request
  return articleId === undefined || articleId === null ? null : checkedId(articleId)
}

/** An id as text. A whole number is taken as its decimal text. @throws InvalidRequestError */
export function checkedId(given: unknown): string {
  const id = typeof given === 'number' && Number.isSafeInteger(given) ? String(given) : given
  if (typeof id === 'string' && articleIdPattern.test(id)) return id
  const shown = JSON.stringify(given)?.slice(0, 120) ?? typeof given
  throw invalid(
    'articleId',
    `expected 1 to 100 of the characters A-Z a-z 0-9 . _ ~ - (and not . or .. alone), got ${shown}`,
  )
}

/** @throws InvalidRequestError */
export function checkedLimit(limit: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= railLimitMax) return limit
  throw invalid('limit', `expected a whole number from 1 to ${railLimitMax}, got ${JSON.stringify(limit)}`)
}

/** @throws InvalidRequestError */
export function checkedExclude(exclude: readonly string[]): readonly string[] {
  if (Array.isArray(exclude) && exclude.length <= excludeMax) return exclude.map(checkedId)
  throw invalid('exclude', `expected at most ${excludeMax} ids`)
}

const excludeMax = 100

function invalid(path: string, message: string): InvalidRequestError {
  return new InvalidRequestError('The request cannot be answered', [{ path, message }])
}
