import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArticle } from '../../article/parse-article.ts'
import { articlePageClosing, articlePageOpening, railFragment } from '../../http/pages/page.ts'
import type { Rail } from '../../manager/manager.ts'
import type { BeforePages } from './before-pages.ts'

/**
 * A before as a server: the same pages as onward's, by the same templates, sent whole when all of it is there.
 *
 * Bare `node:http`, which is quicker than any framework: what the befores lack must not be blamed on what they are made of.
 *
 * @returns where it answers; the caller closes it, and `pages` afterwards
 */
export async function listenBefore(pages: BeforePages): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    answer(pages, request, response).catch(() => send(response, 500, 'text/plain', 'The page could not be made.'))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

async function answer(pages: BeforePages, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url = '/' } = request
  if (url === '/healthz') return send(response, 200, 'application/json', '{"status":"ok"}')
  const [, id] = /^\/(?:v1\/)?articles\/([^/?]+)$/.exec(url) ?? []
  if (id === undefined) return send(response, 404, 'text/plain', 'There is no such page.')
  if (method === 'PUT') return await publish(pages, id, request, response)
  const made = pages.page(id)
  // Not awaited where there is nothing to wait for: a synchronous site has no turn of the event loop in between.
  const page = made instanceof Promise ? await made : made
  if (page === null) return send(response, 404, 'text/plain', 'There is no such article.')
  const site = { name: 'before', baseUrl: null, prefix: '', sections: [], now: Date.now() }
  const { article } = page
  const rail: Rail = {
    state: page.related === null ? 'late' : 'fresh',
    basis: 'related',
    version: 0,
    generatedAt: null,
    items: page.related ?? [],
    tookMs: 0,
  }
  const html =
    articlePageOpening({ site, article }) +
    railFragment({ site, rail, articleId: article.id, section: article.section }) +
    articlePageClosing({ site })
  return send(response, 200, 'text/html; charset=utf-8', html)
}

async function publish(pages: BeforePages, id: string, request: IncomingMessage, response: ServerResponse) {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const record: unknown = JSON.parse(Buffer.concat(parts).toString())
  const parsed = parseArticle(record)
  if (!parsed.ok) return send(response, 400, 'text/plain', 'This is no article.')
  const now = new Date().toISOString()
  const { input } = parsed
  const publishedAt = input.publishedAt ?? now
  await pages.publish({ ...input, id, status: 'published', publishedAt, updatedAt: publishedAt, firstSeenAt: now })
  return send(response, 201, 'application/json', '{}')
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}
