import assert from 'node:assert/strict'
import { Agent, get } from 'node:http'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { aRail, hanging, startServer, Wire } from './fakes.ts'

test('requests that were pipelined on one connection are answered in their order', async (t) => {
  const { port, manager } = await startServer(t)
  let release = () => {}
  manager.readRail = () =>
    new Promise((resolve) => {
      release = () => resolve(aRail())
    })
  const wire = new Wire(port)
  wire.send(
    ['/articles/1', '/v1/articles/9', '/healthz'].map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''),
  )
  await wire.until('</article>')
  assert.doesNotMatch(wire.text, /ARTICLE_NOT_FOUND|"status":"ok"/)
  release()
  const all = await wire.until('{"status":"ok"}')
  wire.close()
  const order = ['data-related-state="fresh"', '</html>', 'ARTICLE_NOT_FOUND', '{"status":"ok"}'].map((part) =>
    all.indexOf(part),
  )
  assert.deepEqual(
    order,
    [...order].sort((a, b) => a - b),
  )
  assert.ok(order.every((position) => position > 0))
})

test('a thousand readers, a third of them leaving early, leave no connection, listener or timer behind', async (t) => {
  const { url, port, server, manager } = await startServer(t, { limits: { railCapMs: 50 }, cacheBytesMax: 0 })
  // Node warns when listeners pile up on one emitter or signal.
  const warnings: Error[] = []
  const onWarning = (warning: Error) => warnings.push(warning)
  process.on('warning', onWarning)
  t.after(() => process.off('warning', onWarning))
  let begun = 0
  manager.readRail = async (signal) => {
    begun += 1
    if (begun % 3 === 0) return hanging()
    await new Promise(setImmediate)
    return aRail({ tookMs: signal?.aborted ? 1 : 0 })
  }
  const agent = new Agent({ keepAlive: true, maxSockets: 50 })
  const read = (leave: boolean) =>
    new Promise<string>((resolve, reject) => {
      const request = get(`${url}/articles/1`, { agent }, (response) => {
        let page = ''
        response.setEncoding('utf8').on('data', (chunk: string) => {
          page += chunk
          if (leave && page.includes('</article>')) {
            request.destroy()
            resolve('left')
          }
        })
        response.on('end', () => resolve(page.includes('</html>') ? 'whole' : 'cut'))
        response.on('error', (error) => (leave ? resolve('left') : reject(error)))
      })
      request.on('error', (error) => (leave ? resolve('left') : reject(error)))
    })
  const outcomes = await Promise.all(Array.from({ length: 1000 }, (_, index) => read(index % 3 === 0)))
  agent.destroy()
  assert.equal(outcomes.filter((outcome) => outcome === 'cut').length, 0)

  const connections = promisify(server.fastify.server.getConnections.bind(server.fastify.server))
  while ((await connections()) > 0) await new Promise(setImmediate)
  assert.equal(manager.signals.length, 1000)
  // One wire after the load: the server is as it was.
  const wire = new Wire(port).send('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  assert.match(await wire.end(), /"status":"ok"/)
  assert.deepEqual(warnings, [])
  assert.equal(process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length, 0)
})

test('the limits on slow senders are set on the server itself', async (t) => {
  const { server } = await startServer(t)
  const node = server.fastify.server
  assert.equal(node.headersTimeout, 5_000)
  assert.ok(node.requestTimeout > node.headersTimeout)
  assert.equal(node.keepAliveTimeout, 15_000)
  assert.equal(node.timeout, 60_000)
})

test('a head that trickles in is cut off with 408', async (t) => {
  const { port, server } = await startServer(t)
  // The check runs each second; only the allowance is shortened, so that the test is.
  server.fastify.server.headersTimeout = 100
  const wire = new Wire(port).send('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ')
  assert.match(await wire.end(), /^HTTP\/1\.1 408 Request Timeout\r\n[\s\S]*did not arrive in time/)
})

test('closing lets an answer under way finish, and does not wait for connections that are kept alive', async (t) => {
  const { port, server, manager } = await startServer(t, { closeWithinMs: 60_000 })
  const idle = new Wire(port).send('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
  await idle.until('"status":"ok"')
  const rail = Promise.withResolvers<ReturnType<typeof aRail>>()
  manager.readRail = () => rail.promise
  const reader = new Wire(port).send('GET /articles/1 HTTP/1.1\r\nHost: x\r\n\r\n')
  await reader.until('</article>')
  const closed = server.close()
  await idle.end()
  rail.resolve(aRail())
  assert.match(await reader.until('</html>'), /data-related-state="fresh"/)
  await closed
  await reader.end()
  await assert.rejects(fetch(`http://127.0.0.1:${port}/healthz`))
})

test('closing cuts what does not finish within its bound', async (t) => {
  const { port, server, manager } = await startServer(t, { closeWithinMs: 20, limits: { railCapMs: 60_000 } })
  const stopped = Promise.withResolvers<void>()
  manager.readRail = (signal) => {
    signal?.addEventListener('abort', () => stopped.resolve())
    return hanging()
  }
  const reader = new Wire(port).send('GET /articles/1 HTTP/1.1\r\nHost: x\r\n\r\n')
  await reader.until('</article>')
  await server.close()
  await stopped.promise
  assert.doesNotMatch(await reader.end(), /0\r\n\r\n$/, 'half a page does not end like a whole one')
})

test('closing twice is closing once', async (t) => {
  const { server } = await startServer(t)
  assert.equal(server.close(), server.close())
  await server.close()
})
