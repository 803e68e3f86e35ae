import { seededRandom } from '../../generate/seeded-random.ts'
import { weightedChoice, zipfWeights } from '../../generate/weighted-choice.ts'
import type { LoadMethod } from '../report.ts'

/** What a run asks for, and when. */
export interface LoadSettings {
  readonly seed: number
  /** Pages a second. */
  readonly rate: number
  readonly seconds: number
  /** Before the run, and not counted. */
  readonly warmUpSeconds: number
  readonly mix: Pick<
    LoadMethod,
    | 'zipfExponent'
    | 'popularArticles'
    | 'coldShare'
    | 'burstShare'
    | 'leavingShare'
    | 'publishesPerSecond'
    | 'healthzPerSecond'
  >
  /** A time with more readers, in seconds from the start of what is counted; null for none. */
  readonly surge: { readonly from: number; readonly until: number; readonly times: number } | null
  /** How many articles were asked for as cold ones before, by this site's other runs. */
  readonly coldBefore: number
}

export type Arrival = {
  /** Milliseconds from the start of the warm-up. */
  readonly atMs: number
  readonly isCounted: boolean
} & (
  | {
      readonly kind: 'page'
      /** A place in the archive's ids. */
      readonly article: number
      readonly isCold: boolean
      /** True where a cold one was due, and there were no more that had never been asked for. */
      readonly isColdAgain: boolean
      /** When this reader goes away, from the arrival; null for one who stays. */
      readonly leavesAfterMs: number | null
    }
  | { readonly kind: 'healthz' }
  | { readonly kind: 'publish'; readonly number: number }
)

/**
 * The whole schedule of a run, in the order of its arrivals, the same for the same settings and number of articles.
 *
 * Pages arrive by a Poisson process. The first `popularArticles` are read by Zipf's law; each of the others is cold until
 * it was asked for once. In the second third of the run one article breaks.
 */
export function planLoad(settings: LoadSettings, articles: number): Arrival[] {
  const { rate, seconds, warmUpSeconds, mix, surge } = settings
  const random = seededRandom(settings.seed)
  // Half at most, so that a small archive has cold articles too.
  const warm = Math.max(1, Math.min(mix.popularArticles, Math.ceil(articles / 2)))
  const popular = weightedChoice(zipfWeights(warm, mix.zipfExponent))
  const breaking = Math.floor(random() * Math.min(warm, 100))
  const startsAt = warmUpSeconds * 1000
  const endsAt = startsAt + seconds * 1000
  const isBreaking = (atMs: number) => atMs >= startsAt + (seconds * 1000) / 3 && atMs < startsAt + (seconds * 2000) / 3
  const factorAt = (atMs: number) =>
    surge && atMs >= startsAt + surge.from * 1000 && atMs < startsAt + surge.until * 1000 ? surge.times : 1
  const pages: Arrival[] = []
  let cold = settings.coldBefore

  const page = (atMs: number): Arrival => {
    const kind = random()
    let article: number
    let isCold = false
    let isColdAgain = false
    if (kind < mix.coldShare && articles > warm) {
      article = warm + (cold % (articles - warm))
      isCold = true
      isColdAgain = cold >= articles - warm
      cold++
    } else if (kind < mix.coldShare + mix.burstShare && isBreaking(atMs)) article = breaking
    else article = popular(random)
    const leavesAfterMs = random() < mix.leavingShare ? random() * leavingWithinMs : null
    return { kind: 'page', atMs, isCounted: atMs >= startsAt, article, isCold, isColdAgain, leavesAfterMs }
  }

  for (const atMs of poisson(rate * (surge?.times ?? 1), endsAt, random)) {
    // Thinned: of the arrivals of the densest time each is kept by the share that its own time has of it.
    if (random() < factorAt(atMs) / (surge?.times ?? 1)) pages.push(page(atMs))
  }
  const others = seededRandom(settings.seed ^ 0x5eed)
  const healthz = poisson(mix.healthzPerSecond, endsAt, others).map(
    (atMs): Arrival => ({ kind: 'healthz', atMs, isCounted: atMs >= startsAt }),
  )
  const publishes = Array.from(
    { length: Math.floor((endsAt / 1000) * mix.publishesPerSecond) },
    (_, number): Arrival => {
      const atMs = ((number + 0.5) / mix.publishesPerSecond) * 1000
      return { kind: 'publish', number, atMs, isCounted: atMs >= startsAt }
    },
  )
  return [...pages, ...healthz, ...publishes].sort((a, b) => a.atMs - b.atMs)
}

/** How many of the schedule's pages were to be cold. */
export function coldArrivals(plan: readonly Arrival[]): number {
  return plan.filter((arrival) => arrival.kind === 'page' && arrival.isCold).length
}

function poisson(perSecond: number, untilMs: number, random: () => number): number[] {
  const times: number[] = []
  if (perSecond <= 0) return times
  for (let atMs = 0; ; ) {
    atMs += (-Math.log(1 - random()) / perSecond) * 1000
    if (atMs >= untilMs) return times
    times.push(atMs)
  }
}

/** Who goes away does so in the first quarter of a second: they clicked on something else. */
const leavingWithinMs = 250
