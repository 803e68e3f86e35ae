import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { Article } from '../../src/article/article.ts'
import type { Clock } from '../../src/concurrency/clock.ts'
import { ArticleGoneError, ArticleNotFoundError, InvalidRequestError } from '../../src/errors.ts'
import { createHttpServer, type HttpOptions, type HttpServer } from '../../src/http/server.ts'
import type {
  CallOptions,
  Changed,
  Manager,
  OpenedArticle,
  Rail,
  RailOptions,
  ServedArticle,
  Story,
} from '../../src/manager/manager.ts'
import type { BulkResult, Publisher, PublishOptions } from '../../src/manager/publisher.ts'
import type { RelatedArticle, ScoreParts } from '../../src/related/related.ts'
import type { ArticleList, PutOutcome } from '../../src/store/store.ts'

/**
 * A newsroom of one article, `1`, with `gone` taken down. Tests replace what they want to go wrong.
 *
 * Drafts and embargoed articles are `missing` to a manager as well, so `draft` is simply not there.
 */
export class FakeManager implements Manager {
  /** What became of each call's signal. */
  readonly signals: AbortSignal[] = []
  railsRead = 0

  readRail: (signal: AbortSignal | undefined) => Promise<Rail> = async () => aRail()
  readArticle: (id: string, signal: AbortSignal | undefined) => Promise<Article> = async (id) => {
    if (id === 'gone') throw new ArticleGoneError('gone', '2026-11-02T09:30:00.000Z')
    if (id !== '1') throw new ArticleNotFoundError(id)
    return anArticle()
  }
  list: () => Promise<ArticleList> = async () => ({ articles: [aSummary()], next: null })
  listedWith: unknown[] = []

  async openArticle(articleId: string | null, options: CallOptions & { rail?: boolean } = {}): Promise<OpenedArticle> {
    this.#note(options.signal)
    if (options.rail !== false) this.railsRead += 1
    const article = await this.readArticle(articleId ?? '1', options.signal)
    return {
      article,
      articleState: 'fresh',
      articleMs: 1.25,
      rail: options.rail === false ? new Promise(() => {}) : this.readRail(options.signal),
    }
  }

  async handleRequest(
    request: { articleId?: string | number | null },
    options: CallOptions = {},
  ): Promise<ServedArticle> {
    this.#note(options.signal)
    const article = await this.readArticle(String(request.articleId), options.signal)
    const { items, tookMs, ...related } = await this.readRail(options.signal)
    return {
      article,
      articleState: 'fresh',
      relatedArticles: items,
      related,
      timing: { articleMs: 1.25, railMs: tookMs },
    }
  }

  async openRail(articleId: string, options: RailOptions = {}): Promise<Rail> {
    this.#note(options.signal)
    await this.readArticle(articleId, options.signal)
    const rail = await this.readRail(options.signal)
    const items = rail.items.filter(({ id }) => !options.exclude?.includes(id)).slice(0, options.limit ?? 6)
    return { ...rail, items }
  }

  explain: (others: readonly string[]) => Promise<ReadonlyArray<ScoreParts | null>> = async (others) =>
    others.map(() => someParts)

  async explainScores(_articleId: string, others: readonly string[], options: CallOptions = {}) {
    this.#note(options.signal)
    return this.explain(others)
  }

  async openStory(articleId: string, options: CallOptions = {}): Promise<Story> {
    this.#note(options.signal)
    await this.readArticle(articleId, options.signal)
    return { articles: [aSummary(), { ...aSummary(), id: '1' }], version: 7, generatedAt: '2026-11-02T09:31:00.000Z' }
  }

  async listArticles(query: { section?: string; before?: string; limit: number }, options: CallOptions = {}) {
    this.#note(options.signal)
    this.listedWith.push(query)
    if (query.before === 'nonsense') {
      throw new InvalidRequestError('The query', [{ path: 'before', message: 'must be an ISO 8601 time' }])
    }
    if (query.section === 'Nowhere') return { articles: [], next: null }
    return this.list()
  }

  async listSections() {
    return [{ section: 'Markets', articles: 2 }]
  }

  isRefusing = false
  readonly #listeners = new Set<(changed: Changed) => void>()

  refusesNow(): boolean {
    return this.isRefusing
  }

  onChanged(listener: (changed: Changed) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  told = true

  isTold(): boolean {
    return this.told
  }

  get listeners(): number {
    return this.#listeners.size
  }

  change(changed: Changed): void {
    for (const listener of this.#listeners) listener(changed)
  }

  #note(signal: AbortSignal | undefined): void {
    if (signal) this.signals.push(signal)
  }
}

export class FakePublisher implements Publisher {
  outcome: PutOutcome = 'created'
  readonly published: Array<{ id: string; record: unknown; republish: boolean }> = []
  readonly lines: string[] = []
  beforeLine: (line: string) => Promise<void> = async () => {}

  async publish(articleId: string, sent: unknown, options: PublishOptions) {
    const record: unknown = typeof sent === 'string' ? parsed(sent) : sent
    if (typeof record !== 'object' || record === null || Array.isArray(record)) {
      throw new InvalidRequestError('The article', [{ path: '', message: 'must be an object' }])
    }
    this.published.push({ id: articleId, record, republish: options.republish })
    return { outcome: this.outcome, id: articleId }
  }

  async publishLines(
    lines: AsyncIterable<string>,
    options: PublishOptions & { onStoredThrough?: (line: number) => void },
  ): Promise<BulkResult> {
    for await (const line of lines) {
      await this.beforeLine(line)
      this.lines.push(line)
      options.onStoredThrough?.(this.lines.length)
    }
    return {
      lines: this.lines.length,
      outcomes: { created: this.lines.length, updated: 0, unchanged: 0, outdated: 0, tombstoned: 0, withdrawn: 0 },
      rejected: [],
      rejectedCount: 0,
    }
  }

