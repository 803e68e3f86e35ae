import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { promisify } from 'node:util'

/**
 * As many requests as a server can answer: a request a connection at a time, from `connections` connections, for
 * `seconds`. Answers are counted by their bytes, which have to be the same each time: a client that parses costs more
 * than the servers that are measured.
 *
 * @returns answers a second
 */
export async function rawLoad(load: {
  readonly origin: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly connections: number
  readonly seconds: number
}): Promise<{ readonly perSecond: number; readonly answers: number }> {
  const { hostname, port } = new URL(load.origin)
  const headers = Object.entries({ host: `${hostname}:${port}`, ...load.headers })
  const request = Buffer.from(
    `GET ${load.path} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
  )
  const bytesEach = await sizeOfAnswer({ hostname, port: Number(port), request })
  const sockets = await Promise.all(
    Array.from({ length: load.connections }, async () => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true })
      await once(socket, 'connect')
      return socket
    }),
  )
  let answers = 0
  let failure: Error | null = null
  for (const socket of sockets) {
    let missing = bytesEach
    socket.on('error', (error) => {
      failure ??= error
    })
    socket.on('data', (chunk: Buffer) => {
      missing -= chunk.length
      if (missing > 0) return
      if (missing < 0) failure ??= new Error(`An answer was not of ${bytesEach} bytes.`)
      missing = bytesEach
      answers++
      socket.write(request)
    })
  }
  const startedAt = performance.now()
  for (const socket of sockets) socket.write(request)
  await new Promise((resolve) => setTimeout(resolve, load.seconds * 1000))
  const tookMs = performance.now() - startedAt
  const counted = answers
  for (const socket of sockets) socket.removeAllListeners('data').destroy()
  if (failure) throw failure
  return { perSecond: (counted * 1000) / tookMs, answers: counted }
}

/** Asks once, and once more: the first answer may be the one by which the server makes it ready. */
async function sizeOfAnswer(at: { hostname: string; port: number; request: Buffer }): Promise<number> {
  const socket = connect({ host: at.hostname, port: at.port })
  await once(socket, 'connect')
  try {
    await answerOn(socket, at.request)
    await answerOn(socket, at.request)
    return await answerOn(socket, at.request)
  } finally {
    socket.destroy()
  }
}

async function answerOn(socket: Socket, request: Buffer): Promise<number> {
  socket.write(request)
  const parts: Buffer[] = []
  for (;;) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    parts.push(chunk)
    const answer = Buffer.concat(parts)
    const end = answer.indexOf('\r\n\r\n')
    if (end === -1) continue
    const head = answer.toString('latin1', 0, end).toLowerCase()
    if (!head.startsWith('http/1.1 200')) throw new Error(`Expected 200, got ${head.split('\r\n')[0]}`)
    const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1]
    const isWhole =
      length === undefined ? answer.includes('\r\n0\r\n\r\n', end) : answer.length === end + 4 + Number(length)
    if (isWhole) return answer.length
  }
}

/** Whether `wrk` is there to load with: it is written in C, and keeps a server's core busy that this client cannot. */
export function hasWrk(): boolean {
  return spawnSync('wrk', ['--version']).error === undefined
}

/** {@link rawLoad} by `wrk` (https://github.com/wg/wrk). @throws Error when an answer was not 200 or 304, or a socket failed */
export async function wrkLoad(load: Parameters<typeof rawLoad>[0]): Promise<{ readonly perSecond: number }> {
  const headers = Object.entries(load.headers ?? {}).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const url = new URL(load.path, load.origin).href
  const args = ['-t1', `-c${load.connections}`, `-d${load.seconds}s`, ...headers, url]
  const { stdout } = await promisify(execFile)('wrk', args)
  const perSecond = Number(/Requests\/sec:\s*([\d.]+)/.exec(stdout)?.[1])
  if (!Number.isFinite(perSecond) || /Non-2xx|Socket errors/.test(stdout)) throw new Error(`wrk failed: ${stdout}`)
  return { perSecond }
}
