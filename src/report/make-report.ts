import { siblingModule } from '../concurrency/thread.ts'
import { seededRandom } from '../generate/seeded-random.ts'
import type { Archive } from './archive.ts'
import { Child, ChildFailedError } from './child-process.ts'
import { ladderOf, nextRate, stepsExpected } from './climb.ts'
import type { GeneratorAnswer, GeneratorQuestion, GeneratorRun } from './generator-process.ts'
import type { LoadSettings } from './load/plan-load.ts'
import { describeMachine } from './machine.ts'
import { MeasuredSite } from './measured-site.ts'
import type {
  Incident,
  IncidentMode,
  IncidentName,
  LadderStep,
  MeasuredMode,
  MeasuredRate,
  Method,
  ModeName,
  Report,
  Run,
  Versions,
} from './report.ts'
import {
  ladderTries,
  lateLimitMs,
  p99LimitMs,
  type ReportSettings,
  requestTimeoutMs,
  surgeTimes,
} from './report-settings.ts'
import { spreadOf, summarise } from './summarise.ts'

/** What a report is made with, and by whom it is watched. */
export interface MakeReportOptions {
  readonly settings: ReportSettings
  /** As it was given, for the report. */
  readonly command: string
  readonly versions: Omit<Versions, 'database'>
  readonly startedAtMs: number
  readonly signal: AbortSignal
  /** What is being measured, and how long all that is left will take, in seconds. */
  readonly onProgress: (what: string, state: { readonly share: number; readonly secondsLeft: number }) => void
  /** A piece of the work failed, and why, which may name what is not for the report. */
  readonly onFailure: (what: string, why: string) => void
}

/**
 * Measures every mode, one after the other, each in a process of its own on the archive as it was made, under a load from
 * another process.
 *
 * Never rejects once the load generator is there: what an abort or a site's failure left unmeasured is listed in
 * `report.partial`.
 *
 * @throws ChildFailedError when the load generator does not start
 */
export async function makeReport(archive: Archive, options: MakeReportOptions): Promise<Report> {
  await using measuring = await Measuring.open(archive, options)
  return await measuring.run()
}

/** A piece of the work, small enough to be given up as a whole. */
interface Unit {
  readonly label: string
  /** About how long it takes, for the time that is left. */
  readonly seconds: number
  run(): Promise<void>
}

class Measuring implements AsyncDisposable {
  readonly #archive: Archive
  readonly #options: MakeReportOptions
  readonly #settings: ReportSettings
  readonly #generator: Child<GeneratorQuestion, GeneratorAnswer | null>
  readonly #machine = describeMachine()
  readonly #modes = new Map<ModeName, MeasuredMode>()
  readonly #incidents: Incident[] = []
  #site: MeasuredSite | null = null
  readonly #climbs = new Map<ModeName, readonly (readonly LadderStep[])[]>()
  #commonRates: readonly number[] = []
  #runs = 0
  #loadsOfSite = 0
  #cold = 0

  private constructor(
    archive: Archive,
    options: MakeReportOptions,
    generator: Child<GeneratorQuestion, GeneratorAnswer | null>,
  ) {
    this.#archive = archive
    this.#options = options
    this.#settings = options.settings
    this.#generator = generator
  }

  static async open(archive: Archive, options: MakeReportOptions): Promise<Measuring> {
    await using opening = new AsyncDisposableStack()
    const module = siblingModule(import.meta.url, 'generator-process')
    const generator = opening.use(new Child<GeneratorQuestion, GeneratorAnswer | null>('The load generator', module))
    const ids = inOrderOfReading(archive.ids, options.settings)
    await generator.ask({ ask: 'archive', ids }, options.signal)
    opening.move()
    return new Measuring(archive, options, generator)
  }

