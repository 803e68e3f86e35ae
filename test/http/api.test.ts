import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ExplanationUnavailableError } from '../../src/errors.ts'
import { anItem, aRail, HandClock, hanging, someParts, startServer } from './fakes.ts'

test('an article comes with its related articles, what became of them, and how long each took', async (t) => {
  const { url } = await startServer(t)
  const response = await fetch(`${url}/v1/articles/1`)
  const served = (await response.json()) as Record<string, Record<string, unknown>>
  assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
  assert.equal(response.headers.get('server-timing'), 'article;dur=1.3, rail;dur=0.8;desc="fresh"')
  assert.equal(response.headers.get('cache-control'), 'no-cache')
  assert.deepEqual(Object.keys(served), ['article', 'relatedArticles', 'related'])
  assert.equal(served.article?.title, 'Cocoa arrivals fall again')
  assert.deepEqual(served.relatedArticles, [anItem()])
  assert.deepEqual(served.related, {
    state: 'fresh',
    basis: 'related',
    version: 7,
    generatedAt: '2026-11-02T09:31:00.000Z',
  })
})

test('the related articles alone have exactly the documented shape', async (t) => {
  const { url } = await startServer(t)
  const rail = await (await fetch(`${url}/v1/articles/1/related`)).json()
  assert.deepEqual(rail, {
    articleId: '1',
    state: 'fresh',
    basis: 'related',
    version: 7,
    generatedAt: '2026-11-02T09:31:00.000Z',
    tookMs: 0.8,
    items: [
      {
        id: '2',
        url: '/articles/2',
        title: 'Sugar steady in thin trade',
        publishedAt: '2026-11-01T16:05:00.000Z',
        section: 'Markets',
        source: 'Staff',
        image: null,
        reason: 'Same topic: port, trade',
        score: 0.61,
        position: 1,
        pinned: false,
      },
    ],
  })
})

test('limit and exclude reach the manager', async (t) => {
  const { url, manager } = await startServer(t)
  manager.readRail = async () => aRail({ items: ['2', '3', '4', '5'].map((id) => anItem({ id })) })
  const rail = await (await fetch(`${url}/v1/articles/1/related?limit=2&exclude=3,2`)).json()
  assert.deepEqual(
    (rail as { items: Array<{ id: string }> }).items.map(({ id }) => id),
    ['4', '5'],
  )
})

test('the list is asked for as the query says', async (t) => {
  const { url, manager } = await startServer(t)
  await fetch(`${url}/v1/articles?section=Markets&before=2026-11-02&limit=3`)
  await fetch(`${url}/v1/articles`)
  assert.deepEqual(manager.listedWith, [{ section: 'Markets', before: '2026-11-02', limit: 3 }, { limit: 20 }])
})

for (const path of [
  '/v1/articles/1',
  '/v1/articles/1/related',
  '/v1/articles',
  '/',
  '/sections/Markets',
  '/fragments/articles/1/related',
]) {
  test(`${path} is not sent again to one who has it, and is when it changed`, async (t) => {
    const clock = new HandClock()
    const { url, manager } = await startServer(t, { clock })
    const first = await fetch(url + path)
    const etag = first.headers.get('etag') ?? ''
    await first.text()
    assert.match(etag, /^(W\/)?"[\w-]+"$/)

    // How long it took differs from answer to answer, and is not a change.
    manager.readRail = async () => aRail({ tookMs: path.startsWith('/v1/articles/1/') ? 99 : 0.75 })
    const again = await fetch(url + path, { headers: { 'if-none-match': `"other", ${etag}` } })
    assert.equal(again.status, 304)
    assert.equal(again.headers.get('etag'), etag)
    assert.equal(await again.text(), '')
    assert.equal((await fetch(url + path, { headers: { 'if-none-match': '*' } })).status, 304)

    manager.readRail = async () => aRail({ items: [] })
    manager.list = async () => ({ articles: [], next: 'more' })
    manager.change('anything')
    const changed = await fetch(`${url}${path}${path.startsWith('/sections') ? '?before=x' : ''}`, {
      headers: { 'if-none-match': etag },
    })
    assert.equal(changed.status, 200)
    assert.notEqual(changed.headers.get('etag'), etag)
  })
}

