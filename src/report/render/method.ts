import type { Report } from '../report.ts'
import { count, duration, rate, share, span } from './figures.ts'
import { join, type Phrase, say } from './phrase.ts'
import { climbedLadders, measuredModes } from './reading.ts'
import { incidentLabels, keepingUp, modeLabels } from './words.ts'

/** What something is called, and what there is to say of it. */
export interface Fact {
  readonly name: string
  readonly words: Phrase
}

/** How it was measured, on what, and how to do it again. The command is not among them: it wants to be copied. */
export function methodFacts(report: Report): Fact[] {
  const { method, machine, versions, data } = report
  const { load } = method
  return [
    {
      name: 'Machine',
      words: say`${machine.line}; ${machine.platform}. Load average before the start: ${{ value: machine.loadAverage, text: String(machine.loadAverage) }}; other work on the machine makes every figure worse.`,
    },
    {
      name: 'Versions',
      words: say`onward ${versions.onward}, Node ${versions.node}, ${versions.database ?? `SQLite ${versions.sqlite}`}`,
    },
    {
      name: 'Data',
      words: say`${data.name}: ${count(data.articles)} articles, ${count(data.meanBodyCharacters)} characters in the mean, in ${storeNames[data.store]}${data.seed === null ? '' : say`; generated with seed ${seed(data.seed)}`}.`,
    },
    ...(data.store === 'sqlite'
      ? []
      : [
          {
            name: 'Database',
            words: say`A database of the report's own on a ${storeNames[data.store]} server, made for it and dropped afterwards. One for all: what was published while one way to serve was measured is taken out again before the next. Processor time and memory are those of the site alone, not of the server.`,
          },
        ]),
    {
      name: 'Runs',
      words:
        method.runs === 1
          ? say`One of ${span(method.seconds)} for each figure, longer where too few readers come for a percentile, after ${span(method.warmUpSeconds)} that are not counted. With one run there is no spread: another run may differ by more than it seems.`
          : say`${count(method.runs)} of ${span(method.seconds)} for each figure, longer where too few readers come for a percentile, each after ${span(method.warmUpSeconds)} that are not counted. The median is told, with the least and the most in brackets.`,
    },
    { name: 'Whole report', words: say`Begun ${report.startedAt}, and done in ${span(report.tookSeconds)}.` },
    {
      name: 'Arrivals',
      words: say`On a schedule drawn beforehand (a Poisson process, seed ${seed(method.seed)}; at the common rates and in the incidents the same for every mode), whether the site answers or not. Latency counts from the scheduled arrival, so that a stalled site cannot hide its stall.`,
    },
    {
      name: 'Readers',
      words: say`The newest ${count(load.popularArticles)} articles are read by Zipf's law with exponent ${{ value: load.zipfExponent, text: String(load.zipfExponent) }}; ${share(load.coldShare)} ask for an article that nobody asked for before; ${share(load.burstShare)} for the one breaking article while it breaks; ${share(load.leavingShare)} go away early and count as neither served nor failed. Beside them articles are published at ${rate(load.publishesPerSecond)} a second and health checks asked for at ${rate(load.healthzPerSecond)} a second. At most ${count(load.connectionsMax)} connections.`,
    },
    {
      name: 'Highest rate',
      words: say`${keepingUp(report)} Each rate is held for ${span(method.ladderSeconds)}, longer where too few readers come for a percentile. One that nearly kept the limit is tried ${count(method.ladderTries)} times before it counts as too much.${climbsWords(method.climbs ?? 1)}`,
    },
    {
      name: 'Failed',
      words: say`An error, a wrong or cut answer, or none within ${duration(method.requestTimeoutMs)}. A failed page counts as infinitely late, so that failing fast never makes a percentile look better; a percentile that falls on failed pages is written “failed”.`,
    },
    { name: 'Load generator', words: generatorWords(report) },
  ]
}

function climbsWords(climbs: number): Phrase {
  return climbs === 1
    ? ['']
    : say` The search is made ${count(climbs)} times, again from where the first ended; the median is told, with the least and the most in brackets. Between what was kept up with and the next rate tried lies up to a quarter.`
}

/** The most needed of it, for report.md. */
export function methodInBrief(report: Report): Fact[] {
  const needed = ['Machine', 'Versions', 'Data', 'Database', 'Runs', 'Arrivals', 'Load generator']
  return methodFacts(report).filter(({ name }) => needed.includes(name))
}

/** What a reader has to know before any figure. */
export interface Caveat {
  readonly kind: 'incomplete' | 'bounded' | 'busy'
  readonly title: string
  readonly words: Phrase
}

