import { basename } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { InvalidOptionError } from '../../errors.ts'
import { isBusy } from './failure.ts'
import { migrations } from './migrations.ts'
import type { DatabaseSettings } from './requests.ts'

/** `onwd`, in the header of every file: another program's database is never taken for ours and migrated. */
export const applicationId = 0x6f6e7764

/**
 * Opens the file for writing; creates or migrates it first. Safe when several processes start at once.
 *
 * @throws InvalidOptionError when the file is another program's, or a newer onward's
 */
export function openForWriting({ file, busyMs }: DatabaseSettings): DatabaseSync {
  // No waiting inside SQLite: it sleeps up to 100 ms between two looks, and loses each race against a busy writer.
  const db = new DatabaseSync(file, { timeout: 0 })
  try {
    // Each look can meet another process that is just creating the file or folding its log into it.
    whenFree(() => {
      checkOwner(db, file)
      db.exec('PRAGMA journal_mode = WAL')
      migrate(db, { file, busyMs })
    }, busyMs)
    // FULL is the default of this build and of few others: without it a commit may be lost with the power.
    db.exec('PRAGMA synchronous = FULL')
    // What was taken down is overwritten, not only unlinked. OFF left a corrected article's text in free pages.
    db.exec('PRAGMA secure_delete = ON')
    // 16 MB of log before it is folded into the file: a bulk load is folded in a few times, not once a batch.
    db.exec('PRAGMA wal_autocheckpoint = 4000')
    db.exec('PRAGMA journal_size_limit = 33554432')
    db.exec(cacheSize)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** Opens the file for reading; it must have been opened for writing before, by this process or another. */
export function openForReading({ file, busyMs }: DatabaseSettings): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly: true, timeout: Math.min(busyMs, 1000) })
  db.exec(cacheSize)
  return db
}

// 16 MB a connection; the operating system caches the file once more. Not mmap: a disk that fails under a mapped page
// ends the process with SIGBUS, where a read that fails is an error that we can answer with.
const cacheSize = 'PRAGMA cache_size = -16384'

/** Runs `work` in one transaction that holds the write lock from its start. */
export function inTransaction<Result>(db: DatabaseSync, busyMs: number, work: () => Result): Result {
  whenFree(() => db.exec('BEGIN IMMEDIATE'), busyMs)
  try {
    const result = work()
    db.exec('COMMIT')
    return result
  } catch (error) {
    // After a full disk or a failed write SQLite may have rolled back by itself.
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

const sleeping = new Int32Array(new SharedArrayBuffer(4))

/** Holds this thread, which does nothing else, for `ms`. */
export function sleep(ms: number): void {
  Atomics.wait(sleeping, 0, 0, ms)
}

// A millisecond between two looks: a writer that works through a long load pauses for two between its transactions.
function whenFree(work: () => void, busyMs: number): void {
  const giveUpAt = performance.now() + busyMs
  for (;;) {
    try {
      work()
      return
    } catch (error) {
      if (!isBusy(error) || performance.now() >= giveUpAt) throw error
      sleep(1)
    }
  }
}

function migrate(db: DatabaseSync, { file, busyMs }: DatabaseSettings): void {
  if (version(db) === migrations.length) return
  inTransaction(db, busyMs, () => {
    // Asked again under the lock: another process may have been here meanwhile.
    const from = version(db)
    if (from > migrations.length) {
      throw new InvalidOptionError(
        `The store ${basename(file)} was written by a newer onward (schema ${from}; this one knows up to ${migrations.length}). Run that version, or name another file.`,
      )
    }
    checkOwner(db, file)
    for (const step of migrations.slice(from)) db.exec(step)
    db.exec(`PRAGMA application_id = ${applicationId}`)
    db.exec(`PRAGMA user_version = ${migrations.length}`)
  })
}

function checkOwner(db: DatabaseSync, file: string): void {
  // The tables first: whoever creates them commits the id with them, so tables that are seen have their id already.
  const tables = Number(db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.tables)
  const owner = pragma(db, 'application_id')
  if (owner === applicationId || (owner === 0 && tables === 0)) return
  throw new InvalidOptionError(
    `${basename(file)} is a SQLite database of another program: onward would have to add its tables to it. Name another file.`,
  )
}

function version(db: DatabaseSync): number {
  return pragma(db, 'user_version')
}

function pragma(db: DatabaseSync, name: 'user_version' | 'application_id'): number {
  const row = db.prepare(`PRAGMA ${name}`).get()
  return Number(row?.[name])
}
