import { type Article, type ArticleSummary, articleIdPattern, type PreparedArticle } from '../../article/article.ts'
import type { Clock } from '../../concurrency/clock.ts'
import type { RailItem } from '../../related/related.ts'
import { type StoryNeighbour, storyOf } from '../../related/story.ts'
import { isVisible, storeStatus } from '../article-row.ts'
import { checkRailItems } from '../check-rail-items.ts'
import { afterSome, checkBatch, checkListLimit, checkRailQuery } from '../check-requests.ts'
import { listPosition, listToken } from '../list-position.ts'
import { railAnswer, type StoredRailRead } from '../rail-answer.ts'
import { sectionKey } from '../section-key.ts'
import {
  type ArticleList,
  type ArticleRead,
  type Change,
  type ChangedId,
  type IndexPageRow,
  type ListOptions,
  type PutOptions,
  type PutResult,
  putTransactionMax,
  type RailRead,
  type RailReadOptions,
  type RailWrite,
  type ReadOptions,
  type SectionCount,
  type Store,
  type StoreStatus,
  type StoryRead,
  type WriteOptions,
} from '../store.ts'
import type { Dialect, Queries, Row } from './dialect.ts'
import { SqlLane, type SqlLaneOptions } from './lane.ts'
import { addTo, asJson, bury, countRails, publishBatch, readStored, recordChanges } from './publish-batch.ts'

/**
 * A database of a server, PostgreSQL or MariaDB, read through a pool of connections for each lane.
 *
 * Writers take turns: each transaction that publishes, takes down or writes rails begins by locking one row, the counter of
 * the change feed. So changes are numbered in the order in which they are committed and none is ever late, and no two
 * transactions can wait for each other.
 */
export class SqlStore implements Store {
  readonly kind: Dialect['kind']
  readonly location: string
  readonly #lanes: Readonly<Record<LaneName, SqlLane>>

  private constructor(dialect: Dialect, lanes: Readonly<Record<LaneName, SqlLane>>) {
    this.kind = dialect.kind
    this.location = dialect.location
    this.#lanes = lanes
  }

  /**
   * Connects, and brings the schema to this version where that is needed.
   *
   * @throws InvalidOptionError when the database cannot be onward's
   * @throws StoreUnavailableError when it cannot be reached
   */
  static async open(dialect: Dialect, { clock, connectionWaitMs }: SqlStoreOptions): Promise<SqlStore> {
    await using opening = new AsyncDisposableStack()
    const waits = connectionWaitMs === undefined ? {} : { acquireMs: connectionWaitMs, connectMs: connectionWaitMs }
    const lane = (name: LaneName) => opening.use(new SqlLane({ ...laneSettings[name], ...waits, name, dialect, clock }))
    const lanes = {
      article: lane('article'),
      rail: lane('rail'),
      list: lane('list'),
      feed: lane('feed'),
      background: lane('background'),
      write: lane('write'),
    }
    await lanes.write.ask((queries) => dialect.migrate(queries))
    opening.move()
    return new SqlStore(dialect, lanes)
  }

  async readArticle(id: string, { now, signal }: ReadOptions): Promise<ArticleRead> {
    signal?.throwIfAborted()
    if (!articleIdPattern.test(id)) return { state: 'missing' }
    const [row] = await this.#lanes.article.ask((queries) => queries.all('article', [id]), signal)
    if (row?.status === 'withdrawn') return { state: 'gone', withdrawnAt: String(row.withdrawn_at) }
    if (!row || !isVisible(row, now)) return { state: 'missing' }
    return { state: 'found', article: JSON.parse(String(row.document)) as Article }
  }

  async readNewestId({ now, signal }: ReadOptions): Promise<string | null> {
    const [row] = await this.#lanes.article.ask((queries) => queries.all('newestId', [now]), signal)
    return row ? String(row.id) : null
  }

