/**
 * Everything that says whether onward works: `npm test`.
 *
 *   npm test                                    types, style, and every test
 *   npm test -- test/http test/cli/cli.test.ts  only the tests of these folders and files, each with its name
 *
 * Ends with 0 when all is well, else 1.
 */
import { spawn } from 'node:child_process'
import { globSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { delimiter, join, relative, resolve } from 'node:path'
import { run } from 'node:test'
import { fileURLToPath } from 'node:url'
import { findChromium } from '../test/support/chromium.ts'
import { findMariadb } from '../test/support/mariadb-server.ts'
import { findPostgres } from '../test/support/postgres-server.ts'
import { findRedis } from '../test/support/redis-server.ts'
import { type NeededProgram, provideProgram } from './provide-program.ts'
import { closingLines, reportTests, shortcoming } from './report-tests.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const startedAt = performance.now()
const asked = process.argv.slice(2)
const isEverything = asked.length === 0
// Longer than any test may take, and short enough that a hung one is named while somebody is still looking.
const testDeadlineMs = 120_000

const files = isEverything ? testsIn(join(root, 'test')) : asked.flatMap((path) => testsIn(resolve(path)))
forgetOwnSettings()
// Hundreds of processes and threads load the same sources: compiled once, they take a third less time of the processor.
process.env.NODE_COMPILE_CACHE ??= join(root, 'node_modules', '.cache', 'onward-tests')

const failedChecks: string[] = []
if (isEverything) {
  // One after the other: the system's package manager takes a lock.
  for (const program of neededPrograms()) await provideProgram(program, print)
  const checks = await Promise.all([runCheck('types', 'tsc', ['--noEmit']), runCheck('style', 'biome', ['check', '.'])])
  failedChecks.push(...checks.filter((check) => check !== null))
}

const stop = new AbortController()
process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort())
const events = run({
  files,
  // The default leaves a core to the runner, which on two cores is half of them.
  concurrency: availableParallelism(),
  timeout: testDeadlineMs,
  signal: stop.signal,
})
const outcome = await reportTests(events, { folder: root, isEachTestShown: !isEverything, print })

print('')
for (const line of closingLines(outcome, performance.now() - startedAt)) print(line)
const shortcomings = [
  ...failedChecks.map((name) => `The check of ${name} failed: see above, or run npm run check:${name}.`),
  shortcoming(outcome),
].filter((text) => text !== null)
for (const text of shortcomings) print(`# ${text}`)
process.exitCode = outcome.failures.length > 0 || shortcomings.length > 0 || stop.signal.aborted ? 1 : 0

function neededPrograms(): NeededProgram[] {
  return [
    {
      name: 'Chromium',
      packageName: 'chromium',
      tests: 'The tests in a browser (test/browser/)',
      find: findChromium,
      // A path, or `none`.
      isNamed: Boolean(process.env.ONWARD_CHROMIUM),
    },
    { name: 'PostgreSQL', packageName: 'postgresql', tests: 'The tests on PostgreSQL', find: findPostgres },
    { name: 'MariaDB', packageName: 'mariadb-server', tests: 'The tests on MariaDB', find: findMariadb },
    { name: 'Redis', packageName: 'redis-server', tests: 'The tests with a shared cache', find: findRedis },
  ]
}

function testsIn(path: string): string[] {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path]
  const found = globSync('**/*.test.ts', { cwd: path }).map((name) => join(path, name))
  // The long ones first, so that none of them is left to run alone at the end.
  const isSlow = (name: string) =>
    /^test\/(?:package|browser|cli|conformance|examples|report)\//.test(relative(root, name))
  return found.sort((a, b) => Number(isSlow(b)) - Number(isSlow(a)) || (a < b ? -1 : 1))
}

/** What this machine's operator has set for onward must not change what the tests see. */
function forgetOwnSettings(): void {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('ONWARD_') && name !== 'ONWARD_DATA' && name !== 'ONWARD_CHROMIUM') delete process.env[name]
  }
}

/** Null when it passed, else its name. */
async function runCheck(name: string, command: string, args: readonly string[]): Promise<string | null> {
  const at = performance.now()
  const { code, output } = await new Promise<{ code: number | null; output: string }>((resolve) => {
    const path = [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter)
    const child = spawn(command, args, { cwd: root, env: { ...process.env, PATH: path }, timeout: testDeadlineMs })
    let said = ''
    const keep = (text: string) => {
      said += text
    }
    child.stdout.setEncoding('utf8').on('data', keep)
    child.stderr.setEncoding('utf8').on('data', keep)
    child.on('error', (error) => resolve({ code: null, output: error.message }))
    child.on('close', (code) => resolve({ code, output: said }))
  })
  if (code !== 0) print(output.trimEnd())
  print(`${code === 0 ? '✔' : '✖'} ${name}  ${((performance.now() - at) / 1000).toFixed(1)} s`)
  return code === 0 ? null : name
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
