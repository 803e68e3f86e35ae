import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { parentPort } from 'node:worker_threads'
import { ArticleGoneError, DeadlineExceededError, OnwardError, StoreUnavailableError } from '../../../src/errors.ts'
import { ArticleServing, type ServingSettings } from '../../../src/manager/serve-article.ts'
import type { ArticleRead, RailRead } from '../../../src/store/store.ts'
import { Dice } from '../../simulation/dice.ts'
import { EventClock } from '../../simulation/event-clock.ts'
import { anArticle, aRail, aRelated, ScriptedStore } from '../scripted-store.ts'
import { servingSettings } from '../serving-settings.ts'

/**
 * What is done to a request at its n-th point, for every n that there is.
 *
 * The points are not a list that somebody keeps: a request that nobody disturbs is played first, and its reads of the store
 * and the turns of the microtask queue until it has ended are counted. Then it is played once for each of them.
 */
const doneAtRead = ['fails', 'throws', 'hangs', 'is lost', 'answers nonsense'] as const
const doneAtTurn = ['left', 'corrected', 'taken down', 'rail written', 'closed'] as const

type Disturbance =
  | { readonly at: 'read'; readonly n: number; readonly what: (typeof doneAtRead)[number] }
  | { readonly at: 'turn'; readonly n: number; readonly what: (typeof doneAtTurn)[number] }

interface Situation {
  readonly name: string
  readonly settings?: Partial<ServingSettings>
  /** How old the copies are, in milliseconds; null: there are none. */
  readonly agedMs: number | null
  readonly feedIsSilent?: boolean
  /** Others who ask for the same at the same time. */
  readonly others?: number
  /** How long the store takes for an article and for a rail. */
  readonly takesMs?: { readonly article: number; readonly rail: number }
}

const minute = 60_000
const situations: readonly Situation[] = [
  { name: 'cold', agedMs: null },
  { name: 'cold, and the store takes its time', agedMs: null, takesMs: { article: 60, rail: 70 } },
  { name: 'cold, and the rail is late', agedMs: null, takesMs: { article: 5, rail: 500 } },
  { name: 'cold, and others ask too', agedMs: null, others: 2, takesMs: { article: 5, rail: 5 } },
  { name: 'without copies', agedMs: null, settings: { cacheBytesMax: 0 } },
  { name: 'warm', agedMs: 1 },
  { name: 'in grace', agedMs: 6 * minute },
  { name: 'in grace, and others ask too', agedMs: 6 * minute, others: 2, takesMs: { article: 5, rail: 5 } },
  { name: 'for errors only', agedMs: 120 * minute },
  { name: 'for errors only, and the store is slow', agedMs: 120 * minute, takesMs: { article: 200, rail: 200 } },
  { name: 'for errors only, and others ask too', agedMs: 120 * minute, others: 2, takesMs: { article: 5, rail: 5 } },
  { name: 'while the feed is silent', agedMs: minute / 2, feedIsSilent: true },
  { name: 'one at a time, and others ask too', agedMs: null, others: 2, settings: { articlesAtATime: 1 } },
]

type Entry = 'handleRequest' | 'openArticle' | 'openRail' | 'the newest'
const entries: readonly Entry[] = ['handleRequest', 'openArticle', 'openRail', 'the newest']

/** What a reader was given, or why not. */
type Given = { readonly title: string; readonly railState: string; readonly itemTitles: readonly string[] } | unknown

let unheard: unknown = null
process.on('unhandledRejection', (reason) => {
  unheard = reason
})

/** So many turns of the microtask queue after each event are points; the longest way of an answer takes fewer. */
const turnsAfterEvent = 30

