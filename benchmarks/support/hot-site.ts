/**
 * Sites for `benchmarks/hot-page.ts`: node hot-site.ts onward|bare|fastify STORE_URL PATH.
 *
 * `onward` is the service as it is installed, with its metrics and events. `bare` asks it once, and then sends the same
 * bytes and headers from the least that Node can do; `fastify` likewise by way of Fastify. Prints its address, ends on SIGTERM.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { openService } from '../../src/service.ts'

const [kind, store, path] = process.argv.slice(2)
if (!kind || !store || !path) throw new Error('Expected: node hot-site.ts onward|bare|fastify STORE_URL PATH')

await using opening = new AsyncDisposableStack()
const service = await openService({ store, port: 0, logLevel: 'warn' })
if (kind === 'onward') {
  opening.use(service)
  process.stdout.write(`${service.url}/\n`)
} else {
  const { head, body } = await keptAnswer(service.url + path)
  await service[Symbol.asyncDispose]()
  const origin = kind === 'bare' ? await listenBare(head, body) : await listenFastify(head, body)
  process.stdout.write(`${origin}/\n`)
}
await once(process, 'SIGTERM')

async function keptAnswer(url: string): Promise<{ head: Array<[string, string]>; body: Buffer }> {
  await (await fetch(url)).arrayBuffer()
  const response = await fetch(url, { headers: { 'accept-encoding': 'identity' } })
  const body = Buffer.from(await response.arrayBuffer())
  // What node adds to every answer by itself.
  const own = new Set(['connection', 'keep-alive', 'date'])
  return { head: [...response.headers].filter(([name]) => !own.has(name)), body }
}

async function listenBare(head: ReadonlyArray<[string, string]>, body: Buffer): Promise<string> {
  const flat = head.flat()
  const server = createServer((_request, response) => {
    response.writeHead(200, flat)
    response.end(body)
  })
  server.keepAliveTimeout = 15_000
  opening.defer(() => void server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function listenFastify(head: ReadonlyArray<[string, string]>, body: Buffer): Promise<string> {
  const app = Fastify({ keepAliveTimeout: 15_000 })
  opening.defer(() => app.close())
  app.get(path ?? '/', (_request, reply) => reply.headers(Object.fromEntries(head)).send(body))
  return await app.listen({ port: 0, host: '127.0.0.1' })
}
