import { InvalidOptionError } from '../../errors.ts'
import type { Work } from '../sql/dialect.ts'
import { migrations } from './migrations.ts'

/**
 * Brings the database's schema to this version. Safe when many processes start at once: one at a time goes through it, and
 * the next finds nothing to do.
 *
 * @throws InvalidOptionError when the server is too old, or the database holds another program's tables or those of a newer
 *   onward
 */
export async function migrate(queries: Work, location: string): Promise<void> {
  const [about] = await queries.exec('SELECT VERSION() AS version')
  const age = tooOld(String(about?.version))
  if (age !== null) throw new InvalidOptionError(`The store ${location} is ${age}.`)
  // Asked without the lock first: a user that may not create anything can use a schema that is there.
  if ((await version(queries)) === migrations.length) return
  const [lock] = await queries.exec(`SELECT GET_LOCK(${lockName}, ${lockWaitSeconds}) AS got`)
  if (Number(lock?.got) !== 1) {
    throw new InvalidOptionError(
      `The store ${location} is being brought to a new version by another process, for longer than ${lockWaitSeconds} s. Try again.`,
    )
  }
  try {
    await migrateAlone(queries, location)
  } finally {
    await queries.exec(`DO RELEASE_LOCK(${lockName})`).catch(() => {})
  }
}

async function migrateAlone(queries: Work, location: string): Promise<void> {
  const from = await version(queries)
  if (from !== null && from > migrations.length) {
    throw new InvalidOptionError(
      `The store ${location} was written by a newer onward (schema ${from}; this one knows up to ${migrations.length}). Run that version, or name another database.`,
    )
  }
  if (from === null) {
    if (await isThere(queries, 'article')) {
      throw new InvalidOptionError(
        `The store ${location} has a table "article" of another program. Name another database.`,
      )
    }
    await queries.exec('CREATE TABLE onward_schema (version INT NOT NULL PRIMARY KEY) ENGINE = InnoDB')
  }
  for (const [index, step] of migrations.entries()) {
    if (index < (from ?? 0)) continue
    for (const statement of step) await queries.exec(statement)
    await queries.exec(`REPLACE INTO onward_schema (version) VALUES (${index + 1})`)
  }
}

/** Null: onward has not been here. 0: it was cut off in its first step. */
async function version(queries: Work): Promise<number | null> {
  if (!(await isThere(queries, 'onward_schema'))) return null
  const [row] = await queries.exec('SELECT MAX(version) AS version FROM onward_schema')
  return Number(row?.version ?? 0)
}

async function isThere(queries: Work, table: string): Promise<boolean> {
  const rows = await queries.exec(
    `SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = '${table}'`,
  )
  return rows.length > 0
}

/** What a server is that is too old, and what is needed; null: it is new enough. @param said as `VERSION()` */
export function tooOld(said: string): string | null {
  const isMariadb = /mariadb/i.test(said)
  const [, major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(said) ?? []).map(Number)
  // 10.6 and 8.0 have JSON_TABLE; what is tested is 10.11.
  const oldest = isMariadb ? { name: 'MariaDB', major: 10, minor: 11 } : { name: 'MySQL', major: 8, minor: 0 }
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return null
  return `${oldest.name} ${major}.${minor}; onward needs ${oldest.major}.${oldest.minor} or newer`
}

/** Of the server, so it names the database. */
const lockName = "CONCAT('onward ', LEFT(SHA1(DATABASE()), 32))"
/** Less than a statement of a writer may take. */
const lockWaitSeconds = 25
