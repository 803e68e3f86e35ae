import type { Article } from '../../src/article/article.ts'
import type { RelatedArticle } from '../../src/related/related.ts'
import type { ArticleList, ArticleRead, RailRead, Store } from '../../src/store/store.ts'

/**
 * The reads of a store, each of which does what a test tells it to: answer, fail at once, fail later, hang.
 *
 * Real stores run in the conformance suite and the acceptance tests; this one can fail in ways that they cannot be made to.
 */
export class ScriptedStore {
  readonly calls: Array<{ read: string; signal: AbortSignal | undefined }> = []
  article: () => Promise<ArticleRead> = async () => ({ state: 'found', article: anArticle })
  rail: () => Promise<RailRead> = async () => aRail
  list: () => Promise<ArticleList> = async () => ({ articles: [], next: null })
  newestId: () => Promise<string | null> = async () => anArticle.id

  /** As the contract's type: the manager reads nothing but these. */
  asStore(): Store {
    const record = (read: string, signal: AbortSignal | undefined) => this.calls.push({ read, signal })
    const reads: Pick<Store, 'readArticle' | 'readRail' | 'readNewestId' | 'listArticles'> = {
      readArticle: (_id, { signal }) => {
        record('article', signal)
        return this.article()
      },
      readRail: (_id, { signal }) => {
        record('rail', signal)
        return this.rail()
      },
      readNewestId: ({ signal }) => {
        record('newest', signal)
        return this.newestId()
      },
      listArticles: ({ signal }) => {
        record('list', signal)
        return this.list()
      },
    }
    return reads as Store
  }

  signalOf(read: string): AbortSignal {
    const signal = this.calls.find((call) => call.read === read)?.signal
    if (!signal) throw new Error(`The ${read} was not read, or without a signal.`)
    return signal
  }
}

export const anArticle: Article = {
  id: '7',
  title: 'Ferry returns to Halvern',
  body: 'The ferry came back.',
  section: 'Local',
  tags: [],
  status: 'published',
  publishedAt: '2026-11-02T09:00:00.000Z',
  updatedAt: '2026-11-02T09:00:00.000Z',
  firstSeenAt: '2026-11-02T09:00:00.000Z',
}

export function aRelated(id: string): RelatedArticle {
  return {
    id,
    url: `/articles/${id}`,
    title: `Article ${id}`,
    standfirst: '',
    publishedAt: '2026-11-02T08:00:00.000Z',
    section: 'Local',
    source: null,
    language: 'en',
    image: null,
    reason: 'Same story: ferry',
    score: 0.5,
    position: 1,
    pinned: false,
  }
}

export const aRail: RailRead = {
  state: 'found',
  items: [aRelated('8'), aRelated('9')],
  basis: 'related',
  version: 12,
  generatedAt: '2026-11-02T09:00:01.000Z',
}

export function hang<T>(): Promise<T> {
  return new Promise(() => {})
}
