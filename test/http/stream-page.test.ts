import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { StoreUnavailableError } from '../../src/errors.ts'
import { type StreamArticleOptions, type StreamedArticle, streamArticle } from '../../src/http/stream-page.ts'
import { anArticle, aRail, FakeManager, HandClock, hanging, startServer, Wire } from './fakes.ts'

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`

test('every byte of the article arrives, and none of the rail, while the rail hangs; then the page is completed', async (t) => {
  const clock = new HandClock()
  const { port, manager } = await startServer(t, { clock })
  manager.readRail = () => hanging()
  const wire = new Wire(port).send(get('/articles/1'))

  const begun = await wire.until('</article>')
  assert.match(begun, /The last sentence of the article\./)
  assert.doesNotMatch(begun, /data-related-state|<aside/)

  clock.advance(499)
  // A request of its own is answered in between: nothing but the clock holds the page.
  assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200)
  assert.doesNotMatch(wire.text, /data-related-state/)
  clock.advance(1)

  const whole = await wire.end()
  assert.match(whole, /data-related-state="late"/)
  assert.match(whole, /<\/html>\s*\r\n0\r\n\r\n$/)
})

test('the rail follows the article in the same response', async (t) => {
  const { url, manager } = await startServer(t)
  const rail = Promise.withResolvers<ReturnType<typeof aRail>>()
  manager.readRail = () => rail.promise
  const response = await fetch(`${url}/articles/1`)
  rail.resolve(aRail())
  const page = await response.text()
  const article = page.indexOf('</article>')
  assert.ok(article > 0 && page.indexOf('data-related-state="fresh"') > article)
  assert.ok(page.indexOf('Sugar steady in thin trade') > article)
})

test('a page that is sent before its rail is known is kept by nobody and tells only what it knows', async (t) => {
  const { url } = await startServer(t)
  const { headers } = await fetch(`${url}/articles/1`)
  assert.equal(headers.get('cache-control'), 'no-store')
  assert.equal(headers.get('etag'), null)
  assert.equal(headers.get('server-timing'), 'article;dur=1.3')
})

for (const [how, readRail, state] of [
  ['rejects', () => Promise.reject(new Error('broken')), 'unavailable'],
  ['is late', async () => aRail({ state: 'late', items: [] }), 'late'],
  ['stands in', async () => aRail({ state: 'fallback', basis: 'newest' }), 'fallback'],
] as const) {
  test(`a rail that ${how} leaves the article served and says so`, async (t) => {
    const { url, manager } = await startServer(t)
    manager.readRail = readRail
    const response = await fetch(`${url}/articles/1`)
    const page = await response.text()
    assert.equal(response.status, 200)
    assert.match(page, /The last sentence of the article\.[\s\S]*<\/article>/)
    assert.match(page, new RegExp(`data-related-state="${state}"`))
  })
}

test('a manager that throws at once gets a status and not a broken page', async (t) => {
  const { url, manager } = await startServer(t)
  manager.openArticle = () => {
    throw new StoreUnavailableError('secret driver words')
  }
  const response = await fetch(`${url}/articles/1`)
  assert.equal(response.status, 503)
  assert.doesNotMatch(await response.text(), /secret driver words/)
})

test('an article that never comes is answered with 503 when the last resort runs out', async (t) => {
  const clock = new HandClock()
  const { url, manager } = await startServer(t, { clock })
  const asked = Promise.withResolvers<void>()
  manager.readArticle = () => {
    asked.resolve()
    return hanging()
  }
  const answer = fetch(`${url}/articles/1`)
  await asked.promise
  clock.advance(5_000)
  const response = await answer
  assert.equal(response.status, 503)
  assert.equal(response.headers.get('retry-after'), '1')
  assert.equal(manager.signals.at(-1)?.aborted, true)
})

test('a reader who leaves while the rail is read stops the reads', async (t) => {
  const clock = new HandClock()
  const { port, manager } = await startServer(t, { clock })
  const stopped = Promise.withResolvers<unknown>()
  manager.readRail = (signal) => {
    signal?.addEventListener('abort', () => stopped.resolve(signal.reason))
    return hanging()
  }
  const wire = new Wire(port).send(get('/articles/1'))
  await wire.until('</article>')
  wire.close()
  assert.equal(((await stopped.promise) as { code: string }).code, 'READER_GONE')
})

test('a reader who leaves before the article is there stops the reads and leaves no timer behind', async (t) => {
  const clock = new HandClock()
  const { port, manager } = await startServer(t, { clock })
  const asked = Promise.withResolvers<AbortSignal>()
  manager.readArticle = (_id, signal) =>
    new Promise((_, reject) => {
      if (signal) {
        asked.resolve(signal)
        signal.addEventListener('abort', () => reject(signal.reason))
      }
    })
  const wire = new Wire(port).send(get('/articles/1'))
  const signal = await asked.promise
  const aborted = once(signal, 'abort')
  wire.close()
  await aborted
  await new Promise(setImmediate)
  assert.equal(clock.waiting, 0)
})

test('HEAD gives the head of the page and does not read the rail', async (t) => {
  const { url, manager } = await startServer(t)
  const response = await fetch(`${url}/articles/1`, { method: 'HEAD' })
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8')
  assert.equal(await response.text(), '')
  assert.equal(manager.railsRead, 0)
  assert.equal((await fetch(`${url}/articles/nothing`, { method: 'HEAD' })).status, 404)
})

test('an article larger than every buffer reaches a reader who reads slowly, whole and with its rail', async (t) => {
  const { port, manager } = await startServer(t)
  const body = Array.from({ length: 60_000 }, (_, index) => `Paragraph ${index} of a very long article.`).join('\n\n')
  manager.readArticle = async () => anArticle({ body })
  const wire = new Wire(port)
  wire.socket.pause()
  wire.send(get('/articles/1'))
  // Paused until the server has written more than the kernel takes.
  while (manager.railsRead === 0) await new Promise(setImmediate)
  wire.socket.resume()
  const page = await wire.end()
  assert.match(page, /Paragraph 59999 of/)
  assert.match(page, /data-related-state="fresh"[\s\S]*0\r\n\r\n$/)
})

test('a site with templates of its own streams them, and answers for itself what has no article', async (t) => {
  const manager = new FakeManager()
  const { url, outcomes } = await startSite(t, (_response, articleId) => ({ manager, articleId, ...plainTemplates }))
  const page = await (await fetch(`${url}/1`)).text()
  assert.equal(page, 'opening Cocoa arrivals fall again|rail fresh|closing')
  assert.deepEqual(await outcomes[0], { outcome: 'completed', railState: 'fresh' })
  const missing = await fetch(`${url}/nothing`)
  assert.equal(missing.status, 404)
  assert.equal(await missing.text(), 'ARTICLE_NOT_FOUND')
})

test('a template of the rail that throws costs the page its rail and nothing else', async (t) => {
  const manager = new FakeManager()
  const { url } = await startSite(t, (_response, articleId) => ({
    manager,
    articleId,
    ...plainTemplates,
    rail() {
      throw new Error('a template is broken')
    },
  }))
  assert.equal(await (await fetch(`${url}/1`)).text(), 'opening Cocoa arrivals fall again||closing')
})

test('a template of the article that throws is still an error that the site can answer', async (t) => {
  const manager = new FakeManager()
  const { url } = await startSite(t, (_response, articleId) => ({
    manager,
    articleId,
    ...plainTemplates,
    opening() {
      throw Object.assign(new Error('a template is broken'), { code: 'TEMPLATE' })
    },
  }))
  assert.equal(await (await fetch(`${url}/1`)).text(), 'TEMPLATE')
})

test('the signal of the site stops the reads', async (t) => {
  const manager = new FakeManager()
  manager.readArticle = () => hanging()
  const stop = new AbortController()
  const { url } = await startSite(t, (_response, articleId) => ({
    manager,
    articleId,
    ...plainTemplates,
    signal: stop.signal,
  }))
  const answer = fetch(`${url}/1`)
  while (manager.signals.length === 0) await new Promise(setImmediate)
  stop.abort(Object.assign(new Error('closing'), { code: 'CLOSING' }))
  assert.equal(await (await answer).text(), 'CLOSING')
})

const plainTemplates = {
  opening: ({ title }: { title: string }) => `opening ${title}|`,
  rail: ({ state }: { state: string }) => `rail ${state}`,
  closing: () => '|closing',
}

async function startSite(
  t: TestContext,
  options: (response: ServerResponse, articleId: string) => StreamArticleOptions,
): Promise<{ url: string; outcomes: Array<Promise<StreamedArticle>> }> {
  const outcomes: Array<Promise<StreamedArticle>> = []
  const server = createServer((request, response) => {
    const streamed = streamArticle(response, options(response, request.url?.slice(1) ?? ''))
    outcomes.push(streamed)
    streamed.catch((error: { code: string }) => response.writeHead(404).end(error.code))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return { url: `http://127.0.0.1:${address.port}`, outcomes }
}
