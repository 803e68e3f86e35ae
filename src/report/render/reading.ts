import {
  type Incident,
  type IncidentMode,
  type Ladder,
  type LadderSpread,
  type LadderStep,
  type MeasuredMode,
  type MeasuredRate,
  type ModeName,
  modeNames,
  type Percentiles,
  type Report,
} from '../report.ts'

/** The two modes that the first screen sets against each other; null where none of the kind was measured. */
export interface Comparison {
  readonly before: ModeName | null
  readonly after: ModeName | null
}

/** What the site was, against onward as it is installed; where one of them was not measured, the next best. */
export function comparisonOf(report: Report): Comparison {
  const measured = new Set(modesOf(report))
  return {
    before: befores.find((mode) => measured.has(mode)) ?? null,
    after: afters.find((mode) => measured.has(mode)) ?? null,
  }
}

/** Every mode that has a figure anywhere in the report, from what many sites do to onward as installed. */
export function modesOf(report: Report): ModeName[] {
  const measured = new Set<ModeName>([
    ...report.modes.map(({ mode }) => mode),
    ...report.incidents.flatMap(({ modes }) => modes.map(({ mode }) => mode)),
  ])
  return modeNames.filter((mode) => measured.has(mode))
}

/** The ladders and rates in the order of {@link modeNames}, whatever order they were measured in. */
export function measuredModes(report: Report): MeasuredMode[] {
  return modeNames.flatMap((name) => report.modes.filter(({ mode }) => mode === name))
}

/** The ladders that have a step, in the same order. */
export function climbedLadders(report: Report): { readonly mode: ModeName; readonly ladder: Ladder }[] {
  return measuredModes(report).flatMap(({ mode, ladder }) =>
    ladder !== null && ladder.steps.length > 0 ? [{ mode, ladder }] : [],
  )
}

/** How far the climbs to a mode's highest rate lie apart; null where they do not, or there was one. */
export function climbsApart({ summary }: Report, mode: ModeName): LadderSpread | null {
  const spread = summary.maxRateSpread?.[mode]
  return spread === undefined || spread.min === spread.max ? null : spread
}

/** Whether there is a peak to tell of: a rate above the one that the summary is told at. */
export function hasPeak({ summary }: Report): boolean {
  return summary.peak.rate !== summary.rate
}

/** What a mode showed at one of the common rates; null where it was not measured there. */
export function measuredAt(report: Report, mode: ModeName, perSecond: number): MeasuredRate | null {
  return report.modes.find((one) => one.mode === mode)?.rates.find(({ rate }) => rate === perSecond) ?? null
}

/** What an incident did to each mode, in the same order. */
export function measuredIn(report: Report, incident: Incident): IncidentMode[] {
  return modesOf(report).flatMap((name) => incident.modes.filter(({ mode }) => mode === name))
}

/** The percentiles that are drawn and listed, in order. */
export const percentileNames: readonly { readonly of: Exclude<keyof Percentiles, 'count'>; readonly label: string }[] =
  [
    { of: 'p50', label: 'p50' },
    { of: 'p90', label: 'p90' },
    { of: 'p99', label: 'p99' },
    { of: 'p999', label: 'p99.9' },
    { of: 'max', label: 'max' },
  ]

/** All steps, by climb and within it by rate. */
export function stepsByClimb(steps: readonly LadderStep[]): LadderStep[] {
  return steps.toSorted((a, b) => (a.climb ?? 1) - (b.climb ?? 1) || a.rate - b.rate)
}

/** The steps by rate, each rate once: where it was tried in several climbs, the one with the middle page time. */
export function stepsOf(steps: readonly LadderStep[]): LadderStep[] {
  const rates = [...Map.groupBy(steps, ({ rate }) => rate).values()]
  return rates.flatMap((tries) => middleBy(tries, ({ pageP99Ms }) => pageP99Ms) ?? []).sort((a, b) => a.rate - b.rate)
}

/**
 * The middle one of several runs, and of two middle ones the lesser, as everywhere in report.json: always a figure that
 * was measured.
 *
 * Null, which falls on requests that failed, is worse than any figure. Null for no runs at all.
 */
export function middleOf(values: readonly (number | null)[]): number | null {
  return middleBy(values, (value) => value) ?? null
}

function middleBy<Value>(values: readonly Value[], figure: (value: Value) => number | null): Value | undefined {
  const of = (value: Value) => figure(value) ?? Number.POSITIVE_INFINITY
  // The same infinity twice is as good as equal, and its difference is not a number.
  const sorted = values.toSorted((a, b) => of(a) - of(b) || 0)
  return sorted[Math.ceil(sorted.length / 2) - 1]
}

const befores: readonly ModeName[] = ['blocking', 'sequential', 'concurrent', 'capped']
const afters: readonly ModeName[] = ['onward', 'onward-uncached', 'concurrent-cached']
