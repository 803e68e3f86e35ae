/**
 * Invents `count` different words that can be pronounced and that are in no language, the shorter ones first on the whole.
 *
 * They are invented because real words in a real order would be somebody's text. The same `random` gives the same words.
 */
export function inventWords(count: number, random: () => number, taken: ReadonlySet<string> = new Set()): string[] {
  const words = new Set<string>()
  while (words.size < count) {
    // As in a language, what is said often is short: the words come out in the order of how often they will be used.
    const syllables = 2 + Math.floor(random() * (words.size < count / 20 ? 1.2 : 2))
    let word = ''
    for (let left = syllables; left > 0; left--) {
      word += pick(onsets, random) + pick(vowels, random) + (random() < 0.35 ? pick(codas, random) : '')
    }
    if (!taken.has(word) && !unfit.test(word)) words.add(word)
  }
  return [...words]
}

export function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

function pick(list: readonly string[], random: () => number): string {
  return list[Math.floor(random() * list.length)] ?? ''
}

const onsets = 'b br d dr f fl g gl gr h k kl l m n r s sk st t tr v w'.split(' ')
const vowels = 'a a e e i i o o u ai ea ou'.split(' ')
const codas = 'l m n r s t nd lm rn sk'.split(' ')

// What chance makes of syllables now and then, and nobody wants on a page that is shown around.
const unfit = /anus|fag|fuk|hitl|kunt|moron|nig|retar|semen|slav|tit|vagi|whor|dild|boner|suis/
