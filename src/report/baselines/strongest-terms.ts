/**
 * A text's own words for a full-text query: the 25 that it uses most often, stop words left out.
 *
 * This is what sites run for "more like this". Fewer words would be quicker and find less.
 */
export function strongestTerms(text: string, stopWords: ReadonlySet<string>): string[] {
  const counts = new Map<string, number>()
  for (const word of wordsOf(text)) {
    if (!stopWords.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, termsMax)
    .map(([word]) => word)
}

const termsMax = 25

/** A text's words of three letters and more, each as often as it is there. */
export function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/\p{L}{3,}/gu) ?? []
}

/** English words of three letters and more that say nothing of a subject. */
export const usualStopWords: readonly string[] =
  `about after again against all also although among and another any are around because been before being between both
  but can could did does doing down during each even every few first for from further get had has have having her here
  him his how including into its just last like made make many may might more most much must new nor not now off once one
  only other our out over own per said same say says she should since some still such than that the their them then there
  these they this those three through too two under until upon very was way were what when where which while who whose
  why will with within without would year years yet you your`.split(/\s+/)
