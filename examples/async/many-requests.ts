import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mapConcurrent } from '../../src/concurrency/map-concurrent.ts'

let atOnce = 0
let atOnceMax = 0
await using market = createServer(async (request, response) => {
  atOnceMax = Math.max(atOnceMax, ++atOnce)
  await new Promise((resolve) => setTimeout(resolve, 5))
  atOnce--
  response.end(`a crate of ${request.url?.slice(1)}`)
})
await once(market.listen(0, '127.0.0.1'), 'listening')
const base = `http://127.0.0.1:${(market.address() as AddressInfo).port}`

const list = Array.from({ length: 24 }, (_, number) => `fish-${number}`)

async function buy(name: string, signal: AbortSignal): Promise<string> {
  if (name === 'unicorn') throw new Error('nobody sells unicorn')
  const response = await fetch(`${base}/${name}`, { signal })
  return await response.text()
}

const bought = await Array.fromAsync(mapConcurrent(list, buy, { concurrency: 4 }))
console.log(`${bought.length} bought, ${bought.at(-1)} last, ${atOnceMax} at once`)

try {
  for await (const crate of mapConcurrent(['leek', 'unicorn', 'salt'], buy, { concurrency: 2 })) console.log(crate)
} catch (error) {
  console.log(`stopped, and the rest with it: ${error instanceof Error ? error.message : error}`)
}
