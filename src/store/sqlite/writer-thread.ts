import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { PreparedArticle } from '../../article/article.ts'
import { decidePublication, type Tombstone } from '../../article/publication.ts'
import { answerRequests } from '../../concurrency/thread.ts'
import { columnsOf, storedPublication } from '../article-row.ts'
import { checkRailItems } from '../check-rail-items.ts'
import type { PutResult } from '../store.ts'
import { hostDatabase } from './host-database.ts'
import { inTransaction, openForWriting, sleep } from './open-database.ts'
import type { Handlers, ThreadSettings, Writes } from './requests.ts'
import { checkSameFile } from './same-file.ts'
import { writeSql } from './sql.ts'

/** The one thread of this process that writes. */
answerRequests(
  hostDatabase<Writes>(openForWriting, writeHandlers, (db) => {
    foldLog(db)
  }),
)

function writeHandlers(db: DatabaseSync, { file, identity, busyMs }: ThreadSettings): Handlers<Writes> {
  const statement = Object.fromEntries(
    Object.entries(writeSql).map(([name, sql]) => [name, db.prepare(sql)]),
  ) as Statements
  const turn = turns()
  const transaction = <Result>(work: () => Result): Result =>
    turn(() =>
      inTransaction(db, busyMs, () => {
        const result = work()
        // Last before the commit: what is acknowledged is in the file that the next start will find.
        checkSameFile(file, identity)
        return result
      }),
    )

  return {
    open: () => identity ?? '',

    put({ articles, now, republish }) {
      const results = transaction(() => articles.map((prepared) => put(statement, prepared, { now, republish })))
      if (results.some(({ outcome }) => outcome === 'withdrawn')) forgetText(db)
      return results
    },

    withdraw({ id, now }) {
      const answer = transaction(() => {
        const stored = statement.stored.get({ id })
        if (!stored) return { outcome: 'missing', withdrawnAt: null } as const
        if (stored.status === 'withdrawn') {
          return { outcome: 'already-withdrawn', withdrawnAt: String(stored.withdrawn_at) } as const
        }
        const { publishedAt, updatedAt, firstSeenAt } = storedPublication(stored)
        const withdrawnAt = new Date(now).toISOString()
        bury(statement, id, { publishedAt, updatedAt, firstSeenAt, withdrawnAt }, now)
        return { outcome: 'withdrawn', withdrawnAt } as const
      })
      if (answer.outcome === 'withdrawn') forgetText(db)
      return answer
    },

    lift: ({ now }) =>
      transaction(() => {
        const { changes } = statement.announceLifted.run({ now })
        if (changes > 0) statement.markLifted.run({ now })
        return Number(changes)
      }),

    rails({ rails, cursor, version = cursor, lease, now }) {
      for (const { items } of rails) checkRailItems(items)
      return transaction(() => {
        if (!statement.holdsLease.get(lease)) return false
        const generatedAt = new Date(now).toISOString()
        let written = Number(statement.lastWritten.get()?.seq ?? 0)
        for (const { articleId, items } of rails) {
          written++
          statement.putRail.run({ id: articleId, items, version, generatedAt, written })
        }
        statement.moveCursor.run({ name: 'rail', seq: written })
        statement.moveCursor.run({ name: 'index', seq: cursor })
        return true
      })
    },

    takeLease: ({ name, holder, forMs, now }) =>
      transaction(() => {
        const row = statement.takeLease.get({ name, holder, forMs, now })
        return row ? Number(row.token) : null
      }),

    releaseLease: ({ name, holder }) =>
      transaction(() => {
        statement.releaseLease.run({ name, holder })
        return null
      }),
  }
}

type Statements = Record<keyof typeof writeSql, StatementSync>

function put(statement: Statements, prepared: PreparedArticle, rules: { now: number; republish: boolean }): PutResult {
  const { id } = prepared.input
  const row = statement.stored.get({ id })
  const decided = decidePublication(row ? storedPublication(row) : null, prepared, rules)
  switch (decided.outcome) {
    case 'created':
    case 'updated': {
      statement.put.run({
        ...columnsOf(decided.article, decided.visibleFrom, rules.now),
        fingerprint: prepared.fingerprint,
      })
      return { id, outcome: decided.outcome, seq: recordChange(statement, id, rules.now) }
    }
    case 'withdrawn':
      return { id, outcome: 'withdrawn', seq: bury(statement, id, decided.tombstone, rules.now) }
    default:
      return { id, outcome: decided.outcome, seq: null }
  }
}

function bury(statement: Statements, id: string, tombstone: Tombstone, now: number): number {
  statement.bury.run({ id, ...tombstone })
  statement.deleteRail.run({ id })
  return recordChange(statement, id, now)
}

function recordChange(statement: Statements, id: string, now: number): number {
  return Number(statement.change.run({ id, now }).lastInsertRowid)
}

/**
 * Lets another process have its turn: SQLite's lock goes to whoever looks first, and a thread that works through a long
 * load takes it again within microseconds. After a long transaction comes a pause in which the others find it free.
 */
function turns(): <Result>(work: () => Result) => Result {
  let freeSince = 0
  let wasLong = false
  return (work) => {
    const waited = performance.now() - freeSince
    if (wasLong && waited < pauseMs) sleep(pauseMs - waited)
    const startedAt = performance.now()
    try {
      return work()
    } finally {
      freeSince = performance.now()
      wasLong = freeSince - startedAt > longMs
    }
  }
}

const longMs = 10
// Twice as long as another process waits between two looks.
const pauseMs = 2

/**
 * Takes the text of what was taken down out of the log too: `secure_delete` overwrites it in the file, but the log
 * keeps the old page until it is folded in and cut off.
 */
function forgetText(db: DatabaseSync, againAfterMs = 50): void {
  if (!db.isOpen || foldLog(db)) return
  // A reader is just looking at the old state. They take milliseconds; a stuck one must not be waited for.
  setTimeout(() => forgetText(db, Math.min(againAfterMs * 2, 5000)), againAfterMs).unref()
}

/** Whether the whole log was folded into the file and cut off. */
function foldLog(db: DatabaseSync): boolean {
  try {
    return db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.busy === 0
  } catch {
    // Tidying up is never why a write that was committed fails: what is in the log is safe there.
    return false
  }
}
