import { spawn } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const installDeadlineMs = 180_000

/** Whether Debian's packages may be installed here: as root, where there is apt-get. */
export function mayInstall(): boolean {
  return isCommand('apt-get') && process.getuid?.() === 0
}

/** Installs a package of Debian's. Null when it went well, else why it did not. */
export async function installPackage(name: string): Promise<string | null> {
  const deadline = AbortSignal.timeout(installDeadlineMs)
  // A fresh container has no package lists; where they are there already, bringing them up to date does no harm.
  return (
    (await runQuietly('apt-get', ['update', '-qq'], deadline)) ??
    (await runQuietly('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], deadline))
  )
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
