import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '../../src/generate/seeded-random.ts'
import { offsetIn, pageLength, Runs, roomFor } from '../../src/related/runs.ts'

describe('runs of numbers', () => {
  it('have room for their length, and at most an eighth more', () => {
    for (let length = 1; length <= 5000; length++) {
      const room = roomFor(length)
      assert.ok(room >= length && room <= Math.max(length, Math.ceil(length * 1.125)), `${length}: ${room}`)
      assert.equal(roomFor(room), room, 'a room is its own')
    }
    assert.equal(roomFor(pageLength), pageLength)
  })

  it('never lie on each other, whatever is taken and given back, before and after they were saved', () => {
    const random = seededRandom(5)
    const taken = new Map<number, { start: number; room: number }>()
    let runs = new Runs()
    for (let step = 1; step <= 60_000; step++) {
      const old = taken.get(step % 700)
      if (old) {
        const { start, room } = old
        const held = runs.page(start).subarray(offsetIn(start), offsetIn(start) + room)
        assert.ok(
          held.every((number) => number === step % 700),
          'it holds what was put there',
        )
        runs.giveBack(start, room)
        taken.delete(step % 700)
      }
      if (random() < 0.8) {
        const room = roomFor(Math.ceil(random() ** 6 * 40_000) || 1)
        const start = runs.take(room)
        runs.page(start).fill(step % 700, offsetIn(start), offsetIn(start) + room)
        taken.set(step % 700, { start, room })
      }
      if (step % 20_000 === 0) {
        const saved = structuredClone(runs.save())
        runs = new Runs()
        runs.restore(saved)
      }
    }
  })

  it('lie closely after they were moved together, and hold what they held', () => {
    const random = seededRandom(9)
    const runs = new Runs()
    const all = Array.from({ length: 3000 }, (_, mark) => {
      const room = roomFor(Math.ceil(random() ** 8 * 60_000) || 1)
      const start = runs.take(room)
      runs.page(start).fill(mark, offsetIn(start), offsetIn(start) + room)
      return { mark, room, start }
    })
    const kept = all.filter(({ start, room }) => {
      const isKept = random() < 0.4
      if (!isKept) runs.giveBack(start, room)
      return isKept
    })
    kept.sort((a, b) => a.start - b.start)
    assert.equal(runs.isSparse, true)
    const before = runs.save().pages.length
    const starts = Float64Array.from(kept, ({ start }) => start)
    runs.compact(starts, (at) => kept[at]!.room)
    assert.equal(runs.isSparse, false)
    assert.ok(runs.save().pages.length <= before / 2 + 1, `${before} pages to ${runs.save().pages.length}`)
    // What comes afterwards lies on nothing that was moved.
    for (let more = 0; more < 500; more++) {
      const start = runs.take(roomFor(1 + (more % 90)))
      runs.page(start).fill(9999, offsetIn(start), offsetIn(start) + roomFor(1 + (more % 90)))
    }
    kept.forEach(({ mark, room }, at) => {
      const start = starts[at]!
      const held = runs.page(start).subarray(offsetIn(start), offsetIn(start) + room)
      assert.ok(held.every((number) => number === mark))
    })
  })

  it('need no page when there are none', () => {
    const runs = new Runs()
    runs.giveBack(runs.take(8), 8)
    runs.compact(new Float64Array(0), () => 0)
    assert.equal(runs.save().pages.length, 0)
    assert.equal(offsetIn(runs.take(8)), 0)
  })
})
