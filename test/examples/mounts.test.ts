import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { createSite as createExpressSite } from '../../examples/express.ts'
import { createSite as createFastifySite } from '../../examples/fastify.ts'
import { createSite as createNodeSite } from '../../examples/node-http.ts'
import { publish, takeDown } from '../../examples/publish.ts'
import { createSite as createStreamingSite } from '../../examples/streaming.ts'
import { openService } from '../../src/service.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { listening, type Newsroom, openNewsroom } from './sites.ts'

let newsroom: Newsroom
let store: Store
before(async () => {
  newsroom = await openNewsroom()
  store = await openStore(newsroom.store)
})
after(async () => {
  await store[Symbol.asyncDispose]()
  await newsroom[Symbol.asyncDispose]()
})

suite('onward under a path of a site', () => {
  test('of Express', async () => {
    await using stack = new AsyncDisposableStack()
    const { site, close } = await createExpressSite({ store, railBudgetMs: 20_000 })
    stack.defer(close)
    const { origin } = stack.use(await listening(site))
    await servesNews(origin)
    assert.equal((await fetch(`${origin}/nothing`)).status, 404)
  })

  test('of plain node:http', async () => {
    await using stack = new AsyncDisposableStack()
    const { site, close } = await createNodeSite({ store, railBudgetMs: 20_000 })
    stack.defer(close)
    const { origin } = stack.use(await listening(site))
    await servesNews(origin)
  })

  test('of Fastify', async () => {
    const site = await createFastifySite({ store, railBudgetMs: 20_000 })
    try {
      await servesNews(await site.listen({ port: 0, host: '127.0.0.1' }))
    } finally {
      await site.close()
    }
  })
})

suite('a site with its own templates that streams', () => {
  test('sends the whole article while its related articles hang, and then completes the page', async () => {
    await using stack = new AsyncDisposableStack()
    const { site, close } = await createStreamingSite({ store, rehearse: 'rail=hang', railBudgetMs: 60_000 })
    stack.defer(close)
    const { origin } = stack.use(await listening(site))
    const response = await fetch(`${origin}/articles/1`, { signal: AbortSignal.timeout(20_000) })
    assert.equal(response.status, 200)
    assert.ok(response.body)
    let text = ''
    let articleCameAlone = false
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk
      articleCameAlone ||= text.includes('</article>') && !text.includes('<aside')
    }
    assert.ok(articleCameAlone, 'the article came before the first byte of the rail')
    assert.match(text, /<\/article><aside data-state="(late|fallback)">[\s\S]*<\/aside><footer>/)
  })

  test('shows the related articles of a sound store', async () => {
    await using stack = new AsyncDisposableStack()
    const { site, close } = await createStreamingSite({ store, railBudgetMs: 20_000 })
    stack.defer(close)
    const { origin } = stack.use(await listening(site))
    const page = await (await fetch(`${origin}/articles/1`)).text()
    assert.match(page, /<aside data-state="fresh"><ul>(<li>[^<]+<\/li>)+<\/ul><\/aside>/)
    assert.equal((await fetch(`${origin}/articles/1`, { method: 'HEAD' })).status, 200)
  })

  test('answers with a page of its own what went wrong before the first byte', async () => {
    await using stack = new AsyncDisposableStack()
    const { site, close } = await createStreamingSite({ store, railBudgetMs: 20_000 })
    stack.defer(close)
    const { origin } = stack.use(await listening(site))
    for (const id of ['unknown', 'a%20b']) {
      const response = await fetch(`${origin}/articles/${id}`)
      assert.equal(response.status, 404, id)
      assert.match(await response.text(), /There is no such article/)
    }
  })
})

test('a CMS publishes, corrects and takes down, and a site on the same store has it within a moment', async () => {
  await using stack = new AsyncDisposableStack()
  const { site, close } = await createExpressSite({ store: newsroom.store })
  stack.defer(close)
  const { origin } = stack.use(await listening(site))
  const token = 'a-token-for-this-test'
  const service = stack.use(await openService({ store: newsroom.store, port: 0, token, logLevel: 'silent' }))
  const onward = { origin: new URL(service.url).origin, token }

  const read = async () => {
    const response = await fetch(`${origin}/news/v1/articles/ferry`)
    const { article } = (await response.json()) as { article?: { title: string } }
    return { status: response.status, title: article?.title }
  }
  // The site keeps copies, and hears of what another process has changed by following the store's feed.
  const comesToRead = async (expected: { status: number; title: string | undefined }) => {
    const signal = AbortSignal.timeout(10_000)
    while (!isDeepStrictEqual(await read(), expected)) {
      if (signal.aborted) assert.deepEqual(await read(), expected)
    }
  }
  assert.deepEqual(await read(), { status: 404, title: undefined })
  await publish(onward, { id: 'ferry', title: 'Ferry returns', body: 'It is back.' })
  await comesToRead({ status: 200, title: 'Ferry returns' })
  await publish(onward, { id: 'ferry', title: 'Ferry returns at last', body: 'It is back.' })
  await comesToRead({ status: 200, title: 'Ferry returns at last' })
  await takeDown(onward, 'ferry')
  await comesToRead({ status: 410, title: undefined })
  await assert.rejects(
    publish({ ...onward, token: 'not-the-token-at-all' }, { id: 'x', title: 'X', body: '' }),
    /TOKEN_WRONG/,
  )
})

/** What has to be true of onward under `/news`, and of the site's own page beside it. */
async function servesNews(origin: string): Promise<void> {
  const page = await (await fetch(`${origin}/news/articles/1`)).text()
  assert.match(page, /<\/article>\s*<aside class="onward-rail"[^>]* data-related-state="fresh"/)
  assert.match(page, /<aside[\s\S]*href="\/news\/articles\/[^"]+"/)
  const { articleId, items } = (await (await fetch(`${origin}/news/v1/articles/1/related?limit=3`)).json()) as {
    articleId: string
    items: unknown[]
  }
  assert.equal(articleId, '1')
  assert.ok(items.length > 0 && items.length <= 3, `${items.length} items`)
  assert.equal((await fetch(`${origin}/news/articles/unknown`)).status, 404)
  assert.match(await (await fetch(`${origin}/about`)).text(), /We print what happened/)
}
