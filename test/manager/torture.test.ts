import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { playInThread } from '../concurrency/support/play-schedules.ts'

describe('a request that is disturbed at any point', () => {
  it('has a valid outcome and leaves nothing behind, whatever is done to it and wherever', async () => {
    const { played, reads, turns } = await playInThread(new URL('./schedules/torture.ts', import.meta.url))
    // Or else the points were not found.
    assert.ok((reads ?? 0) > 100, `${reads} reads`)
    assert.ok((turns ?? 0) > 2000, `${turns} turns`)
    assert.ok((played ?? 0) > 5 * (reads ?? 0) + 5 * (turns ?? 0), `${played} played`)
  })
})
