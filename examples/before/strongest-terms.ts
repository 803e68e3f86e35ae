/**
 * An article's own words as a full-text query: the 25 most frequent that are not stop words.
 *
 * This is what sites run for "more like this", and it is fair to them: fewer words would be quicker and find less.
 */
export function strongestTerms(of: string): string {
  const counts = new Map<string, number>()
  for (const word of of.toLowerCase().match(/\p{L}{3,}/gu) ?? []) {
    if (!stopWords.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  const strongest = [...counts].sort(([, a], [, b]) => b - a).slice(0, 25)
  return strongest.map(([word]) => `"${word}"`).join(' OR ')
}

const stopWords = new Set(
  `the and for that with from was were are has have had its this which will would not but they their been said says say
   also than more about after before into over under between could should may his her she him who what when where there
   one two out per new year last first other some all any most while during against because only such both each being`.split(
    /\s+/,
  ),
)
