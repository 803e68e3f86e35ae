import {
  type Counts,
  type Incident,
  type IncidentName,
  incidentNames,
  type MeasuredMode,
  type MeasuredRate,
  type ModeName,
  type Percentiles,
  type Rails,
  type Report,
  type Run,
  type Summary,
} from '../../src/report/report.ts'

/**
 * A whole report of made-up figures, the same each time, to draw from in tests: `blocking` stalls and fails, the others
 * are better by their place in `modes`. Whatever a test is about it changes by `overrides`.
 */
export function reportFixture(
  overrides: Partial<Report> = {},
  modes: readonly ModeName[] = ['blocking', 'concurrent', 'onward'],
): Report {
  const measured = modes.map((mode, place) => measuredMode(mode, slowness(place, modes.length)))
  const incidents = incidentNames.map((name) => incident(name, modes))
  return {
    format: 'onward-report',
    version: 1,
    startedAt: '2026-11-02T09:30:00.000Z',
    tookSeconds: 243,
    partial: null,
    command: 'onward report --out report --seconds 10',
    machine: {
      line: '2 cores (AMD EPYC), 24 GiB, Node 24.21',
      cores: 2,
      cpu: 'AMD EPYC',
      memoryBytes: 24 * 2 ** 30,
      platform: 'linux x64',
      loadAverage: 0.21,
    },
    versions: { onward: '0.1.0', node: '24.21.0', sqlite: '3.51.0' },
    data: { name: 'generated', articles: 20_000, seed: 1, meanBodyCharacters: 1500, store: 'sqlite' },
    method: {
      seed: 1,
      seconds: 10,
      runs: 3,
      warmUpSeconds: 1,
      p99LimitMs: 50,
      climbs: 3,
      ladderSeconds: 5,
      ladderTries: 2,
      commonRates: [10, 40],
      summaryRate: 10,
      load: {
        zipfExponent: 1,
        popularArticles: 2000,
        coldShare: 0.1,
        burstShare: 0.3,
        leavingShare: 0.02,
        publishesPerSecond: 1,
        healthzPerSecond: 10,
        connectionsMax: 1000,
      },
      incidentSeconds: 3,
      requestTimeoutMs: 10_000,
    },
    modes: measured,
    incidents,
    summary: summary(measured, incidents),
    ...overrides,
  }
}

/** From 1 for the last mode to 1000 for the first. */
function slowness(place: number, modes: number): number {
  return modes === 1 ? 1 : 1000 ** (1 - place / (modes - 1))
}

function measuredMode(mode: ModeName, slow: number): MeasuredMode {
  const maxRate = Math.round(3000 / slow)
  return {
    mode,
    idle: { healthz: percentiles(20, 0.6), loop: loop(1), memoryBytes: 90e6 },
    ladder: {
      maxRate,
      spread: { min: maxRate / 2, max: maxRate },
      endedByGenerator: mode === 'onward',
      steps: [maxRate / 2, maxRate, maxRate * 2].map((rate) => ({
        climb: 1,
        rate,
        pageP99Ms: (rate / maxRate) * 30,
        failed: 0,
        sustained: rate <= maxRate,
        generatorWasLimit: mode === 'onward' && rate > maxRate,
      })),
    },
    rates: [10, 40].map((rate) => measuredRate(rate, slow)),
  }
}

function measuredRate(rate: number, slow: number): MeasuredRate {
  const runs = [0.9, 1, 1.2].map((luck) => run(rate, slow * luck))
  const spread = (figure: (run: Run) => number | null) => {
    const [min = null, median = null, max = null] = runs.map(figure)
    return { median, min, max }
  }
  return {
    rate,
    runs,
    spread: {
      pageP50Ms: spread(({ pages }) => pages.page.p50),
      pageP99Ms: spread(({ pages }) => pages.page.p99),
      articleP99Ms: spread(({ pages }) => pages.article.p99),
      healthzP99Ms: spread(({ healthz }) => healthz.p99),
      failed: spread(({ counts }) => counts.failed),
    },
  }
}

function run(rate: number, slow: number): Run {
  const arrivals = rate * 10
  const failed = slow > 500 ? Math.round(arrivals * 0.02) : 0
  return {
    pages: {
      firstByte: percentiles(arrivals, 1.2 * slow, failed),
      article: percentiles(arrivals, 1.3 * slow, failed),
      page: percentiles(arrivals, 2 * slow, failed),
    },
    healthz: percentiles(100, Math.max(0.6, slow)),
    counts: counts(arrivals, failed),
    rails: rails(arrivals - failed),
    loop: loop(slow),
    cpuMsPerPage: 0.4 * slow,
    memoryBytes: 140e6,
    generator: keeping,
  }
}

