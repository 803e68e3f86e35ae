import { InvalidOptionError } from '../../errors.ts'
import type { Work } from '../sql/dialect.ts'
import { migrations } from './migrations.ts'

/**
 * Brings the database's schema to this version. Safe when many processes start at once: one at a time goes through it, and
 * the next finds nothing to do.
 *
 * @throws InvalidOptionError when the server is too old, does not keep UTF-8, or holds another program's tables or those of a
 *   newer onward
 */
export async function migrate(queries: Work, location: string): Promise<void> {
  const [about] = await queries.exec(
    "SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding",
  )
  const age = tooOld(Number(about?.version))
  if (age !== null) throw new InvalidOptionError(`The store ${location} is ${age}.`)
  if (about?.encoding !== 'UTF8') {
    throw new InvalidOptionError(
      `The database of the store ${location} keeps its text as ${about?.encoding}. Create it with ENCODING 'UTF8'.`,
    )
  }
  // Asked without the lock first: a role that may not create anything can use a schema that is there.
  if ((await version(queries)) === migrations.length) return
  await queries.transaction(async () => {
    await queries.exec(`SELECT pg_advisory_xact_lock(${lockKey})`)
    const from = await version(queries)
    if (from > migrations.length) {
      throw new InvalidOptionError(
        `The store ${location} was written by a newer onward (schema ${from}; this one knows up to ${migrations.length}). Run that version, or name another database.`,
      )
    }
    if (from === 0) {
      if (await isThere(queries, 'article')) {
        throw new InvalidOptionError(
          `The store ${location} has a table "article" of another program. Name another database, or a schema of its own (?options=-c%20search_path%3Donward).`,
        )
      }
      await queries.exec('CREATE TABLE onward_schema (version int NOT NULL); INSERT INTO onward_schema VALUES (0)')
    }
    for (const step of migrations.slice(from)) await queries.exec(step)
    await queries.exec(`UPDATE onward_schema SET version = ${migrations.length}`)
  })
}

/** 0: onward has not been here. */
async function version(queries: Work): Promise<number> {
  if (!(await isThere(queries, 'onward_schema'))) return 0
  const [row] = await queries.exec('SELECT version FROM onward_schema')
  return Number(row?.version ?? 0)
}

// Not `to_regclass`: it remembers that a table was not there, also after the lock that another held while making it.
async function isThere(queries: Work, table: string): Promise<boolean> {
  const rows = await queries.exec(
    `SELECT 1 FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relname = '${table}' AND c.relkind IN ('r', 'p') AND n.nspname = ANY (current_schemas(false))`,
  )
  return rows.length > 0
}

/** What a server is that is too old, and what is needed; null: it is new enough. @param version as `server_version_num` */
export function tooOld(version: number): string | null {
  return version < 150_000 ? `PostgreSQL ${Math.floor(version / 10_000)}; onward needs 15 or newer` : null
}

/** `onwd`, as with the SQLite file's application id. */
const lockKey = 0x6f6e7764
