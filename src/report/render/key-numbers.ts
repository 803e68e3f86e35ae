import type { ByMode, ModeName, Report } from '../report.ts'
import { count, duration, rate, share } from './figures.ts'
import { type Phrase, say } from './phrase.ts'
import { comparisonOf, hasPeak } from './reading.ts'
import { highestRate, modeLabels } from './words.ts'

/** One of the four numbers of the first screen, before and after. */
export interface KeyNumber {
  readonly label: string
  /** Null where it was not measured, and where there is nothing to be measured. */
  readonly before: Phrase | null
  readonly after: Phrase | null
  /** Under which load, as the rest of the label. */
  readonly under: Phrase
  /** What exactly it is, for who wants to know. */
  readonly note: Phrase
}

/** The four numbers that somebody understands who has never heard of a percentile. */
export function keyNumbers(report: Report): KeyNumber[] {
  const { summary, method } = report
  const { before, after } = comparisonOf(report)
  const pair = <Value>(figures: ByMode<Value>, write: (value: Value, mode: ModeName) => Phrase) => {
    const of = (mode: ModeName | null) => {
      const value = mode === null ? undefined : figures[mode]
      return mode === null || value === undefined ? null : write(value, mode)
    }
    return { before: of(before), after: of(after) }
  }
  const atRate = say`at ${rate(summary.rate)} readers a second`
  return [
    {
      label: 'Readers a second before pages slow down',
      ...pair(summary.maxRate, (_, mode) => highestRate(report, mode)),
      under: say`with 99 of 100 pages complete within ${duration(method.p99LimitMs)}`,
      note: say`The highest rate with 99 of 100 pages complete within ${duration(method.p99LimitMs)} and none failed.${boundNote(report)}`,
    },
    {
      label: 'The slowest 1 in 100 pages',
      ...pair(summary.pageP99Ms, latency),
      under: atRate,
      note: say`As long or longer, from arriving to the complete page, ${atRate}.${atPeak(report, summary.peak.pageP99Ms)}`,
    },
    {
      label: 'What every other page of the site felt',
      ...pair(summary.healthzP99Ms, latency),
      under: atRate,
      note: say`The slowest 1 in 100 answers to a health check, which needs no article, ${atRate}.${atPeak(report, summary.peak.healthzP99Ms)}`,
    },
    failedNumber(report, pair),
  ]
}

/** What stands for a mode at the head of a column: `Before: blocking`. */
export function columnOf(report: Report, side: 'before' | 'after'): string {
  const mode = comparisonOf(report)[side]
  return `${side === 'before' ? 'Before' : 'After'}${mode === null ? '' : `: ${modeLabels[mode].replace(/^[A-Z]/, (letter) => letter.toLowerCase())}`}`
}

function latency(value: number | null): Phrase {
  return value === null ? ['failed'] : [duration(value)]
}

/** The same at the highest common rate, as a further sentence. */
function atPeak(report: Report, figures: ByMode<number | null>): Phrase {
  const { before, after } = comparisonOf(report)
  const { peak } = report.summary
  const old = before === null ? undefined : figures[before]
  const now = after === null ? undefined : figures[after]
  if (!hasPeak(report) || old === undefined || now === undefined) return []
  return say` At ${rate(peak.rate)} a second: ${latency(old)} before, ${latency(now)} after.`
}

function boundNote({ summary }: Report): string {
  return Object.values(summary.maxRateIsBound).some((isBound) => isBound)
    ? ' “At least” where the load generator could do no more.'
    : ''
}

/** In incidents what counts is what a site can do about: pages that it had served before. Without incidents, all that failed. */
function failedNumber(
  report: Report,
  pair: (figures: ByMode<number>, write: (value: number) => Phrase) => Pick<KeyNumber, 'before' | 'after'>,
): KeyNumber {
  const { summary, incidents } = report
  const atRate = say`at ${rate(summary.rate)} readers a second`
  const number = (value: number) => [count(value)]
  if (incidents.length === 0 || summary.failedReadBefore === undefined) {
    const where = incidents.length === 0 ? atRate : say`${atRate} and in the incidents`
    return { label: 'Pages that failed', ...pair(summary.failed, number), under: where, note: failedNote(report) }
  }
  return {
    label: 'Pages read before that failed all the same',
    ...pair(summary.failedReadBefore, number),
    under: ['in the incidents'],
    note: failedNote(report),
  }
}

function failedNote(report: Report): Phrase {
  const { summary, incidents } = report
  const { before, after } = comparisonOf(report)
  const atRate = say`at ${rate(summary.rate)} readers a second`
  if (incidents.length === 0) return say`Of all pages asked for ${atRate}. No incident was rehearsed.`
  const wentThrough = (mode: ModeName | null) =>
    incidents.filter(({ modes }) => modes.some((one) => one.mode === mode)).map(({ name }) => name)
  const isFair = before === null || after === null || wentThrough(before).join(' ') === wentThrough(after).join(' ')
  const unfair = isFair ? '' : ' Not every incident was rehearsed with both: do not compare.'
  const inIncidents = after === null ? undefined : summary.failedInIncidents[after]
  const wasBefore = before === null ? undefined : summary.failedInIncidents[before]
  if (inIncidents === undefined || wasBefore === undefined) {
    return say`In all runs ${atRate} and in the incidents.${unfair}`
  }
  return say`With those that nobody had read yet: ${count(wasBefore)} and ${count(inIncidents)}. ${failedInRuns(report, before, after)}${unfair}`
}

function failedInRuns({ summary }: Report, before: ModeName | null, after: ModeName | null): Phrase {
  const of = (mode: ModeName | null) => share((mode === null ? undefined : summary.failedShare[mode]) ?? 0)
  return say`Without incidents: ${of(before)} and ${of(after)}.`
}
