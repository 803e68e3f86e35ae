import type { Clock } from '../concurrency/clock.ts'
import type { Row } from '../database/database.ts'
import { migrations } from '../store/mysql/migrations.ts'
import { tooOld } from '../store/mysql/open-database.ts'
import { connectionsPerProcess, storeTables } from '../store/sql/sql-store.ts'
import {
  type Ask,
  checkConnections,
  checkDistanceAndClock,
  checkEncryption,
  checkSchema,
  type Findings,
  noTablesYet,
} from './check.ts'

/** What a MariaDB or MySQL server is asked that lets us in. */
export async function examineMysql(ask: Ask, findings: Findings, clock: Clock): Promise<void> {
  const [about = {}] = await ask(`
    SELECT VERSION() AS version, CURRENT_USER() AS user, DATABASE() AS db, @@global.read_only AS read_only, @@log_bin AS log_bin,
      @@global.binlog_format AS binlog_format, @@global.max_allowed_packet AS packet,
      @@global.max_connections AS most, @@max_user_connections AS user_most`)
  const version = String(about.version)
  const age = tooOld(version)
  const isMariadb = /mariadb/i.test(version)
  if (age !== null)
    findings.fail('version', `The server is ${age}.`, 'Name a newer server in the URL, or upgrade this one.')
  else if (isMariadb) findings.ok('version', `MariaDB ${version}.`)
  else
    findings.warn('version', `MySQL ${version}.`, 'MySQL is spoken to in the words of MariaDB, and was never tested.')

  await checkDistanceAndClock(ask, findings, { clock, question: 'SELECT UNIX_TIMESTAMP(NOW(3)) AS now' })

  const status = await statusOf(ask, ['Ssl_cipher', 'Threads_connected'])
  const [own = {}] = await ask('SELECT USER() AS user')
  checkEncryption(findings, {
    isEncrypted: Boolean(status.get('Ssl_cipher')),
    isHere: isHere(own.user),
    option: '?ssl-mode=verify_identity',
  })

  if (Number(about.read_only) !== 0)
    findings.fail('writes', 'The server is read-only: is it a replica?', 'Name the primary in the URL.')
  else findings.ok('writes', 'The server takes writes.')
  if (Number(about.log_bin) === 1 && about.binlog_format === 'STATEMENT') {
    // The sessions read what is committed, which this format cannot record.
    findings.fail(
      'binary log',
      'The server keeps its binary log as statements (binlog_format=STATEMENT), and refuses what onward writes.',
      "SET GLOBAL binlog_format = 'ROW'; -- and in its configuration",
    )
  } else
    findings.ok(
      'binary log',
      Number(about.log_bin) === 1 ? `Its format is ${about.binlog_format}.` : 'The server keeps none.',
    )
  const packet = Number(about.packet)
  const megabytes = `${Math.round(packet / 1024 / 1024)} MB`
  if (packet >= packetMin) findings.ok('longest message', `The server takes messages of ${megabytes}.`)
  else
    findings.warn(
      'longest message',
      `The server takes messages of ${megabytes} only, and an article may be longer.`,
      'SET GLOBAL max_allowed_packet = 67108864; -- and in its configuration',
    )

  await checkTables(ask, findings, about)

  const userMost = Number(about.user_most)
  const most = Number(about.most)
  const isUserBound = userMost > 0 && userMost < most
  checkConnections(findings, {
    most: isUserBound ? userMost : most,
    used: Math.max(0, Number(status.get('Threads_connected') ?? 1) - 1),
    perProcess: connectionsPerProcess,
    setting: isUserBound ? 'max_user_connections' : 'max_connections',
  })
}

