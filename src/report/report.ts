/**
 * What `report.json` holds: everything that the report says, and nothing that it does not.
 *
 * The pages and charts are drawn from this alone. All times are milliseconds unless the name says otherwise. JSON knows
 * no infinity: a percentile that falls on requests that never came is `null`, to be shown as "failed", never as a gap.
 */
export interface Report {
  readonly format: 'onward-report'
  /** Raised when a field is renamed, removed or changes meaning; adding one does not. */
  readonly version: 1
  /** ISO 8601, when the measuring began. */
  readonly startedAt: string
  /** Seconds that it took in all, preparing the data included. */
  readonly tookSeconds: number
  /** What was left out, and why; null when everything that was asked for was measured. */
  readonly partial: Incomplete | null
  /** The command that made it, to be copied into a shell. A store's password is masked. */
  readonly command: string
  readonly machine: Machine
  readonly versions: Versions
  readonly data: MeasuredData
  readonly method: Method
  /** In the order in which they were measured; a mode that was not reached has no entry. */
  readonly modes: readonly MeasuredMode[]
  /** In the order in which they were made; each with a timeline a mode. */
  readonly incidents: readonly Incident[]
  readonly summary: Summary
}

/** The ways to serve a page that are compared, from what many sites do to onward as installed. */
export const modeNames = [
  'blocking',
  'sequential',
  'concurrent',
  'capped',
  'concurrent-cached',
  'onward-uncached',
  'onward',
] as const

export type ModeName = (typeof modeNames)[number]

/** What each mode is, in words for a caption. The charts may shorten, and must not contradict. */
export const modeDescriptions: Readonly<Record<ModeName, string>> = {
  blocking: 'article, then the related query, both synchronous on the event loop',
  sequential: 'article, then the related query, each awaited, in a pool of connections',
  concurrent: 'article and related query at the same time (Promise.all), in a pool of connections',
  capped: 'as concurrent, but the page gives up on related articles after 2 s',
  'concurrent-cached': "as concurrent, with onward's cache in front",
  'onward-uncached': 'onward with its caches off',
  onward: 'onward as installed',
}

/** By mode; a mode that was not measured is absent. */
export type ByMode<Value> = { readonly [mode in ModeName]?: Value }

/** The few figures that are read first. All come from `modes` and `incidents`, worked out by `summarise`. */
export interface Summary {
  /** `Ladder.maxRate`. */
  readonly maxRate: ByMode<number>
  /** `Ladder.spread`: how far the climbs lie apart. Absent in reports of before it was measured. */
  readonly maxRateSpread?: ByMode<LadderSpread>
  /** True where the load generator ended the ladder and not the server: `maxRate` is then a lower bound. */
  readonly maxRateIsBound: ByMode<boolean>
  /**
   * The rate, in pages a second, that the figures below were measured at, `method.summaryRate`: the highest that
   * `blocking` sustained, or the lowest common rate where it sustained none.
   */
  readonly rate: number
  /** p99 of the complete page, median of the runs at `rate`; null where it falls on requests that failed. */
  readonly pageP99Ms: ByMode<number | null>
  /** p99 of `/healthz` at the same time: what every other route of the site feels. */
  readonly healthzP99Ms: ByMode<number | null>
  /** Pages that failed, as a share of all asked for at `rate`, from 0 to 1. */
  readonly failedShare: ByMode<number>
  /** Pages that failed: in all runs at `rate` and in all incidents together. */
  readonly failed: ByMode<number>
  /** Of `failed`, those in the incidents. */
  readonly failedInIncidents: ByMode<number>
  /** Of those, pages that had been served before the incident began: what a cache can save. Absent in older reports. */
  readonly failedReadBefore?: ByMode<number>
  /** The same at the highest common rate: a peak hour. */
  readonly peak: {
    readonly rate: number
    readonly pageP99Ms: ByMode<number | null>
    readonly healthzP99Ms: ByMode<number | null>
    readonly failedShare: ByMode<number>
  }
  /** p99 of the complete page of `blocking` over that of `onward`, at `rate`; null where either is missing. */
  readonly timesFasterP99: number | null
  /** `maxRate` of `onward` over that of `blocking`; null where blocking sustains nothing, which is to be said in words. */
  readonly timesMoreReaders: number | null
}

export interface Incomplete {
  /** One sentence, such as `Stopped by Ctrl-C.` */
  readonly reason: string
  /** What was not measured, each a few words. */
  readonly missing: readonly string[]
}

export interface Machine {
  /** Such as `2 cores (AMD EPYC), 24 GiB, Node 24.21`: the line that every figure is given with. */
  readonly line: string
  readonly cores: number
  readonly cpu: string
  readonly memoryBytes: number
  readonly platform: string
  /** The 1-minute load average before the measuring: other work on the machine makes every figure worse. */
  readonly loadAverage: number
}

