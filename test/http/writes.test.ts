import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StoreUnavailableError } from '../../src/errors.ts'
import { bearer, HandClock, hanging, startServer, token, Wire } from './fakes.ts'

const json = { 'content-type': 'application/json' }
const lines = { 'content-type': 'application/x-ndjson' }

async function problemOf(response: Response): Promise<{ code: string; detail: string; [key: string]: unknown }> {
  return (await response.json()) as { code: string; detail: string }
}

test('a writer without a token, with a malformed one and with another one is refused, each with its reason', async (t) => {
  const { url, publisher } = await startServer(t)
  for (const [path, method] of [
    ['/v1/articles/1', 'PUT'],
    ['/v1/articles/1', 'DELETE'],
    ['/v1/articles', 'POST'],
  ] as const) {
    const missing = await fetch(url + path, { method })
    assert.equal(missing.status, 401)
    assert.match(missing.headers.get('www-authenticate') ?? '', /^Bearer realm="onward"/)
    assert.equal((await problemOf(missing)).code, 'TOKEN_MISSING')

    const malformed = await fetch(url + path, { method, headers: { authorization: `Basic ${token}` } })
    assert.equal(malformed.status, 401)

    for (const sent of ['wrong', `${token}x`, token.slice(1), token.slice(0, -1), token.toUpperCase()]) {
      const wrong = await fetch(url + path, { method, headers: bearer(sent) })
      assert.equal(wrong.status, 403)
      assert.equal((await problemOf(wrong)).code, 'TOKEN_WRONG')
    }
  }
  assert.deepEqual(publisher.published, [])
})

for (const unset of [null, '']) {
  test(`where the token is ${JSON.stringify(unset)}, writes answer 403 and say what to do`, async (t) => {
    const { url } = await startServer(t, { token: unset })
    for (const headers of [{}, bearer(), { authorization: 'Bearer ' }]) {
      const response = await fetch(`${url}/v1/articles/1`, { method: 'DELETE', headers })
      assert.equal(response.status, 403)
      assert.match((await problemOf(response)).detail, /ONWARD_TOKEN/)
    }
  })
}

test('where nothing publishes, the writing methods are not there', async (t) => {
  const { url } = await startServer(t, { publisher: null })
  const response = await fetch(`${url}/v1/articles/1`, { method: 'PUT', headers: bearer() })
  assert.equal(response.status, 405)
  assert.equal(response.headers.get('allow'), 'HEAD, GET, OPTIONS')
})

test('a new article is 201 with its address, a known one 200, and the answer says what became of it', async (t) => {
  const { url, publisher } = await startServer(t)
  const put = () =>
    fetch(`${url}/v1/articles/7`, { method: 'PUT', headers: { ...bearer(), ...json }, body: '{"title":"A"}' })
  const created = await put()
  assert.equal(created.status, 201)
  assert.equal(created.headers.get('location'), '/v1/articles/7')
  assert.equal(created.headers.get('cache-control'), 'no-store')
  assert.deepEqual(await created.json(), { id: '7', outcome: 'created', url: '/articles/7' })
  for (const outcome of ['updated', 'unchanged', 'withdrawn'] as const) {
    publisher.outcome = outcome
    const again = await put()
    assert.equal(again.status, 200)
    assert.deepEqual(await again.json(), { id: '7', outcome, url: '/articles/7' })
  }
  assert.deepEqual(publisher.published[0], { id: '7', record: { title: 'A' }, republish: false })
})

test('an older version is 409, and an article that was taken down 410 with the way to bring it back', async (t) => {
  const { url, publisher } = await startServer(t)
  const put = (query = '') =>
    fetch(`${url}/v1/articles/7${query}`, { method: 'PUT', headers: { ...bearer(), ...json }, body: '{"title":"A"}' })
  publisher.outcome = 'outdated'
  const outdated = await put()
  assert.equal(outdated.status, 409)
  const conflict = await problemOf(outdated)
  assert.equal(conflict.code, 'ARTICLE_OUTDATED')
  assert.equal(conflict.outcome, 'outdated')
  publisher.outcome = 'tombstoned'
  const gone = await put()
  assert.equal(gone.status, 410)
  assert.match((await problemOf(gone)).detail, /\?republish=true/)
  publisher.outcome = 'created'
  assert.equal((await put('?republish=true')).status, 201)
  assert.equal(publisher.published.at(-1)?.republish, true)
  assert.equal((await put('?republish=perhaps')).status, 400)
})

