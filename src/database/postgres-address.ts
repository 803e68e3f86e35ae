import type { PoolConfig } from 'pg'
import { InvalidOptionError } from '../errors.ts'

const accepted =
  'expected postgres://USER:PASSWORD@HOST:PORT/DATABASE, for example postgres://onward@db.example:5432/news'

/**
 * What the URL of a database says, for the driver, and where it is, without its secrets.
 *
 * @param whose how the URL is called in errors: `The store's URL`
 * @throws InvalidOptionError when it is not such a URL; it is not repeated, since it may hold a password
 */
export function postgresAddress(url: string, whose: string): { connection: PoolConfig; location: string } {
  if (!URL.canParse(url)) throw new InvalidOptionError(`${whose} cannot be read: ${accepted}.`)
  const { hostname, port, pathname, searchParams } = new URL(url)
  const database = decoded(pathname.slice(1))
  if (database === '' || database.includes('/')) {
    throw new InvalidOptionError(`${whose} names no database: ${accepted}.`)
  }
  const host = decoded(hostname) || searchParams.get('host') || 'localhost'
  return { connection: { connectionString: url }, location: `postgres://${host}${port && `:${port}`}/${database}` }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
