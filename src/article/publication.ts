import type { Article, PreparedArticle } from './article.ts'

/**
 * What becomes of an article that comes in: the rules, and nothing else.
 *
 * Every store calls {@link decidePublication} inside the transaction in which it then writes, so that all stores
 * decide alike and no two writers decide on the same old state.
 */

/** How far ahead a publisher's clock may run before a time in the future is taken to be meant. */
export const clockSkewMsDefault = 2 * 60_000

/** What the rules need to know of what is stored under the id. */
export interface StoredPublication {
  readonly status: 'published' | 'draft' | 'withdrawn'
  /** Null on a tombstone. */
  readonly fingerprint: string | null
  readonly publishedAt: string
  readonly updatedAt: string
  readonly firstSeenAt: string
}

export interface PublicationRules {
  /** Milliseconds since the epoch. */
  readonly now: number
  /** True: an article that was taken down comes back. */
  readonly republish: boolean
  /** Default: {@link clockSkewMsDefault}. */
  readonly clockSkewMs?: number | undefined
}

export type Publication =
  | {
      readonly outcome: 'created' | 'updated'
      readonly article: Article
      /** No reader sees it before this time, in milliseconds since the epoch; 0 when nothing holds it back. */
      readonly visibleFrom: number
    }
  | { readonly outcome: 'withdrawn'; readonly tombstone: Tombstone }
  | { readonly outcome: 'unchanged' | 'outdated' | 'tombstoned' }

/** What stays of an article that was taken down: no text, only what is needed to keep it down and to answer 410. */
export interface Tombstone {
  readonly withdrawnAt: string
  readonly publishedAt: string
  readonly updatedAt: string
  readonly firstSeenAt: string
}

/**
 * Decides what an input does to what is stored.
 *
 * A takedown that comes before the article it speaks of leaves a tombstone too: feeds and queues deliver out of order.
 */
export function decidePublication(
  stored: StoredPublication | null,
  prepared: PreparedArticle,
  rules: PublicationRules,
): Publication {
  const { input, fingerprint } = prepared
  const { now, republish } = rules
  const comesBack = stored?.status === 'withdrawn' && republish && input.status !== 'withdrawn'

  if (stored?.status === 'withdrawn' && !comesBack) return { outcome: 'tombstoned' }
  if (stored !== null && !comesBack) {
    if (stored.fingerprint === fingerprint) return { outcome: 'unchanged' }
    if (input.updatedAt !== undefined && isBefore(input.updatedAt, stored.updatedAt)) return { outcome: 'outdated' }
  }

  const times = {
    publishedAt: publishedAtOf(stored, prepared, now),
    firstSeenAt: stored?.firstSeenAt ?? iso(now),
  }
  const updatedAt = updatedAtOf(stored, prepared, { publishedAt: times.publishedAt, now })

  if (input.status === 'withdrawn') {
    return { outcome: 'withdrawn', tombstone: { ...times, updatedAt, withdrawnAt: iso(now) } }
  }
  const article: Article = { ...input, status: input.status, ...times, updatedAt }
  return {
    outcome: stored === null || comesBack ? 'created' : 'updated',
    article,
    visibleFrom: visibleFromOf(article, { now, clockSkewMs: rules.clockSkewMs ?? clockSkewMsDefault }),
  }
}

// A draft has not been published yet: the time at which it was first stored is not the time of its publication.
function publishedAtOf(stored: StoredPublication | null, { input }: PreparedArticle, now: number): string {
  if (input.publishedAt !== undefined) return input.publishedAt
  const leavesDraft = stored?.status === 'draft' && input.status === 'published'
  return stored === null || leavesDraft ? iso(now) : stored.publishedAt
}

// Never in the future: a publisher's `updatedAt` of next year would make every true correction until then an outdated
// one. Never before the stored one, although our own clock was set back: a correction stays a correction.
function updatedAtOf(
  stored: StoredPublication | null,
  { input }: PreparedArticle,
  { publishedAt, now }: { publishedAt: string; now: number },
): string {
  const claimed = input.updatedAt ?? (stored === null ? publishedAt : iso(now))
  const updatedAt = isBefore(claimed, iso(now)) ? claimed : iso(now)
  const corrects = stored !== null && stored.status !== 'withdrawn'
  return corrects && isBefore(updatedAt, stored.updatedAt) ? stored.updatedAt : updatedAt
}

function visibleFromOf(article: Article, { now, clockSkewMs }: { now: number; clockSkewMs: number }): number {
  const publishedAt = Date.parse(article.publishedAt)
  const embargo = article.embargoedUntil === undefined ? 0 : Date.parse(article.embargoedUntil)
  return Math.max(0, embargo, publishedAt > now + clockSkewMs ? publishedAt : 0)
}

function isBefore(one: string, other: string): boolean {
  return Date.parse(one) < Date.parse(other)
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
