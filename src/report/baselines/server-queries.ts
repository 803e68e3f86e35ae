import type { Article } from '../../article/article.ts'
import type { Ask, SiteSql } from '../server/database-server.ts'

/** The words that are not asked for. */
export async function readStopWords(ask: Ask, sql: SiteSql): Promise<ReadonlySet<string>> {
  return new Set((await ask(sql.stopWords, [])).map(({ word }) => String(word)))
}

/** `Article` as JSON; null where no such article is published. */
export async function readDocument(ask: Ask, sql: SiteSql, id: string): Promise<string | null> {
  const [row] = await ask(sql.article, [id, Date.now()])
  return row ? String(row.document) : null
}

/** `ArticleSummary` as JSON of the articles that the full-text query finds best. */
export async function readBest(
  ask: Ask,
  sql: SiteSql,
  { terms, id }: { readonly terms: readonly string[]; readonly id: string },
): Promise<string[]> {
  if (terms.length === 0) return []
  const rows = await ask(sql.related, [sql.termsOf(terms), Date.now(), id])
  return rows.map(({ summary }) => String(summary))
}

/** An article's id, title and body, as the full-text index is given them. */
export function indexedText({ id, title, body }: Pick<Article, 'id' | 'title' | 'body'>): [string, string, string] {
  return [id, title, body.slice(0, bodyCharacters)]
}

/** A tsvector holds at most 1 MB, and what comes after this much of an article is more of the same. */
const bodyCharacters = 200_000
