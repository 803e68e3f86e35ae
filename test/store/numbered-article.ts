import type { ArticleInput, PreparedArticle } from '../../src/article/article.ts'

/** An article that a test needs only to be there. */
export function numberedArticle(number: number, over: Partial<ArticleInput> = {}): PreparedArticle {
  const input: ArticleInput = {
    id: String(number),
    title: `Article ${number}`,
    body: `The ${number}th meeting of the council was opened at nine and closed at noon. `.repeat(10),
    tags: [],
    section: ['World', 'Local', 'Sport'][Math.abs(number) % 3] ?? 'World',
    status: 'published',
    ...over,
  }
  return { input, fingerprint: `${number} ${JSON.stringify(over)}` }
}
