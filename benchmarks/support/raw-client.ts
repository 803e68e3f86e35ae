import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/**
 * Asks a server over kept connections, a request a connection at a time, and looks at no more of an answer than its
 * status and its end: a client that parses costs more than the servers that are measured.
 *
 * A request for which no connection is free opens one, up to `connectionsMax`; past that it waits for one, in its turn.
 * A connection that the server closes fails its request and is replaced.
 */
export class RawClient implements Disposable {
  readonly #hostname: string
  readonly #port: number
  readonly #headers: string
  readonly #connectionsMax: number
  readonly #free: Connection[] = []
  readonly #all = new Set<Connection>()
  readonly #waiting: Asked[] = []

  constructor(options: {
    readonly origin: string
    readonly connectionsMax: number
    readonly headers?: Readonly<Record<string, string>>
  }) {
    const { hostname, port } = new URL(options.origin)
    this.#hostname = hostname
    this.#port = Number(port)
    const headers = Object.entries({ host: `${hostname}:${port}`, ...options.headers })
    this.#headers = ` HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
    this.#connectionsMax = options.connectionsMax
  }

  /** Opens all connections, so that none has to be opened under load. */
  async connectAll(): Promise<void> {
    // Not all at once: a server's backlog holds a few hundred.
    while (this.#all.size < this.#connectionsMax) {
      const some = Array.from({ length: Math.min(100, this.#connectionsMax - this.#all.size) }, () =>
        this.#connection(),
      )
      await Promise.all(
        some.map(async (connection) => {
          await once(connection.socket, 'connect')
          this.#free.push(connection)
        }),
      )
    }
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#all.size
  }

  /** Asks for `path`, and calls `onEnd` once, when the answer is complete or has failed. */
  ask(path: string, onEnd: (answer: RawAnswer) => void): void {
    const asked: Asked = { path, onEnd }
    const connection = this.#free.pop()
    if (connection) this.#send(connection, asked)
    else if (this.#all.size < this.#connectionsMax) this.#send(this.#connection(), asked)
    else this.#waiting.push(asked)
  }

  /** {@link ask} as a promise. */
  get(path: string): Promise<RawAnswer> {
    return new Promise((resolve) => this.ask(path, resolve))
  }

  /** Drops what is under way without another word. */
  [Symbol.dispose](): void {
    this.#waiting.length = 0
    for (const { socket } of this.#all)
      socket
        .removeAllListeners()
        .on('error', () => {})
        .destroy()
    this.#all.clear()
  }

  #send(connection: Connection, asked: Asked): void {
    connection.answering = {
      asked,
      head: '',
      status: 0,
      firstByteAt: Number.NaN,
      bodyLeft: 0,
      isChunked: false,
      tail: '',
    }
    connection.socket.write(`GET ${asked.path}${this.#headers}`)
  }

  #connection(): Connection {
    const socket = connect({ host: this.#hostname, port: this.#port, noDelay: true })
    const connection: Connection = { socket, answering: null }
    this.#all.add(connection)
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#all.delete(connection)
      const at = this.#free.indexOf(connection)
      if (at !== -1) this.#free.splice(at, 1)
      this.#end(connection, 0)
      const next = this.#all.size < this.#connectionsMax ? this.#waiting.shift() : undefined
      if (next) this.#send(this.#connection(), next)
    })
    socket.on('data', (chunk: Buffer) => {
      const { answering } = connection
      if (!answering || !isComplete(answering, chunk)) return
      const next = this.#waiting.shift()
      if (!next) this.#free.push(connection)
      this.#end(connection, answering.status)
      if (next) this.#send(connection, next)
    })
    return connection
  }

  #end(connection: Connection, status: number): void {
    const { answering } = connection
    if (!answering) return
    connection.answering = null
    answering.asked.onEnd({ status, firstByteAt: answering.firstByteAt, completeAt: performance.now() })
  }
}

export interface RawAnswer {
  /** 0: the connection was lost. */
  readonly status: number
  /** Both on `performance.now()`. */
  readonly firstByteAt: number
  readonly completeAt: number
}

/**
 * As many requests as a server can answer: `atATime` are under way all the time, for `seconds`.
 *
 * @returns how many of each status came a second
 */
export async function closedLoop(load: {
  readonly client: RawClient
  readonly path: () => string
  readonly atATime: number
  readonly seconds: number
}): Promise<{ readonly perSecond: number; readonly others: number }> {
  const { client, path, atATime, seconds } = load
  const endsAt = performance.now() + seconds * 1000
  let answered = 0
  let others = 0
  const startedAt = performance.now()
  await Promise.all(
    Array.from({ length: atATime }, async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const next = () =>
        client.ask(path(), ({ status, completeAt }) => {
          if (completeAt > endsAt) return resolve()
          if (status === 200) answered++
          else others++
          next()
        })
      next()
      await promise
    }),
  )
  return { perSecond: answered / ((Math.max(endsAt, startedAt + 1) - startedAt) / 1000), others }
}

interface Asked {
  readonly path: string
  readonly onEnd: (answer: RawAnswer) => void
}

interface Connection {
  readonly socket: Socket
  answering: Answering | null
}

interface Answering {
  readonly asked: Asked
  head: string
  status: number
  firstByteAt: number
  bodyLeft: number
  isChunked: boolean
  /** The last bytes of a body in chunks. */
  tail: string
}

const chunkedEnd = '0\r\n\r\n'

function isComplete(answering: Answering, chunk: Buffer): boolean {
  if (answering.status !== 0) return isBodyComplete(answering, chunk, 0)
  if (answering.head === '') answering.firstByteAt = performance.now()
  const before = answering.head.length
  answering.head += chunk.toString('latin1')
  const headEnd = answering.head.indexOf('\r\n\r\n')
  if (headEnd === -1) return false
  const head = answering.head.slice(0, headEnd)
  answering.head = ''
  answering.status = Number(head.slice(9, 12))
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  answering.bodyLeft = Number(length ?? 0)
  answering.isChunked = length === undefined && /\r\ntransfer-encoding: *chunked/i.test(head)
  return isBodyComplete(answering, chunk, headEnd + 4 - before)
}

function isBodyComplete(answering: Answering, chunk: Buffer, from: number): boolean {
  if (!answering.isChunked) {
    answering.bodyLeft -= chunk.length - from
    return answering.bodyLeft <= 0
  }
  const last = chunk.toString('latin1', Math.max(from, chunk.length - chunkedEnd.length))
  answering.tail = (answering.tail + last).slice(-chunkedEnd.length)
  return answering.tail === chunkedEnd
}
