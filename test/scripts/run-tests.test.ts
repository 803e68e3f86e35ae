import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../support/temporary-folder.ts'

const runner = fileURLToPath(new URL('../../scripts/run-tests.ts', import.meta.url))

/** Runs `npm test` on one file with this text. */
async function runTests(source: string, env: NodeJS.ProcessEnv = {}): Promise<{ code: number; output: string }> {
  await using folder = await temporaryFolder()
  await writeFile(folder.file('some.test.mjs'), `import { suite, test } from 'node:test'\n${source}`)
  // A runner that is started by another one of its kind would take itself for a test file.
  const { NODE_TEST_CONTEXT: _, ...outside } = process.env
  return await new Promise((resolve) => {
    execFile(
      process.execPath,
      [runner, folder.file('some.test.mjs')],
      { env: { ...outside, ...env } },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr }),
    )
  })
}

suite('the command that runs all tests', { concurrency: 2 }, () => {
  test('succeeds and counts when all pass', async () => {
    const { code, output } = await runTests("suite('s', () => { test('a', () => {}); test('b', () => {}) })")
    assert.equal(code, 0, output)
    assert.match(output, /✔ s › a .*✔ s › b .*# tests 2\n# pass 2\n# fail 0\n# skipped 0\n# time [\d.]+ s\n$/s)
  })

  test('fails, and says what failed and where at the end', async () => {
    const { code, output } = await runTests(
      "suite('s', () => { test('good', () => {}); test('bad', () => { console.log('a trace'); throw new Error('It broke.') }) })",
    )
    assert.equal(code, 1, output)
    assert.match(output, /✖ s › bad\n {2}.*some\.test\.mjs:2\n {4}Error: It broke\./)
    assert.match(output, /printed:\n {4}a trace/)
    assert.match(output, /# tests 2\n# pass 1\n# fail 1\n/)
  })

  test('fails when a file cannot be loaded', async () => {
    const { code, output } = await runTests("import './no-such-file.mjs'")
    assert.equal(code, 1, output)
    assert.match(output, /ERR_MODULE_NOT_FOUND/)
  })

  test('fails when something breaks after its test has ended', async () => {
    const { code, output } = await runTests("test('a', () => { setImmediate(() => { throw new Error('Too late.') }) })")
    assert.equal(code, 1, output)
    assert.match(output, /Too late\./)
  })

  test('fails when no test ran', async () => {
    const { code, output } = await runTests('')
    assert.equal(code, 1, output)
    assert.match(output, /# tests 0\n.*# No test ran\./s)
  })

  test('lists what was skipped with its reason', async () => {
    const { code, output } = await runTests(
      "test('a', () => {})\ntest('b', { skip: 'There is no Chromium.' }, () => {})",
    )
    assert.equal(code, 0, output)
    assert.match(output, /# skipped 1\n# {3}There is no Chromium\.\n# {5}.*some\.test\.mjs: b\n/)
  })

  test('fails when a test is skipped without a reason', async () => {
    const { code, output } = await runTests("test('a', () => {})\ntest('b', { skip: true }, () => {})")
    assert.equal(code, 1, output)
    assert.match(output, /"b" is skipped without a reason/)
  })

  test('keeps the settings of this machine from the tests', async () => {
    const { code, output } = await runTests(
      "test('a', () => { if (process.env.ONWARD_STORE || process.env.ONWARD_DATA !== '/data') throw new Error('leaked') })",
      { ONWARD_STORE: 'sqlite:precious.db', ONWARD_DATA: '/data' },
    )
    assert.equal(code, 0, output)
  })
})
