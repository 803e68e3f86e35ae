import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { InvalidOptionError, StoreUnavailableError } from '../../../src/errors.ts'
import { inWords, isBusy } from '../../../src/store/sqlite/failure.ts'
import { migrations } from '../../../src/store/sqlite/migrations.ts'
import { inTransaction, openForReading, openForWriting } from '../../../src/store/sqlite/open-database.ts'
import { readSql, writeSql } from '../../../src/store/sqlite/sql.ts'

describe('a statement of the store', () => {
  // The list of sections touches every article of an index.
  const countsAll = new Set(['sections'])

  for (const [name, sql] of Object.entries({ ...readSql, ...writeSql })) {
    it(`${name} finds its rows by an index and sorts no more than a rail`, () => {
      using db = new DatabaseSync(':memory:')
      for (const step of migrations) db.exec(step)
      const plan = db
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map(({ detail }) => String(detail))
      const scans = plan.filter((step) => /^SCAN (?!CONSTANT ROW|j |json_each)/.test(step))
      const sorts = plan.filter((step) => /TEMP B-TREE/.test(step))
      if (!countsAll.has(name)) {
        // A scan along an index that gives the order is a walk that LIMIT ends.
        assert.deepEqual(
          scans.filter((step) => !/USING (COVERING )?INDEX article_newest/.test(step)),
          [],
        )
        assert.deepEqual(name === 'railItems' ? [] : sorts, [])
      }
      assert.ok(
        plan.every((step) => !/SCAN (article|a|c|r|change|rail)$/.test(step)),
        plan.join('\n'),
      )
    })
  }
})

describe('a database file', () => {
  it('is opened as it must be to lose nothing', async () => {
    await using file = await temporaryFile()
    using db = openForWriting({ file: file.path, busyMs: 100 })
    const pragma = (name: string) => Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]
    assert.deepEqual(
      [pragma('journal_mode'), pragma('synchronous'), pragma('secure_delete'), pragma('user_version')],
      ['wal', 2, 1, migrations.length],
    )
  })

  it('cannot be written to through a reader', async () => {
    await using file = await temporaryFile()
    using writer = openForWriting({ file: file.path, busyMs: 100 })
    using reader = openForReading({ file: file.path, busyMs: 100 })
    assert.ok(writer.isOpen)
    assert.throws(() => reader.exec('DELETE FROM article'), /readonly/)
  })

  it('is migrated whole or not at all, and again without a change', async () => {
    await using file = await temporaryFile()
    openForWriting({ file: file.path, busyMs: 100 }).close()
    {
      using db = new DatabaseSync(file.path)
      db.exec(`INSERT INTO cursor VALUES ('kept', 1)`)
    }
    using again = openForWriting({ file: file.path, busyMs: 100 })
    assert.equal(again.prepare(`SELECT seq FROM cursor WHERE name = 'kept'`).get()?.seq, 1)
  })

  it('of which only the tables of another program are known is not touched', async () => {
    await using file = await temporaryFile()
    {
      using other = new DatabaseSync(file.path)
      other.exec('CREATE TABLE article (id)')
    }
    assert.throws(() => openForWriting({ file: file.path, busyMs: 100 }), InvalidOptionError)
  })

  it('is as before when a transaction fails in the middle', async () => {
    await using file = await temporaryFile()
    using db = openForWriting({ file: file.path, busyMs: 100 })
    assert.throws(() =>
      inTransaction(db, 100, () => {
        db.exec(`INSERT INTO cursor VALUES ('half', 1)`)
        throw new Error('half way')
      }),
    )
    assert.equal(db.isTransaction, false)
    assert.equal(db.prepare('SELECT count(*) AS n FROM cursor').get()?.n, 0)
  })
})

describe('a failure of the database', () => {
  it('of a full disk is said in words, and of what did not fit nothing is there', async () => {
    await using file = await temporaryFile()
    using db = openForWriting({ file: file.path, busyMs: 100 })
    db.exec('PRAGMA max_page_count = 30')
    const failure = caught(() =>
      inTransaction(db, 100, () => {
        for (let n = 0; n < 1000; n++) db.exec(`INSERT INTO cursor VALUES ('${n}${'x'.repeat(500)}', 1)`)
      }),
    )
    const said = inWords(failure, file.path)
    assert.ok(said instanceof StoreUnavailableError)
    assert.match(
      said.message,
      /^The disk that holds news\.db is full\. Free some space, then try again: this write was not stored\. \(SQLite 13: /,
    )
    assert.equal(said.cause, failure)
    assert.equal(db.prepare('SELECT count(*) AS n FROM cursor').get()?.n, 0)
  })

  it('by a lock is told from the others', async () => {
    await using file = await temporaryFile()
    using db = openForWriting({ file: file.path, busyMs: 100 })
    using other = openForWriting({ file: file.path, busyMs: 0 })
    db.exec('BEGIN IMMEDIATE')
    assert.ok(isBusy(caught(() => inTransaction(other, 5, () => {}))))
    assert.equal(isBusy(caught(() => other.exec('nonsense'))), false)
    db.exec('ROLLBACK')
  })

  it('that nobody foresaw names the file and what SQLite said', async () => {
    using db = new DatabaseSync(':memory:')
    const said = inWords(
      caught(() => db.exec('nonsense')),
      '/var/lib/news.db',
    )
    assert.ok(said instanceof StoreUnavailableError)
    assert.match(said.message, /The database news\.db failed\. \(SQLite 1: .*syntax error/)
  })

  it('that is no failure of the database stays what it is', () => {
    const own = new InvalidOptionError('own')
    const bug = new TypeError('bug')
    assert.equal(inWords(own, 'x.db'), own)
    assert.equal(inWords(bug, 'x.db'), bug)
  })
})

function caught(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return assert.fail('it should have failed')
}

async function temporaryFile() {
  const folder = await mkdtemp(join(tmpdir(), 'onward-test-'))
  return {
    path: join(folder, 'news.db'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
