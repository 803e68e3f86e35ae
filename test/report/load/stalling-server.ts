/** A worker thread: a server whose event loop stands still once, for `stallMs`, at the request number `stallAt`. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'

const { stallAt, stallMs } = workerData as { readonly stallAt: number; readonly stallMs: number }
let requests = 0
const server = createServer((_request, response) => {
  requests++
  if (requests === stallAt) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, stallMs)
  response.end('<article>…</article><aside data-related-state="fresh"></aside>')
})
server.listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as AddressInfo).port))
