import { certificateWords } from './certificate-words.ts'

/** What the server's and the system's codes say to an operator: https://mariadb.com/kb/en/mariadb-error-code-reference/ */
const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nothing listens there. Check host and port, and that the database runs',
  ENOTFOUND: 'There is no such host. Check the name in the URL',
  EAI_AGAIN: 'The name of the host cannot be looked up. Check it in the URL, and the network',
  ETIMEDOUT: 'It does not answer. Check the network and the firewall between here and the database',
  ECONNRESET: 'The connection was cut',
  EPIPE: 'The connection was cut',
  PROTOCOL_CONNECTION_LOST: 'The connection was cut',
  HANDSHAKE_NO_SSL_SUPPORT: 'The server does not encrypt. Set it up to, or leave ssl-mode out of the URL',
  HANDSHAKE_SSL_ERROR: 'The connection could not be encrypted. Check the certificate of the server',
  ...certificateWords,
  ER_SECURE_TRANSPORT_REQUIRED: 'The server wants encryption. Add ?ssl-mode=verify_identity to the URL',
  ER_ACCESS_DENIED_ERROR: 'The password is wrong, or the user is not known. Check both in the URL',
  ER_DBACCESS_DENIED_ERROR: 'The user may not use this database. docs/databases.md has the grants that onward needs',
  ER_TABLEACCESS_DENIED_ERROR: 'The user may not do that. docs/databases.md has the grants that onward needs',
  ER_COLUMNACCESS_DENIED_ERROR: 'The user may not do that. docs/databases.md has the grants that onward needs',
  ER_BAD_DB_ERROR: 'There is no such database. Create it, or name another in the URL',
  ER_CON_COUNT_ERROR: 'The server has no connection left. Raise its max_connections, or let fewer processes connect',
  ER_DISK_FULL: 'The disk of the server is full. Free some space, then try again: this write was not stored',
  ER_RECORD_FILE_FULL: 'The disk of the server is full. Free some space, then try again: this write was not stored',
  ER_STATEMENT_TIMEOUT: 'It took longer than it may',
  ER_QUERY_TIMEOUT: 'It took longer than it may',
  ER_LOCK_WAIT_TIMEOUT: 'Another writer did not finish in time',
  ER_SERVER_SHUTDOWN: 'The server is being shut down',
  ER_CONNECTION_KILLED: 'The connection was ended by the server',
  ER_OPTION_PREVENTS_STATEMENT: 'The server takes no writes. Is this a replica? Name the primary in the URL',
  ER_NET_PACKET_TOO_LARGE: 'The server takes no message as long as this. Raise its max_allowed_packet to 64M',
}

/** What went wrong and what to do, for an operator: a sentence, and then the driver's or the server's own words in brackets. */
export function explainMysql(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error)
  const code = mysqlCode(error)
  return `${words[code] ?? 'The database failed'}. (${said || code})`
}

/** Whether the connection may still be used: the server has answered, and with a refusal of this one statement. */
export function isMysqlSound(error: unknown): boolean {
  const code = mysqlCode(error)
  if (!(error instanceof Error) || !code.startsWith('ER_') || endings.has(code)) return false
  return !('fatal' in error && error.fatal === true)
}

/** With these the server ends the connection. */
const endings: ReadonlySet<string> = new Set([
  'ER_SERVER_SHUTDOWN',
  'ER_CONNECTION_KILLED',
  'ER_NET_PACKET_TOO_LARGE',
  'ER_NORMAL_SHUTDOWN',
])

/** The driver's name for a failure, or the system's; empty where there is none. */
export function mysqlCode(error: unknown): string {
  // A host with several addresses gives one error for each.
  const one = error instanceof AggregateError ? error.errors[0] : error
  if (!(one instanceof Error)) return ''
  // One that the driver has no name for yet comes as a number alone.
  if ('errno' in one && one.errno === 3159) return 'ER_SECURE_TRANSPORT_REQUIRED'
  if ('errno' in one && one.errno === 1969) return 'ER_STATEMENT_TIMEOUT'
  if ('errno' in one && one.errno === 1927) return 'ER_CONNECTION_KILLED'
  // What the driver says to whoever asks on when the connection was lost between two questions.
  if (/connection is in closed state/.test(one.message)) return 'PROTOCOL_CONNECTION_LOST'
  return 'code' in one && typeof one.code === 'string' ? one.code : ''
}
