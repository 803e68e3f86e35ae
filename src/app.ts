import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Lifetime } from './cache/lifetime.ts'
import { openRedisCache } from './cache/redis-cache.ts'
import type { SharedCache } from './cache/shared-cache.ts'
import { systemClock } from './concurrency/clock.ts'
import { withDeadline } from './concurrency/deadline.ts'
import { ExplanationUnavailableError, InvalidOptionError, problemText } from './errors.ts'
import { followChanges, Pause } from './indexer/follow-changes.ts'
import { Indexer } from './indexer/indexer.ts'
import { waitUntilIndexed } from './indexer/wait-until-indexed.ts'
import { ingest } from './ingest/ingest.ts'
import { Preparer } from './ingest/preparer.ts'
import { createPublisher, putArticles } from './ingest/publish-articles.ts'
import type { ScoreExplainer } from './manager/manager.ts'
import type { Publisher } from './manager/publisher.ts'
import { ArticleServing, type ServingSettings } from './manager/serve-article.ts'
import { SharedCopies } from './manager/shared-copies.ts'
import { type Options, resolveOptions } from './options.ts'
import { parseRules } from './related/parse-rules.ts'
import type { RailRules } from './related/related.ts'
import { openStore, temporaryStoreFolder } from './store/open-store.ts'
import { parseRehearsal, rehearseStore } from './store/rehearse-store.ts'
import type { Store } from './store/store.ts'

/** What the library takes: every option of `options.ts`, and a store that is open already in place of a URL. */
export interface AppOptions extends Partial<Omit<Options, 'store'>> {
  /**
   * A store URL such as `sqlite:news.db`, or an open store, which stays its owner's to close. Default: `ONWARD_STORE`,
   * else the sample newsroom in a temporary file.
   */
  readonly store?: string | Store | null
}

/** All that runs under one roof, without the network: a store, the rails' upkeep, and what serves from it. */
export interface App extends AsyncDisposable {
  readonly options: Options
  /** What readers and writers see: with `rehearse`, its outage. */
  readonly store: Store
  /** The store itself, without the rehearsed outage. */
  readonly soundStore: Store
  readonly manager: ArticleServing
  readonly publisher: Publisher
  readonly indexer: Indexer
  /** Shared by all that ingests; its thread starts with the first use. */
  readonly preparer: Preparer
}

/**
 * Opens everything that `options` name, and closes it in reverse order.
 *
 * @param loadsIndexAtStart see `IndexerOptions.loadsAtStart`; false is for commands that load articles, which keep the rails of what
 *   they load whatever `role` says
 * @param openBudgetMs how long a store that is open may take to say where its change feed stands
 * @throws InvalidOptionError, StoreUnavailableError, DeadlineExceededError; what was opened before the failure is closed again
 */