test('each related article says what its score is made of when it is asked to, and the filler has nothing to say', async (t) => {
  const { url, manager } = await startServer(t)
  const itemsOf = async (query: string) => {
    const rail = (await (await fetch(`${url}/v1/articles/1/related${query}`)).json()) as {
      items: Array<{ parts?: unknown }>
    }
    return rail.items
  }
  assert.deepEqual((await itemsOf('?explain=1'))[0]?.parts, someParts)
  for (const query of ['', '?explain=0']) assert.equal('parts' in (await itemsOf(query))[0]!, false)
  manager.readRail = async () => aRail({ basis: 'newest' })
  assert.equal((await itemsOf('?explain=1'))[0]?.parts, null)
})

test('what cannot be explained here is told with 503, and the rail itself is served all the same', async (t) => {
  const { url, manager } = await startServer(t)
  manager.explain = async () => {
    throw new ExplanationUnavailableError()
  }
  const answer = await fetch(`${url}/v1/articles/1/related?explain=1`)
  assert.equal(answer.status, 503)
  assert.ok(Number(answer.headers.get('retry-after')) >= 1)
  assert.equal(((await answer.json()) as { code: string }).code, 'EXPLANATION_UNAVAILABLE')
  assert.equal((await fetch(`${url}/v1/articles/1/related`)).status, 200)
})

test('the story so far has exactly the documented shape, and paths under the mount', async (t) => {
  const { url } = await startServer(t, { prefix: '/news' })
  const response = await fetch(`${url}/news/v1/articles/1/story`)
  const story = (await response.json()) as { articles: Array<Record<string, unknown>> }
  assert.deepEqual(Object.keys(story), ['articleId', 'version', 'generatedAt', 'articles'])
  assert.deepEqual(
    story.articles.map(({ id, url: path, isAsked }) => [id, path, isAsked]),
    [
      ['2', '/news/articles/2', false],
      ['1', '/news/articles/1', true],
    ],
  )
  const again = await fetch(`${url}/news/v1/articles/1/story`, {
    headers: { 'if-none-match': response.headers.get('etag') ?? '' },
  })
  assert.equal(again.status, 304)
  assert.equal((await fetch(`${url}/news/v1/articles/gone/story`)).status, 410)
  assert.equal((await fetch(`${url}/news/v1/articles/nobody/story`)).status, 404)
  assert.equal((await fetch(`${url}/news/v1/articles/1/story?limit=3`)).status, 400)
})

for (const path of [
  '/',
  '/sections/Markets',
  '/v1/articles/1',
  '/v1/articles/1/related',
  '/v1/articles/1/story',
  '/v1/articles',
  '/fragments/articles/1/related',
  '/healthz',
  '/readyz',
  '/metrics',
  '/openapi.json',
]) {
  test(`HEAD ${path} gives what GET gives, without the body`, async (t) => {
    const { url } = await startServer(t, { clock: new HandClock() })
    const got = await fetch(url + path)
    const head = await fetch(url + path, { method: 'HEAD' })
    assert.equal(head.status, got.status)
    assert.equal(head.headers.get('content-length'), String(Buffer.byteLength(await got.text())))
    for (const name of ['content-type', 'etag', 'cache-control'])
      assert.equal(head.headers.get(name), got.headers.get(name))
    assert.equal(await head.text(), '')
  })
}

test('the security headers stand on every kind of answer, and let the fragment be embedded', async (t) => {
  const { url } = await startServer(t)
  for (const path of [
    '/',
    '/articles/1',
    '/articles/9',
    '/v1/articles/1',
    '/v1/x',
    '/healthz',
    '/fragments/articles/1/related',
  ]) {
    const { headers } = await fetch(url + path)
    assert.equal(headers.get('x-content-type-options'), 'nosniff', path)
    assert.equal(headers.get('referrer-policy'), 'strict-origin-when-cross-origin', path)
    assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'/, path)
    assert.equal(headers.get('x-powered-by'), null, path)
    assert.equal(headers.get('server'), null, path)
  }
  const page = (await fetch(`${url}/articles/1`)).headers
  assert.equal(page.get('cross-origin-opener-policy'), 'same-origin')
  assert.match(page.get('permissions-policy') ?? '', /geolocation=\(\)/)
  const fragment = (await fetch(`${url}/fragments/articles/1/related`)).headers
  assert.equal(fragment.get('cross-origin-resource-policy'), 'cross-origin')
  assert.doesNotMatch(fragment.get('content-security-policy') ?? '', /frame-ancestors/)
})

