import type { Article, ArticleSummary } from '../../src/article/article.ts'
import type { Clock } from '../../src/concurrency/clock.ts'
import type { RelatedArticle } from '../../src/related/related.ts'
import type { ArticleList, ArticleRead, RailRead } from '../../src/store/store.ts'

/** What is true: every version of every article and rail, and since when. A store that answers reads from here is right. */
export class Newsroom {
  readonly #clock: Clock
  readonly #versions = new Map<string, Version[]>()
  readonly #rails = new Map<string, StoredRail[]>()
  #seq = 0

  constructor(clock: Clock) {
    this.#clock = clock
    for (const id of articleIds) {
      this.#versions.set(id, [{ seq: 0, at: 0, state: 'missing', article: null }])
      this.#rails.set(id, [{ seq: 0, at: 0, items: [] }])
    }
  }

  /** Oldest first. */
  versionsOf(id: string): readonly Version[] {
    return this.#versions.get(id) ?? neverThere
  }

  railsOf(id: string): readonly StoredRail[] {
    return this.#rails.get(id) ?? []
  }

  isGone(id: string): boolean {
    return this.versionsOf(id).at(-1)?.state === 'gone'
  }

  isEmbargoed(id: string): boolean {
    const last = this.versionsOf(id).at(-1)
    return last?.state === 'missing' && last.article !== null
  }

  /** Stores a new version; an embargoed one is not visible until {@link lift}. Gives the number of the change. */
  publish(id: string, options: { readonly embargoed?: boolean; readonly publishedDaysAgo?: number } = {}): number {
    const seq = ++this.#seq
    const state = options.embargoed ? 'missing' : 'found'
    const publishedAt = new Date(this.#clock.now() - (options.publishedDaysAgo ?? 0) * 86_400_000).toISOString()
    this.#add(id, { seq, at: this.#clock.monotonicMs(), state, article: articleOf(id, seq, publishedAt) })
    return seq
  }

  lift(id: string): number {
    const seq = ++this.#seq
    const article = this.versionsOf(id).at(-1)?.article ?? null
    const at = this.#clock.monotonicMs()
    this.#add(id, { seq, at, state: 'found', article: article && articleOf(id, seq, article.publishedAt) })
    return seq
  }

  withdraw(id: string): number {
    const seq = ++this.#seq
    this.#add(id, { seq, at: this.#clock.monotonicMs(), state: 'gone', article: null })
    return seq
  }

  writeRail(id: string, items: readonly string[]): number {
    const seq = ++this.#seq
    this.#rails.get(id)?.push({ seq, at: this.#clock.monotonicMs(), items })
    return seq
  }

  readArticle(id: string): ArticleRead {
    const { state, article, seq } = this.versionsOf(id).at(-1) as Version
    if (state === 'gone') return { state, withdrawnAt: String(seq) }
    return state === 'found' && article ? { state, article } : { state: 'missing' }
  }

  readRail(id: string, { limit, exclude }: { limit: number; exclude: readonly string[] }): RailRead {
    const read = this.readArticle(id)
    if (read.state !== 'found') return read
    const { seq, items } = this.railsOf(id).at(-1) as StoredRail
    const shown: RelatedArticle[] = []
    for (const other of items) {
      const item = this.readArticle(other)
      if (item.state === 'found' && !exclude.includes(other) && shown.length < limit) shown.push(related(item.article))
    }
    return { state: 'found', items: shown, basis: 'related', version: seq, generatedAt: null }
  }

  list(limit: number): ArticleList {
    const newest = articleIds
      .map((id) => this.versionsOf(id).at(-1) as Version)
      .filter(({ state }) => state === 'found')
      .sort((a, b) => b.seq - a.seq)
    return {
      articles: newest.slice(0, limit).flatMap(({ article }) => (article ? [summary(article)] : [])),
      next: null,
    }
  }

  #add(id: string, version: Version): void {
    this.#versions.get(id)?.push(version)
  }
}

export interface Version {
  /** The number of the change that made it. */
  readonly seq: number
  /** Since when it is true, on the monotonic clock. */
  readonly at: number
  readonly state: 'found' | 'missing' | 'gone'
  /** There while embargoed too. */
  readonly article: Article | null
}

export interface StoredRail {
  readonly seq: number
  readonly at: number
  readonly items: readonly string[]
}

export const articleIds: readonly string[] = ['1', '2', '3', '4', '5', '6']
/** What readers ask for, and nobody ever publishes. */
export const unknownId = '404'
const neverThere: readonly Version[] = [{ seq: 0, at: 0, state: 'missing', article: null }]

/** The number of the version that is shown: it is part of the title, which every way of showing an article keeps. */
export function shownVersion({ title }: { readonly title: string }): number {
  return Number(title.slice(title.indexOf(' ') + 1))
}

function articleOf(id: string, seq: number, publishedAt: string): Article {
  return {
    id,
    title: `${id} ${seq}`,
    body: 'text',
    section: 'Local',
    tags: [],
    status: 'published',
    publishedAt,
    updatedAt: publishedAt,
    firstSeenAt: publishedAt,
  }
}

function related({ id, title, publishedAt }: Article): RelatedArticle {
  return {
    id,
    url: id,
    title,
    standfirst: '',
    publishedAt,
    section: null,
    source: null,
    language: null,
    image: null,
    reason: '',
    score: 1,
    position: 1,
    pinned: false,
  }
}

function summary({ id, title, publishedAt, updatedAt }: Article): ArticleSummary {
  return {
    id,
    title,
    standfirst: '',
    url: null,
    byline: null,
    section: 'Local',
    source: null,
    language: null,
    image: null,
    publishedAt,
    updatedAt,
  }
}
