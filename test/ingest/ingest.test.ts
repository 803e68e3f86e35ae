import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { PreparedArticle } from '../../src/article/article.ts'
import { systemClock } from '../../src/concurrency/clock.ts'
import {
  follow,
  type IngestOptions,
  type IngestSummary,
  ingest,
  type Rejected,
  readArticles,
} from '../../src/ingest/ingest.ts'
import { Preparer } from '../../src/ingest/preparer.ts'
import type { PutResult } from '../../src/store/store.ts'

const preparer = new Preparer()
after(() => preparer.close())

const line = (id: number | string) => JSON.stringify({ id, title: `Title ${id}` })
const feed = (...ids: number[]) =>
  `<rss version="2.0"><channel><title>F</title>${ids.map((id) => `<item><guid>${id}</guid><title>Title ${id}</title></item>`).join('')}</channel></rss>`

describe('ingest', () => {
  it('accounts for every record of every source', async () => {
    await using folder = await folderWith({
      'a.jsonl': [line(1), '{"id":', line(3), '{"title":"no id"}'].join('\n'),
      'b.xml.gz': gzipSync(feed(1, 2)),
      'c.txt': 'hello',
    })
    const { write, written } = memory()
    const rejected: Rejected[] = []
    const summary = await ingest([folder.path, join(folder.path, 'none')], {
      preparer,
      write,
      onRejected: (one) => rejected.push(one),
    })
    assert.deepEqual(
      { ...summary, failed: summary.failed.length, bytesRead: 0, tookMs: 0 },
      {
        sources: 4,
        failed: 2,
        notModified: 0,
        records: 6,
        accepted: 4,
        rejected: 2,
        outcomes: { created: 4, updated: 0, unchanged: 0, outdated: 0, tombstoned: 0, withdrawn: 0 },
        bytesRead: 0,
        tookMs: 0,
        notes: [],
      },
    )
    assert.equal(written.length, 4)
    assert.deepEqual(
      rejected.map(({ source, line, item }) => [source, line, item]),
      [
        [join(folder.path, 'a.jsonl'), 2, null],
        [join(folder.path, 'a.jsonl'), 4, null],
      ],
    )
    assert.match(summary.failed.map(({ message }) => message).join(), /does not exist.*neither XML nor JSON/s)
  })

  it('hands over the same articles with the same fingerprints the second time', async () => {
    await using folder = await folderWith({ 'a.jsonl': `${line(1)}\n${line(2)}`, 'b.xml': feed(1, 2) })
    const [first, second] = [memory(), memory()]
    await ingest([folder.path], { preparer, write: first.write })
    await ingest([folder.path], { preparer, write: second.write })
    const marks = ({ written }: ReturnType<typeof memory>) =>
      written.map(({ input, fingerprint }) => `${input.id} ${fingerprint}`).sort()
    assert.deepEqual(marks(first), marks(second))
  })

  it('writes the records of a source in their order, in batches', async () => {
    const ids = Array.from({ length: 1200 }, (_, i) => i)
    await using folder = await folderWith({ 'a.jsonl': ids.map(line).join('\n') })
    const { write, written, batches } = memory()
    await ingest([join(folder.path, 'a.jsonl')], { preparer, write, batchSize: 100 })
    assert.deepEqual(
      written.map(({ input }) => Number(input.id)),
      ids,
    )
    assert.ok(batches.every((size) => size <= 100))
  })

  it('reads no further ahead than a slow store can follow', async () => {
    await using counting = new CountingPreparer()
    await using folder = await folderWith({ 'a.jsonl': Array.from({ length: 2000 }, (_, i) => line(i)).join('\n') })
    const { promise: firstBatch, resolve: atFirstBatch } = Promise.withResolvers<void>()
    const { promise: stored, resolve: letStore } = Promise.withResolvers<void>()
    const { write, written } = memory()
    const ingesting = ingest([folder.path], {
      preparer: counting,
      limits: { linesPerPart: 10 },
      write: async (batch) => {
        atFirstBatch()
        await stored
        return write(batch)
      },
    })
    await firstBatch
    // More time than 200 parts need: these wait in line behind whatever is prepared by then.
    for (let i = 0; i < 5; i++) await counting.prepareRecords([{ id: 'x', title: 'x' }])
    assert.ok(counting.parts <= 4, `${counting.parts} parts were prepared`)
    letStore()
    await ingesting
    assert.equal(counting.parts, 200)
    assert.equal(written.length, 2000)
  })

  it('writes nothing in a dry run, and checks everything', async () => {
    await using folder = await folderWith({ 'a.jsonl': `${line(1)}\n{}` })
    const { write, written } = memory()
    const summary = await ingest([folder.path], { preparer, write, dryRun: true })
    assert.deepEqual([summary.accepted, summary.rejected, written.length], [1, 1, 0])
  })

  it('stops everything when the store is gone', async () => {
    await using folder = await folderWith({ 'a.jsonl': line(1), 'b.jsonl': line(2) })
    const gone = new Error('the store is gone')
    await assert.rejects(ingest([folder.path], { preparer, write: () => Promise.reject(gone), concurrency: 1 }), gone)
  })

  it('stops with the reason of the signal', async () => {
    await using folder = await folderWith({ 'a.jsonl': Array.from({ length: 3000 }, (_, i) => line(i)).join('\n') })
    const stop = new AbortController()
    const { write } = memory()
    const stopping: IngestOptions = {
      preparer,
      signal: stop.signal,
      write: (batch) => {
        stop.abort(new Error('the editor left'))
        return write(batch)
      },
    }
    await assert.rejects(ingest([folder.path], stopping), /the editor left/)
  })

  it('tells how much is done of how much', async () => {
    await using folder = await folderWith({ 'a.jsonl': line(1), 'b.jsonl': line(2) })
    const { write } = memory()
    let last: Parameters<NonNullable<IngestOptions['onProgress']>>[0] | undefined
    await ingest([folder.path], {
      preparer,
      write,
      onProgress: (progress) => {
        last = progress
      },
    })
    assert.deepEqual([last?.sourcesDone, last?.sourcesTotal, last?.records], [2, 2, 2])
    assert.equal(last?.bytesRead, last?.bytesTotal)
  })

  it('reads addresses next to each other, and a hanging one holds up none', async () => {
    await using server = await serve((request, response) => {
      if (request.url !== '/hangs') response.end(feed(1))
    })
    const { write, written } = memory()
    const summary = await ingest([`${server.url}hangs`, `${server.url}good`, `${server.url}also`], {
      preparer,
      write,
      concurrency: 2,
      fetch: { allowPrivateAddresses: true, deadlineMs: 300 },
    })
    assert.equal(written.length, 2)
    assert.match(summary.failed[0]?.message ?? '', /hangs did not answer completely/)
  })

  it('resolves links against where a feed was redirected to', async () => {
    await using server = await serve((request, response) => {
      if (request.url === '/') response.writeHead(301, { location: '/deep/feed.xml' }).end()
      else
        response.end(
          '<rss version="2.0"><channel><item><guid>1</guid><title>x</title><link>one</link></item></channel></rss>',
        )
    })
    const { write, written } = memory()
    await ingest([server.url], { preparer, write, fetch: { allowPrivateAddresses: true } })
    assert.equal(written[0]?.input.url, `${server.url}deep/one`)
  })

  it('fetches no private address unless it is allowed', async () => {
    await using server = await serve((_, response) => response.end(feed(1)))
    const { write } = memory()
    const summary = await ingest([server.url], { preparer, write })
    assert.match(summary.failed[0]?.message ?? '', /not an address on the public internet/)
  })
})

