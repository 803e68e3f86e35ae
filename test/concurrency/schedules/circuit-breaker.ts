import assert from 'node:assert/strict'
import fc from 'fast-check'
import { CircuitBreaker, CircuitOpenError, circuitBreakerDefaults } from '../../../src/concurrency/circuit-breaker.ts'
import { fakeClock } from '../../support/fake-clock.ts'
import { type Begun, playSchedules } from '../support/play-schedules.ts'

type Action =
  | { readonly kind: 'call'; readonly goes: 'well' | 'wrong' }
  | { readonly kind: 'time'; readonly ms: number }
  /** What becomes of the probes from now on. */
  | { readonly kind: 'probes'; readonly go: 'well' | 'wrong' | 'nowhere' }

const anAction: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('call'), goes: fc.constantFrom('well', 'wrong', 'wrong') } as const),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('time'), ms: fc.constantFrom(1, 100, 250, 600) } as const) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('probes'), go: fc.constantFrom('well', 'wrong', 'nowhere') } as const),
  },
)

const settings = { ...circuitBreakerDefaults, failuresInRow: 2, callsMin: 4 }

async function story(s: fc.Scheduler, actions: Action[], begun: Begun) {
  const clock = fakeClock()
  const counts = { opened: 0, closedAgain: 0, refused: 0, probesFailed: 0 }
  let probesGo: 'well' | 'wrong' | 'nowhere' = 'wrong'
  let probesRunning = 0
  const breaker = new CircuitBreaker({
    name: 'The store',
    clock,
    random: () => 0.5,
    settings,
    async probe(signal) {
      assert.equal(++probesRunning, 1, 'two probes at a time')
      signal.addEventListener('abort', () => probesRunning--)
      if (probesGo === 'nowhere') await new Promise(() => {})
      await s.schedule(Promise.resolve(), 'probe')
      if (!signal.aborted) probesRunning--
      if (probesGo === 'wrong') throw new Error('not yet')
    },
    onEvent(event) {
      if (event.became === 'open') counts.opened++
      if (event.became === 'open' && event.because === 'probe-failed') counts.probesFailed++
      if (event.became === 'closed') counts.closedAgain++
    },
  })

  const call = async (goes: 'well' | 'wrong') => {
    const before = breaker.state
    let called = false
    const work = async () => {
      called = true
      await s.schedule(Promise.resolve(), `call goes ${goes}`)
      if (goes === 'wrong') throw new Error('wrong')
    }
    const error = await breaker.run(work).then(
      () => null,
      (reason: unknown) => reason,
    )
    assert.equal(called, before === 'closed', `called while ${before}`)
    assert.equal(error instanceof CircuitOpenError, before !== 'closed')
    if (!called) counts.refused++
  }
  for (const action of actions) {
    const act = () => {
      const { state } = breaker
      assert.ok(state === 'closed' || clock.pending > 0, `${state}, and nothing will ever change that`)
      if (action.kind === 'call') begun.own(call(action.goes))
      else if (action.kind === 'time') clock.advance(action.ms)
      else probesGo = action.go
    }
    begun.own(s.schedule(Promise.resolve(), action.kind).then(act))
  }
  await s.waitIdle()
  await begun.settled()

  // Whatever happened: once the probes go well it closes, within the longest opening and its probes.
  probesGo = 'well'
  for (let waitedMs = 0; waitedMs < settings.openMsMax * 1.2 * 2 && breaker.state !== 'closed'; waitedMs += 250) {
    clock.advance(250)
    await s.waitIdle()
  }
  assert.equal(breaker.state, 'closed')
  assert.equal(clock.pending, 0)
  assert.equal(probesRunning, 0)
  return counts
}

await playSchedules(anAction, story)
