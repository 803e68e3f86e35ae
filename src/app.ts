import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { Lifetime } from './cache/lifetime.ts'
import { systemClock } from './concurrency/clock.ts'
import { withDeadline } from './concurrency/deadline.ts'
import { InvalidOptionError, problemText } from './errors.ts'
import { followChanges, Pause } from './indexer/follow-changes.ts'
import { Indexer } from './indexer/indexer.ts'
import { waitUntilIndexed } from './indexer/wait-until-indexed.ts'
import { ingest } from './ingest/ingest.ts'
import { Preparer } from './ingest/preparer.ts'
import { createPublisher, putArticles } from './ingest/publish-articles.ts'
import type { Publisher } from './manager/publisher.ts'
import { ArticleServing, type ServingSettings } from './manager/serve-article.ts'
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
 * @param loadsIndexAtStart see `IndexerOptions.loadsAtStart`
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
  const rehearsal = options.rehearse === null ? null : parseRehearsal(options.rehearse)
  const clock = systemClock

  await using opening = new AsyncDisposableStack()
  const isFirstTry = options.store === null && ownStore === null
  const openedStore =
    ownStore ?? opening.use(await openStore(options.store ?? opening.use(await temporaryStoreFolder()).url, { clock }))
  const preparer = opening.use(new Preparer())
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
    }),
  )
  indexer.start()
  // The rehearsal stands between the store and those who serve: what is indexed stays sound.
  const servingStore = rehearsal ? rehearseStore(openedStore, rehearsal, clock) : openedStore
  const manager = new ArticleServing(
    servingStore,
    { clock, random: Math.random, explainer: indexer },
    servingSettings(options),
  )
  opening.defer(() => manager.close())
  opening.use(await followForManager(openedStore, manager, openBudgetMs))
  const publisher = createPublisher({
    store: servingStore,
    preparer,
    clock,
    onStored(articleIds) {
      manager.forget(articleIds)
      indexer.wake()
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
async function followForManager(store: Store, manager: ArticleServing, openBudgetMs: number): Promise<AsyncDisposable> {
  const stop = new AbortController()
  const { signal } = stop
  const clock = systemClock
  const { lastSeq, lastRailSeq } = await withDeadline((stop) => store.readStatus({ now: clock.now(), signal: stop }), {
    clock,
    budgetMs: openBudgetMs,
    what: 'Opening the store',
  })
  // Either feed can fall silent by itself: what counts is the one that was heard least lately.
  const heard = { articles: false, rails: false }
  const onHeard = (feed: keyof typeof heard) => () => {
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
      after: lastSeq,
      onChanges: (changes) => manager.forget(new Set(changes.map(({ articleId }) => articleId))),
      onHeard: onHeard('articles'),
      pause: pauses[0],
      clock,
      signal,
    }),
    followChanges({
      what: 'the feed of rails',
      read: (after, signal) => store.readRailChanges({ after, limit: idsPerRead, now: clock.now(), signal }),
      after: lastRailSeq,
      onChanges: (changes) => manager.forgetRails(new Set(changes.map(({ articleId }) => articleId))),
      onHeard: onHeard('rails'),
      pause: pauses[1],
      clock,
      signal,
    }),
  ])
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      for (const pause of pauses) pause.wake()
      await following
    },
  }
}

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
