import type { Article, ArticleSummary, PreparedArticle } from '../../article/article.ts'
import type { Clock } from '../../concurrency/clock.ts'
import { siblingModule } from '../../concurrency/thread.ts'
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
import { Lane } from './lane.ts'
import type { Reads, ThreadSettings, Writes } from './requests.ts'

/** One SQLite file, read and written in threads: the main thread only sends requests and parses answers. */
export class SqliteStore implements Store {
  readonly kind = 'sqlite'
  readonly location: string
  readonly #article: Lane<Reads>
  readonly #rail: Lane<Reads>
  readonly #list: Lane<Reads>
  readonly #background: Lane<Reads>
  readonly #writer: Lane<Writes>

  private constructor(
    location: string,
    lanes: Record<'article' | 'rail' | 'list' | 'background', Lane<Reads>>,
    writer: Lane<Writes>,
  ) {
    this.location = location
    this.#article = lanes.article
    this.#rail = lanes.rail
    this.#list = lanes.list
    this.#background = lanes.background
    this.#writer = writer
  }

  /**
   * Opens `file`, created or migrated where that is needed.
   *
   * @throws InvalidOptionError when the file is another program's or a newer onward's; StoreUnavailableError when it
   *   cannot be opened. All threads are closed again then.
   */
  static async open(file: string, settings: SqliteSettings): Promise<SqliteStore> {
    // Each thread gets a copy when it starts: with the file's identity, once the first has opened it.
    const data: { -readonly [Name in keyof ThreadSettings]: ThreadSettings[Name] } = {
      file,
      identity: null,
      busyMs: settings.busyMs,
    }
    const common = { location: `sqlite:${file}`, data, clock: settings.clock, threads: 1 }
    const reading = { ...common, url: siblingModule(import.meta.url, 'reader-thread') }
    const writing = { ...common, url: siblingModule(import.meta.url, 'writer-thread') }
    await using opening = new AsyncDisposableStack()
    // The writer is closed last: the last connection that may write folds the log into the file and deletes it.
    const writer = opening.use(
      new Lane<Writes>({ ...writing, name: 'write', pendingMax: 256, inFlightMax: 4, stuckMs: 60_000 }),
    )
    data.identity = await writer.ask('open', null)
    const lanes = {
      article: opening.use(
        new Lane<Reads>({
          ...reading,
          name: 'article',
          threads: settings.articleThreads,
          pendingMax: 2000,
          inFlightMax: 128,
          stuckMs: 5000,
        }),
      ),
      rail: opening.use(
        new Lane<Reads>({
          ...reading,
          name: 'rail',
          threads: settings.railThreads,
          pendingMax: 1000,
          inFlightMax: 128,
          stuckMs: 5000,
        }),
      ),
      list: opening.use(
        new Lane<Reads>({ ...reading, name: 'list', pendingMax: 256, inFlightMax: 16, stuckMs: 30_000 }),
      ),
      background: opening.use(
        new Lane<Reads>({ ...reading, name: 'background', pendingMax: 256, inFlightMax: 16, stuckMs: 30_000 }),
      ),
    }
    // Not the lists' thread, which costs memory: a command that shows none never starts it.
    await Promise.all([lanes.article, lanes.rail, lanes.background].map((lane) => lane.ask('open', null)))
    opening.move()
    return new SqliteStore(common.location, lanes, writer)
  }

  async readArticle(id: string, { now, signal }: ReadOptions): Promise<ArticleRead> {
    const answer = await this.#article.ask('article', { id, now }, signal)
    if (answer === null) return { state: 'missing' }
    if (typeof answer !== 'string') return { state: 'gone', withdrawnAt: answer.withdrawnAt }
    return { state: 'found', article: JSON.parse(answer) as Article }
  }

  async readNewestId({ now, signal }: ReadOptions): Promise<string | null> {
    return await this.#article.ask('newest', { now }, signal)
  }

  async readRail(id: string, { now, limit, exclude = [], signal }: RailReadOptions): Promise<RailRead> {
    checkRailQuery(limit, exclude)
    const answer = await this.#rail.ask('rail', { id, now, limit, exclude }, signal)
    return railAnswer(JSON.parse(answer) as StoredRailRead)
  }

