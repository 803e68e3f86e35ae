import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { type Clock, systemClock } from '../concurrency/clock.ts'
import { InvalidOptionError, StoreUnavailableError } from '../errors.ts'
import { mysql } from './mysql/mysql.ts'
import { postgres } from './postgres/postgres.ts'
import type { Dialect } from './sql/dialect.ts'
import { SqlStore } from './sql/sql-store.ts'
import { SqliteStore } from './sqlite/sqlite-store.ts'
import type { Store } from './store.ts'

export interface StoreOptions {
  /** Default: the system's. */
  readonly clock?: Clock | undefined
  /** Threads that read articles; default 1: tens of thousands of reads a second. */
  readonly articleThreads?: number | undefined
  /** Threads that read rails; default 1. */
  readonly railThreads?: number | undefined
  /** How long a writer waits for another process to finish its own transaction, in milliseconds; default 5,000. */
  readonly busyMs?: number | undefined
  /**
   * How long a request to a database server waits for a free connection, and a connection may take to open, in
   * milliseconds; default: each lane's own, from 1,000 to 30,000 (docs/databases.md).
   */
  readonly connectionWaitMs?: number | undefined
}

/**
 * Opens the store that `url` names. It is the caller's to close.
 *
 * `sqlite:news.db` is relative to the working directory; `sqlite:/var/lib/news.db` and `sqlite:///var/lib/news.db` are
 * the same file. The file is created where there is none, with its folder.
 *
 * `postgres://onward@db.example:5432/news` is a database of a PostgreSQL server, `mysql://…` or `mariadb://…` one of a MariaDB or
 * MySQL server; it has to exist, and gets its tables here.
 *
 * @throws InvalidOptionError when the URL names nothing that can be a store, or a file or database that is not onward's
 * @throws StoreUnavailableError when the file cannot be opened, or the database not reached
 */
export async function openStore(url: string, options: StoreOptions = {}): Promise<Store> {
  const server = await serverOf(url.trim())
  if (server !== null) {
    return await SqlStore.open(server, {
      clock: options.clock ?? systemClock,
      connectionWaitMs: options.connectionWaitMs,
    })
  }
  const file = resolve(sqliteFile(url))
  await makeFolder(file)
  return await SqliteStore.open(file, {
    clock: options.clock ?? systemClock,
    articleThreads: options.articleThreads ?? 1,
    railThreads: options.railThreads ?? 1,
    busyMs: options.busyMs ?? 5000,
  })
}

/** The database server that a URL names; null where it is not the URL of one. */
async function serverOf(url: string): Promise<Dialect | null> {
  if (/^postgres(?:ql)?:/i.test(url)) return await postgres(url)
  if (/^(?:mysql|mariadb):/i.test(url)) return await mysql(url)
  return null
}

/** A folder for a store that nobody is to keep: `url` is for {@link openStore}. Removed on dispose; close the store first. */
export async function temporaryStoreFolder(): Promise<{ readonly url: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'onward-'))
  return {
    url: `sqlite:${join(folder, 'news.db')}`,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

const accepted =
  'A store is named as sqlite:PATH, for example sqlite:news.db or sqlite:/var/lib/onward/news.db, or as postgres://USER@HOST:PORT/DATABASE or mysql://USER@HOST:PORT/DATABASE'

/** The file that a store URL names, as it was written there. @throws InvalidOptionError when it names none */
export function sqliteFile(url: string): string {
  const [, scheme, rest = ''] = /^([a-z][a-z0-9+.-]+):(.*)$/is.exec(url.trim()) ?? []
  if (scheme === undefined) {
    // A bare name is what people try first. What was given is shown only where it cannot hold a password.
    const hint = /^[\w./\\ -]+$/.test(url) ? ` Did you mean sqlite:${url.trim()}?` : ''
    throw new InvalidOptionError(`The store has no scheme. ${accepted}.${hint}`)
  }
  if (/^(?:postgres(?:ql)?|mysql|mariadb)$/i.test(scheme)) {
    throw new InvalidOptionError('This works on a SQLite store only. Name one as sqlite:PATH, such as sqlite:news.db.')
  }
  if (scheme.toLowerCase() !== 'sqlite') {
    throw new InvalidOptionError(`A store of the kind ${JSON.stringify(scheme)} is not known. ${accepted}.`)
  }
  if (rest === '') throw new InvalidOptionError(`"sqlite:" names no file. ${accepted}.`)
  if (/^(?:\/\/)?:memory:/i.test(rest) || /mode=memory/i.test(rest)) {
    throw new InvalidOptionError(
      `${JSON.stringify(url)}: a database in memory belongs to one thread, and a store reads and writes in several. Name a temporary file instead, such as sqlite:${join(tmpdir(), 'onward-trial.db')}.`,
    )
  }
  if (/[?#\0]/.test(rest)) {
    throw new InvalidOptionError(
      `${JSON.stringify(url)}: the path of a store has no parameters, no "#" and no NUL. ${accepted}.`,
    )
  }
  if (rest.startsWith('///')) return rest.slice(2)
  if (rest.startsWith('//')) {
    throw new InvalidOptionError(
      `${JSON.stringify(url)} would name a file on another machine. Write sqlite:${rest.slice(2)} for a file in the working directory, or sqlite:/${rest.slice(2)} for one from the root.`,
    )
  }
  // Shells leave a tilde alone in the middle of a word, and a folder of that name is a nasty find.
  return rest.startsWith('~/') ? join(homedir(), rest.slice(2)) : rest
}

async function makeFolder(file: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true })
  } catch (error) {
    throw new StoreUnavailableError(
      `The folder ${dirname(file)} for the store cannot be made: ${error instanceof Error ? error.message : error}`,
      { cause: error },
    )
  }
  const found = await stat(file).catch(() => null)
  if (found && !found.isFile()) {
    throw new InvalidOptionError(
      `${file} is ${found.isDirectory() ? 'a folder' : 'not a file'}. Name a file in it, such as sqlite:${join(file, 'news.db')}.`,
    )
  }
}
