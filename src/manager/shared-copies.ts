import { ChangeLedger, type ChangeStamp } from '../cache/change-ledger.ts'
import type { SharedCache } from '../cache/shared-cache.ts'
import type { Clock } from '../concurrency/clock.ts'
import { publish } from '../events.ts'
import type { ArticleRead, RailRead } from '../store/store.ts'
import {
  decodeArticle,
  decodeRail,
  encodeCopy,
  type FoundArticle,
  type FoundRail,
  type SharedCopy,
} from './shared-copy.ts'

/**
 * The second tier of copies, behind the memory of this process: articles and rails that any process on the same store has
 * read, taken only when this process can check by its own knowledge of the two change feeds that they are still true.
 *
 * What is not found is never kept: that it is not there is soon untrue, and a tombstone overrides whatever is kept.
 * Whoever follows the feeds tells of them: `articles` and `rails`.
 */
export class SharedCopies {
  /** Of the feed of articles. */
  readonly articles: ChangeLedger
  /** Of the feed of rails: by the article that the rail belongs to. */
  readonly rails: ChangeLedger
  readonly #options: SharedCopiesOptions

  constructor(options: SharedCopiesOptions) {
    this.#options = options
    this.articles = new ChangeLedger({ after: options.afterSeq })
    this.rails = new ChangeLedger({ after: options.afterRailSeq })
  }

  /** @throws what `load` throws; the reason of `signal` */
  readArticle(id: string, load: () => Promise<ArticleRead>, signal: AbortSignal): Promise<ArticleRead> {
    return this.#read<FoundArticle, ArticleRead>('article', id, {
      load,
      signal,
      decode: (key, bytes) => decodeArticle(key, id, bytes),
      isTrue: (copy) => this.articles.isTrue(copy.articles, [id]),
    })
  }

  /** @throws what `load` throws; the reason of `signal` */
  readRail(id: string, load: () => Promise<RailRead>, signal: AbortSignal): Promise<RailRead> {
    return this.#read<FoundRail, RailRead>('rail', id, {
      load,
      signal,
      decode: decodeRail,
      isTrue: ({ articles, rails, value }) =>
        this.articles.isTrue(articles, [id, ...value.items.map((item) => item.id)]) && this.rails.isTrue(rails, [id]),
    })
  }

  async #read<Found extends FoundArticle | FoundRail, Read extends Found | { state: 'missing' | 'gone' }>(
    kind: 'article' | 'rail',
    id: string,
    { load, signal, decode, isTrue }: Reading<Found, Read>,
  ): Promise<Read | Found> {
    const { cache, clock, isTold } = this.#options
    // Who is not told of changes cannot check anything.
    if (!isTold()) return await load()
    const key = `${kind}:${id}`
    const startedAt = clock.monotonicMs()
    let isReadable = true
    const accept = (bytes: Buffer) => {
      const copy = decode(key, bytes)
      isReadable = copy !== null
      return copy && isTold() && isTrue(copy) ? copy.value : null
    }
    const found = await cache.lookUp(key, accept, { signal })
    publish('shared-read', () => ({
      kind,
      outcome: found.state === 'refused' && !isReadable ? 'unreadable' : found.state,
      tookMs: clock.monotonicMs() - startedAt,
    }))
    if (found.state === 'hit') return found.value
    // Before the read begins: what is read is at least as new as this.
    const stamps: Stamps = { articles: this.articles.stamp, rails: this.rails.stamp }
    let lease = found.lease
    try {
      const read = await load()
      // Not asked for the moment, or known to be overtaken: nobody is to be handed it.
      if (read.state === 'found' && found.state !== 'unavailable' && isTold()) {
        const copy: SharedCopy<Found> = { ...stamps, value: read as Found }
        if (isTrue(copy)) {
          cache.keep(key, encodeCopy(key, copy), { keepMs: this.#options.keepMs[kind], lease })
          lease = null
        }
      }
      return read
    } finally {
      if (lease !== null) cache.giveBack(key, lease)
    }
  }
}

export interface SharedCopiesOptions {
  readonly cache: SharedCache
  readonly clock: Clock
  /** How long a copy is kept for others, in milliseconds: as long as it would be fresh. */
  readonly keepMs: Readonly<Record<'article' | 'rail', number>>
  /** Where the feeds are followed from. */
  readonly afterSeq: number
  readonly afterRailSeq: number
  /** Whether this process would be told of a change. */
  readonly isTold: () => boolean
}

interface Stamps {
  readonly articles: ChangeStamp
  readonly rails: ChangeStamp
}

interface Reading<Found, Read> {
  readonly load: () => Promise<Read>
  readonly signal: AbortSignal
  readonly decode: (key: string, bytes: Buffer) => SharedCopy<Found> | null
  readonly isTrue: (copy: SharedCopy<Found>) => boolean
}
