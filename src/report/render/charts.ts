import { html } from 'ghtml'
import type { Incident, Ladder, ModeName, Report } from '../report.ts'
import { duration, rate } from './figures.ts'
import { incidentChart } from './incident-chart.ts'
import { type Line, lineChart } from './line-chart.ts'
import { asText, say } from './phrase.ts'
import { figureText, marker, px, textWidth } from './plot.ts'
import {
  climbedLadders,
  climbsApart,
  comparisonOf,
  measuredAt,
  measuredIn,
  measuredModes,
  middleOf,
  modesOf,
  percentileNames,
  stepsOf,
} from './reading.ts'
import { type Row, rowsChart } from './rows-chart.ts'
import { atLeast, headlineOf, highestRate, incidentLabels, modeLabels } from './words.ts'

/** How large a drawing is, and what keeps its ids apart from those of another of the same thing. */
export interface Cut {
  readonly id: string
  readonly width: number
}

/** The one picture: how long pages take as more readers come, before and after. Null when no ladder was climbed. */
export function pictureChart(
  report: Report,
  cut: Cut & { readonly height: number; readonly before?: string },
): string | null {
  const { before, after } = comparisonOf(report)
  const climbed = climbedLadders(report).filter(({ mode }) => mode === before || mode === after)
  if (climbed.length === 0) return null
  const isNarrow = cut.width < 500
  return lineChart({
    ...cut,
    title: 'How long the slowest 1 in 100 pages take as more readers come',
    description: `${asText(headlineOf(report))}. The table of the ladder has the figures.`,
    lines: climbed.map((mode) =>
      ladderLine(mode, mode.mode === before ? `Before: ${lowered(mode.mode)}` : `After: ${lowered(mode.mode)}`),
    ),
    x: { title: 'readers a second', write: (value) => rate(value).text },
    y: { title: 'slowest 1 in 100 pages', write: (value) => duration(value).text },
    limit: {
      y: report.method.p99LimitMs,
      name: isNarrow ? 'slow' : `slower than ${duration(report.method.p99LimitMs).text}`,
    },
    names: 'above',
    over: ({ area, x, y }) =>
      climbed
        .filter(({ mode }) => (report.summary.maxRate[mode] ?? 0) > 0)
        .map(({ mode, ladder }) => {
          const value = rate(report.summary.maxRate[mode] ?? 0)
          const left = x.scale(value.value)
          const step = stepsOf(ladder.steps).find((one) => one.rate === value.value)
          const top = y.scale(step?.pageP99Ms ?? report.method.p99LimitMs)
          const words = { value: value.value, text: `${atLeast(report, mode)}${value.text} a second` }
          // One below the other in the room between limit and axis: on a phone they would stand on each other.
          const limitTop = y.scale(report.method.p99LimitMs)
          const callTop = limitTop + (area.bottom - limitTop) * (mode === before ? 0.35 : 0.65)
          const isLeft = left + 8 + textWidth(words.text) > area.right
          return html`<g class="m-${mode}"><path class="drop" d="M${px(left)} ${px(top + 8)}V${px(area.bottom)}"/>!${marker(mode, left, top)}!${figureText(words, `class="call" x="${px(left + (isLeft ? -8 : 8))}" y="${px(callTop)}" text-anchor="${isLeft ? 'end' : 'start'}"`)}</g>`
        })
        .join(''),
  })
}

/** Every step of every ladder. */
export function ladderChart(report: Report, cut: Cut): string {
  return lineChart({
    ...cut,
    height: cut.width < 500 ? 430 : 400,
    title: 'Page time of the slowest 1 in 100 by rate, for every mode',
    description: `Each line is a way to serve the page. It keeps up while its line stays under ${duration(report.method.p99LimitMs).text}. The table below has every step.`,
    lines: climbedLadders(report).map((one) => ladderLine(one, modeLabels[one.mode])),
    x: { title: 'pages a second', write: (value) => rate(value).text },
    y: { title: 'page p99', write: (value) => duration(value).text },
    limit: { y: report.method.p99LimitMs },
    names: 'above',
  })
}

/** What each mode sustains. */
export function maxRateChart(report: Report, cut: Cut): string {
  const { maxRate } = report.summary
  return rowsChart({
    ...cut,
    title: 'Highest rate that each way of serving keeps up with',
    description: 'From what many sites do to onward as installed, in pages a second. The table below has the figures.',
    rows: modesOf(report).flatMap((mode) => {
      const value = maxRate[mode]
      if (value === undefined) return []
      return [
        {
          mode,
          label: modeLabels[mode],
          figure: rate(value),
          prefix: atLeast(report, mode),
          none: asText(highestRate(report, mode)),
          spread: spreadOfClimbs(report, mode),
        },
      ]
    }),
    axis: { title: 'pages a second', write: (value) => rate(value).text },
  })
}

