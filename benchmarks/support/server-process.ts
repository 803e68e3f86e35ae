import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** A server in a process of its own, on the Node that runs this; it prints its address, and ends on SIGTERM. */
export async function startServer(
  script: string,
  options: { readonly args?: readonly string[]; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<ServerProcess> {
  const server = spawn(process.execPath, [script, ...(options.args ?? [])], {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
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
    return { origin: await addressOf(server), stop, [Symbol.asyncDispose]: async () => void (await stop()) }
  } catch (error) {
    await stop()
    throw error
  }
}

export interface ServerProcess extends AsyncDisposable {
  /** Such as `http://127.0.0.1:41235/`. */
  readonly origin: string
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
