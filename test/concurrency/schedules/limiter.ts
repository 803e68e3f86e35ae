import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import { type CallEnding, type Importance, Limiter, type Permit } from '../../../src/concurrency/limiter.ts'
import { OverloadedError } from '../../../src/errors.ts'
import { fakeClock } from '../../support/fake-clock.ts'
import { type Begun, playSchedules } from '../support/play-schedules.ts'

type Action =
  | {
      readonly kind: 'ask'
      readonly importance: Importance
      readonly leaves: boolean
      readonly ends: CallEnding | 'late'
    }
  | { readonly kind: 'time'; readonly ms: number }

const anAction: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('ask'),
      importance: fc.constantFrom('background', 'bonus', 'essential'),
      leaves: fc.boolean(),
      ends: fc.constantFrom('done', 'failed', 'late'),
    } as const),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('time'), ms: fc.constantFrom(1, 5, 100) } as const) },
)

const importances: readonly Importance[] = ['background', 'bonus', 'essential']
const waitingMax = 3

async function story(s: fc.Scheduler, actions: Action[], begun: Begun) {
  const clock = fakeClock()
  const counts = { waited: 0, shed: 0, left: 0, served: 0 }
  // Every call is a window of its own, so that the limit moves all the time.
  const settings = { limitFirst: 2, limitMin: 1, limitMax: 3, windowCallsMin: 1, windowMs: 0, waitingMax }
  const limiter = new Limiter({ what: 'The store', clock, random: () => 0.5, settings })
  const waiting = new Map<number, Importance>()
  const readers: AbortController[] = []
  const theEnd = Promise.withResolvers<void>()
  let running = 0

  const serve = async (permit: Permit, importance: Importance, ends: CallEnding | 'late') => {
    counts.served++
    assert.ok(++running <= limiter.limit, `${running} run at a limit of ${limiter.limit}`)
    const rank = importances.indexOf(importance)
    for (const other of waiting.values()) {
      assert.ok(importances.indexOf(other) <= rank, `${importance} is served while ${other} waits`)
    }
    if (ends === 'late') await theEnd.promise
    else await s.schedule(Promise.resolve(), 'end')
    running--
    permit.release(ends === 'late' ? 'done' : ends)
    permit.release()
  }
  const ask = async ({ importance, leaves, ends }: Extract<Action, { kind: 'ask' }>) => {
    const reader = new AbortController()
    const number = readers.push(reader)
    const asked = limiter.acquire({ importance, signal: reader.signal })
    if (leaves) begun.own(s.schedule(Promise.resolve(), 'leave').then(() => reader.abort(new Error('left'))))
    if (limiter.waiting > waiting.size) {
      waiting.set(number, importance)
      counts.waited++
    }
    try {
      const permit = await asked
      waiting.delete(number)
      await serve(permit, importance, ends)
    } catch (error) {
      waiting.delete(number)
      if (error instanceof OverloadedError) {
        counts.shed++
        return
      }
      assert.ok(error instanceof Error && error.message === 'left' && reader.signal.aborted, String(error))
      counts.left++
    }
  }

  for (const action of actions) {
    const act = () => {
      assert.equal(limiter.running, running)
      if (action.kind === 'time') clock.advance(action.ms)
      else begun.own(ask(action))
      assert.ok(limiter.waiting <= waitingMax)
    }
    begun.own(s.schedule(Promise.resolve(), action.kind).then(act))
  }
  await s.waitIdle()
  clock.advance(100)
  await s.waitIdle()
  // What runs until the end holds those who wait: nothing is served meanwhile, so nobody is sent away.
  theEnd.resolve()
  while (limiter.running > 0) {
    await new Promise((resolve) => setImmediate(resolve))
    await s.waitIdle()
  }
  await begun.settled()

  assert.equal(running, 0)
  assert.equal(limiter.waiting, 0)
  assert.equal(clock.pending, 0)
  for (const { signal } of readers) assert.equal(getEventListeners(signal, 'abort').length, 0)
  // No place was lost: as many as the limit can be had, and not one more.
  const { limit } = limiter
  for (let place = 0; place <= limit; place++) void limiter.acquire({ importance: 'essential' }).catch(() => {})
  assert.equal(limiter.running, limit)
  assert.equal(limiter.waiting, 1)
  return counts
}

await playSchedules(anAction, story)
