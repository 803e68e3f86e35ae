import assert from 'node:assert/strict'
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { InvalidOptionError, StoreUnavailableError } from '../../src/errors.ts'
import { openStore, temporaryStoreFolder } from '../../src/store/open-store.ts'
import { migrations } from '../../src/store/sqlite/migrations.ts'
import { applicationId } from '../../src/store/sqlite/open-database.ts'
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import type { Store } from '../../src/store/store.ts'
import { keepsWhatWasAcknowledged } from './killed-publisher.ts'
import { numberedArticle } from './numbered-article.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onward-test-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('the name of a store', () => {
  const refused: ReadonlyArray<[url: string, says: RegExp]> = [
    ['', /no scheme.*sqlite:PATH/],
    ['news.db', /Did you mean sqlite:news\.db\?/],
    ['sqlite:', /names no file/],
    ['sqlite::memory:', /in memory.*temporary file instead, such as sqlite:/],
    ['sqlite://:memory:', /in memory/],
    ['sqlite:file.db?mode=memory', /in memory/],
    ['sqlite:news.db?cache=shared', /no parameters/],
    ['sqlite:a\0b', /no NUL/],
    ['sqlite://news.db', /Write sqlite:news\.db/],
    ['oracle://editor:secret@db/news', /"oracle" is not known.*sqlite:PATH/],
    ['editor:secret@db', /is not known|no scheme/],
  ]
  for (const [url, says] of refused) {
    it(`${JSON.stringify(url)} is refused with what is accepted`, async () => {
      await assert.rejects(openStore(url), (error) => {
        assert.ok(error instanceof InvalidOptionError)
        assert.match(error.message, says)
        assert.doesNotMatch(error.message, /secret/)
        return true
      })
    })
  }

  it('leads to one file however it is written, and its folder is made', async () => {
    const file = join(folder, 'deep', 'er', 'news.db')
    {
      await using store = await openStore(`sqlite:${file}`)
      await store.putArticles([numberedArticle(1)], { now, republish: false })
    }
    await using again = await openStore(`SQLite://${file}`)
    assert.equal((await again.readArticle('1', { now })).state, 'found')
    assert.equal(again.location, `sqlite:${file}`)
  })

  it('of a temporary store is removed with its folder', async () => {
    const temporary = await temporaryStoreFolder()
    const file = temporary.url.slice('sqlite:'.length)
    await (await openStore(temporary.url))[Symbol.asyncDispose]()
    await temporary[Symbol.asyncDispose]()
    await assert.rejects(readFile(file), { code: 'ENOENT' })
  })
})

describe('a file that cannot be the store', () => {
  it('because it is a folder is refused', async () => {
    await assert.rejects(openStore(`sqlite:${folder}`), (error) => {
      assert.ok(error instanceof InvalidOptionError)
      assert.match(error.message, /is a folder/)
      return true
    })
  })

  it('because its folder would stand below a file is refused', async () => {
    await writeFile(join(folder, 'file'), '')
    await assert.rejects(openStore(`sqlite:${join(folder, 'file', 'news.db')}`), StoreUnavailableError)
  })

  it('because it is no database is refused, and left as it is', async () => {
    const file = join(folder, 'letter.txt')
    const letter = 'Dear editor, '.repeat(500)
    await writeFile(file, letter)
    await assert.rejects(openStore(`sqlite:${file}`), (error) => {
      assert.ok(error instanceof StoreUnavailableError)
      assert.match(error.message, /letter\.txt is not a database that onward wrote/)
      assert.ok(error.cause instanceof Error)
      return true
    })
    assert.equal(await readFile(file, 'utf8'), letter)
  })

  it("because it is another program's database is refused, and left as it is", async () => {
    const file = join(folder, 'places.db')
    {
      using other = new DatabaseSync(file)
      other.exec('CREATE TABLE bookmark (url TEXT); PRAGMA user_version = 1')
    }
    const before = await readFile(file)
    await assert.rejects(openStore(`sqlite:${file}`), (error) => {
      assert.ok(error instanceof InvalidOptionError)
      assert.match(error.message, /places\.db is a SQLite database of another program/)
      return true
    })
    assert.deepEqual(await readFile(file), before)
  })

  it('because a newer onward wrote it is refused with both versions', async () => {
    const file = join(folder, 'news.db')
    await (await openStore(`sqlite:${file}`))[Symbol.asyncDispose]()
    {
      using newer = new DatabaseSync(file)
      newer.exec('PRAGMA user_version = 99')
    }
    await assert.rejects(openStore(`sqlite:${file}`), (error) => {
      assert.ok(error instanceof InvalidOptionError)
      assert.match(error.message, /newer onward \(schema 99; this one knows up to \d+\)/)
      return true
    })
  })

  const isRoot = process.getuid?.() === 0
  it('because it is read-only is refused with what to do', {
    skip: isRoot ? 'root may write to every file' : false,
  }, async () => {
    const file = join(folder, 'news.db')
    await (await openStore(`sqlite:${file}`))[Symbol.asyncDispose]()
    await chmod(file, 0o444)
    await assert.rejects(openStore(`sqlite:${file}`), (error) => {
      assert.ok(error instanceof StoreUnavailableError)
      assert.match(error.message, /cannot be written to/)
      return true
    })
  })

  it('because it was damaged is reported as damaged', async () => {
    const file = join(folder, 'news.db')
    {
      await using store = await openStore(`sqlite:${file}`)
      const batch = Array.from({ length: 200 }, (_, index) => numberedArticle(index))
      await store.putArticles(batch, { now, republish: false })
    }
    const bytes = await readFile(file)
    // What comes first is the schema: a file without one is refused when it is opened.
    bytes.fill(0xff, bytes.length / 2)
    await writeFile(file, bytes)
    await using store = await openStore(`sqlite:${file}`)
    await assert.rejects(store.readIndexPage({ afterId: '', limit: 500, now }), (error) => {
      assert.ok(error instanceof StoreUnavailableError)
      assert.match(error.message, /news\.db is damaged/)
      return true
    })
  })
})

