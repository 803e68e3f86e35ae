import { availableParallelism } from 'node:os'
import type { Article } from '../../article/article.ts'
import { summaryOf } from '../../article/summary.ts'
import type { RelatedArticle } from '../../related/related.ts'
import type { Ask, DatabaseServer, ServerPool } from '../server/database-server.ts'
import { databaseServer } from '../server/open-server.ts'
import type { Fault } from './fault.ts'
import { indexedText, readBest, readDocument, readStopWords } from './server-queries.ts'
import { type SiteDatabase, type SitePool, shown } from './site-database.ts'
import { StandingServerConnection } from './standing-connection.ts'
import { strongestTerms } from './strongest-terms.ts'

/** @param url a store on a database server, with the befores' tables in it */
export function serverDatabase(url: string): SiteDatabase {
  return {
    openPool: (fault) => SiteServerPool.open(url, fault),
    openStanding: () => StandingServerConnection.open(url),
  }
}

/** The driver's own pool, through which a site reads; what is published comes over a connection beside it. */
class SiteServerPool implements SitePool {
  readonly #server: DatabaseServer
  readonly #readers: ServerPool
  readonly #writer: ServerPool
  readonly #fault: Fault
  readonly #stopWords: ReadonlySet<string>
  readonly #closing = new AbortController()
  #pending = 0

  private constructor(made: {
    readonly server: DatabaseServer
    readonly readers: ServerPool
    readonly fault: Fault
    readonly stopWords: ReadonlySet<string>
  }) {
    this.#server = made.server
    this.#readers = made.readers
    this.#writer = made.server.openPool(1)
    this.#fault = made.fault
    this.#stopWords = made.stopWords
  }

  static async open(url: string, fault: Fault): Promise<SiteServerPool> {
    const server = await databaseServer(url)
    await using opening = new AsyncDisposableStack()
    const readers = opening.use(server.openPool(connections))
    const stopWords = await readers.use((ask) => readStopWords(ask, server.sql))
    opening.move()
    return new SiteServerPool({ server, readers, fault, stopWords })
  }

  get pending(): number {
    return this.#pending
  }

  article(id: string): Promise<Article | null> {
    return this.#read('article', (ask) => this.#article(ask, id))
  }

  related(id: string): Promise<readonly RelatedArticle[]> {
    return this.#read('related', async (ask) => {
      const article = await this.#article(ask, id)
      if (article === null) return []
      const terms = strongestTerms(`${article.title} ${article.body}`, this.#stopWords)
      const best = await readBest(ask, this.#server.sql, { terms, id })
      return best.map((summary, index) => shown(summary, index + 1))
    })
  }

  async publish(article: Article): Promise<void> {
    const { sql } = this.#server
    const { id, publishedAt, section } = article
    await this.#writer.use(async (ask) => {
      await this.#fault.hold('article', this.#closing.signal)
      await ask('START TRANSACTION')
      const inJson = [JSON.stringify(summaryOf(article)), JSON.stringify(article)]
      await ask(sql.addArticle, [id, publishedAt, section === undefined ? null : JSON.stringify(section), ...inJson])
      await ask(sql.addText, [JSON.stringify([indexedText(article)])])
      await ask('COMMIT')
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new Error('The site is closed.'))
    await Promise.all([this.#readers[Symbol.asyncDispose](), this.#writer[Symbol.asyncDispose]()])
  }

  async #article(ask: Ask, id: string): Promise<Article | null> {
    const document = await readDocument(ask, this.#server.sql, id)
    return document === null ? null : (JSON.parse(document) as Article)
  }

  async #read<T>(what: 'article' | 'related', work: (ask: Ask) => Promise<T>): Promise<T> {
    this.#pending++
    try {
      // A database that is gone gives no connection either.
      this.#fault.refuse()
      return await this.#readers.use(async (ask) => {
        await this.#fault.hold(what, this.#closing.signal)
        return await work(ask)
      })
    } finally {
      this.#pending--
    }
  }
}

/** The drivers' usual pool; on a large machine twice the cores keeps them busy. */
const connections = Math.max(10, 2 * availableParallelism())
