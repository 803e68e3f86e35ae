import { relative } from 'node:path'
import type { TestEvent } from 'node:test/reporters'
import { inspect } from 'node:util'

/** What a run came to. */
export interface TestOutcome {
  readonly passed: number
  readonly failures: readonly Failure[]
  readonly skipped: ReadonlyArray<{ readonly test: string; readonly file: string; readonly reason: string }>
  readonly todo: number
}

interface Failure {
  readonly test: string
  readonly file: string
  readonly line: number | null
  readonly error: unknown
}

/**
 * Prints a line a file while tests run, with every test where `isEachTestShown`.
 *
 * What failed and what was skipped comes last, in full, where a long run has not scrolled it away.
 */
export async function reportTests(
  events: AsyncIterable<TestEvent>,
  options: { folder: string; isEachTestShown: boolean; print: (text: string) => void },
): Promise<TestOutcome> {
  const { folder, isEachTestShown, print } = options
  const files = new Map<string, FileProgress>()
  const failures: Failure[] = []
  const skipped: Array<{ test: string; file: string; reason: string }> = []
  const strays: string[] = []
  let todo = 0
  let passed = 0

  for await (const { type, data } of events) {
    // An error that comes after its test has ended is told in no other way, and with no file.
    if (type === 'test:diagnostic' && /^(?:Error|Warning): /.test(data.message)) strays.push(data.message)
    if (data === undefined || !('file' in data) || typeof data.file !== 'string') continue
    // A test may be defined by a file that several others run, such as a conformance suite.
    const entry = 'entryFile' in data && typeof data.entryFile === 'string' ? data.entryFile : data.file
    const file = relative(folder, entry)
    const progress = files.get(file) ?? { parents: [], passed: 0, failed: 0, skipped: 0, output: '' }
    files.set(file, progress)
    switch (type) {
      case 'test:start':
        progress.parents.length = data.nesting
        progress.parents[data.nesting] = data.name
        break
      case 'test:stdout':
      case 'test:stderr':
        // A chatty test is of interest when it fails; the end is where it says why.
        progress.output = (progress.output + data.message).slice(-20_000)
        break
      case 'test:pass':
      case 'test:fail': {
        const test = [...progress.parents.slice(0, data.nesting), data.name].join(' › ')
        const isSuite = data.details.type === 'suite'
        // A file stands for a test of its own when it could not even be loaded, or holds no test.
        const isFile = data.nesting === 0 && (data.name === entry || data.name === file)
        if (data.skip !== undefined && data.skip !== false) {
          progress.skipped++
          skipped.push({ test, file, reason: typeof data.skip === 'string' ? data.skip : '' })
        } else if (data.todo !== undefined && data.todo !== false) {
          todo++
        } else if (type === 'test:pass') {
          if (!isSuite && !isFile) {
            passed++
            progress.passed++
          }
        } else if (failureType(data.details.error) !== 'subtestsFailed') {
          progress.failed++
          failures.push({ test, file, line: data.line ?? null, error: data.details.error })
        }
        if (isEachTestShown && !isSuite) {
          const sign = data.skip ? '-' : type === 'test:pass' ? '✔' : '✖'
          print(`  ${sign} ${test} (${Math.round(data.details.duration_ms)} ms)`)
        }
        break
      }
      case 'test:summary': {
        const sign = progress.failed > 0 || !data.success ? '✖' : '✔'
        const notes = [
          `${progress.passed} passed`,
          ...(progress.failed > 0 ? [`${progress.failed} failed`] : []),
          ...(progress.skipped > 0 ? [`${progress.skipped} skipped`] : []),
        ]
        print(`${sign} ${file}  ${notes.join(', ')}  ${(data.duration_ms / 1000).toFixed(1)} s`)
        break
      }
    }
  }

  for (const { test, file, line, error } of failures) {
    print(`\n✖ ${test}\n  ${file}${line === null ? '' : `:${line}`}\n${indent(describeFailure(error))}`)
  }
  for (const file of new Set(failures.map((failure) => failure.file))) {
    const output = files.get(file)?.output.trim()
    if (output) print(`\nWhat ${file} printed:\n${indent(output)}`)
  }
  for (const text of strays) print(`\n✖ ${text}`)
  return { passed, failures, skipped, todo }
}

/** The lines that close a run: a count a line, then every skipped test with its reason. */
export function closingLines(outcome: TestOutcome, tookMs: number): string[] {
  const { passed, failures, skipped, todo } = outcome
  const reasons = Map.groupBy(skipped, ({ reason }) => reason || 'NO REASON GIVEN')
  return [
    `# tests ${passed + failures.length + skipped.length + todo}`,
    `# pass ${passed}`,
    `# fail ${failures.length}`,
    `# skipped ${skipped.length}`,
    ...[...reasons].flatMap(([reason, tests]) => [
      `#   ${reason}`,
      ...tests.map(({ test, file }) => `#     ${file}: ${test}`),
    ]),
    ...(todo > 0 ? [`# todo ${todo}`] : []),
    `# time ${(tookMs / 1000).toFixed(1)} s`,
  ]
}

/** Why the run is not a success although no test failed, or null. */
export function shortcoming(outcome: TestOutcome): string | null {
  if (outcome.passed + outcome.failures.length === 0) return 'No test ran.'
  const silent = outcome.skipped.find(({ reason }) => reason === '')
  if (silent) return `${silent.file}: "${silent.test}" is skipped without a reason. Write { skip: 'why' }.`
  return null
}

interface FileProgress {
  /** The names of the suites that are open, the outermost first. */
  readonly parents: string[]
  passed: number
  failed: number
  skipped: number
  output: string
}

function failureType(error: unknown): unknown {
  return error instanceof Error && 'failureType' in error ? error.failureType : undefined
}

function describeFailure(error: unknown): string {
  // The runner wraps what a test threw in an error of its own that says nothing more.
  const thrown = error instanceof Error && error.cause !== undefined ? error.cause : error
  // The message of an assertion shows both sides already.
  if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_ASSERTION')
    return thrown.stack ?? thrown.message
  return typeof thrown === 'string' ? thrown : inspect(thrown, { depth: 6, colors: false })
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ')
}