describe('a store that several use', () => {
  it('is created once when many open it at the same time', async () => {
    const url = `sqlite:${join(folder, 'news.db')}`
    const stores = await Promise.all(Array.from({ length: 3 }, () => openStore(url)))
    const writes = stores.map((store, index) => store.putArticles([numberedArticle(index)], { now, republish: false }))
    await Promise.all(writes)
    assert.equal((await stores[0]?.readStatus({ now }))?.lastSeq, 3)
    for (const store of stores) await store[Symbol.asyncDispose]()
  })

  it('leaves one file and no log when the last has closed it', async () => {
    const url = `sqlite:${join(folder, 'news.db')}`
    const [one, two] = [await openStore(url), await openStore(url)]
    await one.putArticles([numberedArticle(1)], { now, republish: false })
    await one[Symbol.asyncDispose]()
    assert.equal((await two.readArticle('1', { now })).state, 'found')
    await two[Symbol.asyncDispose]()
    assert.deepEqual(await readdir(folder), ['news.db'])
  })

  it('leaves no log although it failed to open', async () => {
    await mkdir(join(folder, 'sub'))
    const file = join(folder, 'sub', 'news.db')
    await writeFile(file, 'x'.repeat(9000))
    await assert.rejects(openStore(`sqlite:${file}`))
    assert.deepEqual(await readdir(join(folder, 'sub')), ['news.db'])
  })

  it('lets another write while one works through a long load', async () => {
    const url = `sqlite:${join(folder, 'news.db')}`
    await using loading = await openStore(url)
    await using other = await openStore(url)
    const batch = Array.from({ length: 8000 }, (_, index) => numberedArticle(index))
    let isLoaded = false
    const load = loading.putArticles(batch, { now, republish: false }).finally(() => {
      isLoaded = true
    })
    while ((await loading.readStatus({ now })).lastSeq === 0) await new Promise((resolve) => setImmediate(resolve))
    await other.putArticles([numberedArticle(-1)], { now, republish: false })
    assert.equal(isLoaded, false)
    await load
  })

  it('says that another process holds it when that one never finishes, and goes on once it has', async () => {
    const file = join(folder, 'news.db')
    await using store = await openStore(`sqlite:${file}`, { busyMs: 20 })
    {
      using other = new DatabaseSync(file)
      other.exec('BEGIN IMMEDIATE')
      await assert.rejects(store.putArticles([numberedArticle(1)], { now, republish: false }), (error) => {
        assert.ok(error instanceof StoreUnavailableError)
        assert.match(error.message, /Another process has been writing to news\.db/)
        return true
      })
      assert.equal((await store.readArticle('1', { now })).state, 'missing')
      other.exec('ROLLBACK')
    }
    const [result] = await store.putArticles([numberedArticle(1)], { now, republish: false })
    assert.equal(result?.outcome, 'created')
  })

  it('keeps every article that was acknowledged when the process is killed', async () => {
    await keepsWhatWasAcknowledged(`sqlite:${join(folder, 'news.db')}`, now)
  })
})

