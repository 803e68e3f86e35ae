import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { openStore } from '../../src/store/open-store.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { checkOf, complaints, examine } from './examine.ts'

describe('the doctor at SQLite', () => {
  it('finds nothing wrong with a store that was opened, and changes nothing', async () => {
    await using folder = await temporaryFolder()
    const file = folder.file('news.db')
    await (await openStore(`sqlite:${file}`))[Symbol.asyncDispose]()
    const before = await readFile(file)
    const examination = await examine(`sqlite:${file}`)
    assert.deepEqual(complaints(examination), {})
    assert.deepEqual(
      examination.checks.map(({ name }) => name),
      ['rights', 'schema', 'soundness', 'disk'],
    )
    assert.ok(before.equals(await readFile(file)))
    assert.deepEqual(await readdir(folder.path), ['news.db'])
  })

  it('takes a file that is not there for what it is before a first start, and makes none', async () => {
    await using folder = await temporaryFolder()
    const examination = await examine(`sqlite:${folder.file('new', 'news.db')}`)
    assert.deepEqual(complaints(examination), {})
    assert.match(checkOf(examination, 'file').found, /not there yet, as before a first start/)
    assert.ok(!existsSync(folder.file('new')))
  })

  it("tells a folder, another program's file, a newer onward's, what is no database, and one that is damaged", async () => {
    await using folder = await temporaryFolder()
    assert.match(checkOf(await examine(`sqlite:${folder.path}`), 'file').found, /is a folder/)

    const other = folder.file('other.db')
    using db = new DatabaseSync(other)
    db.exec('CREATE TABLE t (x)')
    assert.match(checkOf(await examine(`sqlite:${other}`), 'tables').found, /of another program/)

    const text = folder.file('text.db')
    await writeFile(text, 'This is a letter, and not a database. '.repeat(100))
    assert.match(checkOf(await examine(`sqlite:${text}`), 'file').found, /not a database that onward wrote/)

    const file = folder.file('news.db')
    await (await openStore(`sqlite:${file}`))[Symbol.asyncDispose]()
    using own = new DatabaseSync(file)
    own.exec('PRAGMA user_version = 99')
    assert.match(checkOf(await examine(`sqlite:${file}`), 'schema').found, /of a newer onward \(schema 99/)
    own.exec('PRAGMA user_version = 1; PRAGMA wal_checkpoint(TRUNCATE)')
    own.close()
    const bytes = await readFile(file)
    bytes.fill(0xff, 4096 * 2, 4096 * 6)
    await writeFile(file, bytes)
    const damaged = await examine(`sqlite:${file}`)
    assert.ok(
      damaged.checks.some(({ state, found }) => state === 'fail' && /damaged/.test(found)),
      JSON.stringify(damaged),
    )
  })

  it('says what a URL should look like', async () => {
    assert.match(checkOf(await examine('news.db'), 'address').found, /Did you mean sqlite:news\.db\?/)
  })
})