  async withdraw(articleId: string) {
    if (articleId === 'gone') return { outcome: 'already-withdrawn' as const, withdrawnAt: '2026-11-02T09:30:00.000Z' }
    if (articleId !== '1') throw new ArticleNotFoundError(articleId)
    return { outcome: 'withdrawn' as const, withdrawnAt: '2026-11-03T09:30:00.000Z' }
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw new InvalidRequestError('The article', [{ path: '', message: 'is not JSON' }])
  }
}

export function anArticle(over: Partial<Article> = {}): Article {
  return {
    id: '1',
    title: 'Cocoa arrivals fall again',
    body: 'Arrivals at the port fell for a third week.\n\nThe last sentence of the article.',
    section: 'Markets',
    tags: ['cocoa'],
    publishedAt: '2026-11-02T09:30:00.000Z',
    updatedAt: '2026-11-02T09:30:00.000Z',
    status: 'published',
    firstSeenAt: '2026-11-02T09:31:00.000Z',
    ...over,
  }
}

export function anItem(over: Partial<RelatedArticle> = {}): RelatedArticle {
  return {
    id: '2',
    url: '/articles/2',
    title: 'Sugar steady in thin trade',
    standfirst: 'Little moved.',
    publishedAt: '2026-11-01T16:05:00.000Z',
    section: 'Markets',
    source: 'Staff',
    language: 'en',
    image: null,
    reason: 'Same topic: port, trade',
    score: 0.61,
    position: 1,
    pinned: false,
    ...over,
  }
}

export function aRail(over: Partial<Rail> = {}): Rail {
  return {
    state: 'fresh',
    basis: 'related',
    version: 7,
    generatedAt: '2026-11-02T09:31:00.000Z',
    items: [anItem()],
    tookMs: 0.75,
    ...over,
  }
}

export const someParts: ScoreParts = {
  score: 0.61,
  text: 0.7,
  names: 0.2,
  words: 0.5,
  time: 0.87,
  daysApart: 0.7,
  isSameSection: true,
  sharedTags: [],
  penalties: [],
  ranked: 0.61,
  terms: [{ term: 'port', isName: false, part: 0.3 }],
}

function aSummary() {
  const { standfirst, ...rest } = anItem()
  return {
    id: rest.id,
    title: rest.title,
    standfirst,
    url: null,
    byline: null,
    section: 'Markets',
    source: null,
    language: null,
    image: null,
    publishedAt: rest.publishedAt,
    updatedAt: rest.publishedAt,
  }
}

/** A clock that moves when the test says so. */
export class HandClock implements Clock {
  #ms = 0
  #timers = new Set<{ at: number; callback: () => void }>()

  now(): number {
    return Date.parse('2026-11-03T09:30:00.000Z') + this.#ms
  }

  monotonicMs(): number {
    return this.#ms
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#ms + delayMs, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  get waiting(): number {
    return this.#timers.size
  }

  advance(byMs: number): void {
    this.#ms += byMs
    for (const timer of [...this.#timers]) {
      if (timer.at > this.#ms) continue
      this.#timers.delete(timer)
      timer.callback()
    }
  }
}

export const token = 'a-long-random-token'

export const hanging = <Value>(): Promise<Value> => new Promise<Value>(() => {})

export interface Running {
  readonly url: string
  readonly port: number
  readonly server: HttpServer
  readonly manager: FakeManager
  readonly publisher: FakePublisher
}

/** Starts onward's server over a real socket and closes it when the test ends. */
export async function startServer(t: TestContext, over: Partial<HttpOptions> = {}): Promise<Running> {
  const manager = new FakeManager()
  const publisher = new FakePublisher()
  const server = await createHttpServer({
    manager,
    publisher,
    token,
    site: { name: 'The Test Post', baseUrl: 'https://news.example' },
    readiness: async () => ({ ready: true, checks: { store: { ok: true, detail: '1 article' } } }),
    metrics: { contentType: 'text/plain; version=0.0.4', text: async () => 'onward_up 1\n' },
    logger: null,
    closeWithinMs: 200,
    chance: () => 0,
    ...over,
  })
  t.after(() => server.close())
  const { url } = await server.listen({ port: 0, host: '127.0.0.1' })
  return { url, port: Number(new URL(url).port), server, manager, publisher }
}

/** A connection as bytes: what a browser never shows. */
export class Wire {
  readonly socket: Socket
  text = ''
  #ended = false
  #waiting = () => {}

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.setEncoding('latin1')
    this.socket.on('data', (chunk) => {
      this.text += chunk
      this.#waiting()
    })
    this.socket.on('close', () => {
      this.#ended = true
      this.#waiting()
    })
    // A connection that is cut is what some tests are about; `until` and `end` show it.
    this.socket.on('error', () => {})
  }

  send(text: string): this {
    this.socket.write(text)
    return this
  }

  /** Everything that has arrived once `wanted` is in it. */
  async until(wanted: string): Promise<string> {
    while (!this.text.includes(wanted)) {
      if (this.#ended) throw new Error(`The connection ended without ${JSON.stringify(wanted)}: ${this.text}`)
      await new Promise<void>((resolve) => {
        this.#waiting = resolve
      })
    }
    return this.text
  }

  /** Everything that has arrived once the other side has closed. */
  async end(): Promise<string> {
    if (!this.#ended) await once(this.socket, 'close')
    return this.text
  }

  close(): void {
    this.socket.destroy()
  }
}

export function bearer(sent = token): Record<string, string> {
  return { authorization: `Bearer ${sent}` }
}
