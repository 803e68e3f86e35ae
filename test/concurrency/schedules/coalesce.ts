import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import { Coalesce, type Loaded } from '../../../src/concurrency/coalesce.ts'
import { DeadlineExceededError, OverloadedError } from '../../../src/errors.ts'
import { fakeClock } from '../../support/fake-clock.ts'
import { type Begun, playSchedules } from '../support/play-schedules.ts'

type Action =
  | { readonly kind: 'ask'; readonly key: string; readonly leaves: boolean }
  | { readonly kind: 'invalidate'; readonly key: string }
  /** What becomes of the next load that begins. */
  | { readonly kind: 'next-load'; readonly goes: 'wrong' | 'hangs' }

const loadBudgetMs = 100
const loadsMax = 2
const aKey = fc.constantFrom('a', 'b')
const anAction: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('ask'), key: aKey, leaves: fc.boolean() } as const) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('invalidate'), key: aKey } as const) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('next-load'), goes: fc.constantFrom('wrong', 'hangs') } as const),
  },
)

async function story(s: fc.Scheduler, actions: Action[], begun: Begun) {
  const clock = fakeClock()
  const truth: Record<string, number> = { a: 0, b: 0 }
  const cache = new Map<string, number>()
  const wanted = new Map<string, AbortSignal>()
  const readers: AbortController[] = []
  const told = { overtaken: 0, refused: 0, late: 0, wrong: 0, left: 0 }
  const fates: string[] = []
  const coalesce = new Coalesce<number>(
    async (key, signal) => {
      const generation = `${key} ${truth[key]}`
      assert.ok(wanted.get(generation)?.aborted ?? true, `a second load of ${generation}`)
      wanted.set(generation, signal)
      const version = truth[key] ?? 0
      const fate = fates.pop()
      if (fate === 'hangs') await new Promise(() => {})
      await s.schedule(Promise.resolve(), `load ${generation}`)
      wanted.delete(generation)
      if (fate === 'wrong') throw new Error('wrong')
      return version
    },
    {
      clock,
      what: 'Rails',
      loadBudgetMs,
      loadsMax,
      onLoaded(key, version) {
        assert.equal(version, truth[key], 'an old value is cached')
        cache.set(key, version)
      },
    },
  )

  for (const action of actions) {
    const act = () => {
      if (action.kind === 'next-load') {
        fates.push(action.goes)
      } else if (action.kind === 'invalidate') {
        truth[action.key] = (truth[action.key] ?? 0) + 1
        coalesce.invalidate(action.key)
        cache.delete(action.key)
      } else {
        const reader = new AbortController()
        readers.push(reader)
        const askedAt = truth[action.key] ?? 0
        const asked = coalesce.ask(action.key, { signal: reader.signal })
        begun.own(
          asked.then(
            (loaded) => checkAnswer(loaded, askedAt),
            (error) => checkFailure(error, reader.signal),
          ),
        )
        if (action.leaves) {
          begun.own(s.schedule(Promise.resolve(), 'leave').then(() => reader.abort(new Error('left'))))
        }
      }
      assert.ok(coalesce.inFlight <= loadsMax)
    }
    begun.own(s.schedule(Promise.resolve(), action.kind).then(act))
  }
  const checkAnswer = (loaded: Loaded<number>, askedAt: number) => {
    assert.ok(loaded.value >= askedAt, 'a value from before the invalidation')
    if (!loaded.current) told.overtaken++
  }
  const checkFailure = (error: unknown, signal: AbortSignal) => {
    assert.ok(error instanceof Error)
    if (error instanceof OverloadedError) told.refused++
    else if (error instanceof DeadlineExceededError) told.late++
    else if (error.message === 'wrong') told.wrong++
    else {
      assert.equal(error.message, 'left')
      assert.ok(signal.aborted, 'failed by the leaving of another')
      told.left++
    }
  }

  await s.waitIdle()
  clock.advance(loadBudgetMs)
  await begun.settled()
  assert.equal(coalesce.inFlight, 0)
  assert.equal(clock.pending, 0)
  for (const { signal } of readers) assert.equal(getEventListeners(signal, 'abort').length, 0)
  for (const [key, version] of cache) assert.equal(version, truth[key])
  return told
}

await playSchedules(anAction, story)
