import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { Child, ChildFailedError } from '../../src/report/child-process.ts'
import { leavesNothingBehind } from '../support/leak-check.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

describe('a process that answers', { timeout: 60_000 }, () => {
  it('answers, closes what it opened, and leaves nothing behind', async () => {
    await using folder = await temporaryFolder()
    const module = await child(folder, 'async answer(question) { return { twice: question * 2 } }')
    await leavesNothingBehind(async () => {
      await using process = new Child<number, { twice: number }>('The child', module)
      assert.deepEqual(await process.ask(21), { twice: 42 })
    })
  })

  it('hands on what its handler throws, and goes on', async () => {
    await using folder = await temporaryFolder()
    await using process = new Child<string, string>(
      'The child',
      await child(folder, `async answer(q) { if (q === 'bad') throw new Error('no'); return q }`),
    )
    await assert.rejects(process.ask('bad'), { name: 'ChildFailedError', message: 'The child: no' })
    assert.equal(await process.ask('good'), 'good')
  })

  it('says what it said when it ends of itself', async () => {
    await using folder = await temporaryFolder()
    await using process = new Child<string, string>(
      'The child',
      await child(folder, `async answer() { console.error('out of paper'); globalThis.process.exit(3) }`),
    )
    await assert.rejects(process.ask('anything'), (error) => {
      assert.ok(error instanceof ChildFailedError)
      assert.match(error.message, /The child ended \(3\), and said: out of paper/)
      return true
    })
    await assert.rejects(process.ask('more'), ChildFailedError)
  })

  it('is not waited for once its asker gives up', async () => {
    await using folder = await temporaryFolder()
    await using process = new Child<string, string>(
      'The child',
      await child(folder, 'answer: () => new Promise(() => {})'),
    )
    await assert.rejects(process.ask('anything', AbortSignal.abort(new Error('enough'))), /enough/)
    const stop = new AbortController()
    const asked = process.ask('anything', stop.signal)
    stop.abort(new Error('enough now'))
    await assert.rejects(asked, /enough now/)
  })
})

async function child(folder: TemporaryFolder, answer: string): Promise<URL> {
  const file = folder.file('child.ts')
  const module = new URL('../../src/report/child-process.ts', import.meta.url)
  await writeFile(file, `import { answerParent } from '${module}'\nanswerParent({ ${answer}, async close() {} })\n`)
  return pathToFileURL(file)
}
