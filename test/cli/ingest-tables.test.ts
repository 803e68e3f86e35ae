import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { openStore } from '../../src/store/open-store.ts'
import type { DatabaseServer } from '../support/database-process.ts'
import { findMariadb, startMariadb } from '../support/mariadb-server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { onward, outputsOf, start } from './run-onward.ts'

const mapping = JSON.stringify({
  table: 'articles',
  columns: { id: 'id', title: 'title', body: 'body', publishedAt: 'updated_at' },
  since: 'updated_at',
})

describe('onward ingest with the tables of a content system', { skip: findMariadb().reason, timeout: 240_000 }, () => {
  let server: DatabaseServer
  before(async () => {
    server = await startMariadb()
  })
  after(() => server[Symbol.asyncDispose]())

  async function cms(rows: number): Promise<string> {
    const url = await server.createDatabase()
    await server.admin(`USE ${new URL(url).pathname.slice(1)};
      CREATE TABLE articles (id INT PRIMARY KEY, title TEXT, body TEXT, updated_at DATETIME);
      INSERT INTO articles SELECT seq, CONCAT('Title ', seq), REPEAT('words ', 300), '2026-11-02 09:30:00' FROM seq_1_to_${rows}`)
    return url
  }

  it('stores them, and a second time changes nothing', async () => {
    await using folder = await temporaryFolder()
    await writeFile(folder.file('cms.json'), mapping)
    const url = await cms(300)
    // The driver must not take a time for one of this machine.
    const env = { TZ: 'America/New_York' }
    const first = await onward(['ingest', url, '--mapping', 'cms.json'], folder, { env })
    assert.equal(first.code, 0, first.err)
    assert.match(first.out, /300 records from 1 source: 300 new/)
    {
      await using store = await openStore(`sqlite:${folder.file('onward.db')}`)
      const read = await store.readArticle('7', { now: Date.parse('2026-11-03') })
      assert.equal(read.state === 'found' && read.article.publishedAt, '2026-11-02T09:30:00.000Z')
    }
    const { out } = await onward(['ingest', url, '--mapping', 'cms.json'], folder)
    assert.match(out, /0 new, 0 changed, 300 unchanged/)
  })

  it('follows them with --every, and stops when it is told to', async () => {
    await using folder = await temporaryFolder()
    await writeFile(folder.file('cms.json'), mapping)
    const url = await cms(20)
    const child = start(['ingest', url, '--mapping', 'cms.json', '--every', '1s'], folder)
    const done = outputsOf(child)
    let said = ''
    const changed = Promise.withResolvers<void>()
    const following = Promise.withResolvers<void>()
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (/Following 1 source every 1\.0 s/.test(said)) following.resolve()
      if (/ 1 changed/.test(said)) changed.resolve()
    })
    await Promise.race([following.promise, done])
    const name = new URL(url).pathname.slice(1)
    await server.admin(
      `UPDATE ${name}.articles SET title = 'Corrected', updated_at = '2026-11-02 09:31:00' WHERE id = 3`,
    )
    await Promise.race([changed.promise, done])
    child.kill('SIGINT')
    const { code, out, err } = await done
    assert.equal(code, 0, err)
    assert.match(out, /20 new[\s\S]*Following 1 source[\s\S]* 0 new, 1 changed/)
  })

  it('says what was rejected by table and row', async () => {
    await using folder = await temporaryFolder()
    await writeFile(folder.file('cms.json'), mapping)
    const url = await cms(2)
    await server.admin(
      `INSERT INTO ${new URL(url).pathname.slice(1)}.articles VALUES (3, '', NULL, '2026-11-02 09:30:00')`,
    )
    const { code, err } = await onward(['ingest', url, '--mapping', 'cms.json', '--dry-run'], folder)
    assert.equal(code, 0)
    assert.match(err, /mysql:\/\/127\.0\.0\.1:\d+\/news\d+#articles, row 3: title: is missing, and so is body/)
    assert.doesNotMatch(err, /secret/)
  })

  it('keeps what was stored when the server dies in the middle, says so, and ends with 1', async () => {
    await using folder = await temporaryFolder()
    await writeFile(folder.file('cms.json'), mapping)
    const url = await cms(60_000)
    const child = start(['ingest', url, '--mapping', 'cms.json'], folder)
    const done = outputsOf(child)
    // Progress comes every two seconds: by the first of it some are stored, and far from all.
    await Promise.race([once(child.stderr ?? child, 'data'), done])
    await server.kill()
    const { code, out, err } = await done
    await server.restart()
    assert.equal(code, 1)
    const [, stored = 0] = (/records from 1 source: (\d+) new/.exec(out) ?? []).map(Number)
    assert.ok(stored > 0 && stored < 60_000, out)
    assert.match(err, /#articles: .*(?:cut|Nothing listens|shut down)/)
    assert.doesNotMatch(err, /secret|unexpected|\n\s+at /)
    assert.match(err, /reading: \d+ articles \(\d+%\)/, 'how far it is, is told in percent')
  })

  it('is refused before anything is asked when the command line does not fit together', async () => {
    await using folder = await temporaryFolder()
    await writeFile(folder.file('bad.json'), '{"table": "a", "columns": {"id": "id"}, "sinse": "x"}')
    const url = 'mysql://u:secret@127.0.0.1:1/cms'
    const wrong: ReadonlyArray<readonly [string[], RegExp]> = [
      [[url], /said with --mapping: wordpress, ghost, or a file/],
      [['a.jsonl', '--mapping', 'ghost'], /no database was named/],
      [
        [url, '--mapping', 'none.json'],
        /mapping none\.json cannot be read: .*Expected wordpress, ghost, or a JSON file/,
      ],
      [
        [url, '--mapping', 'bad.json'],
        /cannot be used:\n +sinse: is not known.*\n +columns\.title: is missing[\s\S]*since: is missing/,
      ],
      [['sqlite:cms.db', '--mapping', 'ghost'], /not out of a SQLite file/],
      [['mysql://u:secret@127.0.0.1/', '--mapping', 'ghost'], /The source's URL names no database/],
    ]
    for (const [given, expected] of wrong) {
      const { code, err } = await onward(['ingest', ...given], folder)
      assert.equal(code, 2, err)
      assert.match(err, expected)
      assert.doesNotMatch(err, /secret/)
    }
  })

  it('says what is wrong with a server that cannot be reached, without the password', async () => {
    await using folder = await temporaryFolder()
    const { code, err } = await onward(['ingest', 'mysql://u:secret@127.0.0.1:1/cms', '--mapping', 'wordpress'], folder)
    assert.equal(code, 1)
    assert.match(err, /mysql:\/\/127\.0\.0\.1:1\/cms#wp_posts: Nothing listens there/)
    assert.doesNotMatch(err, /secret/)
  })
})
