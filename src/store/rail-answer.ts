import type { ArticleSummary } from '../article/article.ts'
import type { RailItem } from '../related/related.ts'
import { fillerArticle, relatedArticle } from '../related/related-article.ts'
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
      ? read.items.map(({ summary, item }, index) => relatedArticle(summary, item, index + 1))
      : read.items.map((filler, index) => fillerArticle(filler.summary, sectionOf(filler), index + 1))
  return { state, basis, version, generatedAt, items }
}

function sectionOf({ summary: { section }, inSection }: StoredFiller): string | null {
  return inSection && section !== null && sectionKey(section) !== '' ? section : null
}