async function checkTables(ask: Ask, findings: Findings, about: Row): Promise<void> {
  const wanted = [...storeTables, 'onward_schema']
  const found = await ask(
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = DATABASE() AND table_name IN (${wanted.map((_, index) => `$${index + 1}`).join(', ')})`,
    wanted,
  )
  const names = new Set(found.map(({ name }) => String(name)))
  const grantee = granteeOf(String(about.user))
  const rights = await readRights(ask, grantee)
  const db = quoted(String(about.db))
  if (!names.has('onward_schema')) {
    if (names.has('article')) {
      findings.fail('tables', 'There is a table "article" of another program.', 'Name another database.')
    } else if (rights.isKnown && !rights.has('CREATE', null)) {
      findings.fail(
        'tables',
        `There are no tables that ${grantee} may see, and it may not make any.`,
        `Let the owner of the database start onward once and grant what docs/databases.md says, or run:\nGRANT ALL ON ${db}.* TO ${grantee};`,
      )
    } else findings.ok('tables', noTablesYet)
    return
  }
  const missing = wanted.filter((table) => !names.has(table))
  const lacking = wanted
    .map((table) => ({
      table,
      lacks: (table === 'onward_schema' ? ['SELECT'] : tableRights).filter((right) => !rights.has(right, table)),
    }))
    .filter(({ lacks }) => lacks.length > 0)
  if (!rights.isKnown) {
    findings.warn(
      'rights',
      `What ${grantee} may do comes from a role, and was not looked at.`,
      'docs/databases.md has the grants that onward needs.',
    )
  } else if (lacking.length > 0) {
    findings.fail(
      'rights',
      `${grantee} may not do what onward needs with ${lacking.map(({ table }) => table).join(', ')}.`,
      `Let the owner run:\n${lacking.map(({ table, lacks }) => `GRANT ${lacks.join(', ')} ON ${db}.${quoted(table)} TO ${grantee};`).join('\n')}`,
    )
  } else findings.ok('rights', `${grantee} may do what onward needs.`)
  // A table that may not be read at all is not seen either.
  if (missing.length > 0 && missing.every((table) => rights.has('SELECT', table))) {
    findings.fail(
      'tables',
      `These tables are missing: ${missing.join(', ')}.`,
      'Restore them from a backup, or name an empty database.',
    )
    return
  }
  const [row] = await ask('SELECT MAX(version) AS version FROM onward_schema')
  checkSchema(findings, {
    found: Number(row?.version ?? 0),
    known: migrations.length,
    mayChange: rights.has('CREATE', null),
  })
}

interface Rights {
  /** False: roles are in use, which these tables say nothing of. */
  readonly isKnown: boolean
  /** @param table null: on the whole database */
  has(right: string, table: string | null): boolean
}

async function readRights(ask: Ask, grantee: string): Promise<Rights> {
  const rows = await ask(
    `SELECT privilege_type AS name, NULL AS tab FROM information_schema.user_privileges WHERE grantee = $1
     UNION ALL SELECT privilege_type, NULL FROM information_schema.schema_privileges
       WHERE grantee = $1 AND DATABASE() LIKE table_schema
     UNION ALL SELECT privilege_type, table_name FROM information_schema.table_privileges
       WHERE grantee = $1 AND table_schema = DATABASE()`,
    [grantee],
  )
  const [role] = await ask('SELECT CURRENT_ROLE() AS role')
  const isKnown = role?.role === null || role?.role === 'NONE'
  return {
    isKnown,
    has: (right, table) => rows.some(({ name, tab }) => name === right && (tab === null || tab === table)),
  }
}

async function statusOf(ask: Ask, names: readonly string[]): Promise<Map<string, string>> {
  const rows = await ask(`SHOW STATUS WHERE Variable_name IN (${names.map((name) => `'${name}'`).join(', ')})`)
  return new Map(rows.map((row) => [String(row.Variable_name), String(row.Value)]))
}

/** `onward@%` as the server writes it in its tables: the host comes after the last `@`. */
function granteeOf(user: string): string {
  const at = user.lastIndexOf('@')
  return `'${user.slice(0, at)}'@'${user.slice(at + 1)}'`
}

function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

/** `user@host` of the connection itself. */
function isHere(user: unknown): boolean {
  return /@(?:localhost|127\.[\d.]+|::1|)$/.test(String(user))
}

const tableRights = ['SELECT', 'INSERT', 'UPDATE', 'DELETE']
/** What servers take where nothing was set, since MariaDB 10.2. */
const packetMin = 16 * 1024 * 1024
