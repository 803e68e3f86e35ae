import assert from 'node:assert/strict'
import { request } from 'node:http'
import { type TestContext, test } from 'node:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { StoreUnavailableError } from '../../src/errors.ts'
import { subscribe } from '../../src/events.ts'
import type { HttpOptions } from '../../src/http/server.ts'
import type { ServedRequest } from '../../src/http/site-context.ts'
import { anArticle, anItem, aRail, FakeManager, HandClock, hanging, startServer } from './fakes.ts'

/** A server whose readers are told apart by what the manager is asked. */
async function site(t: TestContext, options: Partial<HttpOptions> = {}) {
  const clock = new HandClock()
  const manager = new FakeManager()
  let articlesRead = 0
  const readArticle = manager.readArticle
  manager.readArticle = (id, signal) => {
    articlesRead++
    return readArticle(id, signal)
  }
  const { url } = await startServer(t, { manager, clock, ...options })
  return { url, clock, manager, articlesRead: () => articlesRead }
}

interface Raw {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

/** `fetch` decodes what it gets, and asks for what it likes: here the bytes as they come. */
function get(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Raw> {
  return new Promise((resolve, reject) => {
    request(url, { method, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      )
    })
      .on('error', reject)
      .end()
  })
}

const kept = [
  '/articles/1',
  '/v1/articles/1',
  '/v1/articles/1/related',
  '/fragments/articles/1/related',
  '/',
  '/sections/Markets',
]

for (const path of kept) {
  test(`${path} is made once, and then sent as it was`, async (t) => {
    const { url, manager } = await site(t)
    const first = await get(url + path)
    const asked = manager.signals.length
    const second = await get(url + path)
    assert.equal(manager.signals.length, asked, 'the manager is not asked again')
    assert.equal(second.status, 200)
    assert.deepEqual(second.body, first.body)
    assert.equal(second.headers['cache-control'], 'no-cache')
    assert.equal(second.headers.vary, 'accept-encoding')
    assert.equal(second.headers['content-type'], first.headers['content-type'])
    assert.equal(second.headers['content-length'], String(first.body.length))
    assert.match(String(second.headers['server-timing']), /^memory;dur=0\.0, /)
    for (const name of ['content-security-policy', 'x-content-type-options', 'referrer-policy']) {
      assert.equal(second.headers[name], first.headers[name], name)
    }
  })

  test(`${path} has an ETag by which a reader who has it is spared the rest`, async (t) => {
    const { url } = await site(t)
    await get(url + path)
    const { headers } = await get(url + path)
    const etag = String(headers.etag)
    const again = await get(url + path, { 'If-None-Match': `"other", ${etag}` })
    assert.equal(again.status, 304)
    assert.equal(again.body.length, 0)
    assert.equal(again.headers['content-length'], undefined)
    assert.equal(again.headers.etag, etag)
    assert.equal(again.headers.vary, 'accept-encoding')
    assert.equal((await get(url + path, { 'if-none-match': '"other"' })).status, 200)
  })

  test(`${path} answers a HEAD with the head alone`, async (t) => {
    const { url } = await site(t)
    await get(url + path)
    const whole = await get(url + path)
    const head = await get(url + path, {}, 'HEAD')
    assert.equal(head.status, 200)
    assert.equal(head.body.length, 0)
    assert.equal(head.headers['content-length'], whole.headers['content-length'])
    assert.equal(head.headers.etag, whole.headers.etag)
  })

  test(`${path} with a query is left to the router, and so is a GET with a body`, async (t) => {
    const { url, manager } = await site(t)
    await get(url + path)
    const asked = manager.signals.length
    await get(`${url}${path}?utm_source=x`)
    await get(url + path, { 'content-length': '2' }).catch(() => {})
    assert.ok(path.startsWith('/v1') || manager.signals.length > asked)
  })
}

test('a page is sent compressed to who takes it, once it has been compressed behind a reader', async (t) => {
  const { url } = await site(t)
  const plain = (await get(`${url}/articles/1`)).body
  for (const [encoding, decode] of [
    ['gzip', gunzipSync],
    ['br', brotliDecompressSync],
  ] as const) {
    const accept = { 'accept-encoding': encoding }
    const first = await get(`${url}/articles/1`, accept)
    assert.deepEqual([first.headers['content-encoding'], first.body], [undefined, plain], 'nobody waits for it')
    let packed = first
    while (packed.headers['content-encoding'] === undefined) packed = await get(`${url}/articles/1`, accept)
    assert.equal(packed.headers['content-encoding'], encoding)
    assert.deepEqual(decode(packed.body), plain)
    assert.equal(packed.headers['content-length'], String(packed.body.length))
    assert.match(String(packed.headers.etag), new RegExp(`-${encoding}"$`))
    assert.equal((await get(`${url}/articles/1`, { 'if-none-match': String(packed.headers.etag) })).status, 304)
  }
  assert.deepEqual((await get(`${url}/articles/1`, { 'accept-encoding': 'br;q=0, gzip;q=0' })).body, plain)
})

test('what an answer shows evicts it when it changes: the article, its rail, an item of its rail', async (t) => {
  const { url, manager, articlesRead } = await site(t)
  const changes = [
    { articleIds: new Set(['1']), railsOf: new Set<string>() },
    { articleIds: new Set<string>(), railsOf: new Set(['1']) },
    { articleIds: new Set(['2']), railsOf: new Set<string>() },
    'anything' as const,
  ]
  for (const change of changes) {
    await get(`${url}/articles/1`)
    const before = articlesRead()
    await get(`${url}/articles/1`)
    assert.equal(articlesRead(), before)
    manager.change(change)
    await get(`${url}/articles/1`)
    assert.equal(articlesRead(), before + 1)
  }
  manager.change({ articleIds: new Set(['3']), railsOf: new Set(['2']) })
  const before = articlesRead()
  await get(`${url}/articles/1`)
  assert.equal(articlesRead(), before, 'what it does not show is none of its business')
})

test('any article evicts the lists', async (t) => {
  const { url, manager } = await site(t)
  await get(`${url}/`)
  await get(`${url}/`)
  assert.equal(manager.listedWith.length, 1)
  manager.change({ articleIds: new Set(['99']), railsOf: new Set() })
  await get(`${url}/`)
  assert.equal(manager.listedWith.length, 2)
})

test('an answer that was being made while something changed is not kept', async (t) => {
  const { url, manager, articlesRead } = await site(t)
  const rail = Promise.withResolvers<void>()
  manager.readRail = async () => {
    await rail.promise
    return aRail()
  }
  const reading = get(`${url}/articles/1`)
  while (articlesRead() === 0) await new Promise(setImmediate)
  manager.change({ articleIds: new Set(['2']), railsOf: new Set() })
  rail.resolve()
  await reading
  const before = articlesRead()
  await get(`${url}/articles/1`)
  assert.equal(articlesRead(), before + 1)
})

test('a takedown is seen by the next reader, whatever is kept', async (t) => {
  const { url, manager } = await site(t)
  for (const path of ['/articles/1', '/v1/articles/1']) await get(url + path)
  manager.readArticle = async () => {
    throw new StoreUnavailableError('gone, and the store too')
  }
  manager.change({ articleIds: new Set(['1']), railsOf: new Set() })
  for (const path of ['/articles/1', '/v1/articles/1']) assert.equal((await get(url + path)).status, 503, path)
})

test('past its freshness one reader has it made anew, while the others are sent the old one, called stale', async (t) => {
  const { url, clock, manager, articlesRead } = await site(t)
  await get(`${url}/articles/1`)
  clock.advance(70_000)
  const article = Promise.withResolvers<void>()
  manager.readArticle = async () => {
    await article.promise
    return anArticle({ title: 'New title' })
  }
  const one = get(`${url}/articles/1`)
  while (manager.signals.length < 2) await new Promise(setImmediate)
  const others = await Promise.all([get(`${url}/articles/1`), get(`${url}/articles/1`)])
  for (const { body, headers } of others) {
    assert.match(String(body), /Cocoa arrivals fall again/)
    assert.match(String(headers['server-timing']), /article;dur=[\d.]+;desc="stale", rail;dur=[\d.]+;desc="stale"/)
  }
  article.resolve()
  assert.match(String((await one).body), /New title/)
  const then = await get(`${url}/articles/1`)
  assert.match(String(then.body), /New title/)
  assert.match(String(then.headers['server-timing']), /rail;dur=[\d.]+;desc="fresh"/)
  assert.equal(articlesRead(), 1)
})

test('who was let through to have a page made anew is sent the old one when the store is down', async (t) => {
  const { url, clock, manager } = await site(t)
  for (const path of kept) await get(url + path)
  const plain = (await get(`${url}/articles/1`)).body
  clock.advance(70_000)
  manager.readArticle = async () => {
    throw new StoreUnavailableError('down')
  }
  manager.list = async () => {
    throw new StoreUnavailableError('down')
  }
  for (let reader = 0; reader < 3; reader++) {
    const { status, body, headers } = await get(`${url}/articles/1`)
    assert.equal(status, 200)
    assert.deepEqual(body, plain)
    assert.match(String(headers['server-timing']), /desc="stale"/)
    clock.advance(2000)
  }
  clock.advance(10 * 60_000)
  assert.equal((await get(`${url}/articles/1`)).status, 503, 'not for ever')
})

test('a page whose rail is not fresh is kept for a second at most, and says so', async (t) => {
  const { url, clock, manager, articlesRead } = await site(t)
  manager.readRail = async () => aRail({ state: 'fallback', basis: 'newest' })
  await get(`${url}/articles/1`)
  const { body, headers } = await get(`${url}/articles/1`)
  assert.match(String(body), /data-related-state="fallback"/)
  assert.match(String(headers['server-timing']), /rail;dur=[\d.]+;desc="fallback"/)
  assert.equal(articlesRead(), 1)
  manager.readRail = async () => aRail()
  clock.advance(1000)
  assert.match(String((await get(`${url}/articles/1`)).body), /data-related-state="fresh"/)
})

test('a page whose rail is not fresh does not take the place of one that is whole and may still be sent', async (t) => {
  const { url, clock, manager } = await site(t)
  const whole = (await get(`${url}/articles/1`)).body
  clock.advance(70_000)
  manager.readRail = async () => aRail({ state: 'late', items: [] })
  const anew = await get(`${url}/articles/1`)
  assert.match(String(anew.body), /data-related-state="late"/, 'who has it made anew is sent what was made')
  clock.advance(5000)
  manager.isRefusing = true
  for (let reader = 0; reader < 3; reader++) {
    const { status, body, headers } = await get(`${url}/articles/1`)
    assert.equal(status, 200)
    assert.deepEqual(body, whole)
    assert.match(String(headers['server-timing']), /desc="stale"/)
  }
})

test('a page that was not sent whole is not kept', async (t) => {
  const { url, manager, articlesRead } = await site(t, { limits: { railCapMs: 50 } })
  manager.readRail = hanging
  const reader = request(`${url}/articles/1`, (response) => response.once('data', () => reader.destroy()))
  reader.on('error', () => {}).end()
  while (!manager.signals[0]?.aborted) await new Promise(setImmediate)
  manager.readRail = async () => aRail()
  await get(`${url}/articles/1`)
  assert.equal(articlesRead(), 2)
})

test('while nobody would tell of a change, the manager is asked', async (t) => {
  const { url, manager, articlesRead } = await site(t)
  await get(`${url}/articles/1`)
  manager.told = false
  await get(`${url}/articles/1`)
  assert.equal(articlesRead(), 2)
})

test('an article that is not kept is refused before the router while more are asked for than can be read', async (t) => {
  const served: ServedRequest[] = []
  const { url, manager, articlesRead } = await site(t, {
    onServed: (request) => served.push(request),
    chance: () => 0.5,
  })
  const shed: string[] = []
  t.after(subscribe('read-shed', ({ lane, importance }) => shed.push(`${lane} ${importance}`)))
  await get(`${url}/articles/1`)
  manager.isRefusing = true
  assert.equal((await get(`${url}/articles/1`)).status, 200, 'what is kept is served')
  const before = articlesRead()
  const page = await get(`${url}/articles/7`)
  assert.equal(page.status, 503)
  assert.equal(page.headers['retry-after'], '2')
  assert.match(String(page.headers['content-type']), /text\/html/)
  assert.match(String(page.body), /Many people are reading at this moment/)
  assert.match(String(page.headers['content-security-policy']), /default-src/)
  const json = await get(`${url}/v1/articles/7`)
  assert.equal(json.status, 503)
  assert.equal((JSON.parse(String(json.body)) as { code: string }).code, 'OVERLOADED')
  assert.equal((await get(`${url}/articles/7`, {}, 'HEAD')).body.length, 0)
  assert.equal(articlesRead(), before, 'nothing was read')
  assert.deepEqual(shed, Array(3).fill('article essential'))
  assert.equal((await get(`${url}/healthz`)).status, 200)
  assert.equal(
    (await get(`${url}/articles/not%20an%20id`)).status,
    400,
    'the router says what is wrong with an address',
  )
  assert.deepEqual(
    served.filter(({ status }) => status === 503).map(({ route, method }) => `${method} ${route}`),
    ['GET /articles/:id', 'GET /v1/articles/:id', 'HEAD /articles/:id'],
  )
  assert.equal(new Set(served.map(({ requestId }) => requestId)).size, served.length)
})

test('a page that is kept is not refused to the one who was to make it anew', async (t) => {
  const { url, clock, manager } = await site(t)
  const { body } = await get(`${url}/articles/1`)
  clock.advance(70_000)
  manager.isRefusing = true
  const page = await get(`${url}/articles/1`)
  assert.equal(page.status, 200)
  assert.deepEqual(page.body, body)
})

test('a page of the site around it is not refused', async (t) => {
  const { url, manager } = await site(t, { routes: ['api'] })
  manager.isRefusing = true
  assert.equal((await get(`${url}/articles/7`)).status, 404)
  assert.equal((await get(`${url}/v1/articles/7`)).status, 503)
})

test('an answer from ready bytes is counted, and told as an event', async (t) => {
  const served: ServedRequest[] = []
  const { url } = await site(t, { onServed: (request) => served.push(request) })
  const ready: unknown[] = []
  t.after(subscribe('answer-ready', (event) => ready.push(event)))
  await get(`${url}/articles/1`)
  await get(`${url}/articles/1`)
  assert.deepEqual(
    served.map(({ route, path, status, aborted }) => ({ route, path, status, aborted })),
    Array(2).fill({ route: '/articles/:id', path: '/articles/1', status: 200, aborted: false }),
  )
  assert.deepEqual(ready, [{ route: '/articles/:id', state: 'fresh', status: 200 }])
})

test('nothing is kept where there is no memory for it', async (t) => {
  const { url, articlesRead } = await site(t, { cacheBytesMax: 0 })
  await get(`${url}/articles/1`)
  await get(`${url}/articles/1`)
  assert.equal(articlesRead(), 2)
})

test('a closed server listens to its manager no more', async (t) => {
  const manager = new FakeManager()
  const { server } = await startServer(t, { manager })
  assert.equal(manager.listeners, 1)
  await server.close()
  assert.equal(manager.listeners, 0)
})

test('an item of a rail is shown as it is when it was made, and the related list knows its items', async (t) => {
  const { url, manager } = await site(t)
  await get(`${url}/v1/articles/1/related`)
  manager.readRail = async () => aRail({ items: [anItem({ title: 'Sugar falls' })] })
  assert.match(String((await get(`${url}/v1/articles/1/related`)).body), /Sugar steady/)
  manager.change({ articleIds: new Set(['2']), railsOf: new Set() })
  assert.match(String((await get(`${url}/v1/articles/1/related`)).body), /Sugar falls/)
})
