import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type TestContext, test } from 'node:test'
import swagger from '@fastify/swagger'
import express from 'express'
import Fastify from 'fastify'
import { onwardPlugin } from '../../src/http/fastify-plugin.ts'
import { createHandler } from '../../src/http/node-handler.ts'
import { bearer, FakeManager, FakePublisher, HandClock, hanging, token, Wire } from './fakes.ts'

async function listening(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return `http://127.0.0.1:${address.port}`
}

/** What has to be true wherever onward is mounted at /news. */
async function servesBelowNews(url: string): Promise<void> {
  const page = await (await fetch(`${url}/news/articles/1`)).text()
  assert.match(page, /<\/article>[\s\S]*data-related-state="fresh"/)
  assert.match(page, /href="\/news\/articles\/2"/)
  assert.match(page, /href="\/news\/"/)
  assert.equal((await fetch(`${url}/news`)).status, 200)
  assert.equal((await fetch(`${url}/news/`)).status, 200)
  const rail = (await (await fetch(`${url}/news/v1/articles/1/related?limit=1`)).json()) as {
    items: Array<{ url: string }>
  }
  assert.equal(rail.items[0]?.url, '/news/articles/2')
  assert.equal((await fetch(`${url}/news/articles/9`)).status, 404)
  assert.equal((await fetch(`${url}/news/v1/articles/1?x=1`)).status, 400)
  assert.equal((await fetch(`${url}/news/v1/articles/1`, { method: 'PATCH' })).status, 405)
  assert.equal((await fetch(`${url}/news/articles/1`, { method: 'HEAD' })).status, 200)
  assert.equal((await fetch(`${url}/news/healthz`)).status, 404, 'health checks are the site’s own')
}

test('a Fastify site takes onward below a prefix and does not notice it elsewhere', async (t) => {
  const app = Fastify()
  t.after(() => app.close())
  app.get('/own', async (request) => ({ query: request.query }))
  app.post('/own', async (request) => ({ got: request.body }))
  app.get('/fails', async () => {
    throw new Error('the site’s own')
  })
  app.register(onwardPlugin, { manager: new FakeManager(), prefix: '/news' })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })

  await servesBelowNews(url)
  assert.equal(
    (await fetch(`${url}/news/nothing`)).headers.get('content-type'),
    'application/problem+json; charset=utf-8',
  )
  const own = await fetch(`${url}/own?anything=1`)
  assert.deepEqual(await own.json(), { query: { anything: '1' } })
  assert.equal(own.headers.get('content-security-policy'), null)
  const posted = await fetch(`${url}/own`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"a":1}',
  })
  assert.deepEqual(await posted.json(), { got: { a: 1 } })
  assert.match(await (await fetch(`${url}/fails`)).text(), /the site’s own/)
  assert.match(await (await fetch(`${url}/nothing`)).text(), /Route GET:\/nothing not found/)
})

test('a Fastify site keeps its headers on a streamed page, and its HEAD setting its own', async (t) => {
  const app = Fastify({ exposeHeadRoutes: false })
  t.after(() => app.close())
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('x-site', 'mine')
  })
  app.register(onwardPlugin, { manager: new FakeManager(), prefix: '/news' })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  assert.equal((await fetch(`${url}/news/articles/1`)).headers.get('x-site'), 'mine')
  assert.equal((await fetch(`${url}/news/v1/articles/1`, { method: 'HEAD' })).status, 200)
})

test('a Fastify site with a document of its own finds the routes in it; one without gets a document', async (t) => {
  const documented = Fastify()
  t.after(() => documented.close())
  await documented.register(swagger, { openapi: { openapi: '3.1.0', info: { title: 'Site', version: '1' } } })
  documented.register(onwardPlugin, { manager: new FakeManager(), prefix: '/news' })
  await documented.ready()
  assert.ok(documented.swagger().paths?.['/news/v1/articles/{id}'])
  assert.equal((await documented.inject('/news/openapi.json')).statusCode, 404)

  const plain = Fastify()
  t.after(() => plain.close())
  plain.register(onwardPlugin, { manager: new FakeManager(), prefix: '/news' })
  const document = (await plain.inject('/news/openapi.json')).json() as { paths: object }
  assert.ok(Object.keys(document.paths).includes('/news/v1/articles/{id}'))
})

