import type { ArticleSummary } from '../article/article.ts'
import { reasonText } from '../related/explain.ts'
import type { RailItem, RelatedArticle } from '../related/related.ts'
import { sectionKey } from './section-key.ts'
import type { RailRead } from './store.ts'

/** What a store's rail query gives: every store words it for readers in the same way, here. */
export type StoredRailRead =
  | ({ readonly state: 'found'; readonly version: number; readonly generatedAt: string | null } & (
      | { readonly basis: 'related'; readonly items: readonly StoredRelated[] }
      | { readonly basis: 'newest'; readonly items: readonly StoredFiller[] }
    ))
  | { readonly state: 'missing' }
  | { readonly state: 'gone'; readonly withdrawnAt: string }

interface StoredRelated {
  readonly item: RailItem
  readonly summary: ArticleSummary
}

interface StoredFiller {
  /** Whether it is of the section of the article whose rail it stands in. */
  readonly inSection: boolean
  readonly summary: ArticleSummary
}

/** A rail as a reader sees it. */
export function railAnswer(read: StoredRailRead): RailRead {
  if (read.state !== 'found') return read
  const { state, basis, version, generatedAt } = read
  const items =
    read.basis === 'related'
      ? read.items.map(({ summary, item }, index) =>
          relatedArticle(summary, { score: item.score, reason: reasonText(item.reason), position: index + 1 }),
        )
      : read.items.map(({ summary, inSection }, index) =>
          relatedArticle(summary, { score: 0, reason: fillerReason(summary, inSection), position: index + 1 }),
        )
  return { state, basis, version, generatedAt, items }
}

function relatedArticle(
  summary: ArticleSummary,
  place: { score: number; reason: string; position: number },
): RelatedArticle {
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

function fillerReason({ section }: ArticleSummary, inSection: boolean): string {
  return inSection && section !== null && sectionKey(section) !== '' ? `Latest in ${section}` : 'Latest'
}
