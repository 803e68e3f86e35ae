import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openStore } from '../../src/store/open-store.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { onward } from './run-onward.ts'

describe('onward doctor', { timeout: 120_000, concurrency: 2 }, () => {
  it('prints a line for each check, and ends with 0 when nothing fails', async () => {
    await using folder = await temporaryFolder()
    await (await openStore(`sqlite:${folder.file('onward.db')}`))[Symbol.asyncDispose]()
    const { code, out, err } = await onward(['doctor'], folder)
    assert.deepEqual([code, err], [0, ''])
    assert.match(out, /^store: sqlite:.*onward\.db\n {2}ok {4}rights {5}This user may write/)
  })

  it('ends with 1 when something fails, with what to do below it', async () => {
    await using folder = await temporaryFolder()
    const { code, out } = await onward(['doctor', '--store', `sqlite:${folder.path}`], folder)
    assert.equal(code, 1)
    assert.match(out, /\n {2}fail {2}file {2}.* is a folder\.\n {14}Name a file in it/)
  })

  it('gives JSON for machines: of the store, and of the cache where one is named', async () => {
    await using folder = await temporaryFolder()
    const given = ['doctor', '--format', 'json', '--redis', 'redis://:secret@127.0.0.1:1']
    const { code, out, err } = await onward(given, folder)
    assert.deepEqual([code, err], [1, ''])
    const { ok, examinations } = JSON.parse(out) as {
      ok: boolean
      examinations: Array<{ part: string; checks: Array<{ state: string }> }>
    }
    assert.equal(ok, false)
    assert.deepEqual(
      examinations.map(({ part, checks }) => [part, checks.map(({ state }) => state)]),
      [
        ['store', ['ok', 'ok']],
        ['cache', ['fail']],
      ],
    )
    assert.doesNotMatch(out, /secret/)
  })
})
