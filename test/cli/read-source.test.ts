import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { giveWay } from '../../src/cli/read-source.ts'

describe('computing on the main thread', () => {
  it('hears a signal of the system between two pieces', async () => {
    const stop = new AbortController()
    const onSignal = () => stop.abort(new Error('stopped'))
    process.on('SIGWINCH', onSignal)
    try {
      process.kill(process.pid, 'SIGWINCH')
      const computing = async () => {
        for (;;) await giveWay(stop.signal)
      }
      await assert.rejects(computing(), /stopped/)
    } finally {
      process.off('SIGWINCH', onSignal)
    }
  })
})
