import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { subscribe } from '../../src/events.ts'
import { followChanges, Pause, pollMs } from '../../src/indexer/follow-changes.ts'
import { fakeClock } from '../support/fake-clock.ts'

/** A feed that is read two entries at a time. */
function setUp({ holds = [] as number[], isDown = false, onBatch = () => {} } = {}) {
  const clock = fakeClock()
  const feed = holds.map((seq) => ({ seq }))
  const batches: number[][] = []
  const stop = new AbortController()
  const pause = new Pause(clock)
  const state = { heard: 0, isDown }
  const following = followChanges({
    what: 'the feed',
    read: async (after) => {
      if (state.isDown) throw new Error('down')
      return feed.filter(({ seq }) => seq > after).slice(0, 2)
    },
    after: 0,
    onChanges(changes) {
      onBatch()
      batches.push(changes.map(({ seq }) => seq))
    },
    onHeard: () => state.heard++,
    pause,
    clock,
    signal: stop.signal,
  })
  const end = async () => {
    stop.abort()
    pause.wake()
    await following
    assert.equal(clock.pending, 0)
  }
  return { clock, feed, batches, pause, state, end }
}

describe('following a feed', () => {
  it('hands on what comes in order, none twice, and goes on by poll or when it is woken', async () => {
    const { clock, feed, batches, pause, end } = setUp({ holds: [1, 2, 5] })
    await clock.advanceAndSettle(0)
    assert.deepEqual(batches, [[1, 2], [5]])
    feed.push({ seq: 6 })
    await clock.advanceAndSettle(pollMs)
    feed.push({ seq: 7 })
    pause.wake()
    await clock.advanceAndSettle(0)
    assert.deepEqual(batches, [[1, 2], [5], [6], [7]])
    await end()
  })

  it('says that it has heard only when there is nothing left that was not handed on', async () => {
    const heardBefore: number[] = []
    const { clock, state, end } = setUp({ holds: [1, 2, 3], onBatch: () => heardBefore.push(state.heard) })
    await clock.advanceAndSettle(0)
    assert.deepEqual(heardBefore, [0, 0])
    assert.equal(state.heard, 1)
    await clock.advanceAndSettle(pollMs)
    assert.equal(state.heard, 2, 'a feed that is quiet was heard too')
    await end()
  })

  it('says when the feed cannot be read, and that it has not heard, and asks again after longer and longer', async () => {
    const failures: string[] = []
    const stop = subscribe('background-failed', ({ what }) => failures.push(what))
    const { clock, state, feed, batches, end } = setUp({ isDown: true })
    await clock.advanceAndSettle(300)
    stop()
    assert.deepEqual(failures, Array(3).fill('following the feed'))
    assert.equal(state.heard, 0)
    state.isDown = false
    feed.push({ seq: 1 })
    await clock.advanceAndSettle(5000)
    assert.deepEqual(batches, [[1]])
    assert.ok(state.heard > 0)
    await end()
  })

  it('hands a batch on again when it could not be taken', async () => {
    let refuses = true
    const onBatch = () => {
      if (refuses) throw new Error('not now')
    }
    const { clock, batches, end } = setUp({ holds: [1], onBatch })
    await clock.advanceAndSettle(0)
    assert.deepEqual(batches, [])
    refuses = false
    await clock.advanceAndSettle(100)
    assert.deepEqual(batches, [[1]])
    await end()
  })
})