  async run(): Promise<Report> {
    const { signal, onProgress } = this.#options
    const units = this.#units()
    const total = units.reduce((sum, { seconds }) => sum + seconds, 0)
    const missing: string[] = []
    const failures: string[] = []
    const startedAt = performance.now()
    let done = 0
    for (const unit of units) {
      if (signal.aborted) {
        missing.push(unit.label)
        continue
      }
      const elapsed = (performance.now() - startedAt) / 1000
      // The estimate at first, and what it has proved to be worth as time goes on.
      const pace = done < total / 10 ? 1 : elapsed / done
      onProgress(unit.label, { share: done / total, secondsLeft: Math.round((total - done) * pace) })
      try {
        await unit.run()
      } catch (error) {
        missing.push(unit.label)
        if (!signal.aborted) {
          const said = error instanceof Error ? error.message : String(error)
          this.#options.onFailure(unit.label, said)
          // What a driver says may name a host or a user of somebody's server, and the report is shown around.
          failures.push(this.#archive.database === null ? said : `${unit.label} failed; the command said why.`)
        }
        await this.#closeSite()
      }
      done += unit.seconds
    }
    return this.#report(missing, [...(signal.aborted ? ['Stopped before its end.'] : []), ...new Set(failures)])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closeSite()
    await this.#generator[Symbol.asyncDispose]()
  }

  #units(): Unit[] {
    const { modes, incidents, seconds, runs, climbs, lowRateTimes, ladderSeconds, warmUpSeconds } = this.#settings
    const perRun = seconds + warmUpSeconds + overheadSeconds
    const incident = this.#incidentSeconds() + this.#settings.incidentWarmUpSeconds + 2 * overheadSeconds
    return [
      ...modes.flatMap((mode): Unit[] => [
        ...Array.from(
          { length: climbs },
          (_, climb): Unit => ({
            label: `${mode}: the highest rate${climbs === 1 ? '' : `, climb ${climb + 1} of ${climbs}`}`,
            seconds:
              stepsExpected[climb === 0 ? 'first' : 'again'] * (ladderSeconds + warmUpSeconds + overheadSeconds) + 2,
            run: () => this.#climb(mode),
          }),
        ),
        ...Array.from(
          { length: runs },
          (_, run): Unit => ({
            label: `${mode}: run ${run + 1} of ${runs} at the common rates`,
            // Longer at a low rate; at the peak a before is left with a queue that takes about as long again.
            seconds: 2 * perRun + (lowRateTimes - 1) * seconds + (mode.startsWith('onward') ? 0 : seconds),
            run: () => this.#runAtCommonRates(mode),
          }),
        ),
      ]),
      ...incidents.flatMap((name) =>
        modes.map(
          (mode): Unit => ({
            label: `${mode}: ${incidentTitles[name]}`,
            seconds: incident,
            run: () => this.#makeIncident(name, mode),
          }),
        ),
      ),
    ]
  }

  /** Once more, if the site was climbed before: how far the climbs lie apart is what a highest rate is worth. */
  async #climb(mode: ModeName): Promise<void> {
    const before = this.#climbs.get(mode) ?? []
    const site = before.length > 0 ? await this.#siteOf(mode) : await this.#openAtRest(mode)
    const from = before.length > 0 ? ladderOf(before).maxRate : undefined
    const limits = { from, rateMax: this.#settings.rateMax }
    const steps: LadderStep[] = []
    for (let rate = nextRate(steps, limits); rate !== null; rate = nextRate(steps, limits)) {
      steps.push(await this.#tryRate(site, rate, before.length + 1))
    }
    const climbs = [...before, steps]
    this.#climbs.set(mode, climbs)
    this.#change(mode, { ladder: ladderOf(climbs) })
  }

  /** A site that nobody has read yet, with what it shows when it is idle. */
  async #openAtRest(mode: ModeName): Promise<MeasuredSite> {
    const { signal } = this.#options
    const site = await this.#openSite(mode)
    const { account } = await this.#load(site, { rate: 0, seconds: idleSeconds, warmUpSeconds: 0, coldBefore: 0 })
    const { loop, memoryBytes } = await site.figures(signal)
    this.#modes.set(mode, { mode, idle: { healthz: account.healthz, loop, memoryBytes }, ladder: null, rates: [] })
    return site
  }

