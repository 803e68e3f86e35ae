import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { killProcess } from './database-process.ts'
import { type FoundProgram, findProgram } from './find-program.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** Where a Redis or Valkey server is, or why there is none: hand `reason` to a test's `skip`. */
export function findRedis(): FoundProgram {
  return findProgram(['redis-server', 'valkey-server'], {
    variable: 'ONWARD_REDIS_SERVER',
    advice: 'No Redis was found. Install it (Debian: apt-get install redis-server) or name one in ONWARD_REDIS_SERVER.',
  })
}

/** A server of a test's own: on a socket in a temporary folder, keeping nothing on disk. */
export interface PrivateRedis extends AsyncDisposable {
  /** A `redis+unix:` URL. */
  readonly url: string
  /** `redis-cli`, in a manner of speaking: sends an inline command and gives the first line of the answer. */
  command(text: string): Promise<string>
  /** Ends it as a crash would, and waits until it is gone. */
  kill(): Promise<void>
  /** It takes connections and answers nothing, until `resume`. */
  pause(): void
  resume(): void
  /** Starts it again, empty, after `kill`. */
  start(): Promise<void>
}

/** @throws when there is none; tests ask {@link findRedis} first and skip */
export async function openPrivateRedis(settings: readonly string[] = []): Promise<PrivateRedis> {
  const found = findRedis()
  if (found.path === null) throw new Error(found.reason)
  const { path } = found
  const folder = await temporaryFolder()
  const socket = folder.file('redis.sock')
  let server: ChildProcess | null = null

  const command = async (text: string): Promise<string> => {
    const connection = connect(socket)
    try {
      connection.write(`${text}\r\n`)
      const [answer] = (await once(connection, 'data', { signal: AbortSignal.timeout(5000) })) as [Buffer]
      return answer.toString().split('\r\n')[0] ?? ''
    } finally {
      connection.destroy()
    }
  }
  const kill = async () => {
    const running = server
    server = null
    if (running !== null) await killProcess(running)
  }
  const start = async () => {
    const args = ['--port', '0', '--unixsocket', socket, '--save', '', '--appendonly', 'no', '--dir', folder.path]
    const started = spawn(path, [...args, ...settings], { stdio: 'ignore' })
    server = started
    const deadline = performance.now() + 10_000
    for (;;) {
      if (started.exitCode !== null || performance.now() > deadline) throw new Error(`${path} did not start.`)
      const answer = await command('PING').catch(() => '')
      if (answer === '+PONG') return
      await sleep(10)
    }
  }
  try {
    await start()
  } catch (error) {
    await kill()
    await folder[Symbol.asyncDispose]()
    throw error
  }
  return {
    url: `redis+unix://${socket}`,
    command,
    kill,
    pause: () => server?.kill('SIGSTOP'),
    resume: () => server?.kill('SIGCONT'),
    start,
    async [Symbol.asyncDispose]() {
      await kill()
      await folder[Symbol.asyncDispose]()
    },
  }
}
