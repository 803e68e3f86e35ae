import { openLoop as sendOnSchedule } from '../../src/report/load/open-loop.ts'
import type { Arrival } from '../../src/report/load/plan-load.ts'

/**
 * Sends requests on a schedule that the server cannot slow down, with the report's own load generator: arrivals are
 * Poisson at `rate` a second, and every time is counted from the scheduled arrival.
 */
export async function openLoop(load: {
  readonly url: () => string
  readonly rate: number
  readonly seconds: number
  readonly random: () => number
  /** An answer without the bytes that end an article has failed. Default: they are not looked for. */
  readonly articleEnd?: '</article>'
}): Promise<Served[]> {
  const plan: Arrival[] = []
  for (let atMs = 0; ; ) {
    atMs += (-Math.log(1 - load.random()) / load.rate) * 1000
    if (atMs > load.seconds * 1000) break
    plan.push({ atMs, isCounted: true, ...(load.articleEnd === undefined ? { kind: 'healthz' } : reader) })
  }
  const urls = plan.map(() => new URL(load.url()))
  const [first] = urls
  if (!first) return []
  let next = 0
  const { outcomes } = await sendOnSchedule({
    url: first.origin,
    plan,
    request: () => ({ method: 'GET', path: urls[next++]?.pathname ?? '/' }),
    connectionsMax: 2000,
    timeoutMs: requestTimeoutMs,
  })
  return outcomes.map(({ result, firstByteMs, articleMs, completeMs, lateMs }) => ({
    ok: result === 'served',
    firstByteMs,
    articleMs,
    completeMs,
    startedLateMs: Math.max(0, lateMs),
  }))
}

const reader = { kind: 'page', article: 0, isCold: false, isColdAgain: false, leavesAfterMs: null } as const

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

const requestTimeoutMs = 60_000
