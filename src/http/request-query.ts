import { z } from 'zod'
import { articleIdPattern } from '../article/article.ts'
import { InvalidRequestError, type Problem } from '../errors.ts'
import { railLimitMax } from '../related/related.ts'

/**
 * What may stand in the addresses of requests, and what is said when something else does.
 *
 * @throws InvalidRequestError with everything that is wrong
 */
export function parseArticleId(id: unknown): string {
  return parse('The address', idParameters, { id }).id
}

/** A key that is not known is refused, and the known ones are named: a misspelt `limit` would go unseen otherwise. */
export function parseQuery<Shape extends z.ZodRawShape>(schema: z.ZodObject<Shape>, query: unknown) {
  return parse('The query', schema, query)
}

/** The query of a page: keys that others have added (`utm_source`) are none of ours. */
export function parsePageQuery(query: unknown): { before?: string | undefined } {
  return parse('The query', pageQuery, query)
}

export function parseSectionName(section: unknown): string {
  return parse('The address', sectionParameters, { section }).section
}

const articleId = z.string().regex(articleIdPattern, {
  error: 'must be 1 to 100 of the characters A-Z a-z 0-9 . _ ~ - and not just . or ..',
})

const sectionName = z
  .string({ error: 'must be given once' })
  .min(1, { error: 'must not be empty' })
  .max(100, { error: 'must have at most 100 characters' })

// What a list gave as `next` is opaque here; the manager checks what it means.
const beforeText = z
  .string({ error: 'must be given once' })
  .min(1, { error: 'must not be empty: an ISO 8601 time or the `next` of the page before' })
  .max(200, { error: 'must have at most 200 characters' })

function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`
  return z
    .string({ error })
    .regex(/^\d{1,4}$/, { error })
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error })
}

const excludedIds = z
  .string({ error: 'must be given once, its ids parted by commas' })
  .transform((text) => text.split(',').filter((id) => id !== ''))
  .pipe(z.array(articleId).max(100, { error: 'must name at most 100 ids' }))

const flag = z
  .enum(['true', 'false', '1', '0'], { error: 'must be true or false' })
  .transform((value) => value === 'true' || value === '1')

// Made once: zod compiles a schema at its first use, which costs more than a page.
const idParameters = z.object({ id: articleId })
const sectionParameters = z.object({ section: sectionName })
const pageQuery = z.object({ before: beforeText.optional() })

export const articleQuery = z.strictObject({})

export const railQuery = z.strictObject({
  limit: wholeNumber(1, railLimitMax).optional(),
  exclude: excludedIds.optional(),
  explain: flag.optional(),
})

export const fragmentQuery = railQuery.omit({ explain: true }).strip()

export const listQuery = z.strictObject({
  section: sectionName.optional(),
  before: beforeText.optional(),
  limit: wholeNumber(1, 100).optional(),
})

export const writeQuery = z.strictObject({ republish: flag.optional() })

export const withdrawQuery = z.strictObject({})

function parse<Value>(what: string, schema: z.ZodType<Value>, input: unknown): Value {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
  throw new InvalidRequestError(
    what,
    result.error.issues.flatMap((issue) => problemsOf(issue, known)),
  )
}

function problemsOf(issue: z.core.$ZodIssue, known: readonly string[]): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    const instead = known.length === 0 ? 'none is known here' : `known here: ${known.join(', ')}`
    return issue.keys.map((key) => ({ path: key.slice(0, 100), message: `is not known; ${instead}` }))
  }
  const [first, ...rest] = issue.path
  const path = [String(first ?? ''), ...rest.map((part) => `[${String(part)}]`)].join('')
  return [{ path, message: issue.message }]
}
