import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import type { Importance } from '../../../src/concurrency/limiter.ts'
import { RetryBudget } from '../../../src/concurrency/retry-budget.ts'
import { DeadlineExceededError, OverloadedError, StoreUnavailableError } from '../../../src/errors.ts'
import { GuardedLane } from '../../../src/manager/guarded-lane.ts'
import { type Begun, playSchedules } from '../../concurrency/support/play-schedules.ts'
import { fakeClock } from '../../support/fake-clock.ts'

type Fate = 'well' | 'wrong' | 'refused' | 'hangs'
type Action =
  | { readonly kind: 'read'; readonly importance: Importance; readonly leaves: boolean; readonly goes: Fate }
  | { readonly kind: 'time'; readonly ms: number }

const anAction: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('read'),
      importance: fc.constantFrom('background', 'bonus', 'essential'),
      leaves: fc.boolean(),
      goes: fc.constantFrom('well', 'wrong', 'wrong', 'refused', 'hangs'),
    } as const),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('time'), ms: fc.constantFrom(1, 100, 400) } as const) },
)

const atATimeMax = 2
const attemptMs = 400
const retriesMax = 1

async function story(s: fc.Scheduler, actions: Action[], begun: Begun) {
  const clock = fakeClock()
  const counts = { served: 0, shed: 0, left: 0, late: 0, retried: 0, failed: 0 }
  const readers: AbortController[] = []
  let running = 0
  let storeIsWell = false
  const lane = new GuardedLane({
    name: 'article',
    clock,
    random: () => 0.5,
    atATimeMax,
    attemptMs,
    retries: new RetryBudget({ percent: 0, retriesMax }),
    heldClosed: false,
    probe: async () => {
      if (!storeIsWell) throw new StoreUnavailableError('not yet')
    },
  })

  const read = async ({ importance, leaves, goes }: Extract<Action, { kind: 'read' }>) => {
    const reader = new AbortController()
    readers.push(reader)
    let attempts = 0
    const work = async (signal: AbortSignal) => {
      assert.ok(!signal.aborted, 'an attempt for nobody')
      assert.ok(++running <= atATimeMax, `${running} run at a time`)
      if (++attempts > 1) counts.retried++
      const ended = Promise.withResolvers<void>()
      const end = () => ended.resolve()
      signal.addEventListener('abort', end, { once: true })
      if (goes !== 'hangs') void s.schedule(Promise.resolve(), `read goes ${goes}`).then(end)
      await ended.promise
      running--
      signal.throwIfAborted()
      if (goes === 'wrong') throw new StoreUnavailableError('wrong')
      if (goes === 'refused') throw new OverloadedError('the store is full')
    }
    if (leaves) begun.own(s.schedule(Promise.resolve(), 'leave').then(() => reader.abort(new Error('left'))))
    try {
      await lane.read(work, { importance, signal: reader.signal })
      counts.served++
      assert.equal(goes, 'well')
    } catch (error) {
      if (error instanceof OverloadedError) counts.shed++
      else if (error instanceof DeadlineExceededError) counts.late++
      else if (error instanceof StoreUnavailableError) counts.failed++
      else {
        assert.ok(error instanceof Error && error.message === 'left' && reader.signal.aborted, String(error))
        counts.left++
      }
    }
    assert.ok(attempts <= (goes === 'wrong' ? 2 : 1), `${attempts} attempts at what goes ${goes}`)
  }

  for (const action of actions) {
    const act = () => {
      if (action.kind === 'time') clock.advance(action.ms)
      else begun.own(read(action))
    }
    begun.own(s.schedule(Promise.resolve(), action.kind).then(act))
  }
  await s.waitIdle()
  // Who waits for room is shed or served within a tenth of a second, and what hangs ends with its attempt.
  for (const ms of [100, attemptMs, 100, attemptMs]) {
    clock.advance(ms)
    await s.waitIdle()
  }
  await begun.settled()

  assert.ok(counts.retried <= retriesMax, `${counts.retried} retries`)
  assert.equal(running, 0)
  for (const { signal } of readers) assert.equal(getEventListeners(signal, 'abort').length, 0)
  // Whatever happened: once the store is well it is read again, as many at a time as before.
  storeIsWell = true
  for (let waitedMs = 0; waitedMs < 20_000 && clock.pending > 0; waitedMs += 250) {
    clock.advance(250)
    await s.waitIdle()
  }
  let served = 0
  const more = [1, 2].map(() => lane.read(async () => served++, { importance: 'essential' }))
  await s.waitFor(Promise.all(more))
  assert.equal(served, 2)
  lane[Symbol.dispose]()
  assert.equal(clock.pending, 0)
  return counts
}

await playSchedules(anAction, story)