describe('follow', () => {
  it('asks again for what has changed only, and leaves a server alone for as long as it asks', async () => {
    const requests: string[] = []
    await using server = await serve((request, response) => {
      requests.push(request.headers['if-none-match'] ?? 'unconditional')
      if (requests.length === 1) response.setHeader('etag', '"v1"').end(feed(1))
      else if (requests.length === 2) response.writeHead(304).end()
      else response.writeHead(503, { 'retry-after': '100' }).end()
    })
    const clock = steppingClock()
    const stop = new AbortController()
    const rounds: IngestSummary[] = []
    const { write, written } = memory()
    await follow([server.url], {
      preparer,
      write,
      everyMs: 10_000,
      random: () => 0.5,
      clock,
      signal: stop.signal,
      fetch: { allowPrivateAddresses: true },
      onRound: (summary) => {
        rounds.push(summary)
        if (rounds.length === 4) stop.abort()
      },
    })
    assert.deepEqual(requests, ['unconditional', '"v1"', '"v1"', '"v1"'])
    assert.deepEqual(
      rounds.map(({ accepted, notModified, failed }) => [accepted, notModified, failed.length]),
      [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
        [0, 0, 1],
      ],
    )
    assert.equal(written.length, 1)
    // Two waits of 10 s, and then ten of them, until the 100 s that the server asked for are over.
    assert.deepEqual(clock.waits.filter((ms) => ms === 10_000).length, 12)
  })

  it('waits a little longer or shorter each time', async () => {
    await using server = await serve((_, response) => response.end(feed(1)))
    const clock = steppingClock()
    const stop = new AbortController()
    const { write } = memory()
    const chances = [0, 1]
    let rounds = 0
    await follow([server.url], {
      preparer,
      write,
      everyMs: 10_000,
      random: () => chances.shift() ?? 0.5,
      clock,
      signal: stop.signal,
      fetch: { allowPrivateAddresses: true },
      onRound: () => {
        rounds += 1
        if (rounds === 3) stop.abort()
      },
    })
    assert.deepEqual(clock.waits.filter((ms) => ms > 5000 && ms < 20_000).slice(0, 2), [9000, 11_000])
  })

  it('ends at once when it is told to', async () => {
    const stop = new AbortController()
    stop.abort()
    const { write } = memory()
    await follow(['https://news.example/feed'], { preparer, write, everyMs: 1000, signal: stop.signal })
    assert.ok(stop.signal.aborted)
  })
})

