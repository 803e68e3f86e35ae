import type { IncidentName, ModeName, Report } from '../report.ts'
import { duration, rate } from './figures.ts'
import { type Phrase, say } from './phrase.ts'
import { comparisonOf } from './reading.ts'

/** What each mode is called beside a line or in a row; `modeDescriptions` says it in full. */
export const modeLabels: Readonly<Record<ModeName, string>> = {
  blocking: 'Blocking',
  sequential: 'One after the other',
  concurrent: 'At the same time',
  capped: 'Same time with a cap',
  'concurrent-cached': 'Same time with cache',
  'onward-uncached': 'onward without caches',
  onward: 'onward',
}

/** What each incident is called in a row. Its title, with its length, is in the report. */
export const incidentLabels: Readonly<Record<IncidentName, string>> = {
  'rail-hangs': 'Related query hangs',
  'database-gone': 'Database is gone',
  burst: 'Burst of readers',
}

/** The report in one sentence, for somebody who reads no further. It says so as well when onward did not help. */
export function headlineOf(report: Report): Phrase {
  const { before, after } = comparisonOf(report)
  const { maxRate } = report.summary
  const old = before === null ? undefined : maxRate[before]
  const now = after === null ? undefined : maxRate[after]
  if (before !== null && after !== null && old !== undefined && now !== undefined) {
    return comparing({ old, now, report, before, after })
  }
  if (after !== null && now !== undefined) {
    return say`${subject(after)} ${now > 0 ? say`keeps up with ${readers(report, after)}` : 'kept up with no rate that was tried'}; there is no before to compare it with`
  }
  if (before !== null && old !== undefined) {
    return say`Before onward, the site ${old > 0 ? say`keeps up with ${readers(report, before)}` : 'keeps up with no rate that was tried'}; onward was not measured`
  }
  return say`Too little was measured to compare before and after`
}

function comparing(given: {
  readonly old: number
  readonly now: number
  readonly report: Report
  readonly before: ModeName
  readonly after: ModeName
}): Phrase {
  const { old, now, report, before, after } = given
  const name = subject(after)
  if (!isTold(report, before, after)) {
    return say`How many more readers the site keeps up with cannot be told from this run: the load generator could not keep its own schedule`
  }
  if (now === 0 && old === 0) return say`Neither the site as it was nor ${name} kept up with any rate that was tried`
  if (now === 0)
    return say`${name} kept up with no rate that was tried; before, the site kept up with ${readers(report, before)}`
  if (old === 0) {
    return say`With ${name} the site keeps up with ${readers(report, after)}; before, with no rate that was tried`
  }
  if (now === old) return say`The site keeps up with ${readers(report, after)}, with ${name} as without`
  const instead = say`instead of ${atLeast(report, before)}${rate(old)}`
  return now > old
    ? say`With ${name} the site keeps up with ${readers(report, after)} ${instead}`
    : say`With ${name} the site keeps up with fewer readers here: ${atLeast(report, after)}${rate(now)} a second ${instead}`
}

/** `at least`, with spaces that do not break, where it was the load generator that could do no more. */
export function atLeast(report: Report, mode: ModeName): string {
  return report.summary.maxRateIsBound[mode] ? 'at\u00a0least\u00a0' : ''
}

/** The highest rate that a mode was measured to keep up with, as it stands in a row or a cell. */
export function highestRate(report: Report, mode: ModeName): Phrase {
  const value = report.summary.maxRate[mode] ?? 0
  if (value > 0) return say`${atLeast(report, mode)}${rate(value)}`
  return report.summary.maxRateIsBound[mode] ? ['not known'] : ['none']
}

/**
 * Whether the two highest rates can be set against each other: a lower bound of what was before tells nothing, and one of
 * what is after only when it is above.
 */
export function isTold({ summary }: Report, before: ModeName, after: ModeName): boolean {
  const { maxRate, maxRateIsBound } = summary
  if (maxRateIsBound[before]) return false
  return !maxRateIsBound[after] || (maxRate[after] ?? 0) > (maxRate[before] ?? 0)
}

/** What "keeps up" means, as a sentence. */
export function keepingUp(report: Report): Phrase {
  return say`A site keeps up with a rate as long as 99 of 100 pages are complete within ${duration(report.method.p99LimitMs)} and none fails.`
}

function readers(report: Report, mode: ModeName): Phrase {
  const value = report.summary.maxRate[mode] ?? 0
  return say`${atLeast(report, mode)}${rate(value)} ${value === 1 ? 'reader' : 'readers'} a second`
}

function subject(after: ModeName): string {
  return after === 'onward'
    ? 'onward'
    : after === 'onward-uncached'
      ? 'onward without its caches'
      : "onward's cache alone"
}
