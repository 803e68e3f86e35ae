import type { ArticleSummary } from '../article/article.ts'
import { reasonText } from './explain.ts'
import type { RailItem, RelatedArticle } from './related.ts'

/** A stored item as a reader sees it. */
export function relatedArticle(summary: ArticleSummary, item: RailItem, position: number): RelatedArticle {
  return placed(summary, { score: item.score, reason: reasonText(item.reason), position })
}

/**
 * A filler as a reader sees it: it stands in a rail because it is new, not because it is related, and says so.
 *
 * @param section the section whose newest it is one of; null for the newest of all
 */
export function fillerArticle(summary: ArticleSummary, section: string | null, position: number): RelatedArticle {
  return placed(summary, { score: 0, reason: section === null ? 'Latest' : `Latest in ${section}`, position })
}

function placed(summary: ArticleSummary, place: { score: number; reason: string; position: number }): RelatedArticle {
  return {
    id: summary.id,
    url: summary.url ?? `/articles/${summary.id}`,
    title: summary.title,
    standfirst: summary.standfirst,
    publishedAt: summary.publishedAt,
    section: summary.section,
    source: summary.source,
    language: summary.language,
    image: summary.image,
    ...place,
    pinned: false,
  }
}
