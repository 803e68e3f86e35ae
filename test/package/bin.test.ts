import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runCommand } from './npm.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Starts the command as a Node of that version would: the file itself must hold nothing that an old Node cannot read. */
function startOn(version: string, args: readonly string[]) {
  const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`
  const preload = `data:text/javascript,${encodeURIComponent(pretend)}`
  return runCommand(process.execPath, ['--import', preload, 'bin/onward.js', ...args], { cwd: root })
}

suite('the command on an old Node', () => {
  for (const version of ['18.20.8', '20.20.2', '22.22.0', '24.14.9']) {
    test(`says in one line what is wrong with ${version} and what to do`, async () => {
      const { code, stdout, stderr } = await startOn(version, ['--help'])
      assert.deepEqual([code, stdout], [1, ''])
      assert.equal(
        stderr,
        `onward needs Node 24.15 or newer, and this is Node ${version}. In this clone \`npm ci\` brings its own, and \`npm run -s onward -- ...\` runs on it.\n`,
      )
    })
  }

  for (const version of ['24.15.0', '24.100.0', '26.0.0']) {
    test(`runs on ${version}`, async () => {
      const { code, stdout, stderr } = await startOn(version, ['--help'])
      assert.equal(code, 0, stderr)
      assert.match(stdout, /onward/)
    })
  }
})