  async readRail(id: string, { now, limit, exclude = [], signal }: RailReadOptions): Promise<RailRead> {
    checkRailQuery(limit, exclude)
    signal?.throwIfAborted()
    if (!articleIdPattern.test(id)) return { state: 'missing' }
    const others = exclude.filter((other) => articleIdPattern.test(other))
    const answer = await this.#lanes.rail.ask(
      (queries) => readRail(queries, { id, now, limit, exclude: others }),
      signal,
    )
    return railAnswer(answer)
  }

  async readStory(id: string, { now, signal }: ReadOptions): Promise<StoryRead> {
    signal?.throwIfAborted()
    if (!articleIdPattern.test(id)) return { state: 'missing' }
    return await this.#lanes.list.ask((queries) => readStory(queries, id, now), signal)
  }

  async listArticles({ section, before, limit, now, signal }: ListOptions): Promise<ArticleList> {
    checkListLimit(limit)
    const start = listPosition(before)
    // One more than asked for tells whether there is a next page.
    const position = [start.publishedAt, start.id.replaceAll('\0', ''), now, limit + 1]
    const rows = await this.#lanes.list.ask(
      (queries) =>
        section === undefined
          ? queries.all('list', position)
          : queries.all('listInSection', [...position, asJson(sectionKey(section))]),
      signal,
    )
    const page = rows.slice(0, limit)
    const last = page.at(-1)
    return {
      articles: page.map((row) => JSON.parse(String(row.summary)) as ArticleSummary),
      next:
        last && rows.length > limit ? listToken({ publishedAt: String(last.published_at), id: String(last.id) }) : null,
    }
  }

  async listSections({ now, signal }: ReadOptions): Promise<SectionCount[]> {
    const rows = await this.#lanes.list.ask((queries) => queries.all('sections', [now]), signal)
    return rows.map((row) => ({ section: JSON.parse(String(row.section)) as string, articles: Number(row.articles) }))
  }

  async putArticles(batch: readonly PreparedArticle[], { now, republish, signal }: PutOptions): Promise<PutResult[]> {
    checkBatch(batch)
    signal?.throwIfAborted()
    const results: PutResult[] = []
    for (let start = 0; start < batch.length; start += putTransactionMax) {
      const articles = batch.slice(start, start + putTransactionMax)
      try {
        const stored = await this.#write(
          (queries, lastSeq) => publishBatch(queries, articles, { now, republish, lastSeq }),
          signal,
        )
        results.push(...stored)
      } catch (error) {
        throw start === 0 ? error : afterSome(error, { stored: start, sent: batch.length })
      }
    }
    return results
  }

  async withdrawArticle(id: string, { now, signal }: WriteOptions) {
    signal?.throwIfAborted()
    if (!articleIdPattern.test(id)) return { outcome: 'missing', withdrawnAt: null } as const
    return await this.#write(async (queries, lastSeq) => {
      const [row] = await queries.all('stored', [[id]])
      if (!row) return { outcome: 'missing', withdrawnAt: null } as const
      if (row.status === 'withdrawn') {
        return { outcome: 'already-withdrawn', withdrawnAt: String(row.withdrawn_at) } as const
      }
      const stored = (await readStored(queries, [id])).get(id)
      if (!stored) return { outcome: 'missing', withdrawnAt: null } as const
      return { outcome: 'withdrawn', withdrawnAt: await bury(queries, id, { stored, now, lastSeq }) } as const
    }, signal)
  }

  async liftEmbargoes({ now, signal }: WriteOptions): Promise<number> {
    // Asked twice a second by whoever leads, and mostly for nothing: the write lock is for when there is something to do.
    const waiting = await this.#lanes.background.ask((queries) => queries.all('embargoesEnded', [now]), signal)
    if (waiting.length === 0) return 0
    return await this.#write(async (queries, lastSeq) => {
      const ids = (await queries.all('embargoesEnded', [now])).map((row) => String(row.id))
      if (ids.length === 0) return 0
      await queries.all('markLifted', [ids])
      await recordChanges(queries, ids, { lastSeq, now })
      return ids.length
    }, signal)
  }

  async readChanges({ after, limit, now, signal }: { after: number; limit: number } & ReadOptions): Promise<Change[]> {
    const rows = await this.#lanes.background.ask((queries) => queries.all('changes', [after, limit, now]), signal)
    return rows.map((row) => ({
      seq: Number(row.seq),
      articleId: String(row.article_id),
      document: row.document === null ? null : String(row.document),
    }))
  }

  async readChangedIds({ after, limit, signal }: { after: number; limit: number } & ReadOptions): Promise<ChangedId[]> {
    const rows = await this.#lanes.feed.ask((queries) => queries.all('changedIds', [after, limit]), signal)
    return rows.map((row) => ({ seq: Number(row.seq), articleId: String(row.article_id) }))
  }

  async readRailChanges({
    after,
    limit,
    signal,
  }: { after: number; limit: number } & ReadOptions): Promise<ChangedId[]> {
    const rows = await this.#lanes.feed.ask((queries) => queries.all('railChanges', [after, limit]), signal)
    return rows.map((row) => ({ seq: Number(row.written), articleId: String(row.article_id) }))
  }

  async readIndexPage({
    afterId,
    limit,
    now,
    signal,
  }: { afterId: string; limit: number } & ReadOptions): Promise<IndexPageRow[]> {
    const rows = await this.#lanes.background.ask((queries) => queries.all('indexPage', [afterId, limit, now]), signal)
    return rows.map((row) => ({
      id: String(row.id),
      document: String(row.document),
      railItems: row.items === null ? null : String(row.items),
    }))
  }

  async writeRails({ rails, cursor, version = cursor, lease, now }: RailWrite): Promise<boolean> {
    for (const { items } of rails) checkRailItems(items)
    return await this.#write(async (queries) => {
      const [held] = await queries.all('holdsLease', [lease.name, lease.holder, lease.token])
      if (!held) return false
      const [last] = await queries.all('cursor', ['rail'])
      const written = Number(last?.seq)
      // A rail that is written twice in one go counts as it was written last.
      const latest = new Map(
        rails.map(({ articleId, items }, index) => [articleId, { items, number: written + index + 1 }]),
      )
      if (latest.size > 0) {
        const ids = [...latest.keys()]
        const texts = [...latest.values()].map(({ items }) => itemsInParts(items))
        const numbers = [...latest.values()].map(({ number }) => number)
        const before = await countRails(queries, ids)
        await queries.all('putRails', [ids, texts, numbers, version, new Date(now).toISOString()])
        await addTo(queries, 'rail', (await countRails(queries, ids)) - before)
        await queries.all('moveCursor', ['rail', written + rails.length])
      }
      await queries.all('moveCursor', ['index', cursor])
      return true
    })
  }

  async readStatus({ now, signal }: ReadOptions): Promise<StoreStatus> {
    const [row] = await this.#lanes.feed.ask((queries) => queries.all('status', [now]), signal)
    return storeStatus(row)
  }

  async takeLease({ name, holder, forMs, now }: { name: string; holder: string; forMs: number; now: number }) {
    return await this.#lanes.write.ask((queries) =>
      queries.transaction(async () => {
        await queries.all('takeLease', [name, holder, forMs, now])
        const [row] = await queries.all('leaseToken', [name, holder])
        return row ? Number(row.token) : null
      }),
    )
  }

  async releaseLease({ name, holder }: { name: string; holder: string }): Promise<void> {
    await this.#lanes.write.ask((queries) => queries.all('releaseLease', [name, holder]))
  }

  /** How many connections each lane has open: for metrics and tests. */
  get connections(): Readonly<Record<LaneName, number>> {
    const { article, rail, list, feed, background, write } = this.#lanes
    return {
      article: article.connections,
      rail: rail.connections,
      list: list.connections,
      feed: feed.connections,
      background: background.connections,
      write: write.connections,
    }
  }

  /** Lets what is pending finish, then closes every connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(Object.values(this.#lanes).map((lane) => lane.close()))
  }

  /** One transaction, with the write lock held from its start. */
  #write<T>(work: (queries: Queries, lastSeq: number) => Promise<T>, signal?: AbortSignal | undefined): Promise<T> {
    return this.#lanes.write.ask(
      (queries) =>
        queries.transaction(async () => {
          const [last] = await queries.all('lockWriters', [])
          return await work(queries, Number(last?.seq))
        }),
      signal,
    )
  }
}

