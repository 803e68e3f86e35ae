import { type MeasuredMode, type ModeName, modeNames, type Report } from '../../../src/report/report.ts'
import { reportFixture } from '../report-fixture.ts'

/** `report` with each of its modes changed. */
export function changed(report: Report, change: (mode: MeasuredMode) => MeasuredMode): Report {
  return { ...report, modes: report.modes.map(change) }
}

/** Reports that are all true, and none of which is what one hopes for. */
export function awkwardReports(): Record<string, Report> {
  const whole = reportFixture({}, modeNames)
  const nothing: Report = {
    ...whole,
    modes: [],
    incidents: [],
    partial: { reason: 'Stopped by Ctrl-C.', missing: ['everything'] },
    summary: {
      ...whole.summary,
      maxRate: {},
      maxRateIsBound: {},
      pageP99Ms: {},
      healthzP99Ms: {},
      failedShare: {},
      failed: {},
      failedInIncidents: {},
      failedReadBefore: {},
      peak: { rate: whole.summary.peak.rate, pageP99Ms: {}, healthzP99Ms: {}, failedShare: {} },
      timesFasterP99: null,
      timesMoreReaders: null,
    },
  }
  return {
    'a report without a measurement': nothing,
    'a report of onward alone': reportFixture({}, ['onward']),
    'a report of the site as it was alone': reportFixture({}, ['blocking']),
    'a report without the site as it was': reportFixture({}, ['concurrent-cached', 'onward-uncached']),
    'a report of one run': climbedOnce({ ...runsOf(whole, 1), method: { ...whole.method, runs: 1 } }),
    'a report without incidents': { ...whole, incidents: [] },
    'a report in which blocking sustains nothing': sustainingNothing(whole, ['blocking']),
    'a report in which nothing sustains anything': sustainingNothing(whole, modeNames),
    'a report in which everything failed': changed(whole, allFailed),
    'a report that ended within the first ladder': brokenOffEarly(whole),
    'a report of two runs': { ...runsOf(whole, 2), method: { ...whole.method, runs: 2 } },
    'a report of tiny values': scaled(whole, 1e-5),
    'a report of huge values': scaled(whole, 1e6),
    'a report whose incidents did not reach every mode': {
      ...whole,
      incidents: whole.incidents.map((incident, at) => ({ ...incident, modes: incident.modes.slice(at * 3) })),
    },
    'a report of one ladder step': changed(whole, (mode) => ({
      ...mode,
      ladder: mode.ladder && { ...mode.ladder, steps: mode.ladder.steps.slice(0, 1) },
    })),
  }
}

function runsOf(report: Report, runs: number): Report {
  return changed(report, (mode) => ({
    ...mode,
    rates: mode.rates.map((rate) => ({ ...rate, runs: rate.runs.slice(0, runs) })),
  }))
}

function sustainingNothing(report: Report, modes: readonly ModeName[]): Report {
  const none = Object.fromEntries(modes.map((mode) => [mode, 0]))
  return {
    ...changed(report, (mode) =>
      modes.includes(mode.mode)
        ? {
            ...mode,
            ladder: {
              maxRate: 0,
              endedByGenerator: false,
              steps: [{ rate: 1, pageP99Ms: null, failed: 4, sustained: false, generatorWasLimit: false }],
            },
          }
        : mode,
    ),
    summary: {
      ...report.summary,
      maxRate: { ...report.summary.maxRate, ...none },
      maxRateIsBound: {},
      timesMoreReaders: null,
    },
  }
}

function allFailed(mode: MeasuredMode): MeasuredMode {
  const failed = { count: 400, p50: null, p90: null, p99: null, p999: null, max: null }
  const spread = { median: null, min: null, max: null }
  return {
    ...mode,
    rates: mode.rates.map((rate) => ({
      ...rate,
      runs: rate.runs.map((run) => ({
        ...run,
        pages: { firstByte: failed, article: failed, page: failed },
        healthz: failed,
        cpuMsPerPage: null,
      })),
      spread: { ...rate.spread, pageP50Ms: spread, pageP99Ms: spread, articleP99Ms: spread, healthzP99Ms: spread },
    })),
  }
}

/** As it was written before the ladder was climbed more than once, and what had been read was counted. */
function climbedOnce(report: Report): Report {
  const { climbs: _climbs, ...method } = report.method
  const { maxRateSpread: _spread, failedReadBefore: _read, ...summary } = report.summary
  const withoutSpread = changed(report, (mode) => {
    if (mode.ladder === null) return mode
    const { maxRate, endedByGenerator, steps } = mode.ladder
    return { ...mode, ladder: { maxRate, endedByGenerator, steps: steps.map(({ climb: _climb, ...step }) => step) } }
  })
  return { ...withoutSpread, method, summary }
}

function brokenOffEarly(report: Report): Report {
  return {
    ...changed(report, (mode) => ({ ...mode, ladder: mode.mode === 'blocking' ? mode.ladder : null, rates: [] })),
    incidents: [],
    partial: { reason: 'Stopped by Ctrl-C.', missing: ['all rates', 'all incidents'] },
    summary: {
      ...report.summary,
      pageP99Ms: {},
      healthzP99Ms: {},
      failedShare: {},
      failed: {},
      failedInIncidents: {},
      failedReadBefore: {},
      peak: { rate: report.summary.peak.rate, pageP99Ms: {}, healthzP99Ms: {}, failedShare: {} },
      timesFasterP99: null,
    },
  }
}

/** Every latency and every rate of ladders and summary, `factor` times as large. */
function scaled(report: Report, factor: number): Report {
  const visit = (value: unknown, key: string): unknown => {
    if (typeof value === 'number') return scaledKeys.test(key) ? value * factor : value
    if (Array.isArray(value)) return value.map((one) => visit(one, key))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([inner, one]) => [
        inner,
        visit(one, (modeNames as readonly string[]).includes(inner) ? key : inner),
      ]),
    )
  }
  return visit(report, '') as Report
}

const scaledKeys = /Ms$|^(?:p50|p90|p99|p999|max|min|median|maxRate)$/
