import { availableParallelism } from 'node:os'
import type { Article } from '../../article/article.ts'
import { siblingModule, Thread } from '../../concurrency/thread.ts'
import type { RelatedArticle } from '../../related/related.ts'
import type { DatabaseAnswer, DatabaseRequest, DatabaseThreadData } from './database-thread.ts'
import type { Fault } from './fault.ts'
import { SiteDatabase } from './site-database.ts'

/** What a page shows; null where no such article is published. `related` is null where the page gave up on it. */
export type BeforePage = { readonly article: Article; readonly related: readonly RelatedArticle[] | null } | null

/** How a before gets what a page shows. */
export interface BeforePages extends AsyncDisposable {
  page(id: string): BeforePage | Promise<BeforePage>
  publish(article: Article): Promise<void>
}

export type BeforeMode = 'blocking' | 'sequential' | 'concurrent' | 'capped'

/** @param file a store's file with the befores' tables in it */
export function openBefore(mode: BeforeMode, file: string, fault: Fault): BeforePages {
  const pool = new DatabasePool(file, fault)
  if (mode === 'blocking') return new BlockingPages(file, fault, pool)
  return {
    page: (id) => asynchronousPages[mode](pool, id),
    publish: (article) => pool.publish(article),
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  }
}

/** The site of the story: both queries on the event loop, where everybody waits for them. */
class BlockingPages implements BeforePages {
  readonly #database: SiteDatabase
  readonly #fault: Fault
  readonly #pool: DatabasePool

  constructor(file: string, fault: Fault, pool: DatabasePool) {
    this.#database = new SiteDatabase(file)
    this.#fault = fault
    this.#pool = pool
  }

  page(id: string): BeforePage {
    this.#fault.strike('article')
    const article = this.#database.article(id)
    if (article === null) return null
    this.#fault.strike('related')
    return { article, related: this.#database.related(article) }
  }

  /** By the newsroom's system and not by the site: it would stall readers for the time of a write. */
  publish(article: Article): Promise<void> {
    return this.#pool.publish(article)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#database[Symbol.dispose]()
    await this.#pool[Symbol.asyncDispose]()
  }
}

const asynchronousPages: Record<
  Exclude<BeforeMode, 'blocking'>,
  (pool: DatabasePool, id: string) => Promise<BeforePage>
> = {
  async sequential(pool, id) {
    const article = await pool.article(id)
    if (article === null) return null
    return { article, related: await pool.related(id) }
  },
  async concurrent(pool, id) {
    const [article, related] = await Promise.all([pool.article(id), pool.related(id)])
    return article && { article, related }
  },
  async capped(pool, id) {
    const [article, related] = await Promise.all([pool.article(id), withinCap(pool.related(id))])
    return article && { article, related }
  },
}

/** Null when it takes longer or fails. As everywhere where this is done, the query itself goes on: nobody stops it. */
async function withinCap(related: Promise<readonly RelatedArticle[]>): Promise<readonly RelatedArticle[] | null> {
  const { promise: late, resolve } = Promise.withResolvers<null>()
  const timer = setTimeout(resolve, capMs, null)
  try {
    return await Promise.race([related, late])
  } catch {
    return null
  } finally {
    clearTimeout(timer)
  }
}

const capMs = 2000

/** Connections as a site has them: one pool for all reads, each connection busy with one query at a time. */
class DatabasePool implements AsyncDisposable {
  readonly #readers: ReadonlyArray<Thread<DatabaseRequest, DatabaseAnswer>>
  readonly #writer: Thread<DatabaseRequest, DatabaseAnswer>

  constructor(file: string, fault: Fault) {
    const connection = (name: string, writes: boolean) =>
      new Thread<DatabaseRequest, DatabaseAnswer>({
        name,
        url: siblingModule(import.meta.url, 'database-thread'),
        data: { file, writes, fault: fault.shared } satisfies DatabaseThreadData,
        pendingMax: queueMax,
      })
    this.#readers = Array.from({ length: connections }, (_, number) => connection(`reader ${number + 1}`, false))
    this.#writer = connection('writer', true)
  }

  async article(id: string): Promise<Article | null> {
    const answer = await this.#least().request({ ask: 'article', id })
    return 'article' in answer ? answer.article : null
  }

  async related(id: string): Promise<readonly RelatedArticle[]> {
    const answer = await this.#least().request({ ask: 'related', id })
    return 'related' in answer ? answer.related : []
  }

  async publish(article: Article): Promise<void> {
    await this.#writer.request({ ask: 'publish', article })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#readers, this.#writer].map((thread) => thread.close()))
  }

  #least(): Thread<DatabaseRequest, DatabaseAnswer> {
    return this.#readers.reduce((least, reader) => (reader.pending < least.pending ? reader : least))
  }
}

// Twice the cores keeps them busy while an answer travels; more would only switch between them.
const connections = Math.max(4, 2 * availableParallelism())
// Such pools queue without a bound. This is one that no run of the report reaches.
const queueMax = 100_000
