import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { onward } from './run-onward.ts'

const publishedAt = '2026-03-02T08:00:00Z'
const ferry = (id: string, more: object = {}) =>
  JSON.stringify({
    id,
    title: 'Ferry to Skarholm returns after the storm',
    body: `The harbour of Skarholm sees its ferry again; captain Ines Holt spoke to ${id} of waves and ice.`,
    publishedAt,
    ...more,
  })

describe('onward related', { timeout: 120_000, concurrency: 2 }, () => {
  it('sees what a store would see: later lines take down, correct, and do not go back', async () => {
    await using folder = await temporaryFolder()
    const lines = [
      ferry('a'),
      ferry('b'),
      ferry('c', { updatedAt: '2026-03-02T12:00:00Z', title: 'Skarholm ferry: the corrected title' }),
      '{"id":"b","status":"withdrawn"}',
      ferry('b'),
      ferry('c', { updatedAt: '2026-03-02T09:00:00Z', title: 'Skarholm ferry: the title of before' }),
      ferry('d'),
      ferry('d', { status: 'draft', body: 'It was published too early.' }),
    ]
    await writeFile(folder.file('news.jsonl'), lines.join('\n'))
    await onward(['ingest', 'news.jsonl'], folder)
    const fromFile = await onward(['related', 'news.jsonl', '--all'], folder)
    const fromStore = await onward(['related', 'sqlite:onward.db', '--all'], folder)
    assert.match(fromFile.out, /^a {2}Ferry.*^c {2}Skarholm ferry: the corrected title$/ms)
    assert.equal(fromFile.out, fromStore.out)
    const gone = await onward(['related', 'news.jsonl', '--id', 'b'], folder)
    assert.equal(gone.code, 2)
    assert.match(gone.err, /no article with the id "b" among the 2/)
  })

  it('reports a file that cannot be read, goes on with the others, and exits with 1', async () => {
    await using folder = await temporaryFolder()
    await mkdir(folder.file('news'))
    await writeFile(folder.file('news', 'a.txt'), 'hello')
    await writeFile(folder.file('news', 'b.jsonl'), `${ferry('a')}\n${ferry('b')}\n`)
    const { code, out, err } = await onward(['related', 'news', '--all', '--format', 'jsonl'], folder)
    assert.equal(code, 1)
    assert.match(err, /a\.txt.*neither XML nor JSON/)
    assert.deepEqual(
      out
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { id: string }).id),
      ['a', 'b'],
    )
  })

  it('says that a store does not exist, and makes none', async () => {
    await using folder = await temporaryFolder()
    for (const url of [
      'sqlite:none.db',
      `sqlite:${folder.file('deep', 'none.db')}`,
      `sqlite://${folder.file('n.db')}`,
    ]) {
      const { code, err } = await onward(['related', url, '--all'], folder)
      assert.equal(code, 1)
      assert.match(err, /The store .*n.*\.db does not exist/)
    }
    assert.ok(!existsSync(folder.file('none.db')))
    assert.ok(!existsSync(folder.file('deep')))
  })
})