function incident(name: IncidentName, modes: readonly ModeName[]): Incident {
  const seconds = 9
  const bucketMs = 250
  return {
    name,
    title: {
      'rail-hangs': 'The related query hangs for 3 s',
      'database-gone': 'The database is gone for 3 s',
      burst: 'Five times as many readers for 3 s',
    }[name],
    rate: 40,
    startsAtSeconds: 3,
    endsAtSeconds: 6,
    seconds,
    bucketMs,
    modes: modes.map((mode, place) => {
      const fails = mode !== 'onward' && name !== 'burst'
      const failed = fails ? 110 : 0
      return {
        mode,
        timeline: Array.from({ length: (seconds * 1000) / bucketMs }, (_, bucket) => {
          const atSeconds = (bucket * bucketMs) / 1000
          const isDuring = atSeconds >= 3 && atSeconds < 6
          const arrivals = isDuring && name === 'burst' ? 50 : 10
          const ms = slowness(place, modes.length) * (isDuring ? 4 : 2)
          return isDuring && fails
            ? { atSeconds, arrivals, failed: 9, p50Ms: null, p99Ms: null, maxMs: null, healthzMaxMs: ms }
            : { atSeconds, arrivals, failed: 0, p50Ms: ms, p99Ms: ms * 3, maxMs: ms * 4, healthzMaxMs: ms }
        }),
        pages: percentiles(360, 2 * slowness(place, modes.length), failed),
        healthz: percentiles(90, slowness(place, modes.length)),
        counts: counts(360, failed),
        rails: rails(360 - failed),
        failedSeenBefore: failed,
        recoveredAfterSeconds: mode === 'blocking' ? null : place * 0.25,
        generator: keeping,
      }
    }),
  }
}

function summary(modes: readonly MeasuredMode[], incidents: readonly Incident[]): Summary {
  const byMode = <Value>(value: (mode: MeasuredMode) => Value) =>
    Object.fromEntries(modes.map((mode) => [mode.mode, value(mode)]))
  const atRate = ({ rates }: MeasuredMode, rate = 10) => rates.find((one) => one.rate === rate)
  const failedAtRate = (mode: MeasuredMode, rate = 10) =>
    atRate(mode, rate)?.runs.reduce((sum, { counts }) => sum + counts.failed, 0) ?? 0
  const failedInIncidents = ({ mode }: MeasuredMode) =>
    incidents
      .flatMap((incident) => incident.modes)
      .filter((one) => one.mode === mode)
      .reduce((sum, { counts }) => sum + counts.failed, 0)
  return {
    maxRate: byMode(({ ladder }) => ladder?.maxRate ?? 0),
    maxRateSpread: byMode(({ ladder }) => ladder?.spread ?? { min: 0, max: 0 }),
    maxRateIsBound: byMode(({ ladder }) => ladder?.endedByGenerator ?? false),
    rate: 10,
    pageP99Ms: byMode((mode) => atRate(mode)?.spread.pageP99Ms.median ?? null),
    healthzP99Ms: byMode((mode) => atRate(mode)?.spread.healthzP99Ms.median ?? null),
    failedShare: byMode((mode) => failedAtRate(mode) / 300),
    failed: byMode((mode) => failedAtRate(mode) + failedInIncidents(mode)),
    failedInIncidents: byMode(failedInIncidents),
    failedReadBefore: byMode(failedInIncidents),
    peak: {
      rate: 40,
      pageP99Ms: byMode((mode) => atRate(mode, 40)?.spread.pageP99Ms.median ?? null),
      healthzP99Ms: byMode((mode) => atRate(mode, 40)?.spread.healthzP99Ms.median ?? null),
      failedShare: byMode((mode) => failedAtRate(mode, 40) / 1200),
    },
    timesFasterP99: 1000,
    timesMoreReaders: 1000,
  }
}

function percentiles(count: number, ms: number, failed = 0): Percentiles {
  const at = (share: number, factor: number) => (failed > count * (1 - share) ? null : ms * factor)
  return { count, p50: at(0.5, 1), p90: at(0.9, 2), p99: at(0.99, 4), p999: at(0.999, 6), max: at(1, 7) }
}

function counts(arrivals: number, failed: number): Counts {
  const left = Math.round(arrivals * 0.02)
  return {
    arrivals,
    served: arrivals - failed - left,
    failed,
    failures: { timedOut: failed, disconnected: 0, serverError: 0, wrongAnswer: 0 },
    left,
    coldAgain: 0,
    published: 10,
    publishFailed: 0,
  }
}

function rails(served: number): Rails {
  const stale = Math.round(served * 0.01)
  return { complete: served - stale, stale, fallback: 0, missing: 0 }
}

function loop(slow: number) {
  return {
    delayP50Ms: 1.1,
    delayP99Ms: Math.max(1.4, slow),
    delayMaxMs: 2 * slow + 2,
    utilisation: Math.min(1, slow / 500 + 0.1),
  }
}

const keeping = { lateP99Ms: 0.4, lateMaxMs: 2.1, utilisation: 0.2, wasLimit: false }
