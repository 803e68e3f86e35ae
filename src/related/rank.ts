import { likeness, nearIdenticalFrom, type Signature } from './near-identical.ts'
import type { Neighbour } from './neighbours.ts'

/** What ranking knows of an article. */
export interface RankedArticle {
  readonly id: string
  readonly source: string | null
  readonly publishedAtMs: number
  /** How many words it has. */
  readonly words: number
  readonly signature: Signature
  /** The same for all versions of an article, and for nothing else. */
  readonly family: string
  /** How many versions of it came before. */
  readonly version: number
}

/**
 * From an article's neighbours, best first, to its rail.
 *
 * - No version of the article itself, and of another article's versions only the latest.
 * - No text that repeats the article's own. Of texts that repeat each other one is shown: that of the reader's own
 *   publisher (the article's source), else the one that was published first.
 *
 * No two of a rail repeat each other. It takes neighbours until the rail is full, so a longer list of neighbours changes nothing once `isFull` is true.
 */
export function rankRail(
  article: RankedArticle,
  neighbours: readonly Neighbour[],
  articleIn: (slot: number) => RankedArticle,
  length: number,
): { items: Neighbour[]; isFull: boolean } {
  const chosen: Array<{ neighbour: Neighbour; ranked: RankedArticle }> = []
  for (const neighbour of neighbours) {
    const ranked = articleIn(neighbour.slot)
    if (ranked.family === article.family || isRepeat(ranked, article)) continue
    const rivals = chosen.filter((other) => isRepeat(ranked, other.ranked) || ranked.family === other.ranked.family)
    if (rivals.length === 0) chosen.push({ neighbour, ranked })
    else if (rivals.every((rival) => isPreferred(ranked, rival.ranked, article))) {
      // Likeness does not carry over: what stands for one text may repeat a second one that stood beside it.
      for (const rival of rivals) chosen.splice(chosen.indexOf(rival), 1)
      chosen.push({ neighbour, ranked })
    }
    if (chosen.length === length) break
  }
  chosen.sort((a, b) => b.neighbour.score - a.neighbour.score || (a.ranked.id < b.ranked.id ? -1 : 1))
  return { items: chosen.map(({ neighbour }) => neighbour), isFull: chosen.length === length }
}

export function isRepeat(a: RankedArticle, b: RankedArticle): boolean {
  // Texts of such different lengths cannot share enough; most pairs end here, without a look at their signatures.
  if (Math.min(a.words, b.words) < Math.max(a.words, b.words) * nearIdenticalFrom) return false
  return likeness(a.signature, b.signature) >= nearIdenticalFrom
}

function isPreferred(one: RankedArticle, rival: RankedArticle, article: RankedArticle): boolean {
  if (one.family === rival.family && one.version !== rival.version) return one.version > rival.version
  const isOwn = article.source !== null && one.source === article.source
  const isRivalOwn = article.source !== null && rival.source === article.source
  if (isOwn !== isRivalOwn) return isOwn
  if (one.publishedAtMs !== rival.publishedAtMs) return one.publishedAtMs < rival.publishedAtMs
  return one.id < rival.id
}