test('the front page and the section page list what is there, and page on', async (t) => {
  const { url, manager } = await startServer(t)
  assert.match(await (await fetch(`${url}/?utm_source=mail`)).text(), /Sugar steady in thin trade/)
  assert.match(await (await fetch(`${url}/sections/Markets?before=2026-11-02`)).text(), /Sugar steady in thin trade/)
  assert.deepEqual(manager.listedWith, [{ limit: 30 }, { section: 'Markets', before: '2026-11-02', limit: 30 }])
})

test('navigation that cannot be read delays no page, and the last known stays', async (t) => {
  const clock = new HandClock()
  const { url, manager } = await startServer(t, { clock })
  let asked = 0
  manager.listSections = () => {
    asked += 1
    return hanging()
  }
  clock.advance(30_000)
  assert.match(await (await fetch(`${url}/articles/1`)).text(), /href="\/sections\/Markets"/)
  clock.advance(2_000)
  assert.match(await (await fetch(`${url}/articles/1`)).text(), /href="\/sections\/Markets"/)
  assert.equal(asked, 1)
})

test('healthz touches nothing', async (t) => {
  const { url, manager } = await startServer(t, { readiness: () => Promise.reject(new Error('down')) })
  const response = await fetch(`${url}/healthz`)
  assert.equal(response.status, 200)
  assert.deepEqual(await response.json(), { status: 'ok' })
  assert.deepEqual(manager.signals, [])
})

test('readyz says whether articles can be served, and 503 when the check fails or hangs', async (t) => {
  const clock = new HandClock()
  let readiness: () => Promise<{ ready: boolean; checks: Record<string, { ok: boolean; detail: string }> }> =
    async () => ({
      ready: true,
      checks: { store: { ok: true, detail: '1 article' } },
    })
  const { url } = await startServer(t, { clock, readiness: () => readiness() })
  assert.deepEqual(await (await fetch(`${url}/readyz`)).json(), {
    ready: true,
    checks: { store: { ok: true, detail: '1 article' } },
  })

  readiness = () => Promise.reject(new Error('secret'))
  const failed = await fetch(`${url}/readyz`)
  assert.equal(failed.status, 503)
  assert.equal(failed.headers.get('retry-after'), '1')
  assert.doesNotMatch(await failed.text(), /secret/)

  const asked = Promise.withResolvers<void>()
  readiness = () => {
    asked.resolve()
    return hanging()
  }
  const hung = fetch(`${url}/readyz`)
  await asked.promise
  clock.advance(2_000)
  assert.equal((await hung).status, 503)
})

test('metrics are given as they come, and 404 where there are none', async (t) => {
  const { url } = await startServer(t)
  const response = await fetch(`${url}/metrics`)
  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4')
  assert.equal(await response.text(), 'onward_up 1\n')
  const none = await startServer(t, { metrics: null })
  assert.equal((await fetch(`${none.url}/metrics`)).status, 404)
})

test('below a prefix, everything stands there and every link leads there', async (t) => {
  const { url, server } = await startServer(t, { prefix: '/news' })
  assert.equal((await fetch(`${url}/articles/1`)).status, 404)
  assert.equal((await fetch(`${url}/`, { redirect: 'manual' })).headers.get('location'), '/news/')
  assert.match(await (await fetch(`${url}/news/articles/1`)).text(), /href="\/news\/articles\/2"/)
  const rail = (await (await fetch(`${url}/news/v1/articles/1/related`)).json()) as { items: Array<{ url: string }> }
  assert.equal(rail.items[0]?.url, '/news/articles/2')
  assert.equal(
    (await fetch(`${url}/news/v1/articles/1`, { method: 'POST' })).headers.get('allow'),
    'HEAD, GET, PUT, DELETE, OPTIONS',
  )
  assert.ok(server.fastify)
})

test('each request is reported once, by its template and never by its id', async (t) => {
  const served: Array<{ route: string; status: number; aborted: boolean; method: string }> = []
  const { url } = await startServer(t, {
    onServed: ({ route, status, aborted, method }) => served.push({ route, status, aborted, method }),
  })
  await (await fetch(`${url}/articles/1`)).text()
  await (await fetch(`${url}/v1/articles/9`)).text()
  await (await fetch(`${url}/nothing`)).text()
  while (served.length < 3) await new Promise(setImmediate)
  assert.deepEqual(served, [
    { route: '/articles/:id', status: 200, aborted: false, method: 'GET' },
    { route: '/v1/articles/:id', status: 404, aborted: false, method: 'GET' },
    { route: 'none', status: 404, aborted: false, method: 'GET' },
  ])
})
