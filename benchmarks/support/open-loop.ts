import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

/**
 * Sends requests on a schedule that the server cannot slow down: arrivals are Poisson at `rate` a second, and every
 * time is counted from the scheduled arrival (what a reader feels), not from when the request got out.
 */
export async function openLoop(load: {
  readonly url: () => string
  readonly rate: number
  readonly seconds: number
  readonly random: () => number
  /** The bytes that end the article, such as `</article>`; an answer without them has failed. Default: not looked for. */
  readonly articleEnd?: string
}): Promise<Served[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 2000 })
  const startedAt = performance.now()
  const endsAt = startedAt + load.seconds * 1000
  const served: Array<Promise<Served>> = []
  try {
    for (let dueAt = startedAt; ; ) {
      dueAt += (-Math.log(1 - load.random()) / load.rate) * 1000
      if (dueAt > endsAt) break
      const waitMs = dueAt - performance.now()
      if (waitMs > 1) await pause(waitMs)
      served.push(fetchOnce(agent, load.url(), dueAt, load.articleEnd))
    }
    return await Promise.all(served)
  } finally {
    agent.destroy()
  }
}

/** Times in milliseconds, from the scheduled arrival; infinite where what they count never came. */
export interface Served {
  readonly ok: boolean
  readonly firstByteMs: number
  readonly articleMs: number
  readonly completeMs: number
  /** How late the generator itself was. */
  readonly startedLateMs: number
}

/** Over all that was asked: what failed counts as infinite, so that a fast failure never makes a percentile look better. */
export function percentiles(
  served: readonly Served[],
  what: 'firstByteMs' | 'articleMs' | 'completeMs' = 'completeMs',
): Percentiles {
  const times = served.map((one) => (one.ok ? one[what] : Infinity)).toSorted(ascending)
  return {
    requests: served.length,
    failed: served.filter(({ ok }) => !ok).length,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    max: quantile(times, 1),
  }
}

export interface Percentiles {
  readonly requests: number
  readonly failed: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** How late the generator itself was, in milliseconds: where this is near the times measured, it is what was measured. */
export function lateness(served: readonly Served[]): { p50: number; p99: number } {
  const late = served.map(({ startedLateMs }) => startedLateMs).toSorted(ascending)
  return { p50: quantile(late, 0.5), p99: quantile(late, 0.99) }
}

/** Milliseconds for a table; `failed` where the answer never came, a dash where nothing was asked. */
export function milliseconds(ms: number, digits = 1): string {
  if (Number.isNaN(ms)) return '–'
  return Number.isFinite(ms) ? ms.toFixed(digits) : 'failed'
}

/** The nearest rank; NaN of nothing. */
export function quantile(ascendingTimes: readonly number[], share: number): number {
  return ascendingTimes[Math.max(0, Math.ceil(ascendingTimes.length * share) - 1)] ?? Number.NaN
}

// Not a - b: the difference of two failures is not a number, and sorts anything anywhere.
function ascending(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1
}

function fetchOnce(agent: Agent, url: string, dueAt: number, articleEnd: string | undefined): Promise<Served> {
  const startedAt = performance.now()
  // A timer may fire a little early: what was not asked yet cannot be waited for.
  const from = Math.min(dueAt, startedAt)
  return new Promise((resolve) => {
    let firstByteMs = Infinity
    let articleMs = Infinity
    let tail = ''
    const end = (answered: boolean) => {
      const completeMs = answered ? performance.now() - from : Infinity
      const ok = answered && (articleEnd === undefined || Number.isFinite(articleMs))
      resolve({ ok, firstByteMs, articleMs, completeMs, startedLateMs: startedAt - from })
    }
    const outgoing = request(url, { agent, timeout: requestTimeoutMs }, (response) => {
      response.on('data', (chunk: Buffer) => {
        const now = performance.now() - from
        if (firstByteMs === Infinity) firstByteMs = now
        if (articleEnd === undefined || articleMs < Infinity) return
        const text = tail + chunk.toString('latin1')
        if (text.includes(articleEnd)) articleMs = now
        tail = text.slice(-articleEnd.length)
      })
      response.on('end', () => end(response.statusCode === 200 && response.complete))
      response.on('error', () => end(false))
    })
    outgoing.on('timeout', () => outgoing.destroy())
    outgoing.on('error', () => end(false))
    outgoing.end()
  })
}

const requestTimeoutMs = 60_000
