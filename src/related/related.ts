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

/** What a score is made of, in figures from 0 to 1; the same from both sides but for `penalties`. */
export interface ScoreParts {
  /** `text * time`, before anything that a publisher's rules change. */
  readonly score: number
  /** The cosine of the two articles' weighted terms. It is what the floor is asked of. */
  readonly text: number
  /** The parts of `text` that come from names, and from all other words and word pairs. */
  readonly names: number
  readonly words: number
  /** The factor for nearness in time: 1 on the day itself. */
  readonly time: number
  readonly daysApart: number
  readonly isSameSection: boolean
  /** Tags that both have. */
  readonly sharedTags: readonly string[]
  /** What the rules made of the score: factors under 1 take away, those over 1 give. Empty with the default rules. */
  readonly penalties: ReadonlyArray<{
    readonly rule: 'section' | 'tags' | 'entities' | 'half-life'
    readonly factor: number
  }>
  /** `score` times the penalties: what the rail is ordered by. */
  readonly ranked: number
  /** The shared terms, the strongest first, each with its part of `text`; at most twelve. */
  readonly terms: ReadonlyArray<{ readonly term: string; readonly isName: boolean; readonly part: number }>
}

/** Why an article does not stand in a rail. What embargoes, takedowns and editors' blocks hide is decided by the store. */
export type Absence =
  | { readonly kind: 'itself' }
  /** The index does not know this article: unknown, hidden, or not worked through yet. */
  | { readonly kind: 'unknown'; readonly id: string }
  /** One is a version of the other, or a later version of it stands in the rail. */
  | { readonly kind: 'version'; readonly of: string }
  | { readonly kind: 'language'; readonly languages: readonly [string, string] }
  /** The text repeats the article's own, or that of an item of the rail. */
  | { readonly kind: 'repeat'; readonly of: string }
  | { readonly kind: 'below-floor'; readonly text: number; readonly floor: number }
  | { readonly kind: 'below-min-score'; readonly score: number; readonly minScore: number }
  | { readonly kind: 'source-cap'; readonly source: string; readonly most: number }
  | { readonly kind: 'section-cap'; readonly section: string; readonly most: number }
  | { readonly kind: 'excluded'; readonly by: 'id' | 'tag' | 'section' | 'newer' | 'other-section' }
  /** Better ones fill the rail; `last` is what the last of them has. */
  | { readonly kind: 'outranked'; readonly ranked: number; readonly last: number }

/** Where `b` stands in the rail of `a`, or why it does not. */
export type Standing =
  | { readonly isShown: true; readonly position: number; readonly parts: ScoreParts }
  | { readonly isShown: false; readonly absence: Absence; readonly parts: ScoreParts | null }

/**
 * What a publisher decides about rails. All of it is applied where a rail is derived from an article's stored pool of
 * neighbours, so a change of rules needs no new neighbour work.
 */
export interface RailRules {
  /** Factors on the score; 1 leaves it alone. `section` and `tags`: when the two share it. `entities`: on the part that names have in it. */
  readonly signals: { readonly section: number; readonly tags: number; readonly entities: number }
  /** Days by which an older article's score halves, by section, `*` for all others. None: age takes nothing away. */
  readonly halfLifeDays: Readonly<Record<string, number>>
  /** Sections whose articles keep their score whatever their age. */
  readonly evergreen: readonly string[]
  readonly sameSectionOnly: boolean
  /** 0 to 1; asked of the score before age takes away. */
  readonly minScore: number
  /** Items of a rail at most; null for as many as are stored. */
  readonly limit: number | null
  /** Of a source other than the article's own; null for any number. */
  readonly maxPerSource: number | null
  readonly maxPerSection: number | null
  /** False: a rail holds nothing that was published after its article. */
  readonly includeNewer: boolean
  readonly exclude: {
    readonly ids: readonly string[]
    readonly tags: readonly string[]
    readonly sections: readonly string[]
  }
  /** False: texts that repeat each other are all shown. For measuring. */
  readonly collapseRepeats: boolean
}

export const defaultRules: RailRules = {
  signals: { section: 1, tags: 1, entities: 1 },
  halfLifeDays: {},
  evergreen: [],
  sameSectionOnly: false,
  minScore: 0,
  limit: null,
  maxPerSource: null,
  maxPerSection: null,
  includeNewer: true,
  exclude: { ids: [], tags: [], sections: [] },
  collapseRepeats: true,
}

/** How many items a stored rail holds: three times the default rail, and never fewer than the largest rail asked for. */
export const storedRailLength = 20

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
