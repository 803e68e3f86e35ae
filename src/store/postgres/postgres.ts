import { loadPostgres } from '../../database/load-driver.ts'
import { postgresAddress } from '../../database/postgres-address.ts'
import { explainPostgres, isPostgresSound } from '../../database/postgres-failure.ts'
import type { Dialect } from '../sql/dialect.ts'
import { inWords } from '../sql/failure.ts'
import { migrate } from './open-database.ts'
import { PostgresPool } from './pool.ts'

/**
 * PostgreSQL, 15 or newer, at this URL.
 *
 * @throws InvalidOptionError when the URL is none, or the driver is not installed
 */
export async function postgres(url: string): Promise<Dialect> {
  const { connection, location } = postgresAddress(url, "The store's URL")
  const { Pool } = await loadPostgres()
  return {
    kind: 'postgres',
    location,
    openPool: (options) => new PostgresPool({ Pool, connection }, options),
    migrate: (queries) => migrate(queries, location),
    inWords: (error) => inWords(error, location, explainPostgres),
    isConnectionSound: isPostgresSound,
  }
}
