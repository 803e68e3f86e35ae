import { articleIdPattern, type PreparedArticle } from '../article/article.ts'
import { InvalidRequestError, type Problem, StoreUnavailableError } from '../errors.ts'
import { railLimitMax } from '../related/related.ts'
import { listLimitMax, railExcludeMax } from './store.ts'

/** What every store refuses before it asks its database. @throws InvalidRequestError */
export function checkRailQuery(limit: number, exclude: readonly string[]): void {
  check('Rail', [...limitProblems(limit, railLimitMax), ...excludeProblems(exclude)])
}

/** @throws InvalidRequestError */
export function checkListLimit(limit: number): void {
  check('List of articles', limitProblems(limit, listLimitMax))
}

/** @throws InvalidRequestError when one cannot be stored */
export function checkBatch(batch: readonly PreparedArticle[]): void {
  check('Batch of articles', batch.flatMap(preparedProblems))
}

/** The error of a batch of which some transactions were committed before one failed. */
export function afterSome(error: unknown, { stored, sent }: { stored: number; sent: number }): unknown {
  if (!(error instanceof StoreUnavailableError)) return error
  // A thread that died may have committed what it did not answer for.
  return new StoreUnavailableError(
    `The first ${stored} of ${sent} articles were stored, and no more is known to be. ${error.message}`,
    { cause: error },
  )
}

function check(what: string, problems: readonly Problem[]): void {
  if (problems.length > 0) throw new InvalidRequestError(what, problems)
}

function limitProblems(limit: number, max: number): Problem[] {
  if (Number.isInteger(limit) && limit >= 1 && limit <= max) return []
  return [{ path: 'limit', message: `expected a whole number from 1 to ${max}, found ${limit}` }]
}

function excludeProblems(exclude: readonly string[]): Problem[] {
  if (exclude.length <= railExcludeMax) return []
  return [{ path: 'exclude', message: `expected at most ${railExcludeMax} ids, found ${exclude.length}` }]
}

// What was parsed has passed these long ago. They stand here for what was not: ids become paths of URLs, and times are
// compared as text.
function preparedProblems({ input }: PreparedArticle, index: number): Problem[] {
  const problems: Problem[] = []
  if (!articleIdPattern.test(input.id)) {
    problems.push({ path: `[${index}].id`, message: `expected an id that matches ${articleIdPattern.source}` })
  }
  for (const key of ['publishedAt', 'updatedAt', 'embargoedUntil'] as const) {
    const time = input[key]
    if (time !== undefined && !isCanonicalTime(time)) {
      problems.push({ path: `[${index}].${key}`, message: 'expected a time as Date.prototype.toISOString gives it' })
    }
  }
  return problems
}

function isCanonicalTime(time: string): boolean {
  const ms = Date.parse(time)
  return !Number.isNaN(ms) && new Date(ms).toISOString() === time
}
