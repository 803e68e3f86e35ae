/**
 * Gives numbers from 0 to below `weights.length`, each as often as its weight says, in constant time.
 *
 * The alias method of A. J. Walker (1977), built as M. Vose (1991) does: every word of a million articles is such a choice.
 */
export function weightedChoice(weights: ArrayLike<number>): (random: () => number) => number {
  const count = weights.length
  if (count === 0) throw new RangeError('There is nothing to choose from: no weights were given.')
  let total = 0
  for (let index = 0; index < count; index++) total += weights[index] ?? 0
  const keep = new Float64Array(count)
  const alias = new Uint32Array(count)
  const small: number[] = []
  const large: number[] = []
  for (let index = 0; index < count; index++) {
    keep[index] = ((weights[index] ?? 0) * count) / total
    ;(keep[index]! < 1 ? small : large).push(index)
  }
  while (small.length > 0 && large.length > 0) {
    const [poor, rich] = [small.pop()!, large.at(-1)!]
    alias[poor] = rich
    keep[rich] = keep[rich]! + keep[poor]! - 1
    if (keep[rich]! < 1) small.push(large.pop()!)
  }
  // What is left is 1 but for rounding.
  for (const index of [...small, ...large]) keep[index] = 1
  return (random) => {
    const at = random() * count
    const index = Math.floor(at)
    return at - index < keep[index]! ? index : alias[index]!
  }
}

/** `n^-exponent` for n from 1 to `count`: how often the n-th most frequent word is used, or the n-th article read (G. K. Zipf, 1949). */
export function zipfWeights(count: number, exponent: number): Float64Array {
  return Float64Array.from({ length: count }, (_, index) => (index + 1) ** -exponent)
}
