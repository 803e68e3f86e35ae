/**
 * How sure a figure is, by the percentile bootstrap (Efron and Tibshirani: An Introduction to the Bootstrap, 1993,
 * chapter 13): the questions are drawn anew, with repeats, and the figure is taken of each draw.
 *
 * Questions that hang together (the articles of one story) are drawn together, since they are not independent: drawn one
 * by one, they would make the interval too narrow (Davison and Hinkley: Bootstrap Methods, 1997, section 3.8).
 */

/** A figure that is a ratio of sums; a mean has 1 for each denominator. Both have one number for each cluster. */
export interface Ratio {
  readonly numerators: Float64Array
  readonly denominators: Float64Array
}

export interface Interval {
  readonly value: number
  readonly low: number
  readonly high: number
}

/** What share of the draws an interval holds. */
export const intervalLevel = 0.95

/** How many draws; more than a thousand change the second digit of an interval's width. */
export const drawsDefault = 1000

/**
 * The values of several ratios over the same draws of clusters, so that their differences can be taken draw by draw.
 *
 * @param random 0 to 1, as `Math.random` gives; the same numbers give the same draws
 */
export function drawRatios(
  ratios: readonly Ratio[],
  random: () => number,
  draws: number = drawsDefault,
): Float64Array[] {
  const clusters = ratios[0]?.numerators.length ?? 0
  const values = ratios.map(() => new Float64Array(draws))
  const drawn = new Int32Array(clusters)
  for (let draw = 0; draw < draws; draw++) {
    drawn.fill(0)
    for (let at = 0; at < clusters; at++) drawn[Math.floor(random() * clusters)]! += 1
    ratios.forEach((ratio, at) => {
      values[at]![draw] = ratioOf(ratio, drawn)
    })
  }
  return values
}

/** The ratio over all clusters as they are, each counted `times` times; 0 where there is nothing to divide by. */
export function ratioOf({ numerators, denominators }: Ratio, times: Int32Array | null = null): number {
  let numerator = 0
  let denominator = 0
  for (let cluster = 0; cluster < numerators.length; cluster++) {
    const count = times === null ? 1 : times[cluster]!
    numerator += numerators[cluster]! * count
    denominator += denominators[cluster]! * count
  }
  return denominator === 0 ? 0 : numerator / denominator
}

/** `value` with the bounds that leave out equal shares of the draws on both sides. */
export function intervalOf(value: number, draws: Float64Array): Interval {
  const sorted = draws.toSorted()
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(share * (sorted.length - 1))))]!
  const outside = (1 - intervalLevel) / 2
  return { value, low: at(outside), high: at(1 - outside) }
}

/** Numbers from 0 to 1 that are the same for the same seed on every machine (mulberry32, public domain, T. Ettinger). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
