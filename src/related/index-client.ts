import type { Article } from '../article/article.ts'
import { siblingModule, Thread } from '../concurrency/thread.ts'
import {
  defaultRules,
  type RailItem,
  type RailRules,
  type RelatedDocument,
  type ScoreParts,
  type Standing,
} from './related.ts'
import type { Explanation } from './related-index.ts'

/** What the index thread is asked. Requests are worked through in the order in which they are made. */
export type IndexRequest =
  /** Articles with the rails that the store has of them, before the first `settle`. */
  | { readonly type: 'load'; readonly rows: ReadonlyArray<IndexRow> }
  /** The index as it was last saved in the file, before anything else is asked. */
  | { readonly type: 'open-snapshot'; readonly file: string }
  /** Forgets everything. */
  | { readonly type: 'reset' }
  /** Saves the index, which knows every change up to `cursor`, in the file. */
  | {
      readonly type: 'save-snapshot'
      readonly file: string
      readonly cursor: number
      readonly articleId: string | null
    }
  /** Articles as they are now; null for one that is not visible any more. */
  | { readonly type: 'apply'; readonly changes: ReadonlyArray<IndexChange> }
  /** Neighbour work for at most this many articles. */
  | { readonly type: 'settle'; readonly atMost: number }
  | { readonly type: 'explain'; readonly a: string; readonly b: string }
  /** Where `b` stands in the rail of `a` (under other rules than the index's own, when given), or why it does not. */
  | { readonly type: 'standing'; readonly a: string; readonly b: string; readonly rules?: RailRules }
  /** What the scores of others in the rail of `id` are made of, all at once. */
  | { readonly type: 'parts'; readonly id: string; readonly others: readonly string[] }
  | { readonly type: 'rail'; readonly id: string; readonly rules: RailRules }
  | { readonly type: 'neighbours'; readonly id: string }

/**
 * An article as JSON text: most of an article is read by the thread that stores it and by the one that indexes it, and the
 * thread between them, which serves readers, is spared to take it apart and to copy it.
 */
export interface IndexRow {
  readonly document: string
  /** JSON text of `RailItem[]`. What cannot be one is treated as null: the rail is worked out anew. */
  readonly railItems: string | null
}

export interface IndexChange {
  readonly articleId: string
  /** As in {@link IndexRow}. */
  readonly document: string | null
}

export interface IndexAnswers {
  readonly load: { readonly size: number }
  /**
   * `none`: load the articles from the store. `other-options`: load them without their rails, which other rules than these
   * may have made.
   */
  readonly 'open-snapshot':
    | { readonly state: 'opened'; readonly cursor: number; readonly articleId: string | null }
    | { readonly state: 'none' | 'other-options' }
  readonly reset: { readonly size: number }
  /** False while something is left to be settled. */
  readonly 'save-snapshot': { readonly isSaved: boolean }
  readonly apply: { readonly size: number }
  readonly settle: {
    /** The rails that changed, in full; `items` is JSON text of `RailItem[]`. */
    readonly rails: ReadonlyArray<{ readonly articleId: string; readonly items: string }>
    /** 0 when all is settled. */
    readonly remaining: number
    readonly size: number
  }
  readonly explain: Explanation
  readonly standing: Standing
  /** In the order of `others`; null where one of the two is not known. */
  readonly parts: ReadonlyArray<ScoreParts | null>
  readonly rail: readonly RailItem[]
  readonly neighbours: ReadonlyArray<{ readonly id: string; readonly score: number }>
}

export interface IndexClient extends AsyncDisposable {
  /** Rejects as `Thread.request` does. After `ThreadDiedError` the index is empty: load it again. */
  request<Type extends IndexRequest['type']>(
    request: Extract<IndexRequest, { type: Type }>,
    options?: { signal?: AbortSignal | undefined },
  ): Promise<IndexAnswers[Type]>
}

/** What the index is built with. */
export interface IndexThreadData {
  readonly rules: RailRules
  /** On what a word of the headline counts: 1 for what was found to be best. */
  readonly headlineFactor: number
}

/**
 * What is short-lived in the index is small: the articles of one request, the objects of one rail. V8 would keep up to 100 MB and
 * more for it, most of the memory of an index of 50,000 articles.
 */
export const indexThreadLimits = { maxYoungGenerationSizeMb: 24 } as const

/** Starts a relatedness index of its own in a worker thread; disposing of it ends the thread. */
export function openIndexThread(data: IndexThreadData = { rules: defaultRules, headlineFactor: 1 }): IndexClient {
  const thread = new Thread<IndexRequest, IndexAnswers[IndexRequest['type']]>({
    name: 'index',
    url: siblingModule(import.meta.url, 'index-thread'),
    data,
    pendingMax: 64,
    limits: indexThreadLimits,
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
