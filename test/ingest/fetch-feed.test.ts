import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { systemClock } from '../../src/concurrency/clock.ts'
import { FeedFetcher, type FetchOptions, isPrivateAddress } from '../../src/ingest/fetch-feed.ts'

describe('FeedFetcher', () => {
  it('gives the bytes, the type and what the next request is made with', async () => {
    await using server = await serve((_, response) =>
      response.setHeader('content-type', 'application/rss+xml').setHeader('etag', '"v1"').end('<rss/>'),
    )
    const fetched = await fetchFrom(server.url)
    assert.ok(fetched.state === 'fetched')
    assert.equal(Buffer.from(fetched.bytes).toString(), '<rss/>')
    assert.equal(fetched.contentType, 'application/rss+xml')
    assert.deepEqual(fetched.validators, { url: server.url, etag: '"v1"', lastModified: undefined })
  })

  it('names itself', async () => {
    await using server = await serve((request, response) => response.end(request.headers['user-agent']))
    assert.match(text(await fetchFrom(server.url)), /^onward\/\d+\.\d+/)
  })

  it('asks only for what has changed', async () => {
    await using server = await serve((request, response) => {
      response.statusCode =
        request.headers['if-none-match'] === '"v1"' && request.headers['if-modified-since'] === 'x' ? 304 : 500
      response.end()
    })
    const validators = { url: server.url, etag: '"v1"', lastModified: 'x' }
    assert.equal((await fetchFrom(server.url, {}, { validators })).state, 'not-modified')
  })

  for (const [encoding, pack] of [
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ] as const) {
    it(`unpacks ${encoding}`, async () => {
      await using server = await serve((_, response) =>
        response.setHeader('content-encoding', encoding).end(pack('<rss/>')),
      )
      assert.equal(text(await fetchFrom(server.url)), '<rss/>')
    })
  }

  it('refuses what unpacks to far more than any text does', async () => {
    const bomb = gzipSync(Buffer.alloc(20 * 1024 * 1024))
    await using server = await serve((_, response) => response.setHeader('content-encoding', 'gzip').end(bomb))
    await assert.rejects(fetchFrom(server.url), /only a bomb does/)
  })

  it('counts the unpacked bytes, and stops at the limit', async () => {
    const packed = gzipSync(Buffer.from(Array.from({ length: 20_000 }, (_, i) => `${i}`).join()))
    await using server = await serve((_, response) => response.setHeader('content-encoding', 'gzip').end(packed))
    await assert.rejects(fetchFrom(server.url, { bytesMax: packed.length + 1 }), /larger than/)
  })

  it('stops reading a body that never ends at the limit', async () => {
    await using server = await serve((_, response) => {
      const more = () => response.destroyed || response.write('x'.repeat(65536), () => setImmediate(more))
      more()
    })
    await assert.rejects(fetchFrom(server.url, { bytesMax: 200_000 }), /larger than 200000 bytes/)
  })

  it('says that packed data ends in the middle', async () => {
    const packed = gzipSync('x'.repeat(1000))
    await using server = await serve((_, response) =>
      response.setHeader('content-encoding', 'gzip').end(packed.subarray(0, -9)),
    )
    await assert.rejects(fetchFrom(server.url), /ends in the middle/)
  })

  it('says that a connection broke off, after one more try', async () => {
    let requests = 0
    await using server = await serve((_, response) => {
      requests += 1
      response.setHeader('content-length', 100)
      response.write('half', () => response.destroy())
    })
    await assert.rejects(fetchFrom(server.url), /broke the connection off/)
    assert.equal(requests, 2)
  })

  it('gets through when only the first try fails', async () => {
    let requests = 0
    await using server = await serve((request, response) => {
      requests += 1
      if (requests === 1) request.socket.destroy()
      else response.end('<rss/>')
    })
    assert.equal(text(await fetchFrom(server.url)), '<rss/>')
  })

  it('gives up a server that hangs, when the time is up', async () => {
    await using server = await serve(() => {})
    await assert.rejects(fetchFrom(server.url, { deadlineMs: 50 }), /did not answer completely within 0.05 s/)
  })

  it('gives up a server that sends a byte now and then', async () => {
    await using server = await serve((_, response) => {
      response.write('<')
    })
    await assert.rejects(fetchFrom(server.url, { deadlineMs: 50 }), /did not answer completely/)
  })

  it('stops at once, with its reason, when the caller does', async () => {
    await using server = await serve(() => stop.abort(new Error('the editor left')))
    const stop = new AbortController()
    await assert.rejects(fetchFrom(server.url, {}, { signal: stop.signal }), /the editor left/)
  })

  it('follows redirects, relative ones too, and says where it ended', async () => {
    await using server = await serve((request, response) => {
      if (request.url === '/end') response.end('here')
      else response.writeHead(301, { location: 'end' }).end()
    })
    const fetched = await fetchFrom(server.url)
    assert.ok(fetched.state === 'fetched')
    assert.equal(fetched.url, `${server.url}end`)
  })

  it('gives up a loop of redirects', async () => {
    let requests = 0
    await using server = await serve((_, response) => {
      requests += 1
      response.writeHead(302, { location: '/' }).end()
    })
    await assert.rejects(fetchFrom(server.url), /redirects more than 5 times/)
    assert.equal(requests, 6)
  })

  it('does not follow a redirect to anything but http', async () => {
    await using server = await serve((_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end())
    await assert.rejects(fetchFrom(server.url), /an http or https address was expected/)
  })

  for (const [header, ms] of [
    ['120', 120_000],
    [new Date(1_800_000_060_000).toUTCString(), 60_000],
    ['soon', undefined],
  ] as const) {
    it(`hears "Retry-After: ${header}"`, async () => {
      await using server = await serve((_, response) => response.writeHead(503, { 'retry-after': header }).end())
      const clock = { ...systemClock, now: () => 1_800_000_000_000 }
      await using fetcher = new FeedFetcher({ allowPrivateAddresses: true, clock })
      await assert.rejects(fetcher.fetch(server.url), { retryAfterMs: ms, code: 'SOURCE_UNREADABLE' })
    })
  }

  for (const host of [
    '127.0.0.1',
    '[::1]',
    '2130706433',
    '0x7f.1',
    '0',
    '[::ffff:127.0.0.1]',
    'localhost',
    '169.254.169.254',
    '10.0.0.1',
    '[64:ff9b::7f00:1]',
  ]) {
    it(`does not connect to ${host}`, async () => {
      let requests = 0
      await using server = await serve((_, response) => {
        requests += 1
        response.end()
      })
      await using fetcher = new FeedFetcher({ deadlineMs: 2000 })
      await assert.rejects(fetcher.fetch(`http://${host}:${server.port}/`), /not an address on the public internet/)
      assert.equal(requests, 0)
    })
  }

  it('writes no password into its messages', async () => {
    await using server = await serve((_, response) => response.writeHead(404).end())
    await assert.rejects(
      fetchFrom(server.url.replace('//', '//me:secret@')),
      (error: Error) => !error.message.includes('secret'),
    )
  })
})

describe('isPrivateAddress', () => {
  for (const address of [
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.1.1',
    '100.100.0.1',
    '0.0.0.0',
    '255.255.255.255',
    '224.0.0.1',
    '::',
    '::1',
    '::ffff:10.0.0.1',
    '::7f00:1',
    'fe80::1',
    'fd00::1',
    'ff02::1',
    '2002:7f00:1::',
    '64:ff9b::a00:1',
    '2001::1',
    'no address',
  ]) {
    it(`is true for ${address}`, () => assert.equal(isPrivateAddress(address), true))
  }
  for (const address of ['1.1.1.1', '8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450::1']) {
    it(`is false for ${address}`, () => assert.equal(isPrivateAddress(address), false))
  }
})

async function fetchFrom(url: string, options: FetchOptions = {}, request: Parameters<FeedFetcher['fetch']>[1] = {}) {
  await using fetcher = new FeedFetcher({ allowPrivateAddresses: true, deadlineMs: 10_000, ...options })
  return await fetcher.fetch(url, request)
}

function text(fetched: Awaited<ReturnType<FeedFetcher['fetch']>>): string {
  assert.ok(fetched.state === 'fetched')
  return Buffer.from(fetched.bytes).toString()
}

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => unknown) {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
