import type { Percentiles } from '../report.ts'

/**
 * Percentiles by the nearest rank, with what failed counted as infinitely late: a fast failure never makes one better.
 *
 * @param timesMs of what was served, in any order; it is sorted here
 */
export function percentilesOf(timesMs: number[], failed: number): Percentiles {
  timesMs.sort((a, b) => a - b)
  const count = timesMs.length + failed
  const at = (share: number) => timesMs[Math.max(0, Math.ceil(count * share) - 1)] ?? null
  return { count, p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: at(1) }
}
