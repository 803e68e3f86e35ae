import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PreparedArticle } from '../../src/article/article.ts'
import { systemClock } from '../../src/concurrency/clock.ts'
import type { PrepareResult } from '../../src/ingest/prepare-record.ts'
import { Preparer } from '../../src/ingest/preparer.ts'
import { createPublisher } from '../../src/ingest/publish-articles.ts'
import type { PutResult, Store } from '../../src/store/store.ts'

describe('createPublisher', () => {
  it('hands on no batch of more than a mebibyte, or else one line', async () => {
    const { publisher, batches } = publishing()
    const line = (length: number) => JSON.stringify({ id: 'a', title: 'x'.repeat(length) })
    await publisher.publishLines(from([line(10), line(1_500_000), line(600_000), line(600_000), line(10)]), {
      republish: false,
    })
    assert.deepEqual(batches, [1, 1, 1, 2])
  })

  it('says after each batch through which line all is dealt with, rejected lines and empty ones counted', async () => {
    const { publisher, written } = publishing()
    const through: number[] = []
    const lines = Array.from({ length: 60 }, (_, index) => (index === 3 ? '{' : `{"id":"${index}","title":"x"}`))
    const options = { republish: false, onStoredThrough: (line: number) => through.push(line) }
    const result = await publisher.publishLines(from(['', ...lines]), options)
    assert.deepEqual(through, [51, 61])
    assert.deepEqual([result.lines, result.rejected.map(({ line }) => line)], [60, [5]])
    assert.equal(written.length, 59)
  })

  it('stores the lines beside one whose tags are lists five thousand deep', { timeout: 20_000 }, async () => {
    await using preparer = new Preparer()
    const { publisher, written } = publishing(preparer)
    const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`
    const lines = ['{"id":"a","title":"A"}', `{"id":"b","title":"B","tags":${deep}}`, '{"id":"c","title":"C"}']
    const result = await publisher.publishLines(from(lines), { republish: false })
    assert.deepEqual(written, ['a', 'c'])
    assert.deepEqual(
      result.rejected.map(({ line, problems }) => [line, problems[0]?.path]),
      [[2, 'tags[0]']],
    )
  })

  it('refuses to publish what is not JSON, with the reason', { timeout: 20_000 }, async () => {
    await using preparer = new Preparer()
    const { publisher } = publishing(preparer)
    await assert.rejects(publisher.publish('a', '{"title":', { republish: false }), {
      code: 'INVALID_REQUEST',
      message: /is not well-formed JSON/,
    })
    await assert.rejects(publisher.publish('a', '{"id":{"toString":1}}', { republish: false }), /id: is neither a text/)
  })
})

function publishing(preparer: Preparer = new CountingPreparer()) {
  const written: string[] = []
  const store: Pick<Store, 'putArticles'> = {
    async putArticles(batch: readonly PreparedArticle[]): Promise<PutResult[]> {
      written.push(...batch.map(({ input }) => input.id))
      return batch.map(({ input }, seq) => ({ id: input.id, outcome: 'created', seq }))
    },
  }
  const publisher = createPublisher({ store: store as Store, preparer, clock: systemClock, onStored: () => {} })
  return { publisher, written, batches: preparer instanceof CountingPreparer ? preparer.batches : [] }
}

/** Takes what is JSON for an article, on the spot. */
class CountingPreparer extends Preparer {
  readonly batches: number[] = []

  override async prepareLines(lines: readonly string[]): Promise<PrepareResult[]> {
    this.batches.push(lines.length)
    return lines.map((line) => {
      if (!line.endsWith('}')) return { ok: false, problems: [{ path: '', message: 'is no JSON' }] }
      const { id, title }: { id: string; title: string } = JSON.parse(line)
      return {
        ok: true,
        prepared: { input: { id, title, body: '', tags: [], status: 'published' }, fingerprint: '' },
      }
    })
  }
}

async function* from(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines
}
