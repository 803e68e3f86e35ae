import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { onward, sample } from './run-onward.ts'

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

  it('says why an article is not in a rail, in a sentence and in figures', async () => {
    await using folder = await temporaryFolder()
    const lines = [
      ferry('a'),
      ferry('b', {
        title: 'Skarholm cheers as the ferry is back',
        body: 'The ferry came back to Skarholm harbour at noon.',
      }),
      ferry('c', { title: 'Cheese fair', body: 'Forty stalls and a brass band on the green, and no boats at all.' }),
      ferry('later', { embargoedUntil: '2999-01-01T00:00:00Z' }),
    ]
    await writeFile(folder.file('news.jsonl'), lines.join('\n'))
    const whyNot = async (other: string, ...more: string[]) => {
      const { code, out } = await onward(['related', 'news.jsonl', '--id', 'a', '--why-not', other, ...more], folder)
      assert.equal(code, 0)
      return out
    }
    assert.match(
      await whyNot('b'),
      /It stands at place 1, with a score of 0\.\d+\.[\s\S]*likeness of the texts[\s\S]*In common: /,
    )
    assert.match(await whyNot('later'), /It is under embargo, and such an article is in no rail/)
    const { absence, parts } = JSON.parse(await whyNot('c', '--format', 'jsonl')) as {
      absence: { kind: string; floor: number }
      parts: { text: number }
    }
    assert.equal(absence.kind, 'below-floor')
    assert.ok(parts.text < absence.floor)
  })

  it('shows what a change of rules does to the rails, why, and to the figures', async () => {
    await using folder = await temporaryFolder()
    await writeFile(folder.file('old.json'), '{}')
    await writeFile(folder.file('new.json'), '{"minScore": 0.3}')
    const text = await onward(['related', sample, '--diff', 'old.json', 'new.json'], folder)
    assert.equal(text.code, 0)
    assert.match(
      text.out,
      /^ {2}- \S+ .*\(was at place \d+\)\n {6}Its score is 0\.\d+, which is below the minScore of 0\.300\./m,
    )
    assert.match(text.out, /\d+ of 91 rails change within their first 10/)
    assert.match(text.out, /^new rules - old rules +-0\.\d+ \[/m)

    const jsonl = await onward(
      ['related', sample, '--diff', 'old.json', 'new.json', '--all', '--format', 'jsonl'],
      folder,
    )
    const rows = jsonl.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    const { summary } = rows.at(-1) as { summary: { changed: number; entering: number } }
    assert.equal(rows.length - 1, summary.changed)
    // A higher floor lets nothing in.
    assert.equal(summary.entering, 0)
  })

  it('prints the rails as other rules would have them', async () => {
    await using folder = await temporaryFolder()
    await writeFile(folder.file('rules.json'), '{"limit": 1}')
    const { out } = await onward(['related', sample, '--all', '--rules', 'rules.json', '--format', 'jsonl'], folder)
    const rows = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { related: unknown[] })
    assert.ok(rows.every(({ related }) => related.length <= 1) && rows.some(({ related }) => related.length === 1))
  })

  it('refuses flags that do not go together, and rules that are none', async () => {
    await using folder = await temporaryFolder()
    await writeFile(folder.file('bad.json'), '{"minscore": 1}')
    await writeFile(folder.file('old.json'), '{}')
    for (const [given, expected] of [
      [['--why-not', '1'], /--why-not is asked of one article/],
      [['--diff', 'old.json'], /takes two files of rules, OLD and NEW; 1 came/],
      [['--diff', 'old.json', 'old.json', '--rules', 'old.json'], /takes neither/],
      [['--diff', 'old.json', 'bad.json'], /The rules bad\.json: minscore: is not known; known are/],
    ] as Array<[string[], RegExp]>) {
      const { code, err } = await onward(['related', sample, ...given], folder)
      assert.equal(code, 2, err)
      assert.match(err, expected)
    }
  })
})
