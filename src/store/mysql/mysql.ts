import { loadMysql } from '../../database/load-driver.ts'
import { mysqlAddress } from '../../database/mysql-address.ts'
import { explainMysql, isMysqlSound } from '../../database/mysql-failure.ts'
import type { Dialect } from '../sql/dialect.ts'
import { inWords } from '../sql/failure.ts'
import { migrate } from './open-database.ts'
import { MysqlPool } from './pool.ts'

/**
 * MariaDB, 10.11 or newer, at this URL. MySQL 8 is spoken to in the same words, and was never tested.
 *
 * @throws InvalidOptionError when the URL is none, or the driver is not installed
 */
export async function mysql(url: string): Promise<Dialect> {
  const { connection, location } = mysqlAddress(url, "The store's URL")
  const { createPool } = await loadMysql()
  return {
    kind: 'mysql',
    location,
    openPool: (options) => new MysqlPool({ createPool, connection }, options),
    migrate: (queries) => migrate(queries, location),
    inWords: (error) => inWords(error, location, explainMysql),
    isConnectionSound: isMysqlSound,
  }
}
