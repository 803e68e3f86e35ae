import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'

/**
 * A server in a process of its own, on the Node that runs this; it prints its address, and ends on SIGTERM.
 *
 * @param options.core the processor core that it is held to, where `taskset` is there to do it
 */
export async function startServer(
  script: string,
  options: {
    readonly args?: readonly string[]
    readonly env?: NodeJS.ProcessEnv
    readonly core?: number
    /** What it reads on standard input. */
    readonly input?: string
  } = {},
): Promise<ServerProcess> {
  const isPinned = options.core !== undefined && canPin()
  const pinning = isPinned ? ['taskset', '-c', `${options.core}`] : []
  const command = [...pinning, process.execPath, ...(isPinned ? oneCore : []), script, ...(options.args ?? [])]
  const server = spawn(command[0] ?? '', command.slice(1), {
    env: { ...process.env, ...options.env },
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'inherit'],
  })
  server.stdin?.end(options.input)
  const exited = once(server, 'exit')
  const stop = async () => {
    server.kill('SIGTERM')
    // A server that is stalled by its load may take its time; it has been measured.
    const kill = setTimeout(() => server.kill('SIGKILL'), 10_000)
    const [code] = await exited
    clearTimeout(kill)
    return code as number | null
  }
  try {
    return {
      origin: await addressOf(server),
      pid: server.pid ?? 0,
      stop,
      [Symbol.asyncDispose]: async () => void (await stop()),
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/**
 * What a process with one core to itself is started with. V8 has four threads for the collection of garbage, however many cores
 * there are: now and then they take most of a core for some tenths of a second, and a server that has only that one then looks
 * overloaded.
 */
const oneCore = ['--v8-pool-size=1']

export interface ServerProcess extends AsyncDisposable {
  /** Such as `http://127.0.0.1:41235/`. */
  readonly origin: string
  readonly pid: number
  /** Gives its exit code; null when it had to be killed. Once is enough. */
  stop(): Promise<number | null>
}

async function addressOf(server: ChildProcess): Promise<string> {
  if (!server.stdout) throw new Error('The server was started without a pipe to read its address from.')
  // Left open when the loop is left: a closed pipe would end the server with its next line.
  for await (const chunk of server.stdout.iterator({ destroyOnReturn: false })) {
    const [address] = /http:\/\/\S+/.exec(String(chunk)) ?? []
    if (address) {
      server.stdout.resume()
      return address
    }
  }
  throw new Error('The server ended before it listened.')
}

/** Whether processes can be held to a core here: two that share one measure each other. */
export function canPin(): boolean {
  return spawnSync('taskset', ['-c', '0', 'true']).status === 0
}

/** Holds this process to a core, and says whether it could. */
export function pinSelf(core: number): boolean {
  return spawnSync('taskset', ['-a', '-c', '-p', `${core}`, `${process.pid}`]).status === 0
}
