import type {
  Counts,
  GeneratorKeeping,
  IncidentMode,
  PageTimes,
  Percentiles,
  Rails,
  TimelineBucket,
} from '../report.ts'
import type { Outcome } from './open-loop.ts'
import { percentilesOf } from './percentiles.ts'

/** What a run comes to, as the report has it. */
export interface Account {
  readonly pages: PageTimes
  readonly healthz: Percentiles
  readonly counts: Counts
  readonly rails: Rails
  readonly generator: GeneratorKeeping
}

/** Sums up what was counted of a run. Readers who went away are neither served nor failed, and have no times. */
export function accountOf(
  outcomes: readonly Outcome[],
  generator: { readonly utilisation: number; readonly lateLimitMs: number },
): Account {
  const counted = outcomes.filter(({ arrival }) => arrival.isCounted)
  const pages = counted.filter(({ arrival }) => arrival.kind === 'page')
  const served = pages.filter(({ result }) => result === 'served')
  const failed = pages.filter(hasFailed)
  const publishes = counted.filter(({ arrival }) => arrival.kind === 'publish')
  const healthz = counted.filter(({ arrival }) => arrival.kind === 'healthz')
  const withResult = (result: Outcome['result']) => pages.filter((page) => page.result === result).length
  const late = percentilesOf(
    counted.map(({ lateMs }) => Math.max(0, lateMs)),
    0,
  )
  return {
    pages: {
      firstByte: timesOf(served, failed.length, 'firstByteMs'),
      article: timesOf(served, failed.length, 'articleMs'),
      page: timesOf(served, failed.length, 'completeMs'),
    },
    healthz: timesOf(
      healthz.filter(({ result }) => result === 'served'),
      healthz.filter(hasFailed).length,
      'completeMs',
    ),
    counts: {
      arrivals: pages.length,
      served: served.length,
      failed: failed.length,
      failures: {
        timedOut: withResult('timed-out'),
        disconnected: withResult('disconnected'),
        serverError: withResult('server-error'),
        wrongAnswer: withResult('wrong-answer'),
      },
      left: withResult('left'),
      coldAgain: pages.filter(({ arrival }) => arrival.kind === 'page' && arrival.isColdAgain).length,
      published: publishes.filter(({ result }) => result === 'served').length,
      publishFailed: publishes.filter(hasFailed).length,
    },
    rails: railsOf(served),
    generator: {
      lateP99Ms: late.p99 ?? 0,
      lateMaxMs: late.max ?? 0,
      utilisation: generator.utilisation,
      wasLimit: (late.p99 ?? 0) > generator.lateLimitMs,
    },
  }
}

/** A run of which what happened when matters. Times in seconds from the start of what is counted. */
export interface TimelineSettings {
  readonly seconds: number
  readonly bucketMs: number
  /** When the incident begins and ends. */
  readonly from: number
  readonly until: number
  /** See `IncidentMode.recoveredAfterSeconds`. */
  readonly p99LimitMs: number
}

export type TimelineAccount = Pick<IncidentMode, 'timeline' | 'failedSeenBefore' | 'recoveredAfterSeconds'>

export function timelineOf(
  outcomes: readonly Outcome[],
  warmUpMs: number,
  { seconds, bucketMs, from, until, p99LimitMs }: TimelineSettings,
): TimelineAccount {
  const buckets = Array.from({ length: Math.ceil((seconds * 1000) / bucketMs) }, (): Outcome[] => [])
  const beginsAtMs = warmUpMs + from * 1000
  const seenBefore = new Set<number>()
  for (const outcome of outcomes) {
    const { arrival, result } = outcome
    if (arrival.isCounted) buckets[Math.floor((arrival.atMs - warmUpMs) / bucketMs)]?.push(outcome)
    if (arrival.kind === 'page' && result === 'served' && arrival.atMs + outcome.completeMs < beginsAtMs) {
      seenBefore.add(arrival.article)
    }
  }
  const timeline = buckets.map((bucket, index) => bucketOf(bucket, (index * bucketMs) / 1000))
  const failedSeenBefore = outcomes.filter(
    (outcome) =>
      outcome.arrival.kind === 'page' &&
      outcome.arrival.isCounted &&
      hasFailed(outcome) &&
      seenBefore.has(outcome.arrival.article),
  ).length
  const isWell = ({ failed, p99Ms, arrivals }: TimelineBucket) =>
    arrivals === 0 || (failed === 0 && p99Ms !== null && p99Ms < p99LimitMs)
  const firstAfter = timeline.findIndex(({ atSeconds }) => atSeconds >= until)
  const lastIll = timeline.findLastIndex((bucket) => !isWell(bucket))
  const isWellAtTheEnd = lastIll < timeline.length - 1
  const recoveredAfterSeconds =
    firstAfter === -1 || !isWellAtTheEnd ? null : (Math.max(0, lastIll + 1 - firstAfter) * bucketMs) / 1000
  return { timeline, failedSeenBefore, recoveredAfterSeconds }
}

function bucketOf(outcomes: readonly Outcome[], atSeconds: number): TimelineBucket {
  const pages = outcomes.filter(({ arrival }) => arrival.kind === 'page')
  const failed = pages.filter(hasFailed).length
  const times = timesOf(
    pages.filter(({ result }) => result === 'served'),
    failed,
    'completeMs',
  )
  const healthz = outcomes.filter(({ arrival }) => arrival.kind === 'healthz')
  const others = timesOf(
    healthz.filter(({ result }) => result === 'served'),
    healthz.filter(hasFailed).length,
    'completeMs',
  )
  return {
    atSeconds,
    arrivals: pages.length,
    failed,
    p50Ms: times.p50,
    p99Ms: times.p99,
    maxMs: times.max,
    healthzMaxMs: others.max,
  }
}

function hasFailed({ result }: Outcome): boolean {
  return result !== 'served' && result !== 'left'
}

function timesOf(
  served: readonly Outcome[],
  failed: number,
  what: 'firstByteMs' | 'articleMs' | 'completeMs',
): Percentiles {
  // A timer may fire a little early: what was not asked yet cannot have been waited for.
  return percentilesOf(
    served.map((outcome) => Math.max(0, outcome[what])),
    failed,
  )
}

function railsOf(served: readonly Outcome[]): Rails {
  const count = (...states: ReadonlyArray<string | null>) => served.filter(({ rail }) => states.includes(rail)).length
  const complete = count('fresh')
  const stale = count('stale')
  const fallback = count('fallback')
  return { complete, stale, fallback, missing: served.length - complete - stale - fallback }
}