test('a body that is not one article in JSON is refused with the reason', async (t) => {
  const { url } = await startServer(t, { limits: { recordBytesMax: 100 } })
  const put = (body: string | Uint8Array, headers: Record<string, string> = json) =>
    fetch(`${url}/v1/articles/7`, { method: 'PUT', headers: { ...bearer(), ...headers }, body })
  for (const [body, headers, status, code] of [
    ['', json, 400, 'INVALID_REQUEST'],
    ['{"title":', json, 400, 'INVALID_REQUEST'],
    ['[]', json, 400, 'INVALID_REQUEST'],
    [new Uint8Array([0x22, 0xff, 0x22]), json, 400, 'INVALID_REQUEST'],
    ['{"title":"A"}', { 'content-type': 'text/html' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['{"title":"A"}', { 'content-type': 'rubbish' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['{"title":"A"}', { ...json, 'content-encoding': 'gzip' }, 415, 'UNSUPPORTED_ENCODING'],
    [JSON.stringify({ title: 'A'.repeat(100) }), json, 413, 'BODY_TOO_LARGE'],
  ] as const) {
    const response = await put(body, headers)
    assert.equal(response.status, status, String(body))
    assert.equal((await problemOf(response)).code, code)
  }
})

test('a body that grows past the bound without having said so is refused, and the answer gets through', async (t) => {
  const { port } = await startServer(t, { limits: { recordBytesMax: 1000 } })
  const wire = new Wire(port).send(
    `PUT /v1/articles/7 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
  )
  // More than the kernels hold: it is all taken, and thrown away, or the sender would be stuck.
  for (let sent = 0; sent < 512; sent += 1) wire.send(`10000\r\n${'a'.repeat(0x10000)}\r\n`)
  wire.send('0\r\n\r\n')
  assert.match(await wire.until('BODY_TOO_LARGE'), /^HTTP\/1\.1 413 /)
  wire.send('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
  await wire.until('{"status":"ok"}')
  wire.close()
})

test('a refused body may be sent to its end, and the connection serves the next request', async (t) => {
  const { port } = await startServer(t)
  const wire = new Wire(port).send('PUT /v1/articles/7 HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345')
  await wire.until('TOKEN_MISSING')
  wire.send('67890GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
  await wire.until('{"status":"ok"}')
  wire.close()
})

test('a refused body that never ends is thrown away for 2 s, and then the connection is closed', async (t) => {
  const clock = new HandClock()
  const { port } = await startServer(t, { clock })
  const wire = new Wire(port).send('PUT /v1/articles/7 HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n12345')
  await wire.until('TOKEN_MISSING')
  while (clock.waiting === 0) await new Promise(setImmediate)
  clock.advance(2_000)
  await wire.end()
})

test('a body that trickles in is cut off with 408 when its time is over', async (t) => {
  const clock = new HandClock()
  const { port } = await startServer(t, { clock })
  const wire = new Wire(port).send(
    `PUT /v1/articles/7 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
  )
  while (clock.waiting === 0) await new Promise(setImmediate)
  clock.advance(10_000)
  const answer = await wire.end()
  assert.match(answer, /^HTTP\/1\.1 408 [\s\S]*BODY_TOO_SLOW/)
})

test('a store that is too slow is not blamed on the sender', async (t) => {
  const clock = new HandClock()
  const { url, publisher } = await startServer(t, { clock })
  const asked = Promise.withResolvers<void>()
  publisher.publish = () => {
    asked.resolve()
    return hanging()
  }
  const answer = fetch(`${url}/v1/articles/7`, { method: 'PUT', headers: { ...bearer(), ...json }, body: '{}' })
  await asked.promise
  clock.advance(10_000)
  assert.equal((await answer).status, 503)
})

test('a takedown says when it was, again when it was before, and 404 when there is nothing', async (t) => {
  const { url } = await startServer(t)
  const remove = async (id: string) => {
    const response = await fetch(`${url}/v1/articles/${id}`, { method: 'DELETE', headers: bearer() })
    return [response.status, await response.json()] as const
  }
  assert.deepEqual(await remove('1'), [200, { id: '1', outcome: 'withdrawn', withdrawnAt: '2026-11-03T09:30:00.000Z' }])
  assert.deepEqual(await remove('gone'), [
    200,
    { id: 'gone', outcome: 'already-withdrawn', withdrawnAt: '2026-11-02T09:30:00.000Z' },
  ])
  assert.equal((await remove('nothing'))[0], 404)
})

test('a bulk reaches the publisher line by line, with the numbers of its lines kept', async (t) => {
  const { url, publisher } = await startServer(t)
  const response = await fetch(`${url}/v1/articles`, {
    method: 'POST',
    headers: { ...bearer(), ...lines },
    body: '\uFEFF{"id":"é"}\r\n\n{"id":"2"}\n',
  })
  assert.equal(response.status, 200)
  assert.deepEqual(publisher.lines, ['{"id":"é"}', '', '{"id":"2"}'])
  assert.equal(((await response.json()) as { lines: number }).lines, 3)
})

test('a line is handed over as soon as it is there, wherever the chunks are cut', async (t) => {
  const { port, publisher } = await startServer(t)
  const handed: Array<(line: string) => void> = []
  publisher.beforeLine = async (line) => handed.shift()?.(line)
  const next = () => new Promise<string>((resolve) => handed.push(resolve))
  const first = next()
  const second = next()
  const wire = new Wire(port).send(
    `POST /v1/articles HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n`,
  )
  wire.send('5\r\n{"id"\r\n').send('6\r\n:"1"}\n\r\n')
  assert.equal(await first, '{"id":"1"}')
  wire.send('8\r\n{"id":2}\r\n').send('0\r\n\r\n')
  assert.equal(await second, '{"id":2}')
  await wire.until('"lines":2')
  wire.close()
})

test('a bulk is not read faster than it is stored', async (t) => {
  const { url, port, publisher } = await startServer(t)
  const hold = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  publisher.beforeLine = () => {
    begun.resolve()
    return hold.promise
  }
  const line = `${'a'.repeat(65_535)}\n`
  const count = 512
  const wire = new Wire(port).send(
    `POST /v1/articles HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/x-ndjson\r\nContent-Length: ${line.length * count}\r\n\r\n`,
  )
  for (let sent = 0; sent < count; sent += 1) wire.send(line)
  await begun.promise
  // Time for the server to read on, if it did.
  for (let round = 0; round < 50; round += 1) await (await fetch(`${url}/healthz`)).text()
  const held = wire.socket.writableLength
  hold.resolve()
  await wire.until(`"lines":${count}`)
  wire.close()
  assert.ok(held > (line.length * count) / 4, `${held} of ${line.length * count} bytes were held back`)
})

test('a line past the bound or not in UTF-8 is rejected with its number, and the other lines are stored', async (t) => {
  const { url, publisher } = await startServer(t, { limits: { recordBytesMax: 20 } })
  const body = Buffer.concat([
    Buffer.from(`{"id":"1"}\n{"id":"${'2'.repeat(20)}"}\n`),
    Buffer.from([0x7b, 0xff, 0x7d, 0x0a]),
    Buffer.from('{"id":"4"}'),
  ])
  const response = await fetch(`${url}/v1/articles`, { method: 'POST', headers: { ...bearer(), ...lines }, body })
  assert.equal(response.status, 200)
  assert.deepEqual(publisher.lines, ['{"id":"1"}', '', '', '{"id":"4"}'])
  const result = (await response.json()) as { rejected: unknown; rejectedCount: number }
  assert.deepEqual(result.rejected, [
    { line: 2, problems: [{ path: '', message: 'is 29 bytes long; at most 20 were expected' }] },
    { line: 3, problems: [{ path: '', message: 'is not UTF-8' }] },
  ])
  assert.equal(result.rejectedCount, 2)
})

test('a bulk that is stopped says through which line all is dealt with', async (t) => {
  const { url, publisher } = await startServer(t, { limits: { bulkBytesMax: 60 } })
  const post = async (body: string, headers: Record<string, string> = lines) => {
    // Fetch wants to know that the answer may come before the end of such a body.
    const sent = { method: 'POST', headers: { ...bearer(), ...headers }, body: streamed(body), duplex: 'half' as const }
    const response = await fetch(`${url}/v1/articles`, sent)
    const { code, detail, storedThroughLine } = await problemOf(response)
    return { status: response.status, code, detail, storedThroughLine }
  }
  assert.equal((await post('{}', json)).status, 415)
  const tooLarge = await post('{"id":"1"}\n'.repeat(3) + '{"id":"2"}\n'.repeat(100))
  assert.deepEqual([tooLarge.status, tooLarge.code], [413, 'BODY_TOO_LARGE'])
  assert.equal(tooLarge.storedThroughLine, publisher.lines.length)

  publisher.lines.length = 0
  publisher.beforeLine = async (line) => {
    if (line === '{"id":"3"}') throw new StoreUnavailableError('disk full')
  }
  const failed = await post('{"id":"1"}\n{"id":"2"}\n{"id":"3"}\n')
  assert.deepEqual([failed.status, failed.code, failed.storedThroughLine], [503, 'STORE_UNAVAILABLE', 2])
  assert.match(failed.detail, /The lines up to 2 were stored or rejected/)
})

/** Sent in chunks, without a length: a bulk that says how long it is is refused before its first line. */
function streamed(text: string): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text)
  return new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += 30) controller.enqueue(bytes.subarray(at, at + 30))
      controller.close()
    },
  })
}

test('a bulk whose sender leaves is stopped, and so is one whose store fails', async (t) => {
  const { url, port, publisher } = await startServer(t)
  const stopped = Promise.withResolvers<unknown>()
  const publishLines = publisher.publishLines.bind(publisher)
  publisher.publishLines = (source, options) => {
    const result = publishLines(source, options)
    result.catch(stopped.resolve)
    return result
  }
  const wire = new Wire(port).send(
    `POST /v1/articles HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/x-ndjson\r\nContent-Length: 100\r\n\r\n{"id":"1"}\n`,
  )
  while (publisher.lines.length === 0) await new Promise(setImmediate)
  wire.close()
  assert.ok((await stopped.promise) instanceof Error)

  publisher.publishLines = async () => {
    throw new StoreUnavailableError('disk full')
  }
  const response = await fetch(`${url}/v1/articles`, {
    method: 'POST',
    headers: { ...bearer(), ...lines },
    body: '{"id":"1"}\n'.repeat(100_000),
  })
  assert.equal(response.status, 503)
})
