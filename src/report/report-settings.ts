import { type IncidentName, incidentNames, type LoadMethod, type ModeName, modeNames } from './report.ts'

/** How much is measured, and how long. Times in seconds. */
export interface ReportSettings {
  readonly seed: number
  readonly seconds: number
  readonly runs: number
  readonly warmUpSeconds: number
  /** How often the ladder is climbed for each mode. */
  readonly climbs: number
  /** How many times as long a run may be where few readers come. */
  readonly lowRateTimes: number
  readonly ladderSeconds: number
  /** The ladder goes no higher, in pages a second; undefined for as high as the generator can. */
  readonly rateMax?: number
  /** In the order of {@link modeNames}. */
  readonly modes: readonly ModeName[]
  readonly incidents: readonly IncidentName[]
  /** Readers before what is shown of an incident, so that caches hold what they would hold. */
  readonly incidentWarmUpSeconds: number
  readonly calmSeconds: number
  readonly incidentSeconds: number
  readonly recoverySeconds: number
  readonly load: LoadMethod
  /** How many articles are generated when no data is named. */
  readonly articles: number
}

/**
 * What `onward report` measures: in under 5 minutes without options, a quick look with 1 or 2 seconds, everything at
 * length with `full`.
 */
export function reportSettings(given: {
  readonly seconds?: number | undefined
  readonly modes?: readonly ModeName[] | undefined
  readonly full?: boolean | undefined
  readonly articles?: number | undefined
}): ReportSettings {
  const { full = false } = given
  const seconds = given.seconds ?? (full ? 20 : given.modes === undefined ? 2.5 : 3)
  const isQuick = seconds <= 2
  // What is asked for by name may take its time; without a word it has five minutes.
  const isBrief = isQuick || (!full && given.seconds === undefined && given.modes === undefined)
  const modes = given.modes ? modeNames.filter((mode) => given.modes?.includes(mode)) : full ? modeNames : defaultModes
  return {
    seed: 1,
    seconds,
    runs: full ? 5 : isBrief ? 2 : 3,
    climbs: full ? 5 : isBrief ? 1 : 3,
    lowRateTimes: isBrief ? 1 : 3,
    warmUpSeconds: Math.min(1, seconds / 6),
    ladderSeconds: Math.min(seconds / 2, 10),
    modes,
    incidents: incidentNames,
    incidentWarmUpSeconds: full ? 20 : Math.min(2, seconds),
    calmSeconds: full ? 5 : Math.min(1.5, seconds),
    incidentSeconds: full ? 10 : isQuick ? seconds : 3,
    recoverySeconds: full ? 15 : Math.min(2.5, seconds),
    load,
    articles: given.articles ?? (isQuick ? 3000 : 20_000),
  }
}

/** The site of the story, the usual repair, and onward: what fits into five minutes. */
const defaultModes: readonly ModeName[] = ['blocking', 'concurrent', 'onward']

/** A page's readers are impatient at this: it is what a rate is held against, in milliseconds. */
export const p99LimitMs = 50

/** A borderline step of the ladder gets a second try, or a single hiccup of the machine would end the search. */
export const ladderTries = 2

/** What takes longer has failed, in milliseconds: the reader has gone, and half of them long before. */
export const requestTimeoutMs = 5000

/** The generator may be late by a fifth of the limit at its p99; beyond that it says that it was the limit. */
export const lateLimitMs = p99LimitMs / 5

/** Five times as many readers: what a push message to all phones does. */
export const surgeTimes = 5

const load: LoadMethod = {
  zipfExponent: 1,
  popularArticles: 2000,
  coldShare: 0.1,
  burstShare: 0.3,
  leavingShare: 0.02,
  publishesPerSecond: 1,
  healthzPerSecond: 20,
  connectionsMax: 1000,
}
