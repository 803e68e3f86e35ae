import type { LadderStep } from './report.ts'

/**
 * The next rate of the search for the highest that is sustained, or null when it is found: threefold steps up (or down,
 * from a start that is too much) until one side of the limit and the other are known, then halfway between, by ratio.
 */
export function nextRate(steps: readonly LadderStep[], rateMax = generatorRateMax): number | null {
  const low = highestSustained(steps)
  const high = lowestTooMuch(steps)
  if (high === null) {
    const up = low === 0 ? startRate : rounded(low * stride)
    return up > rateMax ? null : up
  }
  if (low === 0) return high <= rateMin ? null : Math.max(rateMin, rounded(high / stride))
  const between = rounded(Math.sqrt(low * high))
  return high / low <= fineEnough || between <= low || between >= high ? null : between
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
export const stepsExpected = 9

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
const stride = 3
const fineEnough = 1.25
