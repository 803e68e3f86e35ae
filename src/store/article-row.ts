import type { Article } from '../article/article.ts'
import type { StoredPublication } from '../article/publication.ts'
import { summaryOf } from '../article/summary.ts'
import { sectionKey } from './section-key.ts'
import type { StoreStatus } from './store.ts'

/** An article as the columns of its row, whatever the database: long texts are JSON, times are text as they are compared. */
export interface ArticleRow {
  readonly id: string
  readonly status: 'published' | 'draft'
  /** Milliseconds since the epoch. */
  readonly visibleFrom: number
  /** 0 while the change row for the end of its embargo is still to be written. */
  readonly lifted: 0 | 1
  readonly publishedAt: string
  readonly updatedAt: string
  readonly firstSeenAt: string
  readonly evolvedFrom: string | null
  readonly section: string | null
  readonly sectionKey: string | null
  readonly summary: string
  readonly document: string
}

export function columnsOf(article: Article, visibleFrom: number, now: number): ArticleRow {
  const { id, status, publishedAt, updatedAt, firstSeenAt } = article
  return {
    id,
    status,
    visibleFrom,
    lifted: visibleFrom <= now ? 1 : 0,
    publishedAt,
    updatedAt,
    firstSeenAt,
    evolvedFrom: article.evolvedFrom ?? null,
    section: article.section ?? null,
    sectionKey: article.section === undefined ? null : sectionKey(article.section),
    summary: JSON.stringify(summaryOf(article)),
    document: JSON.stringify(article),
  }
}

/** What the rules of publication need of a row. */
export function storedPublication(row: Record<string, unknown>): StoredPublication {
  return {
    status: row.status as StoredPublication['status'],
    fingerprint: row.fingerprint as string | null,
    publishedAt: String(row.published_at),
    updatedAt: String(row.updated_at),
    firstSeenAt: String(row.first_seen_at),
  }
}

/** Whether readers may see the article of a row at `now`. */
export function isVisible(row: Record<string, unknown>, now: number): boolean {
  return row.status === 'published' && Number(row.visible_from) <= now
}

/** The row of the statement `status`, which every store has. */
export function storeStatus(row: Record<string, unknown> | undefined): StoreStatus {
  const embargoed = Number(row?.embargoed)
  return {
    articles: {
      visible: Number(row?.published) - embargoed,
      hidden: Number(row?.drafts) + embargoed,
      withdrawn: Number(row?.withdrawn),
    },
    rails: Number(row?.rails),
    lastSeq: Number(row?.last_seq),
    indexedSeq: Number(row?.indexed_seq),
    railsKeptUntil: row?.rails_kept_until == null ? null : Number(row.rails_kept_until),
    lastRailSeq: Number(row?.last_rail_seq),
    nextEmbargoEndsAt: row?.next_embargo_ends_at == null ? null : Number(row.next_embargo_ends_at),
  }
}
