import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { mutated, mutations } from './mutations.ts'

describe('mutations', () => {
  it('are ten at least, each under a name of its own', () => {
    assert.ok(mutations.length >= 10)
    assert.equal(new Set(mutations.map(({ name }) => name)).size, mutations.length)
  })

  for (const mutation of mutations) {
    it(`still apply: ${mutation.name}`, async () => {
      const source = await readFile(new URL(`../../${mutation.file}`, import.meta.url), 'utf8')
      assert.notEqual(mutated(source, mutation), source)
    })
  }

  it('are errors when their text is not there any more, or more than once', () => {
    const mutation = { name: 'a mutation', file: 'a.ts', edits: [['one', 'two']] } as const
    assert.equal(mutated('one', mutation), 'two')
    assert.throws(() => mutated('none of it', { ...mutation, edits: [['gone', 'two']] }), /does not apply/)
    assert.throws(() => mutated('one one', mutation), /2 times, not once/)
  })
})
