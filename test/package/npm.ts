import { execFile } from 'node:child_process'
import { delimiter, dirname } from 'node:path'

export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program with a clean environment: none of what the npm that started the tests handed down. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: { cwd: string; timeoutMs?: number },
): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile(
      command,
      args,
      {
        cwd: options.cwd,
        env: cleanEnvironment(),
        timeout: options.timeoutMs ?? 60_000,
        killSignal: 'SIGKILL',
        maxBuffer: 64 * 1024 * 1024,
      },
      (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0
        resolve({ code, stdout, stderr: error?.killed ? `${stderr}\n(ended by its deadline)` : stderr })
      },
    )
  })
}

/** The npm that started the tests, else the one in the path. */
export function runNpm(args: readonly string[], options: { cwd: string; timeoutMs?: number }): Promise<CommandResult> {
  const npm = process.env.npm_execpath
  return npm?.endsWith('.js') ? runCommand(process.execPath, [npm, ...args], options) : runCommand('npm', args, options)
}

function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !name.startsWith('ONWARD_') &&
      name !== 'NODE_TEST_CONTEXT' &&
      name !== 'INIT_CWD' &&
      // Without this an npm started here would work on the folder of the npm that started the tests.
      (!/^npm_/i.test(name) || /^npm_config_(?:registry|cache|userconfig)$/i.test(name)),
  )
  // Scripts that begin with `env node` run on the Node that runs the tests.
  const path = [dirname(process.execPath), process.env.PATH].join(delimiter)
  return { ...Object.fromEntries(kept), PATH: path }
}
