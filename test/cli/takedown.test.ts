import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import type { TakedownReceipt } from '../../src/cli/takedown-receipt.ts'
import { systemClock } from '../../src/concurrency/clock.ts'
import { waitUntilIndexed } from '../../src/indexer/wait-until-indexed.ts'
import { openService, type Service } from '../../src/service.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'
import { onward, sample } from './run-onward.ts'

// Two nodes on one store and one on another, as processes have them: each with a memory of its own.
describe('onward takedown', { timeout: 240_000 }, () => {
  let folder: TemporaryFolder
  let nodes: Service[]
  const urls = () => nodes.map(({ url }) => url)

  before(async () => {
    folder = await temporaryFolder()
    for (const store of ['news.db', 'other.db']) {
      assert.equal((await onward(['ingest', sample, '--store', `sqlite:${store}`], folder)).code, 0)
    }
    nodes = await Promise.all(
      ['news.db', 'news.db', 'other.db'].map((store) =>
        openService({ store: `sqlite:${folder.file(store)}`, port: 0, logLevel: 'silent' }),
      ),
    )
    for (const { app } of nodes) await waitUntilIndexed(app.store, { clock: systemClock })
  })

  after(async () => {
    for (const node of nodes) await node[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  const takedown = (...given: string[]) => onward(['takedown', ...given, '--store', 'sqlite:news.db'], folder)

  async function receiptOf(...given: string[]) {
    const { code, out, err } = await takedown(...given, '--verify', '--format', 'json')
    return { code, err, receipt: JSON.parse(out) as TakedownReceipt }
  }

  it('gives a receipt once no node shows the article, kept copies included', async () => {
    const [first, second] = urls()
    assert.ok(first && second)
    const related = await relatedTo(first, '1')
    const [shownBy] = related
    assert.ok(shownBy)
    // Both keep in memory what shows it: its own page, and the page of an article that it is related to.
    for (const url of [first, second]) {
      for (const path of ['/', '/articles/1', `/articles/${shownBy}`]) await text(url, path)
    }
    assert.ok((await relatedTo(first, shownBy)).includes('1'), 'the rail of the other shows it before')

    const { code, receipt } = await receiptOf('1', '--node', first, '--node', second)

    assert.equal(code, 0)
    const { verified } = receipt
    assert.ok(verified && verified.rails.held > 0 && verified.rails.railsOf.includes(shownBy))
    for (const { cleanMs, places } of verified.nodes) {
      assert.ok(cleanMs !== null && cleanMs < 10_000)
      assert.ok(
        places.every(({ addresses }) => addresses.every(({ state, goneMs }) => state === 'gone' && goneMs !== null)),
      )
    }
    assert.equal((await fetch(new URL('/articles/1', second))).status, 410)
    assert.ok(!(await relatedTo(second, shownBy)).includes('1'))
  })

  it('fails, and names the address, when a node goes on showing it', async () => {
    const [first, , other] = urls()
    assert.ok(first && other)
    // Time enough for the clean one on a busy machine: the other shows it however long it is given.
    const { code, out } = await takedown('2', '--verify', '--within', '5', '--node', first, '--node', other)
    assert.equal(code, 1)
    assert.match(out, new RegExp(`${first}  clean after \\d+ ms`))
    assert.match(out, new RegExp(`${other}  STILL SHOWS IT after 5000 ms`))
    assert.match(out, /\/articles\/2 {2}STILL THERE at \d+ ms \(answers 200\)/)
    assert.match(out, /NOT PROVEN: 1 of 2 nodes are clean/)
  })

  it('fails, and says why, when a node cannot be asked; the article is down all the same', async () => {
    const [first] = urls()
    assert.ok(first)
    const down = await closedPort()
    const { code, out } = await takedown('3', '--verify', '--within', '1', '--node', first, '--node', down)
    assert.equal(code, 1)
    assert.match(
      out,
      new RegExp(`${down}  COULD NOT BE ASKED within 1000 ms: nothing listens there \\(ECONNREFUSED\\)`),
    )
    assert.equal((await fetch(new URL('/articles/3', first))).status, 410)
  })

  it('takes no other server for a node that is clean', async () => {
    await using server = createServer((_request, response) => response.end('<p>Welcome</p>'))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { code, out } = await takedown('4', '--verify', '--within', '1', '--node', url)
    assert.equal(code, 1)
    assert.match(out, /not known: gives an answer that is not onward’s/)
  })

  it('ends within its time when a node takes connections and never answers', async () => {
    await using hung = createServer(() => {})
    await once(hung.listen(0, '127.0.0.1'), 'listening')
    const url = `http://127.0.0.1:${(hung.address() as AddressInfo).port}`
    const { code, out } = await takedown('8', '--verify', '--within', '3', '--at', url)
    hung.closeAllConnections()
    assert.equal(code, 1)
    assert.match(out, /COULD NOT BE ASKED within 3000 ms: it did not answer within 2 seconds/)
  })

  it('says that an article is down already, and verifies all the same', async () => {
    const [first] = urls()
    assert.ok(first)
    assert.equal((await takedown('5')).code, 0)
    const { code, receipt } = await receiptOf('5', '--node', first)
    assert.equal(code, 0)
    assert.equal(receipt.outcome, 'already-withdrawn')
    assert.equal(receipt.verified?.rails.railsOf.length, 20)
    const { out } = await takedown('5', '--verify', '--node', first)
    assert.match(out, /was down already, since 20/)
  })

  it('says that no node was named, and verifies the store', async () => {
    const { code, out } = await takedown('6', '--verify')
    assert.equal(code, 0)
    assert.match(out, /the store is clean/)
    assert.match(out, /No node was named, so none was asked/)
  })

  it('says that an id is unknown, and takes nothing down', async () => {
    const { code, out, err } = await takedown('nobody', '--verify')
    assert.equal(code, 1)
    assert.equal(out, '')
    assert.match(err, /has no article "nobody": nothing was taken down/)
  })

  it('is used wrongly without an id, with a node that is none, and with one that nobody would ask', async () => {
    for (const [given, expected] of [
      [['a/b'], /"a\/b" is no id of an article/],
      [['7', '--verify', '--node', 'web-1:3000'], /such as http:\/\/10\.0\.0\.5:3000/],
      [['7', '--node', 'http://127.0.0.1:3000'], /--node names who is asked with --verify/],
      [['7', '--verify', '--within', '0'], /seconds from 1 to 3600/],
    ] as Array<[string[], RegExp]>) {
      const { code, err } = await takedown(...given)
      assert.equal(code, 2, err)
      assert.match(err, expected)
    }
    const [first] = urls()
    assert.ok(first)
    assert.equal((await fetch(new URL('/articles/7', first))).status, 200)
  })
})

async function relatedTo(url: string, id: string): Promise<string[]> {
  const { relatedArticles } = JSON.parse(await text(url, `/v1/articles/${id}`)) as {
    relatedArticles: Array<{ id: string }>
  }
  return relatedArticles.map((item) => item.id)
}

async function text(url: string, path: string): Promise<string> {
  return await (await fetch(new URL(path, url))).text()
}

/** An address where nothing listens: one that was had, and given back. */
async function closedPort(): Promise<string> {
  await using server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
