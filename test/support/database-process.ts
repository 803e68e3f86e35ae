import { type ChildProcess, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

/** A database server of a test's own, which may be killed, paused and started again. */
export interface DatabaseServer extends AsyncDisposable {
  readonly port: number
  /** An empty database; gives the URL of a store in it. */
  createDatabase(): Promise<string>
  /** Runs SQL as the owner of the server. */
  admin(text: string): Promise<void>
  /** As a machine that loses its power. */
  kill(): Promise<void>
  /** Kills it where it still runs, and starts it on the same data and port. */
  restart(): Promise<void>
  /** It keeps its connections and answers nothing. */
  pause(): void
  resume(): void
}

/** A user that is not root, for a database server that refuses to run as root; null where this is not root. */
export function ordinaryUser(names: readonly string[]): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null
  for (const name of names) {
    try {
      const number = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }))
      return { uid: number('-u'), gid: number('-g') }
    } catch {
      // The next.
    }
  }
  throw new Error(`A database server refuses to run as root, and there is no user ${names.join(' or ')} to run it as.`)
}

/** A port of this machine's that nobody listens on. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

/** Waits until a server that was just started says `ready`; rejects with what it said when it ends before. */
export async function untilSaid(server: ChildProcess, ready: string, name: string): Promise<void> {
  let said = ''
  await new Promise<void>((resolve, reject) => {
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000)
      if (said.includes(ready)) resolve()
    })
    server.once('error', reject)
    server.once('exit', () => reject(new Error(`${name} did not start: ${said}`)))
  })
}

/** As a machine that loses its power. */
export async function killProcess(server: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (hasEnded(server)) return
  const exited = once(server, 'exit')
  server.kill(signal)
  await exited
}

export function hasEnded(server: ChildProcess): boolean {
  return server.exitCode !== null || server.signalCode !== null
}
