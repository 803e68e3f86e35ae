import { OnwardError, StoreUnavailableError } from '../../errors.ts'

/**
 * What the driver threw, as an error that an operator can act on; what onward threw itself is left as it is.
 *
 * @param explain the database's own words for its codes
 */
export function inWords(error: unknown, location: string, explain: (error: unknown) => string): Error {
  if (error instanceof OnwardError) return error
  return new StoreUnavailableError(`The store ${location}: ${explain(error)}`, { cause: error })
}
