import type { KnownArticle } from '../../src/evaluate/ground-truth.ts'
import type { Ranker } from '../../src/evaluate/ranker.ts'

/** An article with what matters to a test; the rest is as plain as can be. */
export function known(id: string, about: Partial<KnownArticle> = {}): KnownArticle {
  return {
    id,
    title: `The title of ${id}`,
    section: null,
    publishedAtMs: 0,
    story: null,
    related: [],
    labels: [],
    tags: [],
    ...about,
  }
}

export function byId(...articles: readonly KnownArticle[]): Map<string, KnownArticle> {
  return new Map(articles.map((article) => [article.id, article]))
}

export function rankerOf(name: string, lists: Readonly<Record<string, readonly string[]>>): Ranker {
  return { name, rank: (id, atMost) => (lists[id] ?? []).slice(0, atMost) }
}
