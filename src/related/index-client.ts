import type { Article } from '../article/article.ts'
import { siblingModule, Thread } from '../concurrency/thread.ts'
import type { RelatedDocument } from './related.ts'
import type { Explanation } from './related-index.ts'

/** What the index thread is asked. Requests are worked through in the order in which they are made. */
export type IndexRequest =
  /** Articles with the rails that the store has of them, before the first `settle`. */
  | { readonly type: 'load'; readonly rows: ReadonlyArray<IndexRow> }
  /** Articles as they are now; null for one that is not visible any more. */
  | { readonly type: 'apply'; readonly changes: ReadonlyArray<IndexChange> }
  /** Neighbour work for at most this many articles. */
  | { readonly type: 'settle'; readonly atMost: number }
  | { readonly type: 'explain'; readonly a: string; readonly b: string }

export interface IndexRow {
  readonly document: RelatedDocument
  /** JSON text of `RailItem[]`. What cannot be one is treated as null: the rail is worked out anew. */
  readonly railItems: string | null
}

export interface IndexChange {
  readonly articleId: string
  readonly document: RelatedDocument | null
}

export interface IndexAnswers {
  readonly load: { readonly size: number }
  readonly apply: { readonly size: number }
  readonly settle: {
    /** The rails that changed, in full; `items` is JSON text of `RailItem[]`. */
    readonly rails: ReadonlyArray<{ readonly articleId: string; readonly items: string }>
    /** 0 when all is settled. */
    readonly remaining: number
    readonly size: number
  }
  readonly explain: Explanation
}

export interface IndexClient extends AsyncDisposable {
  /** Rejects as `Thread.request` does. After `ThreadDiedError` the index is empty: load it again. */
  request<Type extends IndexRequest['type']>(
    request: Extract<IndexRequest, { type: Type }>,
    options?: { signal?: AbortSignal | undefined },
  ): Promise<IndexAnswers[Type]>
}

/** Starts a relatedness index of its own in a worker thread; disposing of it ends the thread. */
export function openIndexThread(): IndexClient {
  const thread = new Thread<IndexRequest, IndexAnswers[IndexRequest['type']]>({
    name: 'index',
    url: siblingModule(import.meta.url, 'index-thread'),
    pendingMax: 64,
    // A thread that died has lost the index. A second one would answer as if there were no articles.
    restartsPerMinute: 0,
  })
  return {
    request: (request, options) => thread.request(request, options) as Promise<never>,
    [Symbol.asyncDispose]: () => thread.close(),
  }
}

/** What the index needs to know of an article. */
export function documentOf(article: Article): RelatedDocument {
  return {
    id: article.id,
    title: article.title,
    standfirst: article.standfirst ?? '',
    body: article.body,
    section: article.section ?? null,
    tags: article.tags,
    source: article.source ?? null,
    language: article.language ?? null,
    publishedAtMs: Date.parse(article.publishedAt),
    evolvedFrom: article.evolvedFrom ?? null,
  }
}
