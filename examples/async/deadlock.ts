import { minutes } from './kitchen.ts'

interface Connection extends Disposable {
  readonly name: string
}

async function nested(pool: Pool, signal: AbortSignal): Promise<void> {
  using article = await pool.take(signal)
  await query('the article', article)
  using rail = await pool.take(signal) // It waits for a second one and keeps the first. So does the other task.
  await query('the rail', rail)
}

async function handedDown(pool: Pool, signal: AbortSignal): Promise<void> {
  using connection = await pool.take(signal)
  await query('the article', connection)
  await query('the rail', connection) // Whoever needs a connection further down is handed this one.
}

class Pool {
  readonly #free: string[]
  readonly #waiting = new Set<() => void>()

  constructor(size: number) {
    this.#free = Array.from({ length: size }, (_, number) => `connection ${number + 1}`)
  }

  get free(): number {
    return this.#free.length
  }

  /** @throws the reason of `signal`: without it a deadlock is for ever */
  async take(signal: AbortSignal): Promise<Connection> {
    while (true) {
      signal.throwIfAborted()
      const name = this.#free.pop()
      if (name !== undefined) return { name, [Symbol.dispose]: () => this.#giveBack(name) }
      await this.#freedOrAborted(signal)
    }
  }

  #giveBack(name: string): void {
    this.#free.push(name)
    for (const wake of this.#waiting) wake()
  }

  async #freedOrAborted(signal: AbortSignal): Promise<void> {
    const { promise, resolve: wake } = Promise.withResolvers<void>()
    this.#waiting.add(wake)
    const onAbort = () => wake()
    signal.addEventListener('abort', onAbort, { once: true })
    await promise
    this.#waiting.delete(wake)
    signal.removeEventListener('abort', onAbort)
  }
}

async function query(_what: string, _over: Connection): Promise<void> {
  await minutes(1)
}

for (const serve of [nested, handedDown]) {
  const pool = new Pool(2)
  const stop = new AbortController()
  const both = Promise.allSettled([serve(pool, stop.signal), serve(pool, stop.signal)])
  const first = await Promise.race([both.then(() => 'both are served'), minutes(100).then(() => 'nobody moves')])
  stop.abort(new Error('they have waited long enough'))
  await both
  console.log(`${serve.name}: ${first}; after the abort ${pool.free} of 2 connections are back`)
}
