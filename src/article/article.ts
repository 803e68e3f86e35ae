/**
 * What an article is, from the moment that it is stored.
 *
 * All times are ISO 8601 in UTC in the one form that `Date.prototype.toISOString` gives
 * (`2026-11-02T09:30:00.000Z`), so that they sort as text.
 */
export interface Article {
  /** Matches {@link articleIdPattern}. */
  readonly id: string
  /** Plain text; may be empty when there is a body. */
  readonly title: string
  /** Plain text, paragraphs parted by an empty line; may be empty when there is a title. */
  readonly body: string
  /** The body as HTML that was sanitised when it came in; absent when the article came as plain text. */
  readonly bodyHtml?: string
  /** Where the publisher's own page is: http or https. */
  readonly url?: string
  readonly standfirst?: string
  readonly byline?: string
  readonly section?: string
  readonly tags: readonly string[]
  /** Who supplied it: the staff's own name, an agency, a feed's title. */
  readonly source?: string
  /** BCP 47, lower case primary language first (`en`, `de`, `pt-br`). */
  readonly language?: string
  readonly image?: string
  readonly publishedAt: string
  readonly updatedAt: string
  /** Not visible before this time. */
  readonly embargoedUntil?: string
  readonly status: 'published' | 'draft'
  /** The id of the version that this article replaces. */
  readonly evolvedFrom?: string
  /** Ground truth for evaluation: the event that it covers. */
  readonly story?: string
  /** Ground truth for evaluation: the ids that an editor picked. */
  readonly related?: readonly string[]
  /** Ground truth for evaluation: what it is about, by whoever classified it (topic codes, subject headings). */
  readonly labels?: readonly string[]
  /** When this store first saw the id; never changes. */
  readonly firstSeenAt: string
}

/**
 * An article as a publisher sends it, checked but not yet stored: what was left out is still left out.
 *
 * `status: 'withdrawn'` takes the article down.
 */
export interface ArticleInput extends Omit<Article, 'publishedAt' | 'updatedAt' | 'status' | 'firstSeenAt'> {
  readonly publishedAt?: string
  readonly updatedAt?: string
  readonly status: 'published' | 'draft' | 'withdrawn'
}

/** An input that is ready to be stored: sanitised, its language known, fingerprinted. */
export interface PreparedArticle {
  readonly input: ArticleInput
  /** Hex SHA-256 of what the publisher sent, defaults left out: the same input twice has the same fingerprint. */
  readonly fingerprint: string
}

/** What lists and rails show of an article. */
export interface ArticleSummary {
  readonly id: string
  /** Never empty: an article without a title is shown by the first words of its body. */
  readonly title: string
  /** The article's own, or else the start of its body, cut at a word: at most 240 characters. */
  readonly standfirst: string
  readonly url: string | null
  readonly byline: string | null
  readonly section: string | null
  readonly source: string | null
  readonly language: string | null
  readonly image: string | null
  readonly publishedAt: string
  readonly updatedAt: string
}

/**
 * Ids that are public as they are. Any other id is hashed together with its source by `article/article-id.ts`.
 *
 * Not `.` and `..`: a browser takes such a path apart before it asks.
 */
export const articleIdPattern = /^(?!\.{1,2}$)[A-Za-z0-9._~-]{1,100}$/
