import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { open, writeFile } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { describe, it } from 'node:test'
import { openStore } from '../../src/store/open-store.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { addressIn, onward, outputsOf, saidBy, sample, start } from './run-onward.ts'

describe('onward whose reader has left', { timeout: 120_000, concurrency: 2 }, () => {
  it('ingests everything, rails too, when nobody reads its results', async () => {
    await using folder = await temporaryFolder()
    const child = start(['ingest', sample], folder)
    child.stdout?.destroy()
    assert.equal((await outputsOf(child)).code, 0)
    await using store = await openStore(`sqlite:${folder.file('onward.db')}`)
    const { articles, indexedSeq, lastSeq } = await store.readStatus({ now: Date.now() })
    assert.deepEqual([articles.visible, indexedSeq], [91, lastSeq])
  })

  it('ingests everything when nobody reads its warnings', async () => {
    await using folder = await temporaryFolder()
    await writeFile(folder.file('a.jsonl'), '{"id":"1","title":"A ferry returns"}\n{"id":"2"}\n')
    const child = start(['ingest', 'a.jsonl'], folder)
    child.stderr?.destroy()
    const { code, out } = await outputsOf(child)
    assert.equal(code, 0)
    assert.match(out, /1 new, .* 1 rejected.*Rails are up to date/s)
  })

  it('stops printing related articles, and that is no failure', async () => {
    const child = start(['related', sample, '--all'], undefined)
    child.stdout?.destroy()
    const { code, err } = await outputsOf(child)
    assert.equal(code, 0)
    assert.doesNotMatch(err, /stopped|unexpected|EPIPE|a second with reading and printing/)
  })

  it('serves on, and closes in order when it is told to', async () => {
    await using folder = await temporaryFolder()
    const child = start(['serve', '--sample', '--port', '0'], folder)
    const url = await addressIn(child)
    child.stderr?.destroy()
    child.stdout?.destroy()
    assert.equal((await fetch(new URL('/v1/articles/1', url))).status, 200)
    child.kill('SIGTERM')
    assert.deepEqual(await once(child, 'close'), [0, null])
  })
})

describe('onward whose output cannot be written', { timeout: 120_000, concurrency: 2, skip: noFullDisk() }, () => {
  for (const given of [['related', sample, '--all'], ['related', sample, '--id', '1'], ['ingest', sample], ['help']]) {
    it(`says so in a sentence and exits with 1: ${given[0]}`, async () => {
      await using folder = await temporaryFolder()
      await using full = await open('/dev/full', 'w')
      const { code, err } = await onward(given, folder, { stdio: ['ignore', full.fd, 'pipe'] })
      assert.equal(code, 1, err)
      assert.match(err, /onward: Standard output cannot be written: .*ENOSPC/)
      assert.doesNotMatch(err, /unexpected|\n\s+at /)
    })
  }
})

describe('the end of onward', { timeout: 120_000, concurrency: 2 }, () => {
  it('lets the requests under way finish, however often it is told to end', async () => {
    await using folder = await temporaryFolder()
    const child = start(['serve', '--sample', '--port', '0', '--rehearse', 'article=slow:700'], folder, {
      env: { ONWARD_ARTICLE_BUDGET_MS: '20000' },
    })
    const url = await addressIn(child)
    const done = outputsOf(child)
    // The answer 100 says that the server has the request.
    const asking = request(new URL('/v1/articles/1', url), { headers: { expect: '100-continue' } })
    asking.end()
    const answered = once(asking, 'response') as Promise<[IncomingMessage]>
    await once(asking, 'continue')
    child.kill('SIGTERM')
    await saidBy(child, /Stopping/)
    child.kill('SIGTERM')
    const [response] = await answered
    response.resume()
    assert.equal(response.statusCode, 200)
    assert.equal((await done).code, 0)
  })

  it('comes within a bound, although something is still open', async () => {
    const keepsOpen = `data:text/javascript,${encodeURIComponent('setInterval(() => {}, 1000)')}`
    const { code, out } = await onward(['--version'], undefined, { nodeFlags: ['--import', keepsOpen] })
    assert.equal(code, 0)
    assert.match(out, /^\d+\.\d+\.\d+/)
  })
})

function noFullDisk(): string | false {
  return existsSync('/dev/full') ? false : 'this system has no /dev/full'
}
