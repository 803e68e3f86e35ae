import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ArticleTable } from '../../src/related/articles.ts'
import { signatureLength } from '../../src/related/near-identical.ts'
import { Vocabulary } from '../../src/related/vocabulary.ts'

test('an article keeps its names however many others there are, also when it was saved', () => {
  const words = {
    writings: new Int32Array(1),
    headlineEnd: 0,
    leadEnd: 0,
    language: null,
    reader: new Vocabulary().reader(null),
    signature: new Uint8Array(signatureLength),
  }
  const table = new ArticleTable()
  const count = 66_000
  for (let number = 0; number < count; number++) {
    table.add(documentOf(number), words)
  }
  const again = new ArticleTable()
  again.restore(structuredClone(table.save()))
  for (const one of [table, again]) {
    for (const number of [0, 1, 20_000, 65_535, count - 1]) {
      const slot = one.slotOf(String(number))
      const { source, section } = one.ranked(slot)
      const expected = documentOf(number)
      assert.deepEqual({ source, section, tags: one.tags(slot) }, { ...namesOf(expected) })
    }
  }
})

function documentOf(number: number) {
  return {
    id: String(number),
    title: '',
    standfirst: '',
    body: '',
    language: null,
    publishedAtMs: number,
    evolvedFrom: null,
    source: `source ${number}`,
    section: number % 3 === 0 ? null : `section ${number}`,
    tags: Array.from({ length: number % 4 }, (_, at) => `tag ${number} ${at}`),
  }
}

function namesOf({ source, section, tags }: ReturnType<typeof documentOf>) {
  return { source, section, tags }
}
