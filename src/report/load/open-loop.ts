import { type Dispatcher, Pool } from 'undici'
import type { Arrival } from './plan-load.ts'

/**
 * Sends a schedule that the server cannot slow down, and gives what became of each arrival.
 *
 * Every time counts from the scheduled arrival, which is what a reader feels, and not from when the request got out: a
 * server that stalls for a second owes a second to all who came meanwhile. A closed loop, which asks again when it was
 * answered, would have asked once (G. Tene calls it coordinated omission; open and closed are B. Schroeder's, A. Wierman's
 * and M. Harchol-Balter's words, NSDI 2006).
 *
 * Connections are kept alive and are as many as are needed, up to `connectionsMax`. What is not complete within
 * `timeoutMs` of its arrival has failed, and is called off. The promise settles when everything has its outcome.
 */
export async function openLoop(load: {
  readonly url: string
  /** In the order of their times. */
  readonly plan: readonly Arrival[]
  request(arrival: Arrival): LoadRequest
  readonly connectionsMax: number
  readonly timeoutMs: number
  /** When the schedule begins, in milliseconds since the epoch; default: at once. */
  readonly startsAtMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}): Promise<OpenLoopResult> {
  const { plan, timeoutMs, signal } = load
  const pool = openPool(load.url, load.connectionsMax)
  const outcomes: Outcome[] = []
  /** Those under way, in the order of their arrival: the first is the first to be late. */
  const underWay = new Set<Exchange>()
  /** Those whose reader will go away, the next one first. */
  const leaving: Exchange[] = []
  const done = Promise.withResolvers<void>()
  const startedAt = performance.now() + (load.startsAtMs === undefined ? 0 : load.startsAtMs - Date.now())
  let next = 0
  let timer: NodeJS.Timeout | undefined

  const onSettled = (exchange: Exchange, outcome: Outcome) => {
    underWay.delete(exchange)
    outcomes.push(outcome)
    if (next === plan.length && underWay.size === 0) done.resolve()
  }
  const tick = () => {
    try {
      sendAndLookAround()
    } catch (error) {
      done.reject(error)
    }
  }
  const sendAndLookAround = () => {
    const now = performance.now() - startedAt
    for (let arrival = plan[next]; arrival && arrival.atMs <= now; arrival = plan[next]) {
      next++
      const exchange = new Exchange(arrival, startedAt, onSettled)
      underWay.add(exchange)
      if (arrival.kind === 'page' && arrival.leavesAfterMs !== null) leaving.push(exchange)
      exchange.send(pool, load.request(arrival))
    }
    for (const exchange of underWay) {
      if (now < exchange.arrival.atMs + timeoutMs) break
      exchange.end('timed-out')
    }
    for (let index = leaving.length - 1; index >= 0; index--) {
      const exchange = leaving[index]!
      const { arrival } = exchange
      if (arrival.kind !== 'page' || now < arrival.atMs + (arrival.leavesAfterMs ?? 0)) continue
      leaving.splice(index, 1)
      exchange.end('left')
    }
    if (next === plan.length && underWay.size === 0) done.resolve()
    const dueIn = (plan[next]?.atMs ?? Infinity) - (performance.now() - startedAt)
    // A timer is no finer than a millisecond. Spinning would be, and would take a core from the server.
    timer = setTimeout(tick, Math.max(1, Math.min(tickMs, Math.floor(dueIn))))
  }
  const onAbort = () => {
    // First, or the last exchange to end would make a whole of what was cut short.
    done.reject(signal?.reason)
    next = plan.length
    for (const exchange of underWay) exchange.end('timed-out')
  }
  signal?.throwIfAborted()
  signal?.addEventListener('abort', onAbort, { once: true })
  const loopBefore = performance.eventLoopUtilization()
  try {
    tick()
    await done.promise
    return { outcomes, utilisation: performance.eventLoopUtilization(loopBefore).utilization }
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
    await pool.destroy()
  }
}

export interface LoadRequest {
  readonly method: 'GET' | 'PUT'
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

export interface OpenLoopResult {
  /** In the order in which they came to be known. */
  readonly outcomes: readonly Outcome[]
  /** Of this process's event loop meanwhile, from 0 to 1. */
  readonly utilisation: number
}

/** What became of an arrival. Times in milliseconds from the scheduled arrival; infinite where what they count never came. */
export interface Outcome {
  readonly arrival: Arrival
  readonly result: 'served' | 'left' | 'timed-out' | 'disconnected' | 'server-error' | 'wrong-answer'
  readonly firstByteMs: number
  readonly articleMs: number
  readonly completeMs: number
  /** What the page said of its rail; null where there was none. */
  readonly rail: string | null
  /** How late the request got out, by the generator's own doing. */
  readonly lateMs: number
}

function openPool(url: string, connectionsMax: number): Pool {
  // The time limits are the loop's own, counted from the arrival.
  return new Pool(url, { connections: connectionsMax, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 })
}

/** One request from its arrival to its outcome; the first outcome is the one that counts. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly arrival: Arrival
  readonly #startedAt: number
  readonly #onSettled: (exchange: Exchange, outcome: Outcome) => void
  #controller: Dispatcher.DispatchController | null = null
  #isSettled = false
  #status = 0
  #lateMs = 0
  #firstByteMs = Infinity
  #articleMs = Infinity
  #rail: string | null = null
  #tail = ''

  constructor(arrival: Arrival, startedAt: number, onSettled: (exchange: Exchange, outcome: Outcome) => void) {
    this.arrival = arrival
    this.#startedAt = startedAt
    this.#onSettled = onSettled
  }

  send(pool: Pool, request: LoadRequest): void {
    this.#lateMs = this.#sinceArrival()
    try {
      pool.dispatch(request, this)
    } catch {
      this.end('disconnected')
    }
  }

  end(result: Outcome['result']): void {
    if (this.#isSettled) return
    this.#isSettled = true
    const isServed = result === 'served'
    this.#onSettled(this, {
      arrival: this.arrival,
      result,
      firstByteMs: this.#firstByteMs,
      articleMs: this.#articleMs,
      completeMs: isServed ? this.#sinceArrival() : Infinity,
      rail: this.#rail,
      lateMs: this.#lateMs,
    })
    if (result === 'left' || result === 'timed-out') this.#controller?.abort(noLongerAwaited)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // It waited for a connection until its reader was gone.
    if (this.#isSettled) controller.abort(noLongerAwaited)
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.#status = status
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#firstByteMs === Infinity) this.#firstByteMs = this.#sinceArrival()
    if (this.arrival.kind !== 'page' || this.#rail !== null) return
    const text = this.#tail + chunk.toString('latin1')
    if (this.#articleMs === Infinity && text.includes('</article>')) this.#articleMs = this.#sinceArrival()
    this.#rail = /data-related-state="([a-z]+)"/.exec(text)?.[1] ?? null
    this.#tail = text.slice(-longestMark)
  }

  onResponseEnd(): void {
    if (this.#status >= 500) this.end('server-error')
    else if (this.arrival.kind === 'page') {
      this.end(this.#status === 200 && this.#articleMs < Infinity ? 'served' : 'wrong-answer')
    } else this.end(this.#status >= 200 && this.#status < 300 ? 'served' : 'wrong-answer')
  }

  onResponseError(): void {
    this.end('disconnected')
  }

  #sinceArrival(): number {
    return performance.now() - this.#startedAt - this.arrival.atMs
  }
}

const noLongerAwaited = new Error('Nobody waits for this answer any more.')
const longestMark = 64
/** How often those who leave and what is late are looked at, in milliseconds. */
const tickMs = 10
