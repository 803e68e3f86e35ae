import type { Clock } from '../concurrency/clock.ts'
import { withDeadline } from '../concurrency/deadline.ts'
import { ExplanationUnavailableError } from '../errors.ts'
import { type LeadershipReason, publish } from '../events.ts'
import { type IndexClient, type IndexThreadData, openIndexThread } from '../related/index-client.ts'
import { defaultRules, type RailRules, type ScoreParts } from '../related/related.ts'
import { railsLease, type Store, type StoreStatus } from '../store/store.ts'
import { changesPerRead, Pause, pollMs, readBudgetMs, retryPauseMs } from './follow-changes.ts'

/**
 * Keeps the rails in the store true to the articles in it: follows the change feed, hands the articles to the index
 * thread, writes back every rail that changed.
 *
 * Of all processes on a store one leads, by a lease with a fencing token; the others stand by and take over when it
 * ends. A leader that has lost its lease cannot write: the store checks the token in the transaction of the write.
 *
 * ```
 * standing by ──lease taken──▶ loading ──▶ following ──lease lost, store or thread failed──▶ standing by (after a pause)
 * ```
 *
 * Loading takes the index as it was last saved in a file beside the store, and then what has changed since; where there is no
 * such file, or it is torn, of another store or of other options, it reads all articles and takes stored rails as they are.
 * Either way a restart works out only what changed since, and stored rails are served meanwhile. While following, changes
 * are staged as they come and neighbours are found between two reads, those of the newest articles first.
 */
export class Indexer implements AsyncDisposable {
  readonly #store: Store
  readonly #clock: Clock
  readonly #holder: string
  readonly #loadsAtStart: boolean
  readonly #snapshotFile: string | null
  readonly #built: IndexThreadData
  readonly #onRailsWritten: () => void
  readonly #stop = new AbortController()
  readonly #pause: Pause
  #running: Promise<void> = Promise.resolve()
  #holds = 0
  #leads = false
  /** The index while this process leads and has loaded it. */
  #loaded: IndexClient | null = null

  constructor(options: IndexerOptions) {
    this.#store = options.store
    this.#loadsAtStart = options.loadsAtStart ?? true
    this.#snapshotFile = options.snapshotFile ?? null
    this.#built = { rules: options.rules ?? defaultRules, headlineFactor: options.headlineFactor ?? 1 }
    this.#onRailsWritten = options.onRailsWritten ?? (() => {})
    this.#clock = options.clock
    this.#holder = options.holder
    this.#pause = new Pause(options.clock)
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Whether this process holds the lease, as far as it knows; it may still be loading the index. */
  get leads(): boolean {
    return this.#leads
  }

  /** Says that something was published: the change feed is read at once. */
  wake(): void {
    this.#pause.wake()
  }

  /** Until the returned function is called, changes are staged only: for a bulk load whose statistics should be fixed once. */
  holdBack(): () => void {
    this.#holds++
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#holds--
      this.wake()
    }
  }

