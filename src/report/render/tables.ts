import type {
  GeneratorKeeping,
  Incident,
  IncidentMode,
  ModeName,
  Percentiles,
  Rails,
  Report,
  Run,
  Spread,
} from '../report.ts'
import { count, duration, memory, rate, share, span } from './figures.ts'
import { join, type Phrase, say } from './phrase.ts'
import {
  climbedLadders,
  climbsApart,
  measuredAt,
  measuredIn,
  measuredModes,
  middleOf,
  modesOf,
  percentileNames,
  stepsByClimb,
} from './reading.ts'
import { highestRate, modeLabels } from './words.ts'

/** A table with a row for each mode, or several. */
export interface Table {
  readonly caption: Phrase
  /** The first is for the mode and has no name here. */
  readonly columns: readonly string[]
  readonly rows: readonly { readonly mode: ModeName; readonly label: string; readonly cells: readonly Cell[] }[]
}

/** What stands in one cell; `isBad` marks what failed, which a word says as well. */
export interface Cell {
  readonly words: Phrase
  readonly isBad: boolean
}

/** What each mode came to at the summary's rate: behind the first charts, and in report.md. */
export function contributionTable(report: Report): Table {
  const { summary } = report
  return {
    caption: say`The highest rate of each, and what it comes to at ${rate(summary.rate)} pages a second: median (least to most)`,
    columns: ['Highest rate a second', ...comesToColumns],
    rows: modesOf(report).map((mode) => ({
      mode,
      label: modeLabels[mode],
      cells: [
        summary.maxRate[mode] === undefined ? unmeasured : good(highestRateWithSpread(report, mode)),
        ...comesTo(report, mode, summary),
      ],
    })),
  }
}

function highestRateWithSpread(report: Report, mode: ModeName): Phrase {
  const apart = climbsApart(report, mode)
  const told = highestRate(report, mode)
  return apart === null ? told : say`${told} (${rate(apart.min)} to ${rate(apart.max)})`
}

/** The same at the highest common rate. */
export function peakTable(report: Report): Table {
  const { peak } = report.summary
  return {
    caption: say`What each comes to at ${rate(peak.rate)} pages a second`,
    columns: comesToColumns,
    rows: modesOf(report).map((mode) => ({ mode, label: modeLabels[mode], cells: comesTo(report, mode, peak) })),
  }
}

function comesTo(
  report: Report,
  mode: ModeName,
  figures: Pick<Report['summary'], 'rate' | 'pageP99Ms' | 'healthzP99Ms' | 'failedShare'>,
): Cell[] {
  const measured = measuredAt(report, mode, figures.rate)
  const failedShare = figures.failedShare[mode]
  const latency = (of: 'pageP99Ms' | 'healthzP99Ms') =>
    measured === null ? latencyOrNone(figures[of][mode]) : spreadCell(measured.spread[of], measured.runs.length)
  return [
    measured === null ? unmeasured : spreadCell(measured.spread.pageP50Ms, measured.runs.length),
    latency('pageP99Ms'),
    latency('healthzP99Ms'),
    failedShare === undefined ? unmeasured : { words: [share(failedShare)], isBad: failedShare > 0 },
  ]
}

/** First byte, article and page at one of the common rates. */
export function percentilesTable(report: Report, perSecond: number): Table {
  return {
    caption: say`At ${rate(perSecond)} pages a second, median of the runs, from the moment at which a reader arrived`,
    columns: ['', ...percentileNames.map(({ label }) => label)],
    rows: measuredModes(report).flatMap(({ mode, rates }) => {
      const runs = rates.find((one) => one.rate === perSecond)?.runs ?? []
      if (runs.length === 0) return []
      return timed.map(({ label, of }) => ({
        mode,
        label: modeLabels[mode],
        cells: [
          good([label]),
          ...percentileNames.map((name) => latencyCell(middleOf(runs.map((run) => of(run)[name.of])))),
        ],
      }))
    }),
  }
}

/** Every step of every ladder: by climb, and by rate. */
export function ladderTable(report: Report): Table {
  return {
    caption: ['Every step of the search for the highest rate'],
    columns: ['Climb', 'Pages a second', 'Page p99', 'Failed', 'Kept up'],
    rows: climbedLadders(report).flatMap(({ mode, ladder }) =>
      stepsByClimb(ladder.steps).map((step) => ({
        mode,
        label: modeLabels[mode],
        cells: [
          good([count(step.climb ?? 1)]),
          good([rate(step.rate)]),
          latencyCell(step.pageP99Ms),
          countCell(step.failed),
          good([step.generatorWasLimit ? 'the load generator did not' : step.sustained ? 'yes' : 'no']),
        ],
      })),
    ),
  }
}

/** Every run at every common rate: its times, and whether the generator kept its schedule. */
export function runsTable(report: Report): Table {
  return {
    caption: ['Every run: latencies'],
    columns: [
      'Pages a second',
      'Run',
      'Page p50',
      'Page p99',
      'Article p99',
      'First byte p99',
      '/healthz p99',
      'Generator late, p99',
    ],
    rows: everyRun(report, ({ pages, healthz, generator }) => [
      latencyCell(pages.page.p50),
      latencyCell(pages.page.p99),
      latencyCell(pages.article.p99),
      latencyCell(pages.firstByte.p99),
      latencyCell(healthz.p99),
      generatorCell(generator),
    ]),
  }
}

