import cluster, { type Worker } from 'node:cluster'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../concurrency/clock.ts'
import { OnwardError } from '../errors.ts'
import type { ServeFlags } from './cli.ts'
import { RestartBudget } from './restart-budget.ts'
import type { FromWorker } from './worker-messages.ts'

/**
 * Serves with several processes on one port, each a whole onward on the same store, until `signal` aborts.
 *
 * The first starts alone: it makes the store's tables and loads the sample, and what is wrong with the options, the store
 * or the port is said once. A worker that dies later is replaced while the others serve; where more than
 * {@link deathsPerMinuteMax} die within a minute, it ends.
 *
 * @throws what kept a worker from starting, or OnwardError `WORKERS_KEEP_DYING`; no worker is left running
 */
export async function serveWithWorkers(flags: ServeFlags, count: number, signal: AbortSignal): Promise<void> {
  // Each worker accepts from the port itself. By Node's default this process accepts and hands on: a connection that it hands to
  // a worker which has died, and of which it has not heard yet, is never answered and never closed. Workers get less even shares.
  cluster.schedulingPolicy = cluster.SCHED_NONE
  await using workers = new Workers(flags, signal)
  const [first, ...others] = Array.from({ length: count }, (_, index) => index + 1)
  const banner = await workers.start(first ?? 1)
  await Promise.all(others.map((number) => workers.start(number)))
  // Empty when nothing is to be said (--log-level silent).
  if (banner !== '') say(`${banner}\n${count} processes share the port; one that dies is replaced.`)
  await workers.untilStopped()
  if (banner !== '') say('Stopping: requests under way are finished first.')
}

class Workers implements AsyncDisposable {
  readonly #flags: ServeFlags
  readonly #signal: AbortSignal
  /** Those that run, by their number; those that have said that they serve are in `#serving` too. */
  readonly #running = new Map<number, Worker>()
  readonly #serving = new Set<number>()
  readonly #restarts = new RestartBudget(systemClock, deathsPerMinuteMax)
  readonly #stop = new AbortController()
  readonly #stopped = Promise.withResolvers<void>()
  readonly #onAbort = () => this.#stopped.resolve()

  constructor(flags: ServeFlags, signal: AbortSignal) {
    this.#flags = flags
    this.#signal = signal
    // It may reject while nobody waits yet; who waits hears of it all the same.
    this.#stopped.promise.catch(() => {})
    signal.addEventListener('abort', this.#onAbort, { once: true })
    if (signal.aborted) this.#onAbort()
  }

  /** Resolves when the signal aborts. @throws why it cannot go on */
  untilStopped(): Promise<void> {
    return this.#stopped.promise
  }

  /** Starts a worker; gives what it says of itself once it serves. @throws why it does not, or the reason of the signal */
  async start(number: number): Promise<string> {
    this.#signal.throwIfAborted()
    // Read at the fork, so that each has its own number.
    cluster.setupPrimary({ exec: command, args: [...serveArguments(this.#flags), `--worker=${number}`] })
    const worker = cluster.fork()
    this.#running.set(number, worker)
    const started = Promise.withResolvers<string>()
    let failure: OnwardError | null = null
    worker.on('message', (message: FromWorker) => {
      if (message.type === 'failed') failure = new OnwardError(message.code, message.message)
      else {
        this.#serving.add(number)
        started.resolve(message.banner)
      }
    })
    worker.on('error', (error) => {
      // A process that could not be made has no exit.
      if (worker.process.pid === undefined) this.#running.delete(number)
      started.reject(error)
    })
    worker.on('exit', (code, killedBy) => {
      this.#running.delete(number)
      const how = killedBy ? `was ended by ${killedBy}` : `ended with ${code}`
      if (this.#serving.delete(number)) this.#replaceDead(number, how)
      else started.reject(failure ?? new OnwardError('WORKER_FAILED', `Worker ${number} ${how} before it served.`))
    })
    // One that is stopped while it starts says nothing.
    const onAbort = () => started.reject(this.#signal.reason)
    this.#signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await started.promise
    } finally {
      this.#signal.removeEventListener('abort', onAbort)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.#signal.removeEventListener('abort', this.#onAbort)
    const running = [...this.#running.values()].filter((worker) => !worker.isDead())
    const ended = Promise.all(running.map((worker) => new Promise((resolve) => worker.once('exit', resolve))))
    // Whatever stopped this process: to a worker it is the request to end, and a second one changes nothing.
    for (const worker of running) worker.process.kill('SIGTERM')
    const waited = new AbortController()
    const late = pause(endWithinMs, undefined, { signal: waited.signal }).then(
      () => {
        for (const [number, worker] of this.#running) {
          say(`Worker ${number} did not end within ${endWithinMs / 1000} s and was killed.`)
          worker.process.kill('SIGKILL')
        }
      },
      () => {},
    )
    await ended
    waited.abort()
    await late
  }

  #replaceDead(number: number, how: string): void {
    if (this.#stop.signal.aborted || this.#signal.aborted) return
    if (!this.#restarts.spend()) {
      const message = `Worker ${number} ${how}: more than ${deathsPerMinuteMax} have died within a minute, so no more are started. What they wrote before they died says why.`
      this.#stopped.reject(new OnwardError('WORKERS_KEEP_DYING', message))
      return
    }
    say(`Worker ${number} ${how}; another is started in its place.`)
    this.#replace(number).catch((error: unknown) => this.#stopped.reject(error))
  }

  /** Until it serves. While others do, a store that is away just now is waited for. */
  async #replace(number: number): Promise<void> {
    for (let tries = 0; !this.#stop.signal.aborted && !this.#signal.aborted; tries++) {
      try {
        await this.start(number)
        return
      } catch (error) {
        if (this.#signal.aborted || this.#stop.signal.aborted) return
        if (this.#serving.size === 0 || !this.#restarts.spend()) throw error
        const waitMs = Math.min(retryAfterMs * 2 ** tries, retryAfterMsMax)
        const why = error instanceof Error ? error.message : String(error)
        say(`Worker ${number} could not be started: ${why} The next try is in ${waitMs / 1000} s.`)
        await pause(waitMs, undefined, { signal: this.#stop.signal }).catch(() => {})
      }
    }
  }
}

/** The same command line again; `--name=value`, so that a value that begins with a dash stays one. */
function serveArguments(flags: ServeFlags): string[] {
  const named = Object.entries(flags).map(([name, value]) => {
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
    return value === true ? flag : `${flag}=${value}`
  })
  return ['serve', ...named]
}

const command = fileURLToPath(new URL('../../bin/onward.js', import.meta.url))

const deathsPerMinuteMax = 10
/** Requests under way have 5 s to end (http/server.ts), and what is closed after them has its own bounds. */
const endWithinMs = 15_000
const retryAfterMs = 1000
/** So that a worker that waits for its store does not use up what a minute allows. */
const retryAfterMsMax = 8000

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}
