/**
 * How good one ranked list is, against what is known to belong in it.
 *
 * All of them give 0 to 1, and take the list best first, without repeats. `mates` is never empty: an article that has
 * none is no question, and is not counted.
 */

/**
 * The share of the mates that stand in the first `k`: `|first k ∩ mates| / |mates|`.
 *
 * An article with more than `k` mates cannot reach 1. (Manning, Raghavan, Schütze: Introduction to Information
 * Retrieval, 2008, section 8.4.)
 */
export function recallAt(k: number, ranked: readonly string[], mates: ReadonlySet<string>): number {
  return hitsAt(k, ranked, mates) / mates.size
}

/** `1 / rank` of the first mate, 0 when there is none. Its mean is the MRR (Voorhees, TREC-8 question answering track, 1999). */
export function reciprocalRank(ranked: readonly string[], mates: ReadonlySet<string>): number {
  const at = ranked.findIndex((id) => mates.has(id))
  return at < 0 ? 0 : 1 / (at + 1)
}

/** 1 when one of the first `k` is a mate, else 0; also called success@k. */
export function hitAt(k: number, ranked: readonly string[], mates: ReadonlySet<string>): number {
  return hitsAt(k, ranked, mates) > 0 ? 1 : 0
}

/**
 * Discounted cumulative gain of the first `k`, `Σ 1 / log2(rank + 1)` over the mates, as a share of the most that is
 * possible: `min(k, |mates|)` mates in front (Järvelin and Kekäläinen, ACM TOIS 20(4), 2002, with gains of 0 and 1).
 */
export function ndcgAt(k: number, ranked: readonly string[], mates: ReadonlySet<string>): number {
  let gain = 0
  ranked.slice(0, k).forEach((id, at) => {
    if (mates.has(id)) gain += discount(at)
  })
  let ideal = 0
  for (let at = 0; at < Math.min(k, mates.size); at++) ideal += discount(at)
  return gain / ideal
}

/**
 * Of the first `k` that carry any label, how many share one with the article; precision@k over the labelled is the sum of
 * `sharing` by the sum of `labelled`. What nobody has labelled is neither right nor wrong.
 */
export function labelOverlapAt(
  k: number,
  ranked: readonly string[],
  own: readonly string[],
  labelsOf: (id: string) => readonly string[],
): { sharing: number; labelled: number } {
  let sharing = 0
  let labelled = 0
  for (const id of ranked.slice(0, k)) {
    const labels = labelsOf(id)
    if (labels.length === 0) continue
    labelled++
    if (labels.some((label) => own.includes(label))) sharing++
  }
  return { sharing, labelled }
}

function hitsAt(k: number, ranked: readonly string[], mates: ReadonlySet<string>): number {
  let hits = 0
  for (const id of ranked.slice(0, k)) if (mates.has(id)) hits++
  return hits
}

function discount(at: number): number {
  return 1 / Math.log2(at + 2)
}
