import { isServerUrl } from '../../database/open-database.ts'
import { InvalidOptionError } from '../../errors.ts'
import type { DatabaseServer } from './database-server.ts'
import { mysqlServer } from './mysql-server.ts'
import { postgresServer } from './postgres-server.ts'

/**
 * The server that a URL names. Nothing is connected yet.
 *
 * @throws InvalidOptionError when it names none, or the driver is not installed
 */
export async function databaseServer(url: string): Promise<DatabaseServer> {
  if (!isServerUrl(url)) {
    // Not repeated, since it may hold a password.
    throw new InvalidOptionError(
      'A database server is named as postgres://USER@HOST:PORT/DATABASE or mysql://USER@HOST:PORT/DATABASE.',
    )
  }
  return /^postgres/i.test(url.trim()) ? await postgresServer(url.trim()) : await mysqlServer(url.trim())
}