export interface Versions {
  readonly onward: string
  readonly node: string
  readonly sqlite: string
  /** The database server that was measured on, such as `PostgreSQL 15.14`; null or absent where it was SQLite. */
  readonly database?: string | null
}

export interface MeasuredData {
  /** A file's name without its folder, `generated`, or a store's kind; never a text, a password or a folder of the machine. */
  readonly name: string
  readonly articles: number
  /** Seed of the generated archive; null for data of somebody's own. */
  readonly seed: number | null
  /** Mean characters of an article's body. */
  readonly meanBodyCharacters: number
  /** The store's kind. */
  readonly store: 'sqlite' | 'postgres' | 'mariadb' | 'mysql'
}

/** How it was measured; with the command, enough to do it again. */
export interface Method {
  /** Seed of arrivals, popularity and every other choice. */
  readonly seed: number
  /** Length of one run, in seconds. */
  readonly seconds: number
  /** Runs of each figure. */
  readonly runs: number
  /** Seconds of load before each run that are not counted. */
  readonly warmUpSeconds: number
  /** A rate is sustained when the page p99 stays under this. */
  readonly p99LimitMs: number
  /** How often the ladder was climbed for each mode. Absent in reports of before it was more than once. */
  readonly climbs?: number
  /** Length of a step of the ladder; longer at low rates, so that there are enough requests for a p99. */
  readonly ladderSeconds: number
  /** How often a step of the ladder that nearly kept the limit is tried before it counts as too much. */
  readonly ladderTries: number
  /** Rates, in pages a second, that every mode is measured at, ascending. */
  readonly commonRates: readonly number[]
  /** The common rate of the summary. */
  readonly summaryRate: number
  readonly load: LoadMethod
  readonly incidentSeconds: number
  /** Requests that take longer count as failed. */
  readonly requestTimeoutMs: number
}

/** The mix of readers, the same for every mode. Shares are of all page requests, from 0 to 1. */
export interface LoadMethod {
  /** Exponent of the popularity of articles: the n-th most read is read `n^-exponent` as often. */
  readonly zipfExponent: number
  /** How many articles are read by that law: the newest. All others are cold. */
  readonly popularArticles: number
  /** Share of requests for an article that nobody asked for before, as search engines and old links do. */
  readonly coldShare: number
  /** Share of requests for the one breaking article while it breaks: the second third of each run. */
  readonly burstShare: number
  /** Share of readers who go away before the page is complete; they are counted apart, neither served nor failed. */
  readonly leavingShare: number
  /** Articles published while it is measured, each second. */
  readonly publishesPerSecond: number
  /** `/healthz` requests each second, beside the pages. */
  readonly healthzPerSecond: number
  /** Connections that the generator may hold. */
  readonly connectionsMax: number
}

export interface MeasuredMode {
  readonly mode: ModeName
  /** Measured before any load: what `/healthz` and the event loop show in an idle server. */
  readonly idle: { readonly healthz: Percentiles; readonly loop: EventLoop; readonly memoryBytes: number }
  /** Null where the report ended before it. */
  readonly ladder: Ladder | null
  /** One for each rate of `method.commonRates`, ascending. */
  readonly rates: readonly MeasuredRate[]
}

/** The search for the highest rate whose page p99 stays under `method.p99LimitMs`. */
export interface Ladder {
  /**
   * The highest rate tried, in pages a second, whose page p99 stayed under `method.p99LimitMs` with no failure; 0 where
   * the lowest rate was too much. The median of the climbs, and of an even number the lower one in the middle.
   */
  readonly maxRate: number
  /** What the climbs found, from the least to the most. Absent in reports of before it was measured. */
  readonly spread?: LadderSpread
  /** True where the search ended because the generator could not keep its schedule: the server may do more. */
  readonly endedByGenerator: boolean
  /** Of all climbs, in the order in which they were tried. */
  readonly steps: readonly LadderStep[]
}

export interface LadderSpread {
  readonly min: number
  readonly max: number
}

export interface LadderStep {
  /** Which climb it was of, from 1. Absent in reports of a single one. */
  readonly climb?: number
  readonly rate: number
  readonly pageP99Ms: number | null
  readonly failed: number
  readonly sustained: boolean
  /** True where the generator was late by itself; the step says nothing of the server. */
  readonly generatorWasLimit: boolean
}

export interface MeasuredRate {
  /** Pages a second. */
  readonly rate: number
  /** `method.runs` of them, unless the report is partial. */
  readonly runs: readonly Run[]
  /** Over the runs: the median, and how far they lie apart. */
  readonly spread: {
    readonly pageP50Ms: Spread
    readonly pageP99Ms: Spread
    readonly articleP99Ms: Spread
    readonly healthzP99Ms: Spread
    readonly failed: Spread
  }
}

/** Of one figure over several runs. Null where it falls on failed requests. */
export interface Spread {
  readonly median: number | null
  readonly min: number | null
  readonly max: number | null
}

