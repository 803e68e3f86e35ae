import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ChangeLedger } from '../../src/cache/change-ledger.ts'

const change = (seq: number, articleId: string) => ({ seq, articleId })

describe('a copy of another process', () => {
  it('is true while nothing that it shows has changed since its maker began to read', () => {
    const ledger = new ChangeLedger({ after: 0 })
    ledger.note([change(1, 'a'), change(2, 'b')])
    const stamp = ledger.stamp
    ledger.note([change(3, 'c')])
    assert.equal(ledger.isTrue(stamp, ['a', 'b']), true)
    assert.equal(ledger.isTrue(stamp, ['a', 'c']), false)
  })

  it('is not taken from one who has followed the feed further: what changed since cannot be told yet', () => {
    const [ahead, behind] = [new ChangeLedger({ after: 0 }), new ChangeLedger({ after: 0 })]
    ahead.note([change(1, 'a'), change(2, 'b')])
    behind.note([change(1, 'a')])
    assert.equal(behind.isTrue(ahead.stamp, ['c']), false)
    behind.note([change(2, 'b')])
    assert.equal(behind.isTrue(ahead.stamp, ['c']), true)
  })

  it('is not taken from before the oldest change that is remembered', () => {
    const ledger = new ChangeLedger({ after: 0, entriesMax: 2 })
    ledger.note([change(1, 'a')])
    const stamp = ledger.stamp
    ledger.note([change(2, 'b'), change(3, 'c')])
    assert.equal(ledger.isTrue(stamp, ['z']), false)
    assert.equal(ledger.isTrue(ledger.stamp, ['z']), true)
  })

  it('is not taken when its maker followed another store, which counts its changes alike', () => {
    const [ours, theirs] = [new ChangeLedger({ after: 0 }), new ChangeLedger({ after: 0 })]
    ours.note([change(1, 'a'), change(2, 'b')])
    theirs.note([change(1, 'x'), change(2, 'y')])
    assert.equal(ours.isTrue(theirs.stamp, ['z']), false)
    ours.note([change(3, 'c')])
    assert.equal(ours.isTrue(theirs.stamp, ['z']), false)
  })

  it('is not taken of what was changed here, until two reads of the feed have brought nothing more', () => {
    const ledger = new ChangeLedger({ after: 0 })
    ledger.note([change(1, 'a')])
    const stamp = ledger.stamp
    ledger.markChanged(['a'])
    assert.equal(ledger.isTrue(stamp, ['a']), false)
    assert.equal(ledger.isTrue(stamp, ['b']), true)
    // It may have begun before the change.
    ledger.heardAll()
    assert.equal(ledger.isTrue(stamp, ['a']), false)
    ledger.note([change(2, 'a')])
    ledger.heardAll()
    assert.equal(ledger.isTrue(stamp, ['a']), false, 'by its number')
    assert.equal(ledger.isTrue(ledger.stamp, ['a']), true)
  })
})
