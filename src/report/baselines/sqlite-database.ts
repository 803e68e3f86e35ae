import { availableParallelism } from 'node:os'
import type { Article } from '../../article/article.ts'
import { siblingModule, Thread } from '../../concurrency/thread.ts'
import type { RelatedArticle } from '../../related/related.ts'
import type { Fault } from './fault.ts'
import type { SiteDatabase, SitePool } from './site-database.ts'
import { SqliteSite } from './sqlite-site.ts'
import type { SqliteAnswer, SqliteRequest, SqliteThreadData } from './sqlite-thread.ts'

/** @param file a store's file with the befores' tables in it */
export function sqliteDatabase(file: string): SiteDatabase {
  return {
    openPool: async (fault) => new SqlitePool(file, fault),
    async openStanding() {
      const site = new SqliteSite(file)
      return {
        article: (id) => site.article(id),
        related: (article) => site.related(article),
        [Symbol.asyncDispose]: async () => site[Symbol.dispose](),
      }
    },
  }
}

/** A thread for each connection, and one more that writes. */
class SqlitePool implements SitePool {
  readonly #readers: ReadonlyArray<Thread<SqliteRequest, SqliteAnswer>>
  readonly #writer: Thread<SqliteRequest, SqliteAnswer>

  constructor(file: string, fault: Fault) {
    const connection = (name: string, writes: boolean) =>
      new Thread<SqliteRequest, SqliteAnswer>({
        name,
        url: siblingModule(import.meta.url, 'sqlite-thread'),
        data: { file, writes, fault: fault.shared } satisfies SqliteThreadData,
        pendingMax: queueMax,
      })
    this.#readers = Array.from({ length: connections }, (_, number) => connection(`reader ${number + 1}`, false))
    this.#writer = connection('writer', true)
  }

  get pending(): number {
    return [...this.#readers, this.#writer].reduce((sum, thread) => sum + thread.pending, 0)
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

  #least(): Thread<SqliteRequest, SqliteAnswer> {
    return this.#readers.reduce((least, reader) => (reader.pending < least.pending ? reader : least))
  }
}

// Twice the cores keeps them busy while an answer travels; more would only switch between them.
const connections = Math.max(4, 2 * availableParallelism())
// Such pools queue without a bound. This is one that no run of the report reaches.
const queueMax = 100_000
