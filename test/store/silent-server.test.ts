import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { StoreUnavailableError } from '../../src/errors.ts'
import { openStore } from '../../src/store/open-store.ts'
import { findMariadb, startMariadb } from '../support/mariadb-server.ts'
import { findPostgres, startPostgres } from '../support/postgres-server.ts'

const [postgres, mariadb] = [findPostgres(), findMariadb()]
const now = Date.parse('2026-11-02T09:30:00Z')

describe('a connection that was given up is closed, though the server takes no notice', () => {
  it('on PostgreSQL', { skip: postgres.reason }, () => givesNothingAway(startPostgres))
  it('on MariaDB', { skip: mariadb.reason }, () => givesNothingAway(startMariadb))
})

// Such as one whose disk hangs: it still lets everybody in, and then answers no statement, for as long as the outage lasts.
async function givesNothingAway(
  start: () => Promise<{ readonly port: number; createDatabase(): Promise<string> } & AsyncDisposable>,
): Promise<void> {
  await using server = await start()
  const url = await server.createDatabase()
  await using wire = await wireThatMayFallSilent(server.port)
  await using store = await openStore(url.replace(`:${server.port}/`, `:${wire.port}/`))
  using opened = socketsOpened()
  wire.silenceReads()
  const reads = [1, 2].map(() => assert.rejects(store.readArticle('1', { now }), StoreUnavailableError))
  await Promise.all(reads)
  const toServer = opened.sockets.filter((socket) => !wire.far.has(socket))
  assert.deepEqual(
    toServer.map(({ destroyed }) => destroyed),
    [true, true],
    'each read had a connection of its own, which is closed',
  )
}

/** Every connection that this process opens from now on. */
function socketsOpened() {
  const sockets: Socket[] = []
  const note = (message: unknown) => sockets.push((message as { socket: Socket }).socket)
  subscribe('net.client.socket', note)
  return { sockets, [Symbol.dispose]: () => void unsubscribe('net.client.socket', note) }
}

/** A wire to a database server on which, from then on, reads of articles get no answer, and a good-bye neither. */
async function wireThatMayFallSilent(port: number) {
  let isSilent = false
  const near = new Set<Socket>()
  const far = new Set<Socket>()
  const proxy = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect(port, '127.0.0.1')
    near.add(client)
    far.add(upstream)
    client.on('error', () => {})
    upstream.on('error', () => {})
    client.on('data', (bytes) => {
      if (isSilent && bytes.includes('FROM article')) client.removeAllListeners('data').resume()
      else upstream.write(bytes)
    })
    upstream.on('data', (bytes) => client.write(bytes))
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return {
    port: (proxy.address() as AddressInfo).port,
    far,
    silenceReads: () => {
      isSilent = true
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of [...near, ...far]) socket.destroy()
      proxy.close()
      await once(proxy, 'close')
    },
  }
}