export interface SqlStoreOptions {
  readonly clock: Clock
  /** In place of each lane's own `acquireMs` and `connectMs`. */
  readonly connectionWaitMs?: number | undefined
}

type LaneName = 'article' | 'rail' | 'list' | 'feed' | 'background' | 'write'

/** See docs/databases.md. Sixteen connections for a process, of which readers of articles have half. */
const laneSettings: Readonly<
  Record<LaneName, Pick<SqlLaneOptions, 'connectionsMax' | 'pendingMax' | 'acquireMs' | 'connectMs' | 'statementMs'>>
> = {
  article: { connectionsMax: 8, pendingMax: 2000, acquireMs: 2000, connectMs: 1000, statementMs: 1000 },
  rail: { connectionsMax: 4, pendingMax: 1000, acquireMs: 1000, connectMs: 1000, statementMs: 500 },
  list: { connectionsMax: 2, pendingMax: 256, acquireMs: 2000, connectMs: 1000, statementMs: 5000 },
  // Small reads by number. A connection that has fallen silent is given up soon: until it is, no takedown is heard of.
  feed: { connectionsMax: 1, pendingMax: 256, acquireMs: 2000, connectMs: 1000, statementMs: 1000 },
  background: { connectionsMax: 1, pendingMax: 256, acquireMs: 5000, connectMs: 2000, statementMs: 10_000 },
  write: { connectionsMax: 2, pendingMax: 256, acquireMs: 30_000, connectMs: 5000, statementMs: 30_000 },
}

