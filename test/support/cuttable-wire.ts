import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/**
 * A wire to the server that can be cut: what is sent is lost, and no side is told. That a side has closed its connection
 * meanwhile is told to the other once the wire is mended, as TCP does.
 */
export async function cuttableWire(port: number) {
  let isCut = false
  const sockets = new Set<Socket>()
  const near = new Set<Socket>()
  const far = new Set<Socket>()
  const untold = new Set<Socket>()
  const proxy = createServer((client) => {
    const server = connect(port, '127.0.0.1')
    for (const [from, to, side] of [
      [client, server, near],
      [server, client, far],
    ] as const) {
      sockets.add(from)
      side.add(from)
      from.on('data', (bytes) => {
        if (!isCut) to.write(bytes)
      })
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        side.delete(from)
        if (isCut) untold.add(to)
        else to.destroy()
      })
    }
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const address = proxy.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    /** How many connections are open, as the one side and the other sees it. */
    connections: () => ({ client: near.size, server: far.size }),
    cut: () => {
      isCut = true
    },
    mend: () => {
      isCut = false
      for (const socket of untold) socket.destroy()
      untold.clear()
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      proxy.close()
      await once(proxy, 'close')
    },
  }
}
