import type { Clock } from '../concurrency/clock.ts'
import { type Database, DatabaseError } from '../database/database.ts'
import { isServerUrl, openDatabase, serverLocation } from '../database/open-database.ts'
import { OnwardError } from '../errors.ts'
import { type Examination, Findings } from './check.ts'
import { examineMysql } from './examine-mysql.ts'
import { examinePostgres } from './examine-postgres.ts'
import { examineSqlite } from './examine-sqlite.ts'

/**
 * Looks whether a store can be used, and if not, why; changes nothing there, and makes no tables.
 *
 * @throws the reason of `signal`
 */
export async function examineStore(
  url: string,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Examination> {
  const findings = new Findings()
  if (!isServerUrl(url)) {
    const location = await examineSqlite(url, findings)
    return { part: 'store', location, checks: findings.checks }
  }
  let location = 'a database server'
  try {
    location = serverLocation(url, "The store's URL")
    const limits = { connectMs: 5000, statementMs: 10_000 }
    await using database = await openDatabase(url, {
      whose: "The store's URL",
      name: 'doctor',
      ...limits,
      clock,
      signal,
    })
    findings.ok('connection', 'The server answers, and lets this user in.')
    await examineDatabase(database, findings, { clock, signal })
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof OnwardError)) throw error
    const name = error instanceof DatabaseError ? (findings.checks.length > 0 ? 'questions' : 'connection') : 'address'
    findings.fail(name, error.message)
  }
  return { part: 'store', location, checks: findings.checks }
}

async function examineDatabase(
  database: Database,
  findings: Findings,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<void> {
  const ask = (text: string, values: readonly string[] = []) => database.query(text, values, signal)
  if (database.kind === 'postgres') await examinePostgres(ask, findings, clock)
  else await examineMysql(ask, findings, clock)
}