/** How many connections one process opens at most, in all lanes together. */
export const connectionsPerProcess: number = Object.values(laneSettings).reduce(
  (sum, { connectionsMax }) => sum + connectionsMax,
  0,
)

/** The tables that a node reads and writes; `onward_schema`, which says which version they are of, it only reads. */
export const storeTables = ['article', 'change', 'rail', 'cursor', 'lease', 'tally'] as const

async function readRail(
  queries: Queries,
  { id, now, limit, exclude }: { id: string; now: number; limit: number; exclude: readonly string[] },
): Promise<StoredRailRead> {
  const rows = await queries.all('rail', [id, now, limit, exclude])
  const [head] = rows
  if (head?.status === 'withdrawn') return { state: 'gone', withdrawnAt: String(head.withdrawn_at) }
  if (!head || !isVisible(head, now)) return { state: 'missing' }
  const about = {
    state: 'found',
    version: Number(head.version ?? 0),
    generatedAt: head.generated_at === null ? null : String(head.generated_at),
  } as const
  if (head.item !== null) return { ...about, basis: 'related', items: rows.map(relatedItem) }
  const asked = [id, textOrNull(head.evolved_from), now]
  const inSection =
    head.section_key === null
      ? []
      : await queries.all('newestInSection', [...asked, exclude, limit, String(head.section_key)])
  const shown = inSection.map((row) => String(row.id))
  const others =
    inSection.length < limit
      ? await queries.all('newestOfAll', [...asked, [...exclude, ...shown], limit - inSection.length])
      : []
  const fillers = (rows: readonly Row[], isInSection: boolean) =>
    rows.map((row) => ({ inSection: isInSection, summary: JSON.parse(String(row.summary)) as ArticleSummary }))
  return { ...about, basis: 'newest', items: [...fillers(inSection, true), ...fillers(others, false)] }
}

/** A rail as it is stored: for each item its id, by which it is joined, and its text. */
function itemsInParts(items: string): string {
  const parsed = JSON.parse(items) as RailItem[]
  return JSON.stringify(parsed.map((item) => [item.id, JSON.stringify(item)]))
}

function relatedItem({ item, summary }: Row) {
  return { item: JSON.parse(String(item)) as RailItem, summary: JSON.parse(String(summary)) as ArticleSummary }
}

function textOrNull(value: unknown): string | null {
  return value === null ? null : String(value)
}

async function readStory(queries: Queries, id: string, now: number): Promise<StoryRead> {
  const [head] = await queries.all('storyHead', [id])
  if (head?.status === 'withdrawn') return { state: 'gone', withdrawnAt: String(head.withdrawn_at) }
  if (!head || !isVisible(head, now)) return { state: 'missing' }
  const rows = await queries.all('storyItems', [id, textOrNull(head.evolved_from), now])
  const rails = Map.groupBy(rows, (row) => String(row.rail_of))
  const start = { id, publishedAtMs: Date.parse(String(head.published_at)), summary: String(head.summary) }
  const others = storyOf<StoryNeighbour & { summary: string }>(start, (railOf) =>
    (rails.get(railOf) ?? []).map((row) => ({
      id: String(row.id),
      publishedAtMs: Date.parse(String(row.published_at)),
      summary: String(row.summary),
      score: (JSON.parse(String(row.item)) as RailItem).score,
    })),
  )
  const told = [...others, { ...start, score: 1 }].sort(
    (one, two) => one.publishedAtMs - two.publishedAtMs || (one.id < two.id ? -1 : 1),
  )
  return {
    state: 'found',
    version: Number(head.version ?? 0),
    generatedAt: head.generated_at === null ? null : String(head.generated_at),
    articles: told.map(({ summary }) => JSON.parse(summary) as ArticleSummary),
  }
}
