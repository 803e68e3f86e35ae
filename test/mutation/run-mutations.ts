/**
 * Breaks the code in each of the ways of `mutations.ts`, in a copy, and shows what catches it: `npm run mutate`.
 *
 *   npm run mutate                       all of them
 *   npm run mutate -- --only src/cache   those whose name or file has this in it
 *   npm run mutate -- --all              by every judge, not only the first that catches it: tests, schedules, simulation
 *   npm run mutate -- --seeds 1000       how many simulations are played of each (default 300)
 *
 * Ends with 0 when every mutation was caught and the unbroken copy passes, else 1.
 */
import { execFile } from 'node:child_process'
import { cp, readFile, symlink, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { mapConcurrent } from '../../src/concurrency/map-concurrent.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { type Mutation, mutated, mutations } from './mutations.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    all: { type: 'boolean', default: false },
    seeds: { type: 'string', default: '300' },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
})

/** What looks at a mutation; each gives what it has to say against it, or null. */
const judges: Readonly<Record<string, (folder: string, part: string | undefined) => Promise<string | null>>> = {
  tests: byTests,
  schedules: bySchedules,
  simulation: bySimulation,
}
/** By the folder that was mutated. */
const unitTests: Readonly<Record<string, string>> = {
  cache: 'test/cache/*.test.ts',
  manager: 'test/manager/*.test.ts',
  concurrency: 'test/concurrency/{coalesce,deadline,limiter,circuit-breaker,retry-budget}.test.ts',
  http: 'test/http/hot-path.test.ts',
}
const schedules = [
  'test/concurrency/schedules/coalesce.ts',
  'test/concurrency/schedules/limiter.ts',
  'test/concurrency/schedules/circuit-breaker.ts',
  'test/cache/schedules/read-through.ts',
  'test/manager/schedules/guarded-lane.ts',
  'test/manager/schedules/serve-article.ts',
]
/** What breaks in 10,000 orders breaks in a tenth of them, or by something else. */
const fewerSchedules = ['export const schedules = 10_000', 'export const schedules = 1_000'] as const
/** A mutation may hang what it breaks; on an idle machine none of the judges takes a tenth of this. */
const judgeMsMax = 300_000

const asked = mutations.filter(({ name, file }) => `${name} ${file}`.includes(values.only))
const startedAt = performance.now()
const unbroken = await judge(null)
if (Object.values(unbroken).some((said) => said !== null)) {
  print(`The copy does not pass unbroken: ${JSON.stringify(unbroken, null, 2)}`)
  process.exit(1)
}
let escaped = 0
const judged = mapConcurrent(asked, async (mutation) => ({ mutation, verdicts: await judge(mutation) }), {
  concurrency: Number(values.threads),
})
for await (const { mutation, verdicts } of judged) {
  const isCaught = Object.values(verdicts).some((said) => said !== null)
  if (!isCaught) escaped++
  print(`${isCaught ? '✔ caught ' : '✖ ESCAPED'}  ${mutation.name}  (${mutation.file})`)
  for (const [by, said] of Object.entries(verdicts)) print(`    ${by.padEnd(11)} ${said ?? '-'}`)
}
const tookS = Math.round((performance.now() - startedAt) / 1000)
print(`${asked.length} mutations, ${asked.length - escaped} caught, ${tookS} s`)
process.exitCode = escaped === 0 ? 0 : 1

async function judge(mutation: Mutation | null): Promise<Record<string, string | null>> {
  await using folder = await temporaryFolder()
  for (const part of ['src', 'test', 'sample', 'package.json']) {
    await cp(`${root}${part}`, folder.file(part), { recursive: true })
  }
  await symlink(`${root}node_modules`, folder.file('node_modules'))
  const support = folder.file('test/concurrency/support/play-schedules.ts')
  const [find, replace] = fewerSchedules
  const edits = [[find, replace]] as const
  await writeFile(support, mutated(await readFile(support, 'utf8'), { name: 'fewer schedules', file: support, edits }))
  if (mutation) {
    const file = folder.file(mutation.file)
    await writeFile(file, mutated(await readFile(file, 'utf8'), mutation))
  }
  const verdicts: Record<string, string | null> = {}
  for (const [by, look] of Object.entries(judges)) {
    const isCaught = Object.values(verdicts).some((said) => said !== null)
    if (!isCaught || values.all) verdicts[by] = await look(folder.path, mutation?.file.split('/')[1])
  }
  return verdicts
}

async function byTests(folder: string, part: string | undefined): Promise<string | null> {
  // The orders and the torture are played apart, and by fewer.
  const skipped = ['--test-skip-pattern=/10,000 /', '--test-skip-pattern=/whatever is done to it/']
  const args = ['--test', '--test-reporter=tap', '--test-timeout=20000', '--test-isolation=none', ...skipped]
  const { failed, output } = await node(folder, [
    ...args,
    ...(part === undefined ? Object.values(unitTests) : [unitTests[part] ?? '']),
  ])
  if (!failed) return null
  const names = [...output.matchAll(/^\s*not ok \d+ - (.*)$/gm)].map(([, name]) => name)
  return names[0] === undefined
    ? lastLine(output)
    : `${names[0]}${names.length > 1 ? ` (and ${names.length - 1} more)` : ''}`
}

async function bySchedules(folder: string): Promise<string | null> {
  for (const module of schedules) {
    const { failed, output } = await node(folder, [module])
    if (!failed) continue
    const why = /^\s*\[cause\]: (.*)$/m.exec(output)?.[1] ?? /Error.*: (.*)$/m.exec(output)?.[1] ?? lastLine(output)
    return `${module.split('/').at(-1)}: ${why.slice(0, 110)}`
  }
  return null
}

async function bySimulation(folder: string): Promise<string | null> {
  const { failed, output } = await node(folder, [
    'test/simulation/run-simulation.ts',
    '--seeds',
    values.seeds,
    '--threads',
    '1',
  ])
  return failed ? (/^✖ (.*)$/m.exec(output)?.[1] ?? lastLine(output)) : null
}

function node(folder: string, args: readonly string[]): Promise<{ failed: boolean; output: string }> {
  return new Promise((resolve) => {
    const options = { cwd: folder, timeout: judgeMsMax, maxBuffer: 64 * 1024 * 1024, killSignal: 'SIGKILL' } as const
    execFile(process.execPath, [...args], options, (error, stdout, stderr) => {
      const tooLong = error?.killed ? `\nIt took longer than ${judgeMsMax / 1000} s.` : ''
      resolve({ failed: error !== null, output: `${stdout}\n${stderr}${tooLong}` })
    })
  })
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1)?.trim() ?? ''
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
