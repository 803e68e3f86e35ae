import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { WaitingLine } from '../../src/concurrency/waiting-line.ts'

describe('a waiting line', () => {
  it('serves the first first while a burst passes', () => {
    const line = lineOf(['a', 0], ['b', 1], ['c', 2])
    assert.deepEqual(line.dropOverdue(99), [])
    assert.deepEqual([line.takeNext(), line.takeNext(), line.takeNext(), line.takeNext()], ['a', 'b', 'c', undefined])
  })

  it('sends away who waited longer than 5 ms once it was not empty for 100 ms, and serves the last first', () => {
    const line = lineOf(['a', 0], ['b', 95], ['c', 96], ['d', 98])
    assert.deepEqual(line.dropOverdue(100), ['a', 'b'])
    assert.equal(line.nextDueMs(), 101)
    assert.equal(line.takeNext(), 'd')
    assert.deepEqual(line.dropOverdue(101), ['c'])
    assert.equal(line.nextDueMs(), null)
  })

  it('stays crowded when it is empty for a moment', () => {
    const line = lineOf(['a', 0])
    line.dropOverdue(100)
    line.join('b', 150)
    assert.equal(line.takeNext(), 'b')
    line.join('c', 199)
    assert.equal(line.nextDueMs(), 204)
  })

  it('is calm again when it is empty and nobody was sent away for 100 ms', () => {
    const line = lineOf(['a', 0])
    line.dropOverdue(100)
    line.join('b', 200)
    assert.equal(line.nextDueMs(), 300)
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
      const line = lineOf(['a', sinceMs])
      assert.deepEqual(line.dropOverdue(line.nextDueMs() ?? 0), ['a'])
      line.join('b', sinceMs + 100)
      assert.deepEqual(line.dropOverdue(line.nextDueMs() ?? 0), ['b'])
    }
  })
})

function lineOf(...joining: ReadonlyArray<readonly [string, number]>): WaitingLine<string> {
  const line = new WaitingLine<string>({ targetMs: 5, intervalMs: 100 })
  for (const [waiter, atMs] of joining) line.join(waiter, atMs)
  return line
}