  async #tryRate(site: MeasuredSite, rate: number, climb: number): Promise<LadderStep> {
    for (let tries = 1; ; tries++) {
      const step = await this.#step(site, rate, climb)
      const isNear = (step.pageP99Ms ?? Infinity) < nearFactor * p99LimitMs || step.generatorWasLimit
      if (step.sustained || !isNear || tries === ladderTries) return step
    }
  }

  async #step(site: MeasuredSite, rate: number, climb: number): Promise<LadderStep> {
    const { ladderSeconds, warmUpSeconds } = this.#settings
    const seconds = longEnough(ladderSeconds, rate, 3)
    await site.settle(this.#options.signal)
    const { account } = await this.#load(site, { rate, seconds, warmUpSeconds })
    const pageP99Ms = account.pages.page.p99
    const { failed } = account.counts
    return {
      climb,
      rate,
      pageP99Ms,
      failed,
      sustained: failed === 0 && pageP99Ms !== null && pageP99Ms < p99LimitMs,
      generatorWasLimit: account.generator.wasLimit,
    }
  }

  async #runAtCommonRates(mode: ModeName): Promise<void> {
    const site = await this.#siteOf(mode)
    const { warmUpSeconds } = this.#settings
    if (this.#commonRates.length === 0) {
      this.#commonRates = commonRatesFor(this.#modes.get('blocking')?.ladder?.maxRate ?? 0)
    }
    for (const [place, rate] of this.#commonRates.entries()) {
      const seconds = longEnough(this.#settings.seconds, rate, this.#settings.lowRateTimes)
      // The same readers for every mode, however many steps its ladder had.
      const seed = this.#settings.seed + commonSeeds + 10 * this.#runsAt(mode, rate).length + place
      await site.settle(this.#options.signal)
      await site.begin(this.#options.signal)
      const { account } = await this.#load(site, { rate, seconds, warmUpSeconds, seed })
      const { cpuMs, memoryBytes, loop } = await site.figures(this.#options.signal)
      const { pages, healthz, counts, rails, generator } = account
      // The processor's time is that of the warm-up too: so are its pages.
      const pagesServed = (counts.served * (seconds + warmUpSeconds)) / seconds
      this.#addRun(mode, rate, {
        pages,
        healthz,
        counts,
        rails,
        loop,
        cpuMsPerPage: pagesServed === 0 ? null : cpuMs / pagesServed,
        memoryBytes,
        generator,
      })
    }
  }

  #addRun(mode: ModeName, rate: number, run: Run): void {
    const measured = this.#modes.get(mode)
    if (!measured) throw new ChildFailedError(`The site ${mode} was not measured alone before, since that failed.`)
    const runs = [...this.#runsAt(mode, rate), run]
    const changed: MeasuredRate = { rate, runs, spread: spreadOf(runs) }
    const rates = [...measured.rates.filter((one) => one.rate !== rate), changed].sort((a, b) => a.rate - b.rate)
    this.#change(mode, { rates })
  }

  #runsAt(mode: ModeName, rate: number): readonly Run[] {
    return this.#modes.get(mode)?.rates.find((one) => one.rate === rate)?.runs ?? []
  }

  async #makeIncident(name: IncidentName, mode: ModeName): Promise<void> {
    const { signal } = this.#options
    const { incidentWarmUpSeconds: warmUpSeconds, calmSeconds, incidentSeconds } = this.#settings
    const site = await this.#openSite(mode)
    const seconds = this.#incidentSeconds()
    const [from, until] = [calmSeconds, calmSeconds + incidentSeconds]
    // Both processes are told in advance when it begins: a site that is stalled would not hear of it.
    const startsAtMs = Date.now() + untilLoadMs
    const zeroMs = startsAtMs + warmUpSeconds * 1000
    if (name !== 'burst') await site.plan(name, zeroMs + from * 1000, zeroMs + until * 1000, signal)
    const rate = this.#incidentRate()
    const answer = await this.#load(
      site,
      { rate, seconds, warmUpSeconds, surge: name === 'burst' ? { from, until, times: surgeTimes } : null },
      { startsAtMs, timeline: { seconds, bucketMs, from, until, p99LimitMs } },
    )
    await this.#closeSite()
    if (answer.timeline === null) throw new ChildFailedError('The load generator gave no timeline.')
    const { account } = answer
    const measured: IncidentMode = {
      mode,
      ...answer.timeline,
      pages: account.pages.page,
      healthz: account.healthz,
      counts: account.counts,
      rails: account.rails,
      generator: account.generator,
    }
    const place = this.#incidents.findIndex((incident) => incident.name === name)
    const before = this.#incidents[place]
    if (before) this.#incidents[place] = { ...before, modes: [...before.modes, measured] }
    else {
      this.#incidents.push({
        name,
        title: `${incidentTitles[name]} for ${incidentSeconds} s`,
        rate,
        startsAtSeconds: from,
        endsAtSeconds: until,
        seconds,
        bucketMs,
        modes: [measured],
      })
    }
  }

  #incidentSeconds(): number {
    const { calmSeconds, incidentSeconds, recoverySeconds } = this.#settings
    return calmSeconds + incidentSeconds + recoverySeconds
  }

  /** One that the befores can serve while all is well, and dense enough to be drawn. */
  #incidentRate(): number {
    return Math.min(100, Math.max(10, this.#commonRates[0] ?? 10))
  }

  async #load(
    site: MeasuredSite,
    load: Pick<LoadSettings, 'rate' | 'seconds' | 'warmUpSeconds'> & Partial<LoadSettings>,
    more: Partial<Pick<GeneratorRun, 'startsAtMs' | 'timeline'>> = {},
  ): Promise<GeneratorAnswer> {
    const run = ++this.#runs
    const answer = await this.#generator.ask(
      {
        ask: 'run',
        url: site.url,
        load: {
          // Other readers each time: those of the time before would find all that they ask for in a cache.
          seed: this.#settings.seed + ++this.#loadsOfSite,
          mix: this.#settings.load,
          surge: null,
          coldBefore: this.#cold,
          ...load,
        },
        timeline: null,
        connectionsMax: this.#settings.load.connectionsMax,
        timeoutMs: requestTimeoutMs,
        lateLimitMs,
        startsAtMs: null,
        token,
        publishAs: `report-${run}`,
        ...more,
      },
      this.#options.signal,
    )
    if (answer === null) throw new ChildFailedError('The load generator gave no account.')
    this.#cold += answer.cold
    return answer
  }

  async #openSite(mode: ModeName): Promise<MeasuredSite> {
    await this.#closeSite()
    const store = await this.#archive.freshStore(this.#options.signal)
    this.#cold = 0
    this.#loadsOfSite = 0
    this.#site = await MeasuredSite.open({ mode, store, token }, this.#options.signal)
    return this.#site
  }

  /** The one that is open, which has readers behind it, unless something failed in between. */
  async #siteOf(mode: ModeName): Promise<MeasuredSite> {
    return this.#site ?? (await this.#openSite(mode))
  }

  async #closeSite(): Promise<void> {
    const site = this.#site
    this.#site = null
    await site?.[Symbol.asyncDispose]()
  }

  #change(mode: ModeName, change: Partial<MeasuredMode>): void {
    const measured = this.#modes.get(mode)
    if (measured) this.#modes.set(mode, { ...measured, ...change })
  }

  #report(missing: readonly string[], reasons: readonly string[]): Report {
    const { command, versions, startedAtMs } = this.#options
    const modes = [...this.#modes.values()]
    const method = this.#method()
    return {
      format: 'onward-report',
      version: 1,
      startedAt: new Date(startedAtMs).toISOString(),
      tookSeconds: Math.round((Date.now() - startedAtMs) / 1000),
      partial: missing.length === 0 ? null : { reason: reasons.join(' '), missing },
      command,
      machine: this.#machine,
      versions: { ...versions, database: this.#archive.database },
      data: this.#archive.data,
      method,
      modes,
      incidents: this.#incidents,
      summary: summarise(modes, this.#incidents, method),
    }
  }

  #method(): Method {
    const { seed, seconds, runs, climbs, warmUpSeconds, ladderSeconds, load, incidentSeconds } = this.#settings
    return {
      seed,
      seconds,
      runs,
      warmUpSeconds,
      p99LimitMs,
      climbs,
      ladderSeconds,
      ladderTries,
      commonRates: this.#commonRates,
      summaryRate: this.#commonRates[0] ?? 0,
      load,
      incidentSeconds,
      requestTimeoutMs,
    }
  }
}