/** p99 of the complete page at the summary's rate or at its peak, with the spread of its runs. */
export function pageP99Chart(report: Report, at: 'rate' | 'peak', cut: Cut): string {
  const figures = at === 'rate' ? report.summary : report.summary.peak
  return rowsChart({
    ...cut,
    title: `Page time of the slowest 1 in 100 at ${rate(figures.rate).text} pages a second`,
    description: 'Median of the runs, with the least and the most of them. The table below has the figures.',
    rows: rowsOf(report, figures, 'pageP99Ms'),
    axis: { title: 'page p99', write: (value) => duration(value).text },
    limit: { x: report.method.p99LimitMs, label: duration(report.method.p99LimitMs).text },
  })
}

/** p99 of `/healthz` at the same time. */
export function healthzChart(report: Report, at: 'rate' | 'peak', cut: Cut): string {
  const figures = at === 'rate' ? report.summary : report.summary.peak
  return rowsChart({
    ...cut,
    title: `What every other page of the site feels at ${rate(figures.rate).text} pages a second`,
    description:
      'The slowest 1 in 100 answers of a health check, which needs no article at all. The table below has the figures.',
    rows: rowsOf(report, figures, 'healthzP99Ms'),
    axis: { title: '/healthz p99', write: (value) => duration(value).text },
  })
}

/** The percentiles of the complete page at one of the common rates. */
export function percentilesChart(report: Report, perSecond: number, cut: Cut): string {
  const lines = measuredModes(report).flatMap(({ mode, rates }): Line[] => {
    const measured = rates.find((one) => one.rate === perSecond)
    if (measured === undefined || measured.runs.length === 0) return []
    const points = percentileNames.map(({ of }, x) => ({
      x,
      y: middleOf(measured.runs.map(({ pages }) => pages.page[of])),
    }))
    return [{ mode, label: modeLabels[mode], points }]
  })
  return lineChart({
    ...cut,
    height: cut.width < 500 ? 400 : 340,
    title: `How long a page takes at ${rate(perSecond).text} pages a second, from the median reader to the unluckiest`,
    description: 'One line for each way to serve the page. The table below has the figures.',
    lines,
    x: {
      title: 'share of pages that are at least as fast',
      named: percentileNames.map((_, x) => x),
      write: (x) => percentileNames[x]?.label ?? '',
    },
    y: { title: 'complete page', write: (value) => duration(value).text },
    names: cut.width < 500 ? 'above' : 'at the ends',
  })
}

/** One incident for every mode. */
export function timelineChart(report: Report, incident: Incident, cut: Cut): string {
  return incidentChart({
    ...cut,
    incident,
    modes: measuredIn(report, incident),
    title: `${incidentLabels[incident.name]}: page times and failed pages over time`,
    description: `${incident.title}. For each way to serve the page, the page time of the slowest 1 in 100 and of the median in each moment, and the share of pages that failed. The table below has the figures.`,
    limitMs: report.method.p99LimitMs,
    writeMs: (ms) => duration(ms).text,
  })
}

function ladderLine({ mode, ladder }: { readonly mode: ModeName; readonly ladder: Ladder }, label: string): Line {
  return {
    mode,
    label,
    points: stepsOf(ladder.steps).map(({ rate: x, pageP99Ms, sustained, failed }) => ({
      x,
      // A step whose p99 escaped the failures is shown where its pages are; hollow says that it did not count as kept up.
      y: pageP99Ms,
      hollow: !sustained && (pageP99Ms !== null || failed > 0),
    })),
  }
}

// What begins at nothing has no place on a logarithmic axis.
function spreadOfClimbs(report: Report, mode: ModeName): { from: number; to: number } | null {
  const apart = climbsApart(report, mode)
  return apart === null || apart.min === 0 ? null : { from: apart.min, to: apart.max }
}

function rowsOf(
  report: Report,
  figures: Pick<Report['summary'], 'rate' | 'pageP99Ms' | 'healthzP99Ms'>,
  of: 'pageP99Ms' | 'healthzP99Ms',
): Row[] {
  return modesOf(report).flatMap((mode) => {
    const value = figures[of][mode]
    if (value === undefined) return []
    const measured = measuredAt(report, mode, figures.rate)
    const { min = null, max = null } = measured?.spread[of] ?? {}
    const spread =
      measured !== null && measured.runs.length > 1 && min !== null && max !== null ? { from: min, to: max } : null
    return [{ mode, label: modeLabels[mode], figure: value === null ? null : duration(value), spread }]
  })
}

// Say `After: onward` but `Before: blocking`.
function lowered(mode: ModeName): string {
  return asText(say`${modeLabels[mode].slice(0, 1).toLowerCase()}${modeLabels[mode].slice(1)}`)
}