/** One run of one mode at one rate. */
export interface Run {
  readonly pages: PageTimes
  readonly healthz: Percentiles
  readonly counts: Counts
  readonly rails: Rails
  readonly loop: EventLoop
  /** Processor time of the server, all its threads, over the pages served; null where none was. */
  readonly cpuMsPerPage: number | null
  /** The highest resident memory of the server that was seen. */
  readonly memoryBytes: number
  readonly generator: GeneratorKeeping
}

export interface PageTimes {
  readonly firstByte: Percentiles
  /** Through `</article>`: what the reader came for. */
  readonly article: Percentiles
  /** Through the last byte, the rail included. */
  readonly page: Percentiles
}

/**
 * From the scheduled arrival, in milliseconds. What failed counts as infinitely late, so that a fast failure never makes
 * a percentile look better; `null` where the percentile falls on such a request, and where there was none at all.
 */
export interface Percentiles {
  readonly count: number
  readonly p50: number | null
  readonly p90: number | null
  readonly p99: number | null
  readonly p999: number | null
  readonly max: number | null
}

export interface Counts {
  /** Pages asked for, those of readers who went away included. */
  readonly arrivals: number
  readonly served: number
  readonly failed: number
  /** Of `failed`, by kind. */
  readonly failures: Failures
  /** Readers who went away; neither served nor failed. */
  readonly left: number
  /** Of `arrivals`, those that were to be for a cold article when the archive had none left that nobody had asked for. */
  readonly coldAgain: number
  readonly published: number
  readonly publishFailed: number
}

export interface Failures {
  /** No complete answer within `method.requestTimeoutMs`. */
  readonly timedOut: number
  /** The connection was refused, reset or ended before the end of the page. */
  readonly disconnected: number
  /** Answered with 500 or above. */
  readonly serverError: number
  /** Any other answer than the whole article. */
  readonly wrongAnswer: number
}

/** What the pages that were served had as their rail. */
export interface Rails {
  /** Related articles as the mode works them out. */
  readonly complete: number
  /** Related articles out of a cache past its freshness. */
  readonly stale: number
  /** The newest of the section instead, labelled. */
  readonly fallback: number
  /** None: late, unavailable, shed, or given up on. */
  readonly missing: number
}

/** Of the server's main thread, as it measures itself. */
export interface EventLoop {
  /** `monitorEventLoopDelay` at a resolution of 1 ms: about 1 when idle. */
  readonly delayP50Ms: number
  readonly delayP99Ms: number
  readonly delayMaxMs: number
  /** From 0 to 1. */
  readonly utilisation: number
}

/** How well the load generator kept its own schedule: where it is late, it is measured and not the server. */
export interface GeneratorKeeping {
  readonly lateP99Ms: number
  readonly lateMaxMs: number
  /** Utilisation of its own event loop, from 0 to 1. */
  readonly utilisation: number
  /** True where it was so late itself that what it measured may be its own doing: p99 over a fifth of `method.p99LimitMs`. */
  readonly wasLimit: boolean
}

/** The names of the incidents, in order. */
export const incidentNames = ['rail-hangs', 'database-gone', 'burst'] as const

export type IncidentName = (typeof incidentNames)[number]

export interface Incident {
  readonly name: IncidentName
  /** Such as `The related query hangs for 3 s`. */
  readonly title: string
  /** Pages a second; during a `burst` five times as many. */
  readonly rate: number
  /** Seconds from the start of the timeline. */
  readonly startsAtSeconds: number
  readonly endsAtSeconds: number
  /** Of the whole timeline. */
  readonly seconds: number
  readonly bucketMs: number
  readonly modes: readonly IncidentMode[]
}

export interface IncidentMode {
  readonly mode: ModeName
  /** Every `bucketMs` of the timeline, in order, by the scheduled arrival; `seconds * 1000 / bucketMs` of them. */
  readonly timeline: readonly TimelineBucket[]
  /** Pages, over the whole timeline. */
  readonly pages: Percentiles
  readonly healthz: Percentiles
  readonly counts: Counts
  readonly rails: Rails
  /** Failed among requests for articles that had been served before the incident began: those that a cache can save. */
  readonly failedSeenBefore: number
  /** Seconds after the incident's end until pages are as before: p99 of a bucket under `method.p99LimitMs` and none failed, for good; null when never. */
  readonly recoveredAfterSeconds: number | null
  readonly generator: GeneratorKeeping
}

export interface TimelineBucket {
  /** Seconds from the start of the timeline to the start of the bucket. */
  readonly atSeconds: number
  readonly arrivals: number
  readonly failed: number
  /** Null where it falls on failed requests or nobody came; `failed` and `arrivals` tell which. */
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  readonly maxMs: number | null
  /** Of the `/healthz` requests; null as above. */
  readonly healthzMaxMs: number | null
}