/** What `blocking` sustains (or a quiet site's rate, where it sustains nothing), and a peak hour. */
function commonRatesFor(blockingMax: number): number[] {
  const calm = Math.max(blockingMax, 2)
  const low = blockingMax === 0 ? fallbackRate : calm
  return [low, low * peakTimes]
}

/** A p99 of thirty requests is their worst one: where few readers come, they come for longer, in seconds. */
function longEnough(seconds: number, rate: number, timesMost: number): number {
  return Math.max(seconds, Math.min(timesMost * seconds, 100 / rate))
}

/** The newest, shuffled, for the popular ones; the others, shuffled, for the cold ones. */
function inOrderOfReading(newestFirst: readonly string[], { seed, load }: ReportSettings): string[] {
  const random = seededRandom(seed)
  const shuffled = (ids: readonly string[]) =>
    ids
      .map((id) => ({ id, at: random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ id }) => id)
  const popular = Math.min(load.popularArticles, Math.ceil(newestFirst.length / 2))
  return [...shuffled(newestFirst.slice(0, popular)), ...shuffled(newestFirst.slice(popular))]
}

const incidentTitles: Record<IncidentName, string> = {
  'rail-hangs': 'The related query hangs',
  'database-gone': 'The database is gone',
  burst: `${surgeTimes} times as many readers`,
}

const token = 'token-of-this-report-alone'
const idleSeconds = 1
/** Above any number of loads that a site had before. */
const commonSeeds = 10_000
const bucketMs = 250
/** Opening connections, settling, and readers who are waited for. */
const overheadSeconds = 0.5
/** A step that misses the limit by more than this is not tried again. */
const nearFactor = 3
const fallbackRate = 10
const peakTimes = 4
/** Long enough for both processes to have heard of it. */
const untilLoadMs = 500
