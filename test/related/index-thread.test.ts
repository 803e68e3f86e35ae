import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { documentOf, type IndexClient, openIndexThread } from '../../src/related/index-client.ts'
import type { RailItem, RelatedDocument } from '../../src/related/related.ts'
import { day, document } from './documents.ts'

const strike = document('strike', {
  title: 'Ferry crews strike',
  body: 'Ferry crews in Halvern harbour walk out over rosters',
})
const talks = document('talks', {
  title: 'Ferry talks',
  body: 'Halvern harbour and ferry crews talk rosters',
  publishedAtMs: day,
})

/** As the store has it. */
function stored({ publishedAtMs, ...article }: RelatedDocument): string {
  return JSON.stringify({ ...article, publishedAt: new Date(publishedAtMs).toISOString() })
}

async function settle(index: IndexClient): Promise<Map<string, RailItem[]>> {
  const rails = new Map<string, RailItem[]>()
  for (let remaining = 1; remaining > 0; ) {
    const settled = await index.request({ type: 'settle', atMost: 1 })
    for (const { articleId, items } of settled.rails) rails.set(articleId, JSON.parse(items))
    remaining = settled.remaining
  }
  return rails
}

describe('the index thread', () => {
  test('gives rails for what is applied, takes articles out again, and explains', async () => {
    await using index = openIndexThread()
    const changes = [strike, talks].map((one) => ({ articleId: one.id, document: stored(one) }))
    assert.deepEqual(await index.request({ type: 'apply', changes }), { size: 2 })
    const rails = await settle(index)
    assert.deepEqual(
      rails.get('strike')?.map(({ id }) => id),
      ['talks'],
    )
    assert.deepEqual(
      rails.get('talks')?.map(({ id }) => id),
      ['strike'],
    )
    const explanation = await index.request({ type: 'explain', a: 'strike', b: 'talks' })
    assert.equal(explanation.verdict, 'related')
    assert.equal(explanation.position, 1)
    await index.request({ type: 'apply', changes: [{ articleId: 'talks', document: null }] })
    assert.deepEqual(await settle(index), new Map([['strike', []]]))
  })

  test('keeps the rails that it is loaded with, and works out those that are torn', async () => {
    await using index = openIndexThread()
    const rail = [{ id: 'talks', score: 0.9, reason: { kind: 'topic', terms: ['ferry'] } }]
    const rows = [
      { document: stored(strike), railItems: JSON.stringify(rail) },
      { document: stored(talks), railItems: '[{"id":' },
    ]
    assert.deepEqual(await index.request({ type: 'load', rows }), { size: 2 })
    const rails = await settle(index)
    assert.deepEqual(
      rails.get('talks')?.map(({ id }) => id),
      ['strike'],
    )
    assert.equal(rails.size <= 2, true)
  })

  test('knows an article by what relatedness needs', () => {
    const at = '2026-10-05T08:00:00.000Z'
    const article = {
      id: '1',
      title: 'T',
      body: 'B',
      tags: ['x'],
      status: 'published',
      publishedAt: at,
      updatedAt: at,
      firstSeenAt: at,
    } as const
    assert.deepEqual(documentOf(article), {
      id: '1',
      title: 'T',
      standfirst: '',
      body: 'B',
      section: null,
      tags: ['x'],
      source: null,
      language: null,
      publishedAtMs: Date.parse(at),
      evolvedFrom: null,
    })
  })
})
