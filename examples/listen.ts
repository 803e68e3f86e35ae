import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Serves `site` on PORT (3000) until Ctrl-C or SIGTERM; then lets answers under way finish, and calls `close`. */
export async function listen(site: RequestListener, close: () => Promise<void>): Promise<void> {
  const server = createServer(site).listen(Number(process.env.PORT ?? 3000), '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  process.stdout.write(`listening on http://127.0.0.1:${port}/\n`)
  const stop = () => server.close(() => void close())
  process.once('SIGINT', stop).once('SIGTERM', stop)
}
