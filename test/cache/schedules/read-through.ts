import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import { ReadThrough } from '../../../src/cache/read-through.ts'
import { DeadlineExceededError, OverloadedError } from '../../../src/errors.ts'
import { type Begun, playSchedules } from '../../concurrency/support/play-schedules.ts'
import { fakeClock } from '../../support/fake-clock.ts'

type Action =
  | { readonly kind: 'ask'; readonly key: string; readonly leaves: boolean }
  /** What is shown under one key or under both has changed, and the cache is told some time later. */
  | { readonly kind: 'change'; readonly key: string; readonly by: 'id' | 'key' }
  /** What becomes of the next load that begins. */
  | { readonly kind: 'next-load'; readonly goes: 'wrong' | 'hangs' | 'to nothing' }
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'feed'; readonly isHeard: boolean }

const aKey = fc.constantFrom('a', 'b')
const anAction: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('ask'), key: aKey, leaves: fc.constantFrom(true, false, false) } as const),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('change'), key: aKey, by: fc.constantFrom('id', 'key') } as const),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('next-load'),
      goes: fc.constantFrom('wrong', 'hangs', 'to nothing'),
    } as const),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('time'), ms: fc.constantFrom(5, 12, 12, 25, 25, 100) } as const),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('feed'), isHeard: fc.boolean() } as const) },
)

const lifetime = { freshMs: 10, graceMs: 20, ifErrorMs: 1000 }
const loadBudgetMs = 100
const patienceMs = 20

async function story(s: fc.Scheduler, actions: Action[], begun: Begun) {
  const clock = fakeClock()
  const counts = { fromMemory: 0, stale: 0, failed: 0, late: 0, left: 0 }
  const truth: Record<string, number> = { a: 0, b: 0 }
  const told: Record<string, number> = { a: 0, b: 0 }
  const loading = new Map<string, AbortSignal>()
  const fates: string[] = []
  const readers: AbortController[] = []
  let isHeard = true
  let invalidations = 0
  const cache = new ReadThrough<{ version: number; isNothing: boolean }>({
    what: 'Reading',
    clock,
    random: () => 0.5,
    async load(key, { signal }) {
      const generation = `${key} ${invalidations}`
      assert.ok(loading.get(generation)?.aborted ?? true, `a second load of ${generation}`)
      loading.set(generation, signal)
      const fate = fates.pop()
      if (fate === 'hangs') await new Promise(() => {})
      await s.schedule(Promise.resolve(), `load ${key}`)
      const version = truth[key] ?? 0
      await s.schedule(Promise.resolve(), `${key} comes`)
      loading.delete(generation)
      if (fate === 'wrong') throw new Error('wrong')
      return { version, isNothing: fate === 'to nothing' }
    },
    loadBudgetMs,
    loadsMax: 20,
    goesOn: true,
    patienceMs,
    // Room for one of the two.
    bytesMax: 150,
    isTold: () => isHeard,
    about: (key, { isNothing }) => ({ lifetime, isNegative: isNothing, bytes: 100, shows: [key, 'both'] }),
    onFailedBehind: () => {},
  })

  const ask = async (key: string, leaves: boolean) => {
    const reader = new AbortController()
    readers.push(reader)
    const askedAt = { told: told[key] ?? 0, ms: clock.monotonicMs(), isHeard }
    const asked = cache.read(key, { importance: 'essential', signal: reader.signal })
    if (leaves) begun.own(s.schedule(Promise.resolve(), 'leave').then(() => reader.abort(new Error('left'))))
    try {
      const { value, state, from } = await asked
      assert.ok(value.version >= askedAt.told, `${key} ${value.version}, and ${askedAt.told} had been told of`)
      if (from === 'memory') counts.fromMemory++
      if (state === 'stale') counts.stale++
      if (state === 'stale') assert.equal(from, 'memory')
      if (!askedAt.isHeard) assert.ok(from === 'load' || state === 'stale', 'served untested in silence')
    } catch (error) {
      assert.ok(error instanceof Error && !(error instanceof assert.AssertionError), String(error))
      if (error instanceof DeadlineExceededError) counts.late++
      else if (error.message === 'wrong') counts.failed++
      else {
        assert.ok(!(error instanceof OverloadedError))
        assert.equal(error.message, 'left')
        assert.ok(reader.signal.aborted, 'failed by the leaving of another')
        counts.left++
      }
    }
  }
  const change = async (key: string, by: 'id' | 'key') => {
    const version = (truth[key] ?? 0) + 1
    truth[key] = version
    await s.schedule(Promise.resolve(), `told of ${key}`)
    invalidations++
    if (by === 'id') cache.forget([key])
    else cache.forgetKeys([key])
    told[key] = Math.max(told[key] ?? 0, version)
  }

  for (const action of actions) {
    const act = () => {
      if (action.kind === 'ask') begun.own(ask(action.key, action.leaves))
      else if (action.kind === 'change') begun.own(change(action.key, action.by))
      else if (action.kind === 'next-load') fates.push(action.goes)
      else if (action.kind === 'time') clock.advance(action.ms)
      else isHeard = action.isHeard
      const { copies, bytes, idsShown } = cache.usage
      assert.ok(bytes <= 300 && copies <= 2, `${copies} copies of ${bytes} bytes`)
      assert.ok(idsShown <= 2 * copies, `${idsShown} ids of ${copies} copies`)
    }
    begun.own(s.schedule(Promise.resolve(), action.kind).then(act))
  }
  await s.waitIdle()
  for (const ms of [patienceMs, loadBudgetMs, loadBudgetMs]) {
    clock.advance(ms)
    await s.waitIdle()
  }
  await begun.settled()
  for (const { signal } of readers) assert.equal(getEventListeners(signal, 'abort').length, 0)
  cache.forget(['both'])
  assert.deepEqual(cache.usage, { copies: 0, bytes: 0, idsShown: 0, loadsInFlight: 0, loadsBehind: 0 })
  assert.equal(clock.pending, 0)
  return counts
}

await playSchedules(anAction, story)