/** Whether the report is whole, the generator kept its schedule and the machine was at rest; empty when all is well. */
export function caveats(report: Report): Caveat[] {
  const { partial, machine } = report
  const found: Caveat[] = []
  if (partial !== null) {
    const missing = partial.missing.length === 0 ? '' : ` Not measured: ${partial.missing.join('; ')}.`
    found.push({ kind: 'incomplete', title: 'This report is incomplete.', words: [partial.reason, missing] })
  }
  const limits = generatorLimits(report)
  if (limits.length > 0) {
    const more = limits.length > limitsTold ? ', and others, which are listed under “How it was measured”' : ''
    found.push({
      kind: 'bounded',
      title: 'Here the load generator was the limit, not the site:',
      words: say`${join(limits.slice(0, limitsTold), '; ')}${more}. What is told of these may be the generator's doing: the site is at least as good.`,
    })
  }
  if (machine.loadAverage >= machine.cores / 2) {
    found.push({
      kind: 'busy',
      title: 'The machine had other work to do:',
      words: say`before the start its load average was ${{ value: machine.loadAverage, text: String(machine.loadAverage) }} on ${count(machine.cores)} cores. Every figure is worse for it, and not each by the same.`,
    })
  }
  return found
}

/** Whether the load generator kept its own schedule, and where it did not. */
export function generatorWords(report: Report): Phrase {
  const kept = measuredModes(report).flatMap(({ rates }) =>
    rates.flatMap(({ runs }) => runs.map((run) => run.generator)),
  )
  const all = [...kept, ...report.incidents.flatMap(({ modes }) => modes.map((one) => one.generator))]
  if (all.length === 0) return ['A process of its own. No run was measured.']
  const latest = all.reduce((worst, one) => (one.lateP99Ms > worst.lateP99Ms ? one : worst))
  const limits = generatorLimits(report)
  const worst = say`at worst 1 in 100 arrivals was ${duration(latest.lateP99Ms)} late or more`
  return limits.length === 0
    ? say`A process of its own. It kept its schedule and was never the limit: ${worst}.`
    : say`A process of its own. It was the limit, and not the site, in ${join(limits, '; ')}. What is told of these may be its doing, and the site is at least as good; ${worst}.`
}

/** Where the load generator was the limit, each a few words. */
export function generatorLimits(report: Report): Phrase[] {
  const ladders = climbedLadders(report)
    .filter(({ ladder }) => ladder.endedByGenerator)
    .map(({ mode }) => say`the ladder of “${modeLabels[mode]}”`)
  const rates = measuredModes(report).flatMap(({ mode, rates }) =>
    rates
      .filter(({ runs }) => runs.some(({ generator }) => generator.wasLimit))
      .map((measured) => say`“${modeLabels[mode]}” at ${rate(measured.rate)} pages a second`),
  )
  const incidents = report.incidents.flatMap(({ name, modes }) =>
    modes
      .filter(({ generator }) => generator.wasLimit)
      .map(({ mode }) => say`“${modeLabels[mode]}” in the incident “${incidentLabels[name]}”`),
  )
  return [...ladders, ...rates, ...incidents]
}

/** What nobody should read out of this report. */
export function notShown(report: Report): Phrase[] {
  const { data, method } = report
  return [
    [
      'The network between a site and its readers: site and load generator share one machine, and take processor time from each other.',
    ],
    [
      'Your own site: the ways that are compared with are small servers written for this report, with the full-text query that such sites run, on the same data.',
    ],
    ...(data.seed === null
      ? []
      : [
          [
            'Real articles: these are generated. Measure your own with --data, since longer texts make the related query slower.',
          ],
        ]),
    [`Other stores than ${storeNames[data.store]}.`],
    ...(data.store === 'sqlite'
      ? []
      : [
          [
            'A database server on a machine of its own, unless that is where it was: site and server may have shared one.',
          ],
        ]),
    ['Several machines, or a cache that is shared among them.'],
    ['Whether the related articles are good ones. “onward evaluate” measures that.'],
    ...(method.runs === 1 ? [['How far another run would differ: there was one run for each figure.']] : []),
    ...(report.incidents.length === 0 ? [['What happens when something breaks: no incident was rehearsed.']] : []),
  ]
}

function seed(value: number) {
  return { value, text: String(value) }
}

const storeNames = { sqlite: 'SQLite', postgres: 'PostgreSQL', mariadb: 'MariaDB', mysql: 'MySQL' } as const

// More would push what the page is about off the first screen.
const limitsTold = 2
