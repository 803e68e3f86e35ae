import type { KnownArticle, MateTruth } from './ground-truth.ts'
import { ndcgAt } from './metrics.ts'
import type { Ranker } from './ranker.ts'

/** An article whose rail misses what belongs in it. */
export interface Miss {
  readonly id: string
  readonly title: string
  readonly section: string | null
  readonly publishedAt: string
  /** What it has in place of 1. */
  readonly ndcg: number
  /** The mates that are not in the first five; the first few. */
  readonly missed: readonly MissedMate[]
  readonly missedCount: number
  /** The first five as they are. */
  readonly shown: ReadonlyArray<{ readonly id: string; readonly title: string; readonly isMate: boolean }>
}

export interface MissedMate {
  readonly id: string
  readonly title: string
  /** Why it is not there, as a sentence. */
  readonly why: string
  /** The baselines that have it in their first five: it could be found. */
  readonly foundBy: readonly string[]
}

export interface MissOptions {
  readonly atMost: number
  readonly titleOf: (id: string) => string
  /** Why the second article is not in the rail of the first, as a sentence. */
  readonly whyNot: (id: string, missed: string) => string
  /** Whether it is left out because its text is shown already: wire copy that is printed once is no miss. */
  readonly isRepeat: (id: string, missed: string) => boolean
}

/**
 * The worst misses of the first ranker, the worst first: what has the lowest nDCG@5, and of several those where a baseline
 * does best. Texts that are shown already are not missed. At most one for each story, so that one story gone wrong does not hide the others.
 */
export function worstMisses(truth: MateTruth, rankers: readonly Ranker[], options: MissOptions): Miss[] {
  const [ours, ...baselines] = rankers
  if (!ours) return []
  const candidates: Array<{ at: number; ndcg: number; rival: number }> = []
  truth.questions.forEach(({ article, mates }, at) => {
    const shown = ours.rank(article.id, 5)
    // Where all of the mates are there and only stand too low, nothing is missing that an editor could look at.
    if (mates.isSubsetOf(new Set(shown))) return
    const ndcg = ndcgAt(5, shown, mates)
    candidates.push({ at, ndcg, rival: -1 })
  })
  candidates.sort((one, two) => one.ndcg - two.ndcg || one.at - two.at)
  // What ties for the last place is looked at too, so that the baselines decide which of them is shown.
  const last = candidates[options.atMost * candidatesTimes - 1]?.ndcg ?? 1
  const near = candidates.filter(({ ndcg }) => ndcg <= last).slice(0, candidatesMax)
  for (const candidate of near) {
    const { article, mates } = truth.questions[candidate.at]!
    candidate.rival = Math.max(0, ...baselines.map((ranker) => ndcgAt(5, ranker.rank(article.id, 5), mates)))
  }
  near.sort((one, two) => one.ndcg - two.ndcg || two.rival - one.rival || one.at - two.at)
  const clusters = new Set<string>()
  const misses: Miss[] = []
  for (const { at, ndcg } of near) {
    const question = truth.questions[at]!
    if (misses.length === options.atMost) break
    if (clusters.has(question.cluster)) continue
    const miss = missOf(question.article, question.mates, { ndcg, ours, baselines, options })
    if (miss.missedCount === 0) continue
    clusters.add(question.cluster)
    misses.push(miss)
  }
  return misses
}

const candidatesTimes = 10
const candidatesMax = 2000
const missedShown = 5

function missOf(
  article: KnownArticle,
  mates: ReadonlySet<string>,
  known: {
    readonly ndcg: number
    readonly ours: Ranker
    readonly baselines: readonly Ranker[]
    readonly options: MissOptions
  },
): Miss {
  const { ndcg, ours, baselines, options } = known
  const shown = ours.rank(article.id, 5)
  const missed = [...mates].filter((id) => !shown.includes(id) && !options.isRepeat(article.id, id))
  const lists = baselines.map((ranker) => ({ name: ranker.name, ids: ranker.rank(article.id, 5) }))
  return {
    id: article.id,
    title: article.title,
    section: article.section,
    publishedAt: new Date(article.publishedAtMs).toISOString(),
    ndcg,
    missed: missed.slice(0, missedShown).map((id) => ({
      id,
      title: options.titleOf(id),
      why: options.whyNot(article.id, id),
      foundBy: lists.filter(({ ids }) => ids.includes(id)).map(({ name }) => name),
    })),
    missedCount: missed.length,
    shown: shown.map((id) => ({ id, title: options.titleOf(id), isMate: mates.has(id) })),
  }
}
