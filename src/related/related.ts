/**
 * The contract of relatedness: what the index takes, what it gives, and what a reader is told.
 *
 * Everything in this folder is pure and deterministic, except `index-thread.ts`, which hosts the index off the main
 * thread.
 */

/** What the index knows of an article. */
export interface RelatedDocument {
  readonly id: string
  readonly title: string
  readonly standfirst: string
  readonly body: string
  readonly section: string | null
  readonly tags: readonly string[]
  readonly source: string | null
  readonly language: string | null
  /** Milliseconds since the epoch. */
  readonly publishedAtMs: number
  /** The id of the version that this one replaces: neither is ever in the other's rail. */
  readonly evolvedFrom: string | null
}

/** Why an item stands in a rail. */
export interface Reason {
  /** `story`: the same event, close in time and words. `topic`: the same subject. */
  readonly kind: 'story' | 'topic'
  /** At most four words or names that both articles share, the strongest first, as a reader would write them. */
  readonly terms: readonly string[]
}

/** One item of a rail as it is stored: an over-fetched, ranked list, so that filters still leave a full rail. */
export interface RailItem {
  readonly id: string
  /** 0 to 1: cosine of the two articles' weighted terms, times nearness in time. */
  readonly score: number
  readonly reason: Reason
}

/** How many items a stored rail holds: three times the default rail, and never fewer than the largest rail asked for. */
export const storedRailLength = 24

/** The largest rail that can be asked for. */
export const railLimitMax = 20

/** An item of a rail as a reader sees it. */
export interface RelatedArticle {
  readonly id: string
  /** The publisher's own page when the article names one, else the path of onward's page. */
  readonly url: string
  readonly title: string
  readonly standfirst: string
  readonly publishedAt: string
  readonly section: string | null
  readonly source: string | null
  readonly language: string | null
  readonly image: string | null
  /** A sentence for readers, such as `Same story: Bahia, cocoa, zone`. */
  readonly reason: string
  /** 0 to 1; 0 for the labelled filler. */
  readonly score: number
  /** From 1. */
  readonly position: number
  readonly pinned: boolean
}