  async readStory(id: string, { now, signal }: ReadOptions): Promise<StoryRead> {
    return JSON.parse(await this.#list.ask('story', { id, now }, signal)) as StoryRead
  }

  async listArticles({ section, before, limit, now, signal }: ListOptions): Promise<ArticleList> {
    checkListLimit(limit)
    const answer = await this.#list.ask(
      'list',
      { sectionKey: section === undefined ? null : sectionKey(section), ...listPosition(before), limit, now },
      signal,
    )
    return {
      articles: JSON.parse(answer.summaries) as ArticleSummary[],
      next: answer.next && listToken(answer.next),
    }
  }

  async listSections({ now, signal }: ReadOptions): Promise<SectionCount[]> {
    return await this.#list.ask('sections', { now }, signal)
  }

  async putArticles(batch: readonly PreparedArticle[], { now, republish, signal }: PutOptions): Promise<PutResult[]> {
    checkBatch(batch)
    signal?.throwIfAborted()
    const results: PutResult[] = []
    for (let start = 0; start < batch.length; start += putTransactionMax) {
      const articles = batch.slice(start, start + putTransactionMax)
      try {
        results.push(...(await this.#writer.ask('put', { articles, now, republish }, signal)))
      } catch (error) {
        throw start === 0 ? error : afterSome(error, { stored: start, sent: batch.length })
      }
    }
    return results
  }

  async withdrawArticle(id: string, { now, signal }: WriteOptions) {
    return await this.#writer.ask('withdraw', { id, now }, signal)
  }

  async liftEmbargoes({ now, signal }: WriteOptions): Promise<number> {
    return await this.#writer.ask('lift', { now }, signal)
  }

  async readChanges({ after, limit, now, signal }: { after: number; limit: number } & ReadOptions): Promise<Change[]> {
    return await this.#background.ask('changes', { after, limit, now }, signal)
  }

  async readChangedIds({ after, limit, signal }: { after: number; limit: number } & ReadOptions): Promise<ChangedId[]> {
    return await this.#background.ask('changedIds', { after, limit }, signal)
  }

  async readRailChanges({
    after,
    limit,
    signal,
  }: { after: number; limit: number } & ReadOptions): Promise<ChangedId[]> {
    return await this.#background.ask('railChanges', { after, limit }, signal)
  }

  async readIndexPage({
    afterId,
    limit,
    now,
    signal,
  }: { afterId: string; limit: number } & ReadOptions): Promise<IndexPageRow[]> {
    const page: IndexPageRow[] = []
    // A thread's answer ends early when its articles are long; a caller may take a short page for the last.
    for (let last = afterId; page.length < limit; ) {
      const asked = limit - page.length
      const rows = await this.#background.ask('indexPage', { afterId: last, limit: asked, now }, signal)
      page.push(...rows)
      const end = rows.at(-1)
      if (!end) break
      last = end.id
    }
    return page
  }

  async writeRails(write: RailWrite): Promise<boolean> {
    return await this.#writer.ask('rails', write)
  }

  async readStatus({ now, signal }: ReadOptions): Promise<StoreStatus> {
    return await this.#background.ask('status', { now }, signal)
  }

  async takeLease(lease: { name: string; holder: string; forMs: number; now: number }): Promise<number | null> {
    return await this.#writer.ask('takeLease', lease)
  }

  async releaseLease(lease: { name: string; holder: string }): Promise<void> {
    await this.#writer.ask('releaseLease', lease)
  }

  /** Ends every thread in the middle of its work, as a crash would: for rehearsals and tests. The next request restarts. */
  async crash(): Promise<void> {
    const reason = `The threads of ${this.location} were ended on purpose.`
    await Promise.all([...this.#readers, this.#writer].map((lane) => lane.crash(reason)))
  }

  /** Lets what is pending finish, then closes every handle; the last to close leaves one file and no log. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#readers.map((lane) => lane.close()))
    await this.#writer.close()
  }

  get #readers(): ReadonlyArray<Lane<Reads>> {
    return [this.#article, this.#rail, this.#list, this.#background]
  }
}

export interface SqliteSettings {
  readonly clock: Clock
  readonly articleThreads: number
  readonly railThreads: number
  /** How long a writer waits for another process to finish its own transaction, in milliseconds. */
  readonly busyMs: number
}
