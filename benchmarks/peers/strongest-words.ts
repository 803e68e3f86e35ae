/**
 * The words of an article that make the query for libraries that have no more-like-this of their own: those with the highest
 * `tf · idf`, as Lucene's MoreLikeThis chooses them, without its lower bounds on either.
 */
export class StrongestWords {
  readonly #frequencies = new Map<string, number>()
  readonly #counts = new Map<string, ReadonlyMap<string, number>>()

  add(id: string, text: string): void {
    const counts = new Map<string, number>()
    for (const [word] of text.toLowerCase().matchAll(/[\p{L}\p{N}]{2,}/gu))
      counts.set(word, (counts.get(word) ?? 0) + 1)
    for (const word of counts.keys()) this.#frequencies.set(word, (this.#frequencies.get(word) ?? 0) + 1)
    this.#counts.set(id, counts)
  }

  of(id: string, atMost: number): string[] {
    const articles = this.#counts.size
    const weighed: Array<{ word: string; weight: number }> = []
    for (const [word, count] of this.#counts.get(id) ?? []) {
      const frequency = this.#frequencies.get(word)!
      if (frequency > 1) weighed.push({ word, weight: count * Math.log(1 + articles / frequency) })
    }
    return weighed
      .sort((one, two) => two.weight - one.weight || (one.word < two.word ? -1 : 1))
      .slice(0, atMost)
      .map(({ word }) => word)
  }
}
