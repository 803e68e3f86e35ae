import type {
  ByMode,
  Incident,
  IncidentMode,
  MeasuredMode,
  MeasuredRate,
  Method,
  ModeName,
  Run,
  Spread,
  Summary,
} from './report.ts'

/** The figures that are read first, from those that were measured. */
export function summarise(
  modes: readonly MeasuredMode[],
  incidents: readonly Incident[],
  { commonRates, summaryRate }: Pick<Method, 'commonRates' | 'summaryRate'>,
): Summary {
  const at = (rate: number) => (mode: MeasuredMode) => mode.rates.find((measured) => measured.rate === rate)
  const figuresAt = (rate: number) => {
    const measured = at(rate)
    return {
      rate,
      pageP99Ms: byMode(modes, (mode) => measured(mode)?.spread.pageP99Ms.median),
      healthzP99Ms: byMode(modes, (mode) => measured(mode)?.spread.healthzP99Ms.median),
      failedShare: byMode(modes, (mode) => {
        const { failed, arrivals } = countsOf(measured(mode))
        return arrivals === 0 ? undefined : failed / arrivals
      }),
    }
  }
  const inIncidents = (name: ModeName, count: (measured: IncidentMode) => number) =>
    incidents
      .flatMap((incident) => incident.modes)
      .filter(({ mode }) => mode === name)
      .reduce((sum, measured) => sum + count(measured), 0)
  const failedInIncidents = (name: ModeName) => inIncidents(name, ({ counts }) => counts.failed)
  const maxRate = byMode(modes, ({ ladder }) => ladder?.maxRate)
  const figures = figuresAt(summaryRate)
  return {
    maxRate,
    maxRateSpread: byMode(modes, ({ ladder }) => ladder?.spread),
    maxRateIsBound: byMode(modes, ({ ladder }) => ladder?.endedByGenerator),
    ...figures,
    failed: byMode(modes, (mode) => countsOf(at(summaryRate)(mode)).failed + failedInIncidents(mode.mode)),
    failedInIncidents: byMode(modes, ({ mode }) => failedInIncidents(mode)),
    failedReadBefore: byMode(modes, ({ mode }) => inIncidents(mode, ({ failedSeenBefore }) => failedSeenBefore)),
    peak: figuresAt(commonRates.at(-1) ?? summaryRate),
    timesFasterP99: ratio(figures.pageP99Ms.blocking, figures.pageP99Ms.onward),
    timesMoreReaders: ratio(maxRate.onward, maxRate.blocking),
  }
}

/** The median of the runs and how far they lie apart, with what never came as the latest of all. */
export function spreadOf(runs: readonly Run[]): MeasuredRate['spread'] {
  const of = (figure: (run: Run) => number | null): Spread => {
    const sorted = runs.map((run) => figure(run) ?? Infinity).sort((a, b) => (a === b ? 0 : a < b ? -1 : 1))
    const finite = (value: number | undefined) => (value !== undefined && Number.isFinite(value) ? value : null)
    return {
      // Of an even number the worse one in the middle.
      median: finite(sorted[Math.floor(sorted.length / 2)]),
      min: finite(sorted[0]),
      max: finite(sorted.at(-1)),
    }
  }
  return {
    pageP50Ms: of(({ pages }) => pages.page.p50),
    pageP99Ms: of(({ pages }) => pages.page.p99),
    articleP99Ms: of(({ pages }) => pages.article.p99),
    healthzP99Ms: of(({ healthz }) => healthz.p99),
    failed: of(({ counts }) => counts.failed),
  }
}

/** What is undefined was not measured, and is left out; null is a figure that fell on failed requests. */
function byMode<Value>(
  modes: readonly MeasuredMode[],
  value: (mode: MeasuredMode) => Value | undefined,
): ByMode<Value> {
  const entries = modes.map((mode) => [mode.mode, value(mode)] as const).filter(([, figure]) => figure !== undefined)
  return Object.fromEntries(entries) as ByMode<Value>
}

function countsOf(measured: MeasuredRate | undefined): { failed: number; arrivals: number } {
  const runs = measured?.runs ?? []
  return {
    failed: runs.reduce((sum, { counts }) => sum + counts.failed, 0),
    arrivals: runs.reduce((sum, { counts }) => sum + counts.arrivals, 0),
  }
}

function ratio(of: number | null | undefined, to: number | null | undefined): number | null {
  return of && to ? of / to : null
}
