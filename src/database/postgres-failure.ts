import { certificateWords } from './certificate-words.ts'

/** What PostgreSQL's and the system's codes say to an operator: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nothing listens there. Check host and port, and that the database runs',
  ENOTFOUND: 'There is no such host. Check the name in the URL',
  ENOENT: 'There is no such socket. Check the path in the URL, and that the database runs',
  EAI_AGAIN: 'The name of the host cannot be looked up. Check it in the URL, and the network',
  EACCES: 'The socket may not be used by the user that runs onward',
  ETIMEDOUT: 'It does not answer. Check the network and the firewall between here and the database',
  ECONNRESET: 'The connection was cut',
  EPIPE: 'The connection was cut',
  ...certificateWords,
  '28P01': 'The password is wrong, or the user is not known. Check both in the URL',
  '28000': 'The server does not let this user in from here. Check its pg_hba.conf',
  '3D000': 'There is no such database. Create it, or name another in the URL',
  '42501': 'The role may not do that. docs/databases.md has the grants that onward needs',
  '53300': 'The server has no connection left. Raise its max_connections, or let fewer processes connect',
  '53100': 'The disk of the server is full. Free some space, then try again: this write was not stored',
  '57014': 'It took longer than it may',
  '57P01': 'The server is being shut down',
  '57P02': 'The server has crashed, and is being started again',
  '57P03': 'The server is starting or stopping. Try again in a moment',
  '25006': 'The server takes no writes. Is this a replica? Name the primary in the URL',
}

/** What went wrong and what to do, for an operator: a sentence, and then the driver's or the server's own words in brackets. */
export function explainPostgres(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error)
  const code = postgresCode(error)
  const what =
    (code === '28000' ? aboutAccess(said) : undefined) ?? words[code] ?? aboutSilence(said) ?? 'The database failed'
  return `${what}. (${said || code})`
}

/** The server's code of a failure (SQLSTATE), or the system's; empty where there is none. */
export function postgresCode(error: unknown): string {
  // A host with several addresses gives one error for each.
  const one = error instanceof AggregateError ? error.errors[0] : error
  return one instanceof Error && 'code' in one && typeof one.code === 'string' ? one.code : ''
}

// One code for all that pg_hba.conf refuses, and TLS is the commonest of it.
function aboutAccess(said: string): string | undefined {
  if (!said.includes('no encryption')) return undefined
  return 'The server does not let this user in from here without encryption. Add ?sslmode=verify-full to the URL, or an entry to its pg_hba.conf'
}

// What the driver says in words alone.
function aboutSilence(said: string): string | undefined {
  if (/does not support SSL/i.test(said))
    return 'The server does not encrypt. Set it up to, or leave sslmode out of the URL'
  if (/^timeout e|^Query read timeout/.test(said)) return words.ETIMEDOUT
  return /^Connection terminated/.test(said) ? words.ECONNRESET : undefined
}

/**
 * Whether the connection may still be used: the server has answered, and with a refusal of this one statement.
 *
 * Class 57 is the server going away, apart from a statement that took too long; 08 and 58 are the connection and the system.
 */
export function isPostgresSound(error: unknown): boolean {
  const code = postgresCode(error)
  return /^[0-9A-Z]{5}$/.test(code) && (code === '57014' || !/^(?:57|08|58|XX)/.test(code))
}
