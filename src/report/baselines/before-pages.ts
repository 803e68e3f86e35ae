import type { Article } from '../../article/article.ts'
import type { RelatedArticle } from '../../related/related.ts'
import type { Fault } from './fault.ts'
import type { SiteDatabase, SitePool, StandingConnection } from './site-database.ts'

/** What a page shows; null where no such article is published. `related` is null where the page gave up on it. */
export type BeforePage = { readonly article: Article; readonly related: readonly RelatedArticle[] | null } | null

/** How a before gets what a page shows. */
export interface BeforePages extends AsyncDisposable {
  /** What it still works on, also where no reader waits for it any more; 0 when it is idle. */
  readonly pending: number
  page(id: string): BeforePage | Promise<BeforePage>
  publish(article: Article): Promise<void>
}

export type BeforeMode = 'blocking' | 'sequential' | 'concurrent' | 'capped'

export async function openBefore(mode: BeforeMode, database: SiteDatabase, fault: Fault): Promise<BeforePages> {
  await using opening = new AsyncDisposableStack()
  const pool = opening.use(await database.openPool(fault))
  if (mode === 'blocking') {
    const pages = new BlockingPages(await database.openStanding(), fault, pool)
    opening.move()
    return pages
  }
  opening.move()
  return {
    get pending() {
      return pool.pending
    },
    page: (id) => asynchronousPages[mode](pool, id),
    publish: (article) => pool.publish(article),
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  }
}

/** The site of the story: both queries on the event loop, where everybody waits for them. */
class BlockingPages implements BeforePages {
  readonly #database: StandingConnection
  readonly #fault: Fault
  readonly #pool: SitePool
  #lastPageAtMs = -Infinity

  constructor(database: StandingConnection, fault: Fault, pool: SitePool) {
    this.#database = database
    this.#fault = fault
    this.#pool = pool
  }

  get pending(): number {
    // Nobody can ask while it stands still, and what waits is in the sockets: it is at work as long as pages come out.
    return this.#pool.pending + (performance.now() - this.#lastPageAtMs < quietMs ? 1 : 0)
  }

  page(id: string): BeforePage {
    try {
      this.#fault.strike('article')
      const article = this.#database.article(id)
      if (article === null) return null
      this.#fault.strike('related')
      return { article, related: this.#database.related(article) }
    } finally {
      this.#lastPageAtMs = performance.now()
    }
  }

  /** By the newsroom's system and not by the site: it would stall readers for the time of a write. */
  publish(article: Article): Promise<void> {
    return this.#pool.publish(article)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database[Symbol.asyncDispose]()
    await this.#pool[Symbol.asyncDispose]()
  }
}

const asynchronousPages: Record<
  Exclude<BeforeMode, 'blocking'>,
  (pool: SitePool, id: string) => Promise<BeforePage>
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
/** How long a blocking site makes no page until it counts as idle. */
const quietMs = 100