describe('readArticles', () => {
  it('gives the articles in order and reports the rest', async () => {
    await using folder = await folderWith({ 'a.jsonl': [line(1), '{', line(2)].join('\n'), 'b.xml': feed(3) })
    const rejected: Rejected[] = []
    const articles = await Array.fromAsync(
      readArticles(folder.path, { preparer, onRejected: (one) => rejected.push(one) }),
    )
    assert.deepEqual(
      articles.map(({ input }) => input.title),
      ['Title 1', 'Title 2', 'Title 3'],
    )
    assert.deepEqual(
      rejected.map((one) => one.line),
      [2],
    )
  })

  it('fails for a source that cannot be read, unless somebody takes the failure', async () => {
    await using folder = await folderWith({ 'a.jsonl': line(1), 'b.txt': 'hello' })
    await assert.rejects(Array.fromAsync(readArticles(folder.path, { preparer })), { code: 'SOURCE_UNREADABLE' })
    const failed: Error[] = []
    const articles = await Array.fromAsync(
      readArticles(folder.path, { preparer, onFailed: (error) => failed.push(error) }),
    )
    assert.deepEqual([articles.length, failed.length], [1, 1])
  })

  it('leaves nothing open when its consumer leaves', async () => {
    await using folder = await folderWith({ 'a.jsonl': Array.from({ length: 5000 }, (_, i) => line(i)).join('\n') })
    for await (const { input } of readArticles(folder.path, { preparer })) {
      assert.equal(input.id, '0')
      break
    }
  })
})

class CountingPreparer extends Preparer {
  parts = 0

  override prepareLines(...parameters: Parameters<Preparer['prepareLines']>): ReturnType<Preparer['prepareLines']> {
    this.parts += 1
    return super.prepareLines(...parameters)
  }
}

/** A store that remembers what it was handed. */
function memory() {
  const written: PreparedArticle[] = []
  const batches: number[] = []
  const write = async (batch: PreparedArticle[]): Promise<PutResult[]> => {
    written.push(...batch)
    batches.push(batch.length)
    return batch.map(({ input }) => ({ id: input.id, outcome: 'created', seq: written.length }))
  }
  return { write, written, batches }
}

/** A clock on which a wait of 5 to 20 seconds is over at once, and time has gone on by it. */
function steppingClock() {
  let now = 0
  const waits: number[] = []
  return {
    waits,
    now: () => systemClock.now(),
    monotonicMs: () => now,
    after: (ms: number, callback: () => void) => {
      waits.push(ms)
      if (ms < 5000 || ms > 20_000) return systemClock.after(ms, callback)
      now += ms
      queueMicrotask(callback)
      return () => {}
    },
  }
}

async function folderWith(files: Record<string, string | Uint8Array>) {
  const path = await mkdtemp(join(tmpdir(), 'onward-ingest-'))
  for (const [name, content] of Object.entries(files)) await writeFile(join(path, name), content)
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => unknown) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