async function play(entry: Entry, situation: Situation, disturbance: Disturbance | null) {
  const clock = new EventClock(new Dice(0))
  const store = new ScriptedStore()
  const truth = { version: 1, isGone: false }
  let reads = 0
  let turns = 0
  let isMeasured = false
  const answer = <T>(
    lane: 'article' | 'rail' | 'list',
    read: () => T,
    signal?: AbortSignal,
    nonsense: unknown = undefined,
  ): Promise<T> => {
    const isHit = isMeasured && ++reads === disturbance?.n && disturbance.at === 'read'
    if (isHit) touched.push(lane)
    const what = isHit ? disturbance.what : null
    if (what === 'fails') return Promise.reject(new StoreUnavailableError('away'))
    if (what === 'throws') throw new StoreUnavailableError('away')
    if (what === 'answers nonsense') return Promise.resolve(nonsense as T)
    const value = read()
    return new Promise((resolve, reject) => {
      if (what === 'is lost') return
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      const takesMs = lane === 'list' || !isMeasured ? 0 : (situation.takesMs?.[lane] ?? 0)
      if (what === 'hangs') return
      if (takesMs === 0) resolve(value)
      else clock.after(takesMs, () => resolve(value))
    })
  }
  const touched: string[] = []
  const signalOfLast = () => store.calls.at(-1)?.signal
  const readArticle = (): ArticleRead =>
    truth.isGone
      ? { state: 'gone', withdrawnAt: '' }
      : { state: 'found', article: { ...anArticle, title: String(truth.version) } }
  const readRail = (): RailRead => {
    if (truth.isGone) return { state: 'gone', withdrawnAt: '' }
    return { ...aRail, items: [{ ...aRelated('8'), title: String(truth.version) }], version: truth.version } as RailRead
  }
  store.article = () => answer('article', readArticle, signalOfLast())
  store.rail = () => answer('rail', readRail, signalOfLast())
  store.newestId = () => answer<string | null>('article', () => '7', signalOfLast(), null)
  store.list = () => answer('list', () => ({ articles: [], next: null }), signalOfLast())
  const settings = { ...servingSettings, cacheBytesMax: 1_000_000, ...situation.settings }
  const manager = new ArticleServing(store.asStore(), { clock, random: () => 0.5 }, settings)

  const ask = async (by: Entry, signal?: AbortSignal): Promise<Given> => {
    try {
      if (by === 'openRail') {
        const rail = await manager.openRail('7', { signal })
        return { title: null, railState: rail.state, itemTitles: rail.items.map(({ title }) => title) }
      }
      if (by === 'openArticle') {
        const opened = await manager.openArticle('7', { signal })
        const rail = await opened.rail
        return { title: opened.article.title, railState: rail.state, itemTitles: rail.items.map(({ title }) => title) }
      }
      const page = await manager.handleRequest({ articleId: by === 'the newest' ? null : '7' }, { signal })
      const itemTitles = page.relatedArticles.map(({ title }) => title)
      return { title: page.article.title, railState: page.related.state, itemTitles }
    } catch (error) {
      return error
    }
  }

  let isDone = false
  const later: Array<{ readonly what: string; readonly given: Promise<Given>; readonly version: number }> = []
  const reader = new AbortController()
  const disturb = (what: Disturbance['what']) => {
    if (what === 'left') reader.abort(readerLeft)
    else if (what === 'closed') manager.close()
    else {
      truth.version++
      if (what === 'taken down') truth.isGone = true
      if (what === 'rail written') manager.forgetRails(new Set(['7']))
      else manager.forget(new Set(['7', '8']))
      // Whoever asks from now on, in the same turn.
      later.push({ what, given: ask(entry === 'the newest' ? 'handleRequest' : entry), version: truth.version })
    }
  }
  /** Lets everything happen until nothing is left that would before `endMs`. */
  const rest = async (endMs: number) => {
    do await new Promise<void>((resolve) => process.nextTick(resolve))
    while (clock.step(endMs))
  }
  /** Likewise, but a microtask at a time. */
  const run = async (until: () => boolean, endMs: number) => {
    do {
      for (let turn = 0; turn < turnsAfterEvent && !until(); turn++) {
        if (++turns === disturbance?.n && disturbance.at === 'turn') disturb(disturbance.what)
        await null
      }
      await new Promise<void>((resolve) => process.nextTick(resolve))
      if (until()) return
    } while (clock.step(endMs))
  }

  if (situation.agedMs !== null) {
    await Promise.all([ask('handleRequest'), rest(1000)])
    clock.rest(situation.agedMs)
  }
  if (!situation.feedIsSilent) manager.heardFromFeed()
  isMeasured = true
  const startedAt = clock.monotonicMs()
  const others = Array.from({ length: situation.others ?? 0 }, () => ask(entry))
  const given = ask(entry, reader.signal).finally(() => {
    isDone = true
  })
  const othersDone = Promise.all(others)
  let areOthersDone = false
  void othersDone.then(() => {
    areOthersDone = true
  })
  await run(() => isDone && areOthersDone, startedAt + 5000)
  const what = `${entry}, ${situation.name}: ${JSON.stringify(disturbance)}`
  assert.ok(isDone && areOthersDone, `${what}: somebody waits for ever`)
  const counted = { reads, turns }
  const tookMs = clock.monotonicMs() - startedAt
  const budgetMs = entry === 'openRail' ? 150 : 825
  assert.ok(tookMs <= budgetMs, `${what}: took ${tookMs} ms`)

  check(await given, what, { disturbance, touched, isTheReader: true, entry })
  for (const other of await othersDone) check(other, what, { disturbance, touched, isTheReader: false, entry })
  await rest(clock.monotonicMs() + 3000)
  for (const { what: how, given, version } of later) {
    const answer = await given
    if (answer instanceof DeadlineExceededError && entry === 'openRail') continue
    if (how === 'taken down') assert.ok(answer instanceof ArticleGoneError, `${what}: asked after, and got ${answer}`)
    else if (isServed(answer)) {
      if (how === 'corrected' && answer.title !== null) assert.equal(answer.title, String(version), what)
      for (const title of answer.itemTitles) assert.equal(title, String(version), `${what}: an old rail`)
    } else assert.ok(answer instanceof OnwardError, `${what}: ${answer}`)
  }

  manager.close()
  await rest(clock.monotonicMs() + 3000)
  assert.equal(clock.pending, 0, `${what}: timers are left`)
  assert.equal(getEventListeners(reader.signal, 'abort').length, 0, `${what}: listeners are left`)
  manager.forget(new Set(['7', '8']))
  const nothing = { copies: 0, bytes: 0, idsShown: 0, loadsInFlight: 0, loadsBehind: 0 }
  assert.deepEqual(manager.usage, { articles: nothing, rails: nothing, lists: nothing }, what)
  await new Promise(setImmediate)
  assert.equal(unheard, null, `${what}: a rejection was left unheard: ${unheard}`)
  return counted
}

