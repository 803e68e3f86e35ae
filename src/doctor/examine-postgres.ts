import type { Clock } from '../concurrency/clock.ts'
import { migrations } from '../store/postgres/migrations.ts'
import { tooOld } from '../store/postgres/open-database.ts'
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

/** What a PostgreSQL server is asked that lets us in. */
export async function examinePostgres(ask: Ask, findings: Findings, clock: Clock): Promise<void> {
  const [about = {}] = await ask(`
    SELECT current_setting('server_version_num') AS version, current_setting('server_version') AS version_text,
      current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS replica, current_user AS role,
      current_schema() AS schema, current_database() AS database,
      has_database_privilege(current_database(), 'CREATE') AS may_create_schema,
      (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS encrypted, inet_client_addr() AS client`)
  const role = quoted(about.role)
  const age = tooOld(Number(about.version))
  if (age === null) findings.ok('version', `PostgreSQL ${about.version_text}.`)
  else findings.fail('version', `The server is ${age}.`, 'Name a newer server in the URL, or upgrade this one.')

  await checkDistanceAndClock(ask, findings, { clock, question: 'SELECT extract(epoch FROM clock_timestamp()) AS now' })

  checkEncryption(findings, {
    isEncrypted: about.encrypted === 't',
    isHere: isHere(about.client),
    option: '?sslmode=verify-full',
  })

  if (about.encoding === 'UTF8') findings.ok('encoding', 'The database keeps its text as UTF-8.')
  else {
    findings.fail(
      'encoding',
      `The database keeps its text as ${about.encoding}.`,
      "CREATE DATABASE news ENCODING 'UTF8' TEMPLATE template0; -- and name it in the URL",
    )
  }
  if (about.replica === 't')
    findings.fail('writes', 'The server is a replica, and takes no writes.', 'Name the primary in the URL.')
  else findings.ok('writes', 'The server takes writes.')

  await checkTables(ask, findings, { role, schema: about.schema, database: quoted(about.database) })

  const [room = {}] = await ask(`
    SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS most,
      (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') - 1 AS used,
      (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user) AS role_limit,
      (SELECT count(*) FROM pg_stat_activity WHERE usename = current_user) - 1 AS role_used,
      (SELECT datconnlimit FROM pg_database WHERE datname = current_database()) AS database_limit,
      (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()) - 1 AS database_used`)
  const limits = [
    { most: Number(room.most), used: Number(room.used), setting: 'max_connections' },
    { most: Number(room.role_limit), used: Number(room.role_used), setting: `ALTER ROLE ${role} CONNECTION LIMIT` },
    {
      most: Number(room.database_limit),
      used: Number(room.database_used),
      setting: `ALTER DATABASE ${quoted(about.database)} CONNECTION LIMIT`,
    },
  ].filter(({ most }) => most >= 0)
  const tightest = limits.reduce((one, two) => (two.most - two.used < one.most - one.used ? two : one))
  checkConnections(findings, { ...tightest, perProcess: connectionsPerProcess })
}

async function checkTables(
  ask: Ask,
  findings: Findings,
  { role, schema, database }: { role: string; schema: unknown; database: string },
): Promise<void> {
  const wanted = [...storeTables, 'onward_schema']
  const found = await ask(
    `SELECT c.relname AS name, n.nspname AS schema,
       has_table_privilege(c.oid, 'SELECT') AS may_read,
       has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')
         AND has_table_privilege(c.oid, 'DELETE') AS may_write,
       has_schema_privilege(n.oid, 'USAGE') AS may_use,
       pg_has_role(c.relowner, 'USAGE') AS owns
     FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relname = ANY (string_to_array($1, ',')) AND c.relkind IN ('r', 'p') AND n.nspname = ANY (current_schemas(false))`,
    [wanted.join(',')],
  )
  const version = found.find(({ name }) => name === 'onward_schema')
  if (!version) {
    if (found.some(({ name }) => name === 'article')) {
      findings.fail(
        'tables',
        'There is a table "article" of another program.',
        'Name another database, or a schema of its own in the URL: ?options=-c%20search_path%3Donward',
      )
      return
    }
    await checkMayCreate(ask, findings, { role, schema, database })
    return
  }
  const missing = wanted.filter((table) => !found.some(({ name }) => name === table))
  if (missing.length > 0) {
    findings.fail(
      'tables',
      `These tables are missing: ${missing.join(', ')}.`,
      'Restore them from a backup, or name an empty database.',
    )
    return
  }
  const lacks = (right: 'may_read' | 'may_write') =>
    wanted.filter((table) => found.some((one) => one.name === table && one[right] !== 't'))
  const unreadable = lacks('may_read')
  const unwritable = lacks('may_write').filter((table) => table !== 'onward_schema')
  if (unreadable.length + unwritable.length > 0) {
    const inSchema = (tables: readonly string[]) =>
      tables.map((table) => `${quoted(version.schema)}.${quoted(table)}`).join(', ')
    const grants = [
      ...(unwritable.length > 0 ? [`GRANT SELECT, INSERT, UPDATE, DELETE ON ${inSchema(unwritable)} TO ${role};`] : []),
      ...(unreadable.includes('onward_schema') ? [`GRANT SELECT ON ${inSchema(['onward_schema'])} TO ${role};`] : []),
    ]
    findings.fail(
      'rights',
      `The role ${role} may not do what onward needs with ${wanted.filter((table) => [...unreadable, ...unwritable].includes(table)).join(', ')}.`,
      `Let the owner run:\n${grants.join('\n')}`,
    )
  } else findings.ok('rights', `The role ${role} may do what onward needs.`)
  if (unreadable.includes('onward_schema')) return
  const [row] = await ask(`SELECT version FROM ${quoted(version.schema)}.onward_schema`)
  checkSchema(findings, { found: Number(row?.version), known: migrations.length, mayChange: version.owns === 't' })
}

async function checkMayCreate(
  ask: Ask,
  findings: Findings,
  { role, schema, database }: { role: string; schema: unknown; database: string },
): Promise<void> {
  if (typeof schema !== 'string') {
    findings.fail(
      'tables',
      'The schema that the URL names is not there.',
      `CREATE SCHEMA onward AUTHORIZATION ${role};`,
    )
    return
  }
  const [may] = await ask("SELECT has_schema_privilege(current_schema(), 'CREATE') AS may")
  if (may?.may === 't') findings.ok('tables', noTablesYet)
  else {
    findings.fail(
      'tables',
      `There are no tables yet, and the role ${role} may not make them.`,
      `Let the owner of the database start onward once, or run:\nGRANT CREATE ON SCHEMA ${quoted(schema)} TO ${role}; -- in ${database}`,
    )
  }
}

function quoted(name: unknown): string {
  const text = String(name)
  return /^[a-z_][a-z0-9_]*$/.test(text) ? text : `"${text.replaceAll('"', '""')}"`
}

/** A connection by a socket has no address. */
function isHere(address: unknown): boolean {
  return typeof address !== 'string' || /^(?:127\.|::1)/.test(address)
}
