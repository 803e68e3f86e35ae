import type { Database, DatabaseOptions } from './database.ts'
import { mysqlAddress } from './mysql-address.ts'
import { openMysql } from './mysql-connection.ts'
import { postgresAddress } from './postgres-address.ts'
import { openPostgres } from './postgres-connection.ts'

/** Whether this is the URL of a database server, be it well-formed or not. */
export function isServerUrl(url: string): boolean {
  return /^(?:postgres(?:ql)?|mysql|mariadb):/i.test(url.trim())
}

/**
 * Where a database is, without its secrets.
 *
 * @param whose how its URL is called in errors
 * @throws InvalidOptionError when the URL is none
 */
export function serverLocation(url: string, whose: string): string {
  const { location } = isPostgres(url) ? postgresAddress(url.trim(), whose) : mysqlAddress(url.trim(), whose)
  return location
}

/**
 * Connects with the server that `url` names.
 *
 * @throws InvalidOptionError when the URL is none, or the driver is not installed
 * @throws DatabaseError when it cannot be reached or lets nobody in; the reason of the signal
 */
export async function openDatabase(url: string, options: DatabaseOptions): Promise<Database> {
  options.signal?.throwIfAborted()
  return isPostgres(url) ? await openPostgres(url.trim(), options) : await openMysql(url.trim(), options)
}

function isPostgres(url: string): boolean {
  return /^postgres/i.test(url.trim())
}
