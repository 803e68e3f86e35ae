import cluster from 'node:cluster'
import { once } from 'node:events'
import { createServer, get } from 'node:http'
import { text } from 'node:stream/consumers'

if (cluster.isPrimary) {
  const waiters = [cluster.fork(), cluster.fork()]
  const listening = await Promise.all(waiters.map((waiter) => once(waiter, 'listening')))
  const port: number = listening[0]?.[0].port
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask(port)))
  console.log(`${answers.length} guests on one port were served by ${new Set(answers).size} processes`)
  for (const waiter of waiters) waiter.disconnect()
  await Promise.all(waiters.map((waiter) => once(waiter, 'exit')))
} else {
  createServer((_request, response) => response.end(String(process.pid))).listen(0, '127.0.0.1')
}

/** A connection of its own for each guest: it is connections that are handed round, not requests. */
async function ask(port: number): Promise<string> {
  const [response] = await once(get({ host: '127.0.0.1', port, agent: false }), 'response')
  return text(response)
}
