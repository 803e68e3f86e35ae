import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { onward, start } from './run-onward.ts'

describe('onward generate', { timeout: 60_000, concurrency: 2 }, () => {
  it('prints JSON Lines that onward reads, the same for the same seed', async () => {
    const [first, second] = await Promise.all(
      [1, 1].map(() => onward(['generate', '--articles', '300', '--seed', '4'])),
    )
    assert.equal(first?.code, 0)
    assert.equal(first?.out, second?.out)
    assert.equal(first?.out.trim().split('\n').length, 300)
    await using folder = await temporaryFolder()
    const file = folder.file('news.jsonl.gz')
    assert.equal((await onward(['generate', '--articles', '300', '--seed', '4', '--out', file])).code, 0)
    assert.equal(gunzipSync(await readFile(file)).toString(), first?.out)
    const { code, out } = await onward(['ingest', file, '--dry-run'])
    assert.equal(code, 0)
    assert.match(out, /300 fit to be stored, 0 rejected/)
  })

  it('says what is wrong with a command line or a file', async () => {
    for (const [flags, code, expected] of [
      [[], 2, /required option '--articles <number>'/],
      [['--articles', '0'], 2, /whole number from 1 to/],
      [['--articles', '1', '--seed', '-1'], 2, /whole number from 0 to/],
      [['--articles', '1', '--out', '/nowhere/news.jsonl'], 1, /\/nowhere\/news\.jsonl cannot be written: ENOENT/],
    ] as const) {
      const result = await onward(['generate', ...flags])
      assert.equal(result.code, code)
      assert.match(result.err, expected)
    }
  })

  it('ends without a word when its reader has seen enough', async () => {
    const child = start(['generate', '--articles', '1000000'], undefined)
    child.stdout?.once('data', () => child.stdout?.destroy())
    let err = ''
    child.stderr?.on('data', (text: Buffer) => {
      err += text
    })
    const [code] = await once(child, 'exit')
    assert.equal(code, 0)
    assert.equal(err, '')
  })
})
