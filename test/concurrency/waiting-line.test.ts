import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { WaitingLine } from '../../src/concurrency/waiting-line.ts'

describe('a waiting line', () => {
  it('serves the first first while a burst passes', () => {
    const line = lineOf(['a', 0], ['b', 1], ['c', 2])
    assert.deepEqual(line.dropOverdue(99), [])
    assert.deepEqual(
      [1, 2, 3, 4].map((atMs) => line.takeNext(atMs)),
      ['a', 'b', 'c', undefined],
    )
  })

  it('sends away who waited longer than 5 ms once it was served from for 100 ms without being empty, and serves the last first', () => {
    const line = busyLine(80)
    for (const [waiter, atMs] of [
      ['b', 95],
      ['c', 96],
      ['d', 98],
    ] as const)
      line.join(waiter, atMs)
    assert.equal(line.nextDueMs(), 100)
    assert.deepEqual(line.dropOverdue(100), ['a', 'b'])
    assert.equal(line.nextDueMs(), 101)
    assert.equal(line.takeNext(100), 'd')
    assert.deepEqual(line.dropOverdue(101), ['c'])
    assert.equal(line.nextDueMs(), null)
  })

  it('sends nobody away for time in which nobody could be served', () => {
    const line = lineOf(...Array.from({ length: 60 }, (_, number) => [`reader ${number}`, number * 2] as const))
    // The machine stood still for a second; then it serves one after the other.
    for (let number = 0; number < 60; number++) {
      const nowMs = 1000 + number
      assert.deepEqual(line.dropOverdue(nowMs), [])
      assert.equal(line.takeNext(nowMs), `reader ${number}`)
    }
    assert.equal(line.isCrowded, false)
  })

  it('stays crowded when it is empty for a moment', () => {
    const line = crowdedLine(100)
    line.join('b', 150)
    assert.equal(line.takeNext(150), 'b')
    line.join('c', 199)
    assert.equal(line.nextDueMs(), 204)
  })

  it('is calm again when it is empty and nobody was sent away for 100 ms', () => {
    const line = crowdedLine(100)
    line.join('b', 200)
    line.join('c', 200)
    assert.equal(line.takeNext(200), 'b')
    assert.equal(line.nextDueMs(), null)
    assert.equal(line.isCrowded, false)
  })

  it('lets go who leaves, and nobody else', () => {
    const line = lineOf(['a', 0], ['b', 1])
    line.leave('a')
    line.leave('nobody')
    assert.equal(line.length, 1)
    assert.equal(line.dropOldest(), 'b')
  })

  it('is done with a time when it was told of it, however the sums round', () => {
    // In binary fractions `since + 5 - since` is less than 5 for some: a timer set for that time must find it due.
    for (let sinceMs = 0; sinceMs < 1000; sinceMs += 0.1) {
      const line = busyLine(sinceMs + 80, sinceMs)
      assert.deepEqual(line.dropOverdue(line.nextDueMs() ?? 0), ['a'])
      line.join('b', sinceMs + 110)
      assert.deepEqual(line.dropOverdue(line.nextDueMs() ?? 0), ['b'])
    }
  })
})

function lineOf(...joining: ReadonlyArray<readonly [string, number]>): WaitingLine<string> {
  const line = new WaitingLine<string>({ targetMs: 5, intervalMs: 100 })
  for (const [waiter, atMs] of joining) line.join(waiter, atMs)
  return line
}

/** Joined by `a` at the start, who still waits, and served from every 20 ms until `untilMs`. */
function busyLine(untilMs: number, startMs = 0): WaitingLine<string> {
  const line = lineOf(['first', startMs])
  for (let atMs = startMs + 20; atMs < untilMs + 1; atMs += 20) {
    line.join(atMs > untilMs - 1 ? 'a' : 'next', atMs)
    line.takeNext(atMs)
  }
  return line
}

/** One that sent somebody away at `atMs`, and is empty. */
function crowdedLine(atMs: number): WaitingLine<string> {
  const line = busyLine(atMs - 20, atMs - 100)
  assert.deepEqual(line.dropOverdue(atMs), ['a'])
  return line
}
