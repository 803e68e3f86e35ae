import type { Ladder, LadderStep } from './report.ts'

/** Where a climb begins and how high it may go, in pages a second. */
export interface ClimbLimits {
  /** What an earlier climb found: this one begins there and goes by small steps. Undefined for the first. */
  readonly from?: number | undefined
  /** Undefined for as high as the generator can. */
  readonly rateMax?: number | undefined
}

/**
 * The next rate of the search for the highest that is sustained, or null when it is found: steps up (or down, from a start
 * that is too much) until one side of the limit and the other are known, then halfway between, by ratio. The first climb
 * goes by threefold steps, another one by the fineness of the search from where the first ended.
 */
export function nextRate(
  steps: readonly LadderStep[],
  { from, rateMax = generatorRateMax }: ClimbLimits = {},
): number | null {
  const stride = from === undefined ? firstStride : fineEnough
  const low = highestSustained(steps)
  const high = lowestTooMuch(steps)
  if (low === 0 && high === null) return Math.min(rateMax, Math.max(rateMin, from ?? startRate))
  if (high === null) {
    const up = Math.max(low + 1, rounded(low * stride))
    return up > rateMax ? null : up
  }
  if (low === 0) return high <= rateMin ? null : Math.max(rateMin, Math.min(high - 1, rounded(high / stride)))
  const between = rounded(Math.sqrt(low * high))
  return high / low <= fineEnough || between <= low || between >= high ? null : between
}

/** What several climbs of the same site come to. */
export function ladderOf(climbs: readonly (readonly LadderStep[])[]): Ladder {
  const found = climbs.map(highestSustained).sort((a, b) => a - b)
  // Of an even number the lower one in the middle.
  const maxRate = found[Math.ceil(found.length / 2) - 1] ?? 0
  return {
    maxRate,
    spread: { min: found[0] ?? 0, max: found.at(-1) ?? 0 },
    endedByGenerator: climbs.some((steps) => highestSustained(steps) === maxRate && endedByGenerator(steps)),
    steps: climbs.flat(),
  }
}

/** 0 when none was. */
export function highestSustained(steps: readonly LadderStep[]): number {
  return Math.max(0, ...steps.filter(({ sustained }) => sustained).map(({ rate }) => rate))
}

/** True where the rate that ended the search was one that the generator could not make. */
export function endedByGenerator(steps: readonly LadderStep[]): boolean {
  const high = lowestTooMuch(steps)
  if (high === null) return true
  return steps.some(({ rate, sustained, generatorWasLimit }) => rate === high && !sustained && generatorWasLimit)
}

/** About how many steps it takes to a rate like `maxRate`, for the time that is left. */
export const stepsExpected = { first: 9, again: 3 } as const

function lowestTooMuch(steps: readonly LadderStep[]): number | null {
  const sustained = highestSustained(steps)
  // A hiccup at a low rate says nothing once a higher one was sustained.
  const tooMuch = steps.filter((step) => !step.sustained && step.rate > sustained).map(({ rate }) => rate)
  return tooMuch.length === 0 ? null : Math.min(...tooMuch)
}

/** Two digits are as fine as the search is. */
function rounded(rate: number): number {
  const digit = 10 ** Math.max(0, Math.floor(Math.log10(rate)) - 1)
  return Math.max(1, Math.round(rate / digit) * digit)
}

// Pages a second. A site that cannot serve one has no use for more exact words.
const rateMin = 1
const startRate = 10
/** Above this the generator on one core is surely what is measured. */
const generatorRateMax = 30_000
const firstStride = 3
const fineEnough = 1.25