function check(
  given: Given,
  what: string,
  about: { disturbance: Disturbance | null; touched: readonly string[]; isTheReader: boolean; entry: Entry },
): void {
  const { disturbance, touched, isTheReader, entry } = about
  if (isServed(given)) {
    assert.ok(states.has(given.railState), `${what}: the rail is ${given.railState}`)
    return
  }
  // A rail alone may be late by itself, whatever else is done.
  if (given instanceof DeadlineExceededError && entry === 'openRail') return
  if (disturbance?.what === 'left') {
    assert.ok(isTheReader, `${what}: failed by the leaving of another: ${given}`)
    assert.equal(given, readerLeft, what)
    return
  }
  assert.ok(given instanceof Error, what)
  assert.ok(disturbance, `${what}: fails undisturbed: ${given}`)
  const isAsked = given instanceof OnwardError || disturbance.what === 'answers nonsense'
  assert.ok(isAsked, `${what}: fails with ${given.stack}`)
  // The rule of the house: the article decides the result, the rail is a bonus.
  if (entry !== 'openRail' && disturbance.at === 'read') {
    assert.ok(touched.includes('article'), `${what}: an article failed by a read of ${touched}: ${given}`)
  }
}

function isServed(given: Given): given is { title: string | null; railState: string; itemTitles: string[] } {
  return typeof given === 'object' && given !== null && 'railState' in given
}

const states = new Set(['fresh', 'stale', 'fallback', 'late', 'unavailable', 'shed'])
const readerLeft = new Error('The reader left.')

const counts = { played: 0, reads: 0, turns: 0 }
Error.stackTraceLimit = 3
for (const situation of situations) {
  for (const entry of entries) {
    const { reads, turns } = await play(entry, situation, null)
    counts.played++
    counts.reads += reads
    counts.turns += turns
    // One more of each than there are: then nothing must happen at all.
    for (const what of doneAtRead) {
      // A failure brings reads that a quiet run has not: a retry is a read too.
      let seen = reads
      for (let n = 1; n <= seen + 1; n++) {
        const { reads } = await play(entry, situation, { at: 'read', n, what })
        seen = Math.max(seen, reads)
        counts.played++
      }
    }
    for (const what of doneAtTurn) {
      for (let n = 1; n <= turns + 1; n++) {
        await play(entry, situation, { at: 'turn', n, what })
        counts.played++
      }
    }
  }
}
parentPort?.postMessage(counts)
