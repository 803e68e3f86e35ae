import type { ArticleSummary } from '../article/article.ts'
import type { Clock } from '../concurrency/clock.ts'
import { withDeadline } from '../concurrency/deadline.ts'
import { publish } from '../events.ts'
import type { RelatedArticle } from '../related/related.ts'
import { fillerArticle } from '../related/related-article.ts'
import type { Store } from '../store/store.ts'

/**
 * The newest articles of each section, kept in memory so that a rail that cannot be read has something to stand in.
 *
 * A list is read in the background, never on a request's way, after an article of its section was served and the last
 * list is older than `refreshMs`. Whatever happens to these reads is an event and nothing else. An article that changes
 * or is taken down is forgotten before the list is read again, and a list that cannot be read again is not shown for long.
 */
export class NewestFallback {
  readonly #store: Pick<Store, 'listArticles'>
  readonly #clock: Clock
  readonly #stop = new AbortController()
  readonly #lists = new Map<string, SectionList>()
  /** Counts what was forgotten: a list whose reading began before may still hold it. */
  #generation = 0

  constructor(store: Pick<Store, 'listArticles'>, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** The stand-in for a rail of an article in `section`; empty when nothing is known yet. */
  rail(section: string | null, articleId: string, limit: number): readonly RelatedArticle[] {
    const known = this.#lists.get(keyOf(section))
    // Whether something in an older list was taken down meanwhile cannot be known: a takedown overrides every grace.
    if (!known || this.#clock.monotonicMs() - known.readAt > shownForMs) return []
    return known.articles
      .filter(({ id }) => id !== articleId)
      .slice(0, limit)
      .map((summary, index) => fillerArticle(summary, section, index + 1))
  }

  /** Reads the section's list again if it is due. Returns at once. */
  keepFresh(section: string | null): void {
    const key = keyOf(section)
    const known = this.#lists.get(key)
    const now = this.#clock.monotonicMs()
    if (this.#stop.signal.aborted || (known && now - known.askedAt < refreshMs)) return
    // The oldest list makes room: sections come from feeds, and there may be any number of them.
    if (!known && this.#lists.size >= sectionsMax) this.#lists.delete(this.#lists.keys().next().value ?? key)
    this.#lists.set(key, { articles: [], readAt: now, ...known, askedAt: now })
    this.#read(section, key).catch((error: unknown) => {
      if (!this.#stop.signal.aborted)
        publish('background-failed', () => ({ what: 'reading the newest of a section', error }))
    })
  }

  /** These articles have changed or are gone: they are not shown until they are read again. */
  forget(articleIds: ReadonlySet<string>): void {
    this.#generation++
    for (const [key, list] of this.#lists) {
      if (!list.articles.some(({ id }) => articleIds.has(id))) continue
      const articles = list.articles.filter(({ id }) => !articleIds.has(id))
      this.#lists.set(key, { ...list, articles, askedAt: Number.NEGATIVE_INFINITY })
    }
  }

  close(): void {
    this.#stop.abort()
  }

  async #read(section: string | null, key: string): Promise<void> {
    const generation = this.#generation
    const readAt = this.#clock.monotonicMs()
    const { articles } = await withDeadline(
      (signal) =>
        this.#store.listArticles({
          ...(section === null ? {} : { section }),
          limit: keptPerSection,
          now: this.#clock.now(),
          signal,
        }),
      { clock: this.#clock, budgetMs: readBudgetMs, what: 'Reading the newest articles', signal: this.#stop.signal },
    )
    const known = this.#lists.get(key)
    if (!known) return
    const isCurrent = generation === this.#generation
    this.#lists.set(key, isCurrent ? { ...known, articles, readAt } : { ...known, askedAt: Number.NEGATIVE_INFINITY })
  }
}

interface SectionList {
  readonly articles: readonly ArticleSummary[]
  /** When the list was last asked for, on the monotonic clock. */
  readonly askedAt: number
  /** When what it holds was read, likewise. */
  readonly readAt: number
}

/** Old enough to cost nothing, young enough that a stand-in does not look abandoned. */
const refreshMs = 10_000
/** A list that could not be read again for so long is not shown any more. */
const shownForMs = 30_000
const readBudgetMs = 2000
const sectionsMax = 200
/** The largest rail (20) and the article itself. */
const keptPerSection = 21

function keyOf(section: string | null): string {
  return section === null ? '' : section.toLowerCase()
}