test('a Fastify site may mount two of them, and one without a prefix leaves unknown addresses to it', async (t) => {
  const app = Fastify()
  t.after(() => app.close())
  app.register(onwardPlugin, { manager: new FakeManager(), prefix: '/a' })
  app.register(onwardPlugin, { manager: new FakeManager(), prefix: '/b' })
  app.register(onwardPlugin, { manager: new FakeManager(), routes: ['api'] })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  for (const path of ['/a/articles/1', '/b/articles/1', '/v1/articles/1']) {
    assert.equal((await fetch(url + path)).status, 200, path)
  }
  assert.match(await (await fetch(`${url}/articles/1`)).text(), /Route GET:\/articles\/1 not found/)
})

test('an Express site takes onward below any path, and serves the rest itself', async (t) => {
  const site = express()
  site.use('/news', createHandler(new FakeManager()))
  site.get('/own', (_request, response) => {
    response.send('mine')
  })
  site.use('/news', (_request, response) => {
    response.status(418).send('the site’s own')
  })
  const url = await listening(t, site)
  assert.equal(await (await fetch(`${url}/own`)).text(), 'mine')
  const passed = await fetch(`${url}/news/something/else`)
  assert.equal(passed.status, 418, 'what onward has no route for goes to next()')
  const page = await (await fetch(`${url}/news/articles/1`)).text()
  assert.match(page, /<\/article>[\s\S]*data-related-state="fresh"/)
  assert.match(page, /href="\/news\/articles\/2"/)
})

test('an Express site that serves everything else with 404 gets the same answers as any mount', async (t) => {
  const site = express()
  site.use('/news', createHandler(new FakeManager()))
  await servesBelowNews(await listening(t, site))
})

test('a body that Express has read already is taken from where it put it', async (t) => {
  const publisher = new FakePublisher()
  const site = express()
  site.use(express.json())
  site.use(express.text({ type: 'application/x-ndjson' }))
  site.use(createHandler(new FakeManager(), { publisher, token }))
  const url = await listening(t, site)
  const put = await fetch(`${url}/v1/articles/7`, {
    method: 'PUT',
    headers: { ...bearer(), 'content-type': 'application/json' },
    body: '{"title":"A"}',
  })
  assert.equal(put.status, 201)
  assert.deepEqual(publisher.published, [{ id: '7', record: { title: 'A' }, republish: false }])
  const bulk = await fetch(`${url}/v1/articles`, {
    method: 'POST',
    headers: { ...bearer(), 'content-type': 'application/x-ndjson' },
    body: '{"id":"1"}\n{"id":"2"}\n',
  })
  assert.equal(bulk.status, 200)
  assert.deepEqual(publisher.lines, ['{"id":"1"}', '{"id":"2"}'])
})

test('a bare node:http server serves onward below a prefix that nobody strips, and 404 elsewhere', async (t) => {
  const handler = createHandler(new FakeManager(), { prefix: '/news' })
  const url = await listening(t, (request, response) => handler(request, response))
  await servesBelowNews(url)
  assert.equal((await fetch(`${url}/articles/1`)).status, 404)
  assert.equal((await fetch(`${url}/newsletter`)).status, 404)
})

test('a mounted page streams its article while the rail hangs', async (t) => {
  const clock = new HandClock()
  const manager = new FakeManager()
  manager.readRail = () => hanging()
  const site = express()
  site.use('/news', createHandler(manager, { clock }))
  const url = await listening(t, site)
  const wire = new Wire(Number(new URL(url).port))
  wire.send('GET /news/articles/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  assert.doesNotMatch(await wire.until('</article>'), /data-related-state/)
  clock.advance(500)
  assert.match(await wire.end(), /data-related-state="late"/)
})

test('the document of a mount says where its addresses begin', async (t) => {
  const site = express()
  site.use('/news', createHandler(new FakeManager()))
  const url = await listening(t, site)
  const document = (await (await fetch(`${url}/news/openapi.json`)).json()) as { servers: Array<{ url: string }> }
  assert.deepEqual(document.servers, [{ url: '/news' }])
})
