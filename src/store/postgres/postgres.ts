import { InvalidOptionError } from '../../errors.ts'
import type { Dialect } from '../sql/dialect.ts'
import { inWords, isConnectionSound } from './failure.ts'
import { connectionOf, migrate } from './open-database.ts'
import { PostgresPool } from './pool.ts'

/**
 * PostgreSQL, 15 or newer, at this URL.
 *
 * @throws InvalidOptionError when the URL is none, or the driver is not installed
 */
export async function postgres(url: string): Promise<Dialect> {
  const { connection, location } = connectionOf(url)
  const { Pool } = await loadDriver()
  return {
    kind: 'postgres',
    location,
    openPool: (options) => new PostgresPool({ Pool, connection }, options),
    migrate: (queries) => migrate(queries, location),
    inWords: (error) => inWords(error, location),
    isConnectionSound,
  }
}

/** The driver, which is an optional peer. @throws InvalidOptionError when it is not installed */
export async function loadDriver() {
  try {
    return (await import('pg')).default
  } catch (error) {
    throw new InvalidOptionError(
      `A PostgreSQL store needs the driver "pg", which cannot be loaded (${error instanceof Error ? error.message : error}). Install it: npm install pg`,
    )
  }
}
