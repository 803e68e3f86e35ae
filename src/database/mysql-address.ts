import type { PoolOptions } from 'mysql2'
import { InvalidOptionError } from '../errors.ts'

const accepted = 'expected mysql://USER:PASSWORD@HOST:PORT/DATABASE, for example mysql://onward@db.example:3306/news'

/**
 * What the URL of a database says, for the driver, and where it is, without its secrets. `ssl-mode` is `disabled` (the default),
 * `required` (encrypted, whoever is there) or `verify_identity` (encrypted, and the certificate is checked).
 *
 * @param whose how the URL is called in errors: `The store's URL`
 * @throws InvalidOptionError when it is not such a URL; it is not repeated, since it may hold a password
 */
export function mysqlAddress(url: string, whose: string): { connection: PoolOptions; location: string } {
  if (!URL.canParse(url)) throw new InvalidOptionError(`${whose} cannot be read: ${accepted}.`)
  const { protocol, hostname, port, pathname, searchParams, username, password } = new URL(url)
  const database = decoded(pathname.slice(1))
  if (database === '' || database.includes('/')) {
    throw new InvalidOptionError(`${whose} names no database: ${accepted}.`)
  }
  // What is not known is refused: a setting that was meant to encrypt must not be passed over.
  for (const name of searchParams.keys()) {
    if (name === 'ssl-mode' || name === 'socket') continue
    throw new InvalidOptionError(
      `${whose} has a setting ${JSON.stringify(name)}, which is not known. Expected ssl-mode or socket.`,
    )
  }
  const host = decoded(hostname) || 'localhost'
  const socket = searchParams.get('socket')
  const ssl = sslOf(searchParams.get('ssl-mode') ?? 'disabled', whose)
  return {
    connection: {
      ...(socket ? { socketPath: socket } : { host, port: port ? Number(port) : 3306 }),
      user: decoded(username),
      password: decoded(password),
      database,
      ...(ssl ? { ssl } : {}),
    },
    location: `${protocol}//${host}${port && `:${port}`}/${database}`,
  }
}

function sslOf(mode: string, whose: string): PoolOptions['ssl'] | null {
  switch (mode.toLowerCase()) {
    case 'disabled':
      return null
    case 'required':
      return { rejectUnauthorized: false }
    case 'verify_identity':
      return { rejectUnauthorized: true, verifyIdentity: true }
    default:
      throw new InvalidOptionError(
        `${whose} has the ssl-mode ${JSON.stringify(mode)}, which is not known. Expected disabled, required or verify_identity.`,
      )
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