/** Every run at every common rate: what was served, and what it cost. */
export function costsTable(report: Report): Table {
  return {
    caption: ['Every run: what was served and what it cost'],
    columns: [
      'Pages a second',
      'Run',
      'Arrived',
      'Failed',
      'Went away',
      railsColumn,
      'CPU a page',
      'Memory',
      'Event loop late, p99',
      'Event loop busy',
    ],
    rows: everyRun(report, ({ counts, rails, cpuMsPerPage, memoryBytes, loop }) => [
      good([count(counts.arrivals)]),
      failedCell(counts.failed, counts.failures),
      good([count(counts.left)]),
      railsCell(rails),
      cpuMsPerPage === null ? good(['nothing served']) : good([duration(cpuMsPerPage)]),
      good([memory(memoryBytes)]),
      good([duration(loop.delayP99Ms)]),
      good([share(loop.utilisation)]),
    ]),
  }
}

/** What an idle server shows before any load. */
export function idleTable(report: Report): Table {
  return {
    caption: ['Before any load: what an idle server shows'],
    columns: ['/healthz p50', '/healthz p99', 'Event loop late, p99', 'Memory'],
    rows: measuredModes(report).map(({ mode, idle }) => ({
      mode,
      label: modeLabels[mode],
      cells: [
        latencyCell(idle.healthz.p50),
        latencyCell(idle.healthz.p99),
        good([duration(idle.loop.delayP99Ms)]),
        good([memory(idle.memoryBytes)]),
      ],
    })),
  }
}

/** All incidents, a few figures each, for report.md. */
export function incidentsTable(report: Report): Table {
  return {
    caption: ['Pages that failed, and how long it took until pages were as before'],
    columns: ['', 'Arrived', 'Failed', 'Failed though read before', 'Page p99', 'Recovered after'],
    rows: report.incidents.flatMap((incident) =>
      measuredIn(report, incident).map((one, at) => ({
        mode: one.mode,
        label: at === 0 ? incident.title : '',
        cells: [
          good([modeLabels[one.mode]]),
          good([count(one.counts.arrivals)]),
          countCell(one.counts.failed),
          countCell(one.failedSeenBefore),
          latencyCell(one.pages.p99),
          recoveredCell(one),
        ],
      })),
    ),
  }
}

/** One incident. */
export function incidentTable(report: Report, incident: Incident): Table {
  return {
    caption: say`${incident.title}: over the whole ${span(incident.seconds)}`,
    columns: [
      'Arrived',
      'Failed',
      'Failed though read before',
      'Page p50',
      'Page p99',
      '/healthz p99',
      railsColumn,
      'Recovered after',
    ],
    rows: measuredIn(report, incident).map((one) => ({
      mode: one.mode,
      label: modeLabels[one.mode],
      cells: [
        good([count(one.counts.arrivals)]),
        failedCell(one.counts.failed, one.counts.failures),
        countCell(one.failedSeenBefore),
        latencyCell(one.pages.p50),
        latencyCell(one.pages.p99),
        latencyCell(one.healthz.p99),
        railsCell(one.rails),
        recoveredCell(one),
      ],
    })),
  }
}

function recoveredCell({ recoveredAfterSeconds }: IncidentMode): Cell {
  return recoveredAfterSeconds === null ? bad(['never']) : good([span(recoveredAfterSeconds)])
}

function everyRun(report: Report, cells: (run: Run) => readonly Cell[]): Table['rows'] {
  return measuredModes(report).flatMap(({ mode, rates }) =>
    rates.flatMap((measured) =>
      measured.runs.map((run, at) => ({
        mode,
        label: modeLabels[mode],
        cells: [good([rate(measured.rate)]), good([`run ${at + 1}`]), ...cells(run)],
      })),
    ),
  )
}

function spreadCell({ median, min, max }: Spread, runs: number): Cell {
  if (median === null) return bad(min === null ? ['failed'] : say`failed (${duration(min)} to failed)`)
  if (runs < 2 || min === null) return good([duration(median)])
  return good(say`${duration(median)} (${duration(min)} to ${max === null ? 'failed' : duration(max)})`)
}

function latencyCell(ms: number | null): Cell {
  return ms === null ? bad(['failed']) : good([duration(ms)])
}

function latencyOrNone(ms: number | null | undefined): Cell {
  return ms === undefined ? unmeasured : latencyCell(ms)
}

function countCell(number: number): Cell {
  return { words: [count(number)], isBad: number > 0 }
}

function failedCell(failed: number, failures: Run['counts']['failures']): Cell {
  const kinds = failureKinds
    .filter(({ of }) => failures[of] > 0)
    .map(({ of, label }) => say`${count(failures[of])} ${label}`)
  return kinds.length === 0 ? countCell(failed) : bad(say`${count(failed)} (${join(kinds, ', ')})`)
}

function railsCell({ complete, stale, fallback, missing }: Rails): Cell {
  return good(join([[count(complete)], [count(stale)], [count(fallback)], [count(missing)]], ' / '))
}

function generatorCell({ lateP99Ms, wasLimit }: GeneratorKeeping): Cell {
  return wasLimit ? bad(say`${duration(lateP99Ms)}, was the limit`) : good([duration(lateP99Ms)])
}

function good(words: Phrase): Cell {
  return { words, isBad: false }
}

function bad(words: Phrase): Cell {
  return { words, isBad: true }
}

const unmeasured: Cell = good(['not measured'])

const comesToColumns = ['Page p50', 'Page p99', '/healthz p99', 'Failed']

const railsColumn = 'Related lists: complete / stale / newest instead / missing'

const timed: readonly { readonly label: string; readonly of: (run: Run) => Percentiles }[] = [
  { label: 'first byte', of: ({ pages }) => pages.firstByte },
  { label: 'article', of: ({ pages }) => pages.article },
  { label: 'page', of: ({ pages }) => pages.page },
]

const failureKinds = [
  { of: 'timedOut', label: 'too late' },
  { of: 'disconnected', label: 'cut off' },
  { of: 'serverError', label: 'server errors' },
  { of: 'wrongAnswer', label: 'wrong answers' },
] as const