export async function openApp(
  given: AppOptions = {},
  { loadsIndexAtStart = true, openBudgetMs = 10_000 } = {},
): Promise<App> {
  const { store: givenStore, ...rest } = given
  const ownStore = typeof givenStore === 'object' ? givenStore : null
  // A store of null stands, and means the sample: the environment must not turn a test's null into the live store.
  const namedStore = typeof givenStore === 'object' ? null : givenStore
  const options = resolveOptions(namedStore === undefined ? rest : { ...rest, store: namedStore })
  if (given.workers !== undefined && given.workers !== 1) {
    throw new InvalidOptionError(
      'The option workers is for `onward serve` alone: it starts processes, and a library has only the one that it is in. Start your own program several times on one named store instead.',
    )
  }
  const keepsRails = options.role !== 'web' || !loadsIndexAtStart
  const isFirstTry = options.store === null && ownStore === null
  if (isFirstTry && !keepsRails) {
    throw new InvalidOptionError(
      'The role web needs a store that another process keeps the rails of: name it, such as --store postgres://onward@db.example/news.',
    )
  }
  const rehearsal = options.rehearse === null ? null : parseRehearsal(options.rehearse)
  const clock = systemClock

  await using opening = new AsyncDisposableStack()
  const openedStore =
    ownStore ?? opening.use(await openStore(options.store ?? opening.use(await temporaryStoreFolder()).url, { clock }))
  const preparer = opening.use(new Preparer())
  const shared = options.cache === null ? null : opening.use(await openSharedCache(openedStore, options, options.cache))
  const indexer = opening.use(
    new Indexer({
      store: openedStore,
      clock,
      holder: randomUUID(),
      loadsAtStart: loadsIndexAtStart,
      // A store that is handed in, and the sample's, which nobody keeps, have no place for it.
      snapshotFile: isFirstTry || ownStore ? null : snapshotFileOf(openedStore),
      rules: rulesOf(options.rules),
      headlineFactor: options.headlineFactor,
      onRailsWritten: () => shared?.announce(),
    }),
  )
  if (keepsRails) indexer.start()
  // The rehearsal stands between the store and those who serve: what is indexed stays sound.
  const servingStore = rehearsal ? rehearseStore(openedStore, rehearsal, clock) : openedStore
  const { lastSeq, lastRailSeq } = await withDeadline(
    (stop) => openedStore.readStatus({ now: clock.now(), signal: stop }),
    { clock, budgetMs: openBudgetMs, what: 'Opening the store' },
  )
  // What has changed lately is read again where copies of others have to be checked: they may be from before.
  const behind = shared ? changesKnownAtStart : 0
  const after = { seq: Math.max(0, lastSeq - behind), railSeq: Math.max(0, lastRailSeq - behind) }
  const copies = shared
    ? new SharedCopies({
        cache: shared,
        clock,
        keepMs: { article: options.articleFreshMs, rail: options.railFreshMs },
        afterSeq: after.seq,
        afterRailSeq: after.railSeq,
        isTold: () => manager.isTold(),
      })
    : null
  const manager = new ArticleServing(
    servingStore,
    { clock, random: Math.random, explainer: keepsRails ? indexer : notHere, shared: copies },
    servingSettings(options),
  )
  opening.defer(() => manager.close())
  const feeds = opening.use(followForManager(openedStore, { manager, copies, after }))
  if (shared) {
    const onAnnounced = () => {
      feeds.wake()
      // Who stands by has nothing to read, and would ask for the lease with each message.
      if (indexer.leads) indexer.wake()
    }
    opening.defer(shared.onAnnounced(onAnnounced))
  }
  const publisher = createPublisher({
    store: servingStore,
    preparer,
    clock,
    onStored(articleIds) {
      copies?.articles.markChanged(articleIds)
      manager.forget(articleIds)
      indexer.wake()
      // Until the feed has told of it, nothing that shows it is taken from the shared cache.
      if (shared) feeds.wake()
      shared?.announce()
    },
  })

  if (isFirstTry) {
    await loadSample({ soundStore: openedStore, preparer, indexer })
    warnOfSample()
  }
  const closing = opening.move()
  return {
    options,
    store: servingStore,
    soundStore: openedStore,
    manager,
    publisher,
    indexer,
    preparer,
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

/** Stands where the index would be in a process that keeps no rails. */
const notHere: ScoreExplainer = {
  explainScores: () =>
    Promise.reject(
      new ExplanationUnavailableError(
        'This process serves readers and keeps no rails (role web), so it cannot explain scores. Ask the one that keeps them, with role indexer or all.',
      ),
    ),
}

/** Values of different stores never meet: a file is one of this machine's, whatever other machines call theirs. */
function openSharedCache(store: Store, { cachePrefix, cacheBudgetMs }: Options, url: string): Promise<SharedCache> {
  const storeName = store.kind === 'sqlite' ? `${hostname()} ${store.location}` : store.location
  return openRedisCache({
    url,
    prefix: cachePrefix,
    storeName,
    budgetMs: cacheBudgetMs,
    clock: systemClock,
    random: Math.random,
  })
}

/** Beside the store's own file: what belongs together is moved, copied and removed together. */
function snapshotFileOf({ kind, location }: Store): string | null {
  // A database on another machine has no place beside it.
  if (kind !== 'sqlite') return null
  return `${location.replace(/^sqlite:/, '')}-index`
}

function rulesOf(given: unknown): RailRules {
  const parsed = parseRules(given)
  if (parsed.ok) return parsed.rules
  throw new InvalidOptionError(`The option rules cannot be used: ${parsed.problems.map(problemText).join('; ')}.`)
}

/** Stores the sample newsroom and waits for its rails. Loading it again changes nothing. */
export async function loadSample(
  app: Pick<App, 'soundStore' | 'preparer' | 'indexer'>,
  signal?: AbortSignal,
): Promise<void> {
  const release = app.indexer.holdBack()
  try {
    await ingest([sampleNewsroom], {
      write: (batch) => putArticles(app.soundStore, batch, { republish: false, signal, clock: systemClock }),
      preparer: app.preparer,
      signal,
    })
  } finally {
    release()
  }
  await waitUntilIndexed(app.soundStore, { clock: systemClock, signal })
}

/** The sample newsroom that is shipped with the package: beside `src/` in a clone, beside `dist/` when installed. */
export const sampleNewsroom = fileURLToPath(new URL('../sample/newsroom.jsonl', import.meta.url))

export function servingSettings(options: Options): ServingSettings {
  return {
    ...options,
    // The other half is for pages, and belongs to whoever makes them.
    cacheBytesMax: Math.floor(options.cacheBytesMax / 2),
    articleLifetime: lifetimeOf(options.articleFreshMs, options.articleGraceMs, options.articleIfErrorMs),
    railLifetime: lifetimeOf(options.railFreshMs, options.railGraceMs, options.railIfErrorMs),
    breakersHeldClosed: options.breakers === 'held-closed',
  }
}

/** Each age reaches at least as far as the one before it: a grace that is shorter than freshness is none. */
function lifetimeOf(freshMs: number, graceMs: number, ifErrorMs: number): Lifetime {
  const untilGrace = Math.max(freshMs, graceMs)
  return { freshMs, graceMs: untilGrace, ifErrorMs: Math.max(untilGrace, ifErrorMs) }
}

/** What is kept in memory is forgotten when it changes, whichever process changed it: articles, and rails. */
function followForManager(
  store: Store,
  told: {
    readonly manager: ArticleServing
    readonly copies: SharedCopies | null
    readonly after: { readonly seq: number; readonly railSeq: number }
  },
): AsyncDisposable & { wake(): void } {
  const { manager, copies, after } = told
  const stop = new AbortController()
  const { signal } = stop
  const clock = systemClock
  // Either feed can fall silent by itself: what counts is the one that was heard least lately.
  const heard = { articles: false, rails: false }
  const onHeard = (feed: keyof typeof heard) => () => {
    copies?.[feed].heardAll()
    heard[feed] = true
    if (!heard.articles || !heard.rails) return
    heard.articles = heard.rails = false
    manager.heardFromFeed()
  }
  const pauses = [new Pause(clock), new Pause(clock)] as const
  const following = Promise.all([
    followChanges({
      what: 'the change feed',
      read: (after, signal) => store.readChangedIds({ after, limit: idsPerRead, now: clock.now(), signal }),
      after: after.seq,
      onChanges(changes) {
        copies?.articles.note(changes)
        manager.forget(new Set(changes.map(({ articleId }) => articleId)))
      },
      onHeard: onHeard('articles'),
      pause: pauses[0],
      clock,
      signal,
    }),
    followChanges({
      what: 'the feed of rails',
      read: (after, signal) => store.readRailChanges({ after, limit: idsPerRead, now: clock.now(), signal }),
      after: after.railSeq,
      onChanges(changes) {
        copies?.rails.note(changes)
        manager.forgetRails(new Set(changes.map(({ articleId }) => articleId)))
      },
      onHeard: onHeard('rails'),
      pause: pauses[1],
      clock,
      signal,
    }),
  ])
  const wake = () => {
    for (const pause of pauses) pause.wake()
  }
  return {
    wake,
    async [Symbol.asyncDispose]() {
      stop.abort()
      wake()
      await following
    },
  }
}

/** Some hours of a large newsroom; read in a fraction of a second, behind the start. */
const changesKnownAtStart = 10_000
/** Only ids: a thousand are some fifty kilobytes. */
const idsPerRead = 1000

let warned = false

function warnOfSample(): void {
  if (warned) return
  warned = true
  process.emitWarning(
    'No store was named, so the sample newsroom was opened in a temporary file. Name yours: new ArticleManager({ store: "sqlite:news.db" }), or set ONWARD_STORE.',
    { code: 'ONWARD_SAMPLE' },
  )
}
