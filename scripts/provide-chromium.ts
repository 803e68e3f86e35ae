import { spawn } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { findChromium } from '../test/support/chromium.ts'

const installDeadlineMs = 180_000

/**
 * Sees to it that the tests in a browser can run: installs Debian's Chromium where it is missing and this may be done.
 *
 * It may as root on a system with apt-get, unless `ONWARD_CHROMIUM` is set (to a path, or to `none`). Never fails: it
 * gives why there is none, and then those tests are skipped.
 */
export async function provideChromium(print: (text: string) => void): Promise<void> {
  const found = findChromium()
  if (found.path !== null) return
  if (process.env.ONWARD_CHROMIUM || !isCommand('apt-get') || process.getuid?.() !== 0) {
    print(`- The tests in a browser (test/browser/) will be skipped. ${found.reason}`)
    return
  }
  print('- No Chromium was found: installing it for the tests in a browser (apt-get install chromium) ...')
  const deadline = AbortSignal.timeout(installDeadlineMs)
  // A fresh container has no package lists; where they are there already, bringing them up to date does no harm.
  const failure =
    (await runQuietly('apt-get', ['update', '-qq'], deadline)) ??
    (await runQuietly('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], deadline))
  const provided = findChromium()
  if (provided.path !== null) print(`- Chromium is installed: ${provided.path}`)
  else print(`- It could not be installed (${failure ?? provided.reason}). The tests in a browser will be skipped.`)
}

/** Null when it went well, else why it did not. */
function runQuietly(command: string, args: readonly string[], signal: AbortSignal): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      signal,
    })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-500)
    })
    child.on('error', (error) =>
      resolve(signal.aborted ? `${command} took longer than ${installDeadlineMs / 1000} s` : error.message),
    )
    child.on('close', (code) => resolve(code === 0 ? null : `${command} ended with ${code}: ${said.trim()}`))
  })
}

function isCommand(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    const path = join(folder, name)
    if (folder === '' || !existsSync(path)) return false
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