  /** See `ScoreExplainer`. It waits behind the slice of work that the index is at: some tens of milliseconds. */
  async explainScores(
    articleId: string,
    others: readonly string[],
    options: { readonly signal?: AbortSignal | undefined },
  ): Promise<ReadonlyArray<ScoreParts | null>> {
    if (!this.#loaded) throw new ExplanationUnavailableError()
    return await this.#loaded.request({ type: 'parts', id: articleId, others }, options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.#pause.wake()
    await this.#running
  }

  /** Never rejects: it is the owner of all that fails in the background here. */
  async #run(): Promise<void> {
    const { signal } = this.#stop
    let failures = 0
    while (!signal.aborted) {
      try {
        const token = await this.#takeLease()
        if (token === null) {
          await this.#pause.wait(standbyMs)
          continue
        }
        this.#setLeads(true, 'lease-taken')
        let because: LeadershipReason = 'failed'
        try {
          because = await this.#lead(token, () => {
            failures = 0
          })
        } finally {
          this.#loaded = null
          this.#setLeads(false, signal.aborted ? 'stopped' : because)
        }
      } catch (error) {
        if (signal.aborted) break
        publish('background-failed', () => ({ what: 'keeping the rails', error }))
        await this.#pause.wait(retryPauseMs(failures++))
      }
    }
    await this.#store
      .releaseLease({ name: railsLease, holder: this.#holder })
      .catch((error: unknown) =>
        publish('background-failed', () => ({ what: 'giving back the lease of the indexer', error })),
      )
  }

  /** Loads, then follows, until the lease is lost (returns) or something fails (throws). The thread is this term's own. */
  async #lead(token: number, onProgress: () => void): Promise<LeadershipReason> {
    const { signal } = this.#stop
    await using index = openIndexThread(this.#built)
    const lease = { name: railsLease, holder: this.#holder, token }
    let leaseTakenAt = this.#clock.monotonicMs()
    let liftedAt = Number.NEGATIVE_INFINITY
    const status = await this.#read((stop) => this.#store.readStatus({ now: this.#clock.now(), signal: stop }))
    const { indexedSeq } = status
    const keepLease = async (): Promise<boolean> => {
      if (this.#clock.monotonicMs() - leaseTakenAt < leaseMs / 3) return true
      const renewed = await this.#takeLease()
      leaseTakenAt = this.#clock.monotonicMs()
      return renewed === token
    }
    // What is asked of the index as a whole takes longer than a lease where there are a million articles.
    const whileKeepingLease = async <T>(work: Promise<T>): Promise<T> => {
      const over = new Pause(this.#clock)
      let isOver = false
      const renewing = (async () => {
        // A lease that is lost meanwhile, or cannot be asked for, is found out by whoever asks next.
        while (!isOver && (await keepLease().catch(() => false))) await over.wait(leaseMs / 3)
      })()
      try {
        return await work
      } finally {
        isOver = true
        over.wake()
        await renewing
      }
    }
    let isLoaded = indexedSeq === 0
    if (isLoaded) this.#loaded = index
    /** Every change up to here has been handed to the index ... */
    let applied = indexedSeq
    let appliedId: string | null = null
    /** ... and up to here its rails have been written. */
    let cursor = indexedSeq
    const catchingUpUntil = this.#clock.monotonicMs() + catchUpMs
    let isCatchingUp = true
    let settledAt = Number.NEGATIVE_INFINITY
    let remaining = 0
    const saved = isLoaded ? null : await whileKeepingLease(this.#openSnapshot(index, status))
    // Rails that were made by other rules are not taken as they are; nor when it is not known by which they were made.
    const areRailsKept = saved?.state !== 'other-options' && (saved !== null || isDefault(this.#built))
    if (saved?.state === 'opened') {
      isLoaded = true
      this.#loaded = index
      applied = saved.cursor
      appliedId = saved.articleId
    }
    let savedSeq = saved?.state === 'opened' || isLoaded ? applied : -1
    let savedAt = this.#clock.monotonicMs()
    const save = async () => {
      savedAt = this.#clock.monotonicMs()
      savedSeq = applied
      await whileKeepingLease(this.#saveSnapshot(index, { cursor: applied, articleId: appliedId }))
    }
    while (!signal.aborted) {
      if (!(await keepLease())) return 'lease-lost'
      if (this.#clock.monotonicMs() - liftedAt >= liftEveryMs) {
        liftedAt = this.#clock.monotonicMs()
        await this.#store.liftEmbargoes({ now: this.#clock.now(), signal })
      }
      const changes = await this.#read((stop) =>
        this.#store.readChanges({ after: applied, limit: changesPerRead, now: this.#clock.now(), signal: stop }),
      )
      const last = changes.at(-1)
      if (!isLoaded && (last || this.#loadsAtStart)) {
        if (!(await this.#load(index, { keepLease, areRailsKept }))) return 'lease-lost'
        isLoaded = true
        this.#loaded = index
      }
      if (last) {
        await index.request({ type: 'apply', changes }, { signal })
        applied = last.seq
        appliedId = last.articleId
      }
      publish('index-lag', () => ({ changes: Math.max(0, (last?.seq ?? applied) - cursor) }))
      // What is there at the start is staged as a whole, so that its term statistics are fixed once; afterwards rails are
      // worked out between two reads, or a steady stream of articles would leave none of them with a rail.
      isCatchingUp &&= last !== undefined && this.#clock.monotonicMs() < catchingUpUntil
      const isHeld = this.#holds > 0
      if (last && (isHeld || isCatchingUp || this.#clock.monotonicMs() - settledAt < settleEveryMs)) continue
      if (isHeld || !isLoaded) {
        await this.#pause.wait(pollMs)
        continue
      }
      const startedAt = this.#clock.monotonicMs()
      settledAt = startedAt
      const settled = await index.request(
        { type: 'settle', atMost: remaining > backlog ? perSliceOfBacklog : perSlice },
        { signal },
      )
      remaining = settled.remaining
      const reached = remaining === 0 ? applied : cursor
      if (settled.rails.length > 0 || reached > cursor) {
        const { rails } = settled
        const now = this.#clock.now()
        const written = await this.#store.writeRails({ rails, cursor: reached, version: applied, lease, now })
        if (!written) return 'write-refused'
        cursor = reached
        onProgress()
        this.#onRailsWritten()
        publish('rails-written', () => ({
          rails: settled.rails.length,
          cursor,
          tookMs: this.#clock.monotonicMs() - startedAt,
        }))
      }
      if (remaining > 0 || last) continue
      if (applied > savedSeq && this.#clock.monotonicMs() - savedAt >= saveEveryMs) await save()
      await this.#pause.wait(pollMs)
    }
    if (isLoaded && applied > savedSeq && remaining === 0) await save()
    return 'stopped'
  }

  /** The index as it was saved, when it is of this store; null to load it from there. */
  async #openSnapshot(index: IndexClient, { lastSeq, indexedSeq }: StoreStatus) {
    const { signal } = this.#stop
    if (this.#snapshotFile === null) return null
    const saved = await index.request({ type: 'open-snapshot', file: this.#snapshotFile }, { signal })
    if (saved.state !== 'opened') return saved.state === 'none' ? null : saved
    const { cursor, articleId } = saved
    const [change] = await this.#read((stop) =>
      this.#store.readChanges({ after: cursor - 1, limit: 1, now: this.#clock.now(), signal: stop }),
    )
    // A file that was copied beside another store, or a store that was put back to an earlier day, tells by this.
    const isOfThisStore = cursor <= lastSeq && cursor <= indexedSeq
    const isSameChange = change?.seq !== cursor || articleId === null || change.articleId === articleId
    if (isOfThisStore && isSameChange) return saved
    await index.request({ type: 'reset' }, { signal })
    return null
  }

  /** What cannot be saved costs the next start some time, and nothing else. */
  async #saveSnapshot(index: IndexClient, known: { cursor: number; articleId: string | null }): Promise<void> {
    if (this.#snapshotFile === null) return
    try {
      await index.request({ type: 'save-snapshot', file: this.#snapshotFile, ...known })
    } catch (error) {
      publish('background-failed', () => ({ what: 'saving the index', error }))
    }
  }

  async #load(
    index: IndexClient,
    { keepLease, areRailsKept }: { keepLease: () => Promise<boolean>; areRailsKept: boolean },
  ): Promise<boolean> {
    const { signal } = this.#stop
    let afterId = ''
    for (;;) {
      if (!(await keepLease())) return false
      const page = await this.#read((stop) =>
        this.#store.readIndexPage({ afterId, limit: changesPerRead, now: this.#clock.now(), signal: stop }),
      )
      const rows = areRailsKept ? page : page.map(({ id, document }) => ({ id, document, railItems: null }))
      if (rows.length > 0) await index.request({ type: 'load', rows }, { signal })
      const last = page.at(-1)
      if (!last) return true
      afterId = last.id
    }
  }

  /**
   * A connection that has fallen silent is not waited for longer than a lease: the next question has another one. It is waited for
   * though the indexer is stopped, or the lease could be given back before it is taken.
   */
  #takeLease(): Promise<number | null> {
    const lease = { name: railsLease, holder: this.#holder, forMs: leaseMs, now: this.#clock.now() }
    return withDeadline(() => this.#store.takeLease(lease), {
      clock: this.#clock,
      budgetMs: leaseMs,
      what: 'Asking for the lease of the rails',
    })
  }

  #setLeads(leads: boolean, because: LeadershipReason): void {
    this.#leads = leads
    publish('leadership-changed', () => ({ leads, because }))
  }

  #read<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return withDeadline(work, {
      clock: this.#clock,
      budgetMs: readBudgetMs,
      what: 'Reading what is to be indexed',
      signal: this.#stop.signal,
    })
  }
}

export interface IndexerOptions {
  readonly store: Store
  readonly clock: Clock
  /** Where the index is saved and opened from; null (the default) to load it from the store at each start. */
  readonly snapshotFile?: string | null
  /** What the publisher decides about rails; default: nothing. */
  readonly rules?: RailRules
  /** How much a word of the headline counts, against one of the text; default 1, as it was found to be best. */
  readonly headlineFactor?: number
  /** Called after each write of rails. Must not throw. */
  readonly onRailsWritten?: () => void
  /** Who leads, in the lease: unique to the process. */
  readonly holder: string
  /**
   * True (the default): the index is loaded before it is needed, so that the first article published finds it ready.
   * False: with the first change, for a process that may well find nothing to do.
   */
  readonly loadsAtStart?: boolean
}

function isDefault({ rules, headlineFactor }: IndexThreadData): boolean {
  return headlineFactor === 1 && JSON.stringify(rules) === JSON.stringify(defaultRules)
}

/**
 * A leader that is gone is replaced within this and {@link standbyMs}, and has the index loaded some seconds later. It is renewed
 * after a third, so that a leader may stand still, or wait for the database, for two thirds of it. At 10 s a standby that had just
 * asked came 11 s late; much below 5 s a machine that is busy, or a clock that is off, would pass the lease about for nothing.
 */
const leaseMs = 5_000
const standbyMs = 1_000
/** How late the lift of an embargo may be noticed. */
const liftEveryMs = 500
/** How often the index is saved while changes come; rails stand still meanwhile. */
const saveEveryMs = 10 * 60_000
/** How long a term may begin with staging alone. */
const catchUpMs = 30_000
/** While articles stream in, rails are worked out this often: a new story is in old rails well within a second. */
const settleEveryMs = 50
/** About 20 ms of work for articles as they are published, so that the next does not wait for long. */
const perSlice = 50
/** With more than this to be done, fewer and larger transactions are worth a wait of a tenth of a second. */
const backlog = 1000
const perSliceOfBacklog = 250
