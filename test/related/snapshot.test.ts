import assert from 'node:assert/strict'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { RelatedDocument } from '../../src/related/related.ts'
import { RelatedIndex } from '../../src/related/related-index.ts'
import { readSnapshot, writeSnapshot } from '../../src/related/snapshot-file.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { documents } from './documents.ts'

const [old, fresh] = fc.sample(fc.tuple(documents({ min: 90, max: 90 }), documents({ min: 12, max: 12 }, 'n')), {
  numRuns: 1,
  seed: 11,
})[0]!
const note = { cursor: 7, articleId: 'a7', options: 'as they come' }

function railsOf(index: RelatedIndex, all: readonly RelatedDocument[]) {
  return all.map(({ id }) => index.rail(id))
}

function filled(): RelatedIndex {
  const index = new RelatedIndex()
  for (const one of old) index.put(one)
  index.settle()
  for (const one of fresh.slice(0, 5)) index.put(one)
  index.remove('a3')
  index.settle()
  return index
}

describe('a snapshot', () => {
  test('gives the index back, and all that is done to it afterwards comes out the same', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'index')
    const index = filled()
    writeSnapshot(file, index.save()!, note)
    const found = readSnapshot(file)
    assert.ok(found)
    assert.deepEqual(found.note, note)
    const again = new RelatedIndex()
    again.restore(found.data)
    const all = [...old, ...fresh]
    assert.equal(again.size, index.size)
    assert.deepEqual(railsOf(again, all), railsOf(index, all))
    assert.deepEqual(again.settle(), { rails: [], remaining: 0 })
    for (const one of [index, again]) {
      for (const document of fresh.slice(5)) one.put(document)
      one.put({ ...old[9]!, body: `${old[8]!.body} corrected` })
      one.remove('a12')
      one.remove('n1')
    }
    assert.deepEqual(again.settle(), index.settle())
    assert.deepEqual(railsOf(again, all), railsOf(index, all))
    // The temporary file has taken the place of the old one.
    assert.deepEqual(await readdir(folder.path), ['index'])
  })

  test('is not made while something is left to be settled', () => {
    const index = filled()
    index.put(fresh[7]!)
    assert.equal(index.save(), null)
  })

  test('that is torn anywhere, changed anywhere, or something else altogether, is not taken', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'index')
    writeSnapshot(file, filled().save()!, note)
    const whole = readFileSync(file)
    assert.ok(readSnapshot(file))
    for (const share of [0, 0.0001, 0.01, 0.3, 0.7, 0.999]) {
      truncateSync(file, Math.floor(whole.length * share))
      assert.equal(readSnapshot(file), null, `torn at ${share}`)
      writeFileSync(file, whole)
    }
    for (const at of [0, 14, 40, 400, Math.floor(whole.length / 2), whole.length - 2]) {
      const changed = Buffer.from(whole)
      changed[at]! ^= 1
      writeFileSync(file, changed)
      assert.equal(readSnapshot(file), null, `changed at ${at}`)
    }
    writeFileSync(file, Buffer.concat([whole, Buffer.from('more')]))
    assert.equal(readSnapshot(file), null)
    writeFileSync(file, 'SQLite format 3')
    assert.equal(readSnapshot(file), null)
    assert.equal(readSnapshot(join(folder.path, 'nothing')), null)
  })

  test('that cannot be written leaves the one before it whole', async () => {
    await using folder = await temporaryFolder()
    assert.throws(() => writeSnapshot(join(folder.path, 'no', 'such', 'folder'), filled().save()!, note))
    assert.deepEqual(await readdir(folder.path), [])
  })
})
