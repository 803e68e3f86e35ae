import type { KnownArticle } from './ground-truth.ts'
import type { Ranker } from './ranker.ts'

/**
 * The baseline that costs nothing: what was the newest of the section when the article came out. An article without a
 * section is given the newest of all.
 */
export class NewestInSection implements Ranker {
  readonly name = 'newest in section'
  readonly #articles: ReadonlyMap<string, KnownArticle>
  readonly #all: readonly KnownArticle[]
  readonly #sections = new Map<string, KnownArticle[]>()

  constructor(articles: ReadonlyMap<string, KnownArticle>) {
    this.#articles = articles
    this.#all = [...articles.values()].sort(oldestFirst)
    for (const article of this.#all) {
      if (article.section === null) continue
      const key = article.section.toLowerCase()
      const known = this.#sections.get(key)
      if (known) known.push(article)
      else this.#sections.set(key, [article])
    }
  }

  rank(id: string, atMost: number): string[] {
    const article = this.#articles.get(id)
    if (article === undefined) return []
    const list = article.section === null ? this.#all : this.#sections.get(article.section.toLowerCase())!
    const own = placeOf(article, list)
    return list
      .slice(Math.max(0, own - atMost), own)
      .map((other) => other.id)
      .reverse()
  }
}

function oldestFirst(one: KnownArticle, two: KnownArticle): number {
  return one.publishedAtMs - two.publishedAtMs || (one.id < two.id ? -1 : one.id > two.id ? 1 : 0)
}

function placeOf(article: KnownArticle, list: readonly KnownArticle[]): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (oldestFirst(list[middle]!, article) < 0) low = middle + 1
    else high = middle
  }
  return low
}
