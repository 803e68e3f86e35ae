import type { Clock } from '../../concurrency/clock.ts'
import { OverloadedError, StoreUnavailableError } from '../../errors.ts'
import type { ConnectionPool, Dialect, PooledConnection, Queries, Work } from './dialect.ts'

/**
 * Requests of one kind, with connections, a queue and bounds of their own: a rail that hangs cannot hold an article.
 *
 * - At most `connectionsMax` requests are with the database; the rest wait here, first come, first served, at most
 *   `acquireMs`. An aborted one is dropped at once.
 * - A request has one connection from its start to its end and never asks for a second: nobody waits for a connection while
 *   holding one, so there is no deadlock among them. What `work` is handed is that one connection and nothing else.
 * - The server ends a statement after `statementMs`; should it not answer at all, the client gives up a little later and
 *   throws the connection away with everything that may still come on it.
 * - An aborted request that is with the database counts until it is answered.
 */
export class SqlLane implements AsyncDisposable {
  readonly #options: SqlLaneOptions
  readonly #pool: ConnectionPool
  readonly #waiting = new Set<() => void>()
  #running = 0
  #closing: Promise<void> | null = null
  #drained: (() => void) | null = null

  constructor(options: SqlLaneOptions) {
    this.#options = options
    this.#pool = options.dialect.openPool(options)
  }

  /** How many requests wait or are with the database. */
  get pending(): number {
    return this.#waiting.size + this.#running
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#pool.size
  }

  /**
   * @throws OverloadedError when the lane is full, or no connection became free in time
   * @throws StoreUnavailableError when the database failed, did not answer in time, or the lane is closed
   * @throws the reason of `signal`
   */
  ask<T>(work: (queries: Work) => Promise<T>, signal?: AbortSignal | undefined): Promise<T> {
    const { name, pendingMax, acquireMs, clock, connectionsMax } = this.#options
    if (signal?.aborted) return Promise.reject(signal.reason)
    if (this.#closing) return Promise.reject(this.#closedError())
    if (this.pending >= pendingMax) {
      return Promise.reject(
        new OverloadedError(`The store has ${this.pending} requests waiting in its ${name} lane already.`),
      )
    }
    return new Promise<T>((resolve, reject) => {
      const settle = (how: () => void) => {
        cancelTimer()
        this.#waiting.delete(begin)
        signal?.removeEventListener('abort', onAbort)
        how()
      }
      const onAbort = () => {
        settle(() => reject(signal?.reason))
        this.#tellDrained()
      }
      const begin = () => {
        cancelTimer()
        this.#waiting.delete(begin)
        this.#running++
        this.#run(work)
          .then(
            (value) => settle(() => resolve(value)),
            (error: unknown) => settle(() => reject(error)),
          )
          .finally(() => this.#free())
      }
      let cancelTimer = () => {}
      signal?.addEventListener('abort', onAbort, { once: true })
      if (this.#running < connectionsMax) {
        begin()
        return
      }
      this.#waiting.add(begin)
      cancelTimer = clock.after(acquireMs, () =>
        settle(() =>
          reject(new OverloadedError(`No connection of the ${name} lane became free within ${acquireMs} ms.`)),
        ),
      )
    })
  }

  /** Refuses what comes, lets what is pending finish for at most `drainMs`, and closes the connections. Once is enough. */
  close(drainMs = 5000): Promise<void> {
    this.#closing ??= this.#close(drainMs)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #run<T>(work: (queries: Work) => Promise<T>): Promise<T> {
    const { dialect } = this.#options
    let connection: PooledConnection
    try {
      connection = await this.#pool.connect()
    } catch (error) {
      throw dialect.inWords(error)
    }
    try {
      const value = await work(workOn(connection.queries, dialect))
      connection.giveBack()
      return value
    } catch (error) {
      // What is left on a connection that was given up in the middle would be taken for the answer to the next request.
      if (dialect.isConnectionSound(error)) connection.giveBack()
      else connection.throwAway()
      throw dialect.inWords(error)
    }
  }

  #free(): void {
    this.#running--
    const [next] = this.#waiting
    next?.()
    this.#tellDrained()
  }

  async #close(drainMs: number): Promise<void> {
    if (this.pending > 0) {
      let stopTimer = () => {}
      await new Promise<void>((resolve) => {
        this.#drained = resolve
        stopTimer = this.#options.clock.after(drainMs, resolve)
      })
      stopTimer()
    }
    const ended = this.#pool.end()
    // What is still in use is not waited for: it is thrown away when it comes back, by its own time limit at the latest.
    if (this.#running === 0) await ended
    else ended.catch(() => {})
  }

  #tellDrained(): void {
    if (this.pending === 0) this.#drained?.()
  }

  #closedError(): StoreUnavailableError {
    return new StoreUnavailableError(`The store ${this.#options.dialect.location} is closed.`)
  }
}

export interface SqlLaneOptions {
  /** `article`, `rail` ...: for messages, and for the server's list of connections. */
  readonly name: string
  readonly dialect: Dialect
  readonly connectionsMax: number
  /** How many may wait or be with the database; one more is refused. */
  readonly pendingMax: number
  /** How long a request waits for a connection, in milliseconds. */
  readonly acquireMs: number
  /** How long a new connection may take to open, in milliseconds. */
  readonly connectMs: number
  /** How long a statement may take, in milliseconds. */
  readonly statementMs: number
  readonly clock: Clock
}

function workOn(queries: Queries, dialect: Dialect): Work {
  return {
    ...queries,
    async transaction(work) {
      await queries.exec('BEGIN')
      try {
        const value = await work()
        await queries.exec('COMMIT')
        return value
      } catch (error) {
        // A connection that is not sound is thrown away with its transaction.
        if (dialect.isConnectionSound(error)) await queries.exec('ROLLBACK')
        throw error
      }
    },
  }
}
