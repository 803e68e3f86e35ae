/**
 * Sites for `benchmarks/uncached-page.ts`: node uncached-site.ts onward|bare STORE_URL CACHE_BYTES_MAX, and the ids of the
 * pages that will be asked for on standard input, one a line.
 *
 * `onward` is the service as it is installed, with its metrics and events. `bare` asks it once for each page, and then
 * answers by reading the article and the rail from the same kind of store, in the same threads, at the same time, and by
 * sending the bytes that it holds: the head and the article when the article was read, the rest when the rail was.
 * It renders nothing and checks nothing. Prints its address, ends on SIGTERM.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { openService } from '../../src/service.ts'
import { openStore } from '../../src/store/open-store.ts'

const [kind, store, cacheBytesMax] = process.argv.slice(2)
if (!kind || !store) throw new Error('Expected: node uncached-site.ts onward|bare STORE_URL CACHE_BYTES_MAX')

await using opening = new AsyncDisposableStack()
const ids = (await text(process.stdin)).split('\n').filter((id) => id !== '')
const service = await openService({ store, port: 0, logLevel: 'warn', cacheBytesMax: Number(cacheBytesMax) })
if (kind === 'onward') {
  opening.use(service)
  process.stdout.write(`${service.url}/\n`)
} else {
  const pages = new Map<string, Page>()
  for (const id of ids) pages.set(id, await pageOf(`${service.url}/articles/${id}`))
  await service[Symbol.asyncDispose]()
  process.stdout.write(`${await listenBare(pages)}/\n`)
}
await once(process, 'SIGTERM')

async function listenBare(pages: ReadonlyMap<string, Page>): Promise<string> {
  const reads = opening.use(await openStore(store ?? ''))
  const server = createServer((request, response) => {
    const id = (request.url ?? '').slice('/articles/'.length)
    const page = pages.get(id)
    if (!page) {
      response.writeHead(404).end()
      return
    }
    const now = Date.now()
    const rail = reads.readRail(id, { now, limit: 6 })
    reads
      .readArticle(id, { now })
      .then(() => {
        response.writeHead(200, page.head)
        response.write(page.opening)
        return rail
      })
      .then(
        () => response.end(page.rest),
        (error: unknown) => response.destroy(error as Error),
      )
  })
  server.keepAliveTimeout = 15_000
  opening.defer(() => void server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function pageOf(url: string): Promise<Page> {
  const response = await fetch(url)
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}.`)
  const body = Buffer.from(await response.arrayBuffer())
  const articleEnd = body.indexOf('</article>') + '</article>'.length
  // What node adds to every answer by itself.
  const own = new Set(['connection', 'keep-alive', 'date', 'transfer-encoding'])
  const head = [...response.headers].filter(([name]) => !own.has(name)).flat()
  return { head, opening: body.subarray(0, articleEnd), rest: body.subarray(articleEnd) }
}

interface Page {
  readonly head: string[]
  readonly opening: Buffer
  readonly rest: Buffer
}
