import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { streamArticle } from '../../src/http/node-handler.ts'

test('a reader who leaves before the article is there is an outcome, not an error', async (t) => {
  const asked = Promise.withResolvers<void>()
  const outcome = Promise.withResolvers<string>()
  const site = createServer((_request, response) => {
    streamArticle(response, {
      manager: {
        openArticle: () => {
          asked.resolve()
          return new Promise(() => {})
        },
      },
      articleId: '1',
      opening: () => '',
      rail: () => '',
      closing: () => '',
    }).then((streamed) => outcome.resolve(streamed.outcome), outcome.reject)
  })
  t.after(() => site.close())
  await once(site.listen(0, '127.0.0.1'), 'listening')
  const reader = get({ port: (site.address() as AddressInfo).port, host: '127.0.0.1' })
  reader.on('error', () => {})
  await asked.promise
  reader.destroy()
  assert.equal(await outcome.promise, 'reader-gone')
})
