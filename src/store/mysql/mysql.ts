import { InvalidOptionError } from '../../errors.ts'
import type { Dialect } from '../sql/dialect.ts'
import { inWords, isConnectionSound } from './failure.ts'
import { connectionOf, migrate } from './open-database.ts'
import { MysqlPool } from './pool.ts'

/**
 * MariaDB, 10.11 or newer, at this URL. MySQL 8 is spoken to in the same words, and was never tested.
 *
 * @throws InvalidOptionError when the URL is none, or the driver is not installed
 */
export async function mysql(url: string): Promise<Dialect> {
  const { connection, location } = connectionOf(url)
  const { createPool } = await loadDriver()
  return {
    kind: 'mysql',
    location,
    openPool: (options) => new MysqlPool({ createPool, connection }, options),
    migrate: (queries) => migrate(queries, location),
    inWords: (error) => inWords(error, location),
    isConnectionSound,
  }
}

/** The driver, which is an optional peer. @throws InvalidOptionError when it is not installed */
export async function loadDriver() {
  try {
    return (await import('mysql2')).default
  } catch (error) {
    throw new InvalidOptionError(
      `A MariaDB or MySQL store needs the driver "mysql2", which cannot be loaded (${error instanceof Error ? error.message : error}). Install it: npm install mysql2`,
    )
  }
}
