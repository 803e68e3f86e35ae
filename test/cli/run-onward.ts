import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { TemporaryFolder } from '../support/temporary-folder.ts'

export const sample = join(import.meta.dirname, '..', '..', 'sample', 'newsroom.jsonl')

const command = join(import.meta.dirname, '..', '..', 'bin', 'onward.js')

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly stdio?: SpawnOptions['stdio']
  /** Handed to Node before the script. */
  readonly nodeFlags?: readonly string[]
  /** After how long it is killed, in milliseconds; default 60,000. */
  readonly timeoutMs?: number
}

/** The command line as its user has it: a process in a folder of its own. */
export function start(
  given: readonly string[],
  folder: TemporaryFolder | undefined,
  options: RunOptions = {},
): ChildProcess {
  const { ONWARD_STORE: _store, ...env } = process.env
  const { nodeFlags = [], stdio = 'pipe' } = options
  return spawn(process.execPath, [...nodeFlags, command, ...given], {
    cwd: folder?.path ?? import.meta.dirname,
    env: { ...env, ...options.env },
    stdio,
    // One that hangs fails its own test, and is not left behind.
    timeout: options.timeoutMs ?? 60_000,
    killSignal: 'SIGKILL',
  })
}

export interface Outputs {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export async function onward(
  given: readonly string[],
  folder?: TemporaryFolder,
  options: RunOptions = {},
): Promise<Outputs> {
  return await outputsOf(start(given, folder, options))
}

export async function outputsOf(child: ChildProcess): Promise<Outputs> {
  let out = ''
  let err = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, out, err }
}

/** What standard error has said once `expected` stands in it. */
export async function saidBy(child: ChildProcess, expected: RegExp): Promise<string> {
  let said = ''
  return await new Promise((resolve, reject) => {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (expected.test(said)) resolve(said)
    })
    child.once('close', () => reject(new Error(`It ended before it said ${expected}: ${said}`)))
  })
}

/** The address of a `serve` that was just started, as soon as it answers. */
export async function addressIn(child: ChildProcess): Promise<string> {
  const said = await saidBy(child, /http:\/\/\S+[\s\S]*Ctrl-C/)
  return /http:\/\/\S+/.exec(said)?.[0] ?? ''
}
