import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openService, type Service } from '../../src/service.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'
import { onward } from './run-onward.ts'

const record = (id: string) => ({
  id,
  title: `Ferry Aurelia aground, report ${id}`,
  body: `The ferry Aurelia ran aground off the Halvern lighthouse in thick fog. Report ${id}.`,
  publishedAt: '2026-11-02T09:30:00.000Z',
})

describe('onward takedown', { timeout: 60_000 }, () => {
  let folder: TemporaryFolder
  let nodes: Service[]
  const store = () => `sqlite:${folder.file('news.db')}`
  const publish = async (id: string) => {
    await nodes[0]?.app.publisher.publish(id, record(id), { republish: true })
    // Kept in the memory of each, as soon as it has heard of it.
    for (const { url } of nodes) {
      while ((await fetch(`${url}/articles/${id}`)).status !== 200) await sleep(10)
    }
  }
  const receiptOf = (out: string) =>
    JSON.parse(out) as { proven: boolean; nodes: Array<{ state: string; feed: string; because: string[] }> }

  before(async () => {
    folder = await temporaryFolder()
    nodes = []
    for (let node = 0; node < 2; node++) nodes.push(await openService({ store: store(), port: 0, logLevel: 'silent' }))
    for (const id of ['one', 'two', 'captain-2'])
      await nodes[0]?.app.publisher.publish(id, record(id), { republish: false })
  })

  after(async () => {
    for (const node of nodes) await node[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  it('takes it down and proves that no node shows it', async () => {
    await publish('captain')
    const at = nodes.flatMap(({ url }) => ['--at', url])
    const { code, out, err } = await onward(['takedown', 'captain', '--store', store(), '--verify', ...at], folder)
    assert.equal(code, 0, out + err)
    assert.match(out, /^captain was taken down: 20\d\d-.* in sqlite:/)
    assert.equal(out.match(/ {2}gone /g)?.length, 2)
    assert.match(out, /No node shows it \(asked for the page, the JSON, the front page and \d+ rails\)/)
    for (const { url } of nodes) assert.equal((await fetch(`${url}/articles/captain`)).status, 410)
  })

  it('ends with 1 when a node is down, and says which', async () => {
    await publish('captain')
    const gone = await fakeNode((_request, response) => response.end())
    await gone[Symbol.asyncDispose]()
    const at = ['--at', nodes[0]?.url ?? '', '--at', gone.url]
    const args = ['takedown', 'captain', '--store', store(), '--within', '5', '--format', 'json', ...at]
    const { code, out } = await onward(args, folder)
    const receipt = receiptOf(out)
    assert.equal(code, 1)
    assert.equal(receipt.proven, false)
    assert.deepEqual(
      receipt.nodes.map(({ state, feed }) => [state, feed]),
      [
        ['gone', 'heard'],
        ['unreachable', 'unknown'],
      ],
    )
    assert.match(receipt.nodes[1]?.because[0] ?? '', /ECONNREFUSED/)
  })

  it('ends with 1 within its time when a node hangs or still shows it in the rail of another', async () => {
    await publish('captain')
    await using hung = await fakeNode(() => {})
    await using stale = await fakeNode((request, response) => {
      response.statusCode = request.url?.includes('captain') ? 410 : 200
      response.end(request.url === '/v1/articles/one' ? '{"relatedArticles":[{"id":"captain"}]}' : '{"id":"captain-2"}')
    })
    const args = ['takedown', 'captain', '--store', store(), '--within', '5', '--format', 'json']
    const { code, out } = await onward([...args, '--at', hung.url, '--at', stale.url], folder)
    const receipt = receiptOf(out)
    assert.equal(code, 1)
    assert.deepEqual(
      receipt.nodes.map(({ state }) => state),
      ['unreachable', 'shown'],
    )
    assert.deepEqual(receipt.nodes[1]?.because, ['/v1/articles/one'])
  })

  it('ends with 1 for an id that is unknown, and with 2 for what cannot be an id or asks for proof without nodes', async () => {
    const unknown = await onward(['takedown', 'nobody', '--store', store()], folder)
    assert.deepEqual([unknown.code, /There is no article nobody/.test(unknown.out)], [1, true])
    assert.equal((await onward(['takedown', 'a/b', '--store', store()], folder)).code, 2)
    assert.equal((await onward(['takedown', 'one', '--verify', '--store', store()], folder)).code, 2)
    assert.equal((await fetch(`${nodes[0]?.url}/articles/one`)).status, 200)
  })
})

async function fakeNode(listener: RequestListener): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