describe('a store whose file is taken away while it is open', () => {
  const isRefused = (work: Promise<unknown>) =>
    assert.rejects(work, (error) => {
      assert.ok(error instanceof StoreUnavailableError)
      assert.match(error.message, /news\.db was removed or replaced while it was open.*put the file back, start again/)
      return true
    })

  const put = (store: Store, number: number) => store.putArticles([numberedArticle(number)], { now, republish: false })

  async function opened(file: string) {
    const store = await openStore(`sqlite:${file}`)
    await put(store, 1)
    return store
  }

  const removeAll = async (file: string) => {
    for (const end of ['', '-wal', '-shm']) await rm(file + end)
  }

  it('acknowledges no write and is not ready when it was removed, and goes on reading', async () => {
    const file = join(folder, 'news.db')
    await using store = await opened(file)
    await removeAll(file)
    await isRefused(put(store, 2))
    await isRefused(store.withdrawArticle('1', { now }))
    await isRefused(store.takeLease({ name: 'l', holder: 'h', forMs: 1000, now }))
    await isRefused(store.readStatus({ now }))
    assert.equal((await store.readArticle('1', { now })).state, 'found')
    assert.equal((await store.readArticle('2', { now })).state, 'missing')
    assert.deepEqual(await readdir(folder), [])
  })

  it('acknowledges no write and is not ready when another file stands in its place, and leaves that one alone', async () => {
    const file = join(folder, 'news.db')
    await using store = await opened(file)
    const other = join(folder, 'other.db')
    await (await openStore(`sqlite:${other}`))[Symbol.asyncDispose]()
    const bytes = await readFile(other)
    await rename(other, file)
    await isRefused(put(store, 2))
    await isRefused(store.readStatus({ now }))
    assert.equal((await store.readArticle('1', { now })).state, 'found')
    await store[Symbol.asyncDispose]()
    assert.deepEqual(await readFile(file), bytes)
  })

  it('leaves no log behind that would be worked into the file in its place', async () => {
    const file = join(folder, 'news.db')
    await using store = await opened(file)
    const backup = join(folder, 'backup.db')
    await (await openStore(`sqlite:${backup}`))[Symbol.asyncDispose]()
    await put(store, 2)
    await rename(backup, file)
    await store[Symbol.asyncDispose]()
    await using again = await openStore(`sqlite:${file}`)
    assert.equal((await again.readStatus({ now })).articles.visible, 0)
  })

  it('makes no new file, and reads no other, when its threads start again', async () => {
    const file = join(folder, 'news.db')
    await using store = await opened(file)
    assert.ok(store instanceof SqliteStore)
    await store.crash()
    await copyFile(file, join(folder, 'kept.db'))
    await removeAll(file).catch(() => {})
    await isRefused(put(store, 2))
    await isRefused(store.readArticle('1', { now }))
    assert.deepEqual(await readdir(folder), ['kept.db'])
    await rename(join(folder, 'kept.db'), file)
    await isRefused(store.readRail('1', { now, limit: 6 }))
  })

  it('goes on when the same file is put back', async () => {
    const file = join(folder, 'news.db')
    await using store = await opened(file)
    const aside = join(folder, 'aside.db')
    await rename(file, aside)
    await isRefused(put(store, 2))
    await rename(aside, file)
    await put(store, 2)
    assert.equal((await store.readStatus({ now })).articles.visible, 2)
  })
})

describe('a store of an older schema', () => {
  it('counts what it held before, and what comes', async () => {
    const file = join(folder, 'news.db')
    {
      using old = new DatabaseSync(file)
      old.exec(`${migrations[0]} PRAGMA application_id = ${applicationId}; PRAGMA user_version = 1`)
      const insert = old.prepare(
        `INSERT INTO article (id, status, visible_from, lifted, published_at, updated_at, first_seen_at, withdrawn_at,
           fingerprint, summary, document)
         SELECT :id, :status, 0, 1, :at, :at, :at, iif(:status = 'withdrawn', :at, NULL), text, text, text
         FROM (SELECT iif(:status = 'withdrawn', NULL, '{}') AS text)`,
      )
      const at = new Date(now).toISOString()
      for (const [index, status] of ['published', 'published', 'published', 'draft', 'withdrawn'].entries()) {
        insert.run({ id: `old-${index}`, status, at })
      }
      old.exec(`INSERT INTO rail VALUES ('old-1', 1, '${at}', '[]'), ('old-2', 1, '${at}', '[]')`)
    }
    await using store = await openStore(`sqlite:${file}`)
    await store.putArticles([numberedArticle(1)], { now, republish: false })
    await store.withdrawArticle('old-1', { now })
    const { articles, rails } = await store.readStatus({ now })
    assert.deepEqual({ articles, rails }, { articles: { visible: 3, hidden: 1, withdrawn: 2 }, rails: 1 })
  })
})

describe('the text of an article that was taken down', () => {
  it('is in no file of the store any more, nor is what it said before it was corrected', async () => {
    const file = join(folder, 'news.db')
    await using store = await openStore(`sqlite:${file}`)
    const secret = (word: string) => `${word} of the harbour master. `.repeat(900)
    const others = Array.from({ length: 50 }, (_, index) => numberedArticle(index))
    const put = (body: string) =>
      store.putArticles([numberedArticle(99, { body, title: body.slice(0, 20), section: 'Harbourmaster' })], {
        now,
        republish: false,
      })
    await put(secret('Confession'))
    await store.putArticles(others, { now, republish: false })
    await put(secret('Correction'))
    assert.ok((await wordsInFiles()).includes('Confession') && (await wordsInFiles()).includes('Correction'))
    await store.withdrawArticle('99', { now })
    assert.deepEqual(await wordsInFiles(), [])

    async function wordsInFiles(): Promise<string[]> {
      const files = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name))))
      return ['Confession', 'Correction', 'Harbourmaster'].filter((word) => files.some((bytes) => bytes.includes(word)))
    }
  })
})

const now = Date.parse('2026-11-02T09:30:00.000Z')
