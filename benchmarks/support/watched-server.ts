import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** onward in a process of its own that tells of its heap and of its event loop; see `watched-site.ts`. */
export async function startWatchedServer(store: string, env: NodeJS.ProcessEnv): Promise<WatchedServer> {
  const server = fork(join(import.meta.dirname, 'watched-site.ts'), [store], {
    env: { ...process.env, ...env },
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const exited = once(server, 'exit')
  const ended = exited.then(([code]) => {
    throw new Error(`The server ended with ${code}.`)
  })
  // Whoever waits for an answer hears of it.
  ended.catch(() => {})
  const answer = async () => (await Promise.race([once(server, 'message'), ended]))[0] as unknown
  const { url } = (await answer()) as { url: string }
  return {
    origin: `${url}/`,
    pid: server.pid ?? 0,
    async ask(question) {
      const answered = answer()
      server.send(question)
      return (await answered) as never
    },
    async [Symbol.asyncDispose]() {
      if (server.connected) server.disconnect()
      const kill = setTimeout(() => server.kill('SIGKILL'), 10_000)
      await exited
      clearTimeout(kill)
    },
  }
}

export interface WatchedServer extends AsyncDisposable {
  /** Such as `http://127.0.0.1:41235/`. */
  readonly origin: string
  readonly pid: number
  /** One question at a time. */
  ask<Question extends keyof Answers>(question: Question): Promise<Answers[Question]>
}

export interface Answers {
  /** After a forced collection, in bytes; and how many handles and requests are open. */
  readonly heap: { readonly heapUsed: number; readonly external: number; readonly handles: number }
  /** Of the event loop, since the last time it was asked; measured at a resolution of 1 ms. */
  readonly delay: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number }
}
