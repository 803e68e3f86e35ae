import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeadlineExceededError, NotConnectedError, OverloadedError, StoreUnavailableError } from '../../src/errors.ts'
import { subscribe } from '../../src/events.ts'
import { errorReply } from '../../src/http/error-reply.ts'
import { startServer, Wire } from './fakes.ts'

interface Case {
  readonly what: string
  readonly path: string
  readonly method?: string
  readonly status: number
  readonly code: string
  readonly detail: RegExp
}

const problems: readonly Case[] = [
  { what: 'an unknown address', path: '/v1/nothing', status: 404, code: 'ROUTE_NOT_FOUND', detail: /nothing at this/ },
  { what: 'an unknown article', path: '/v1/articles/9', status: 404, code: 'ARTICLE_NOT_FOUND', detail: /"9"/ },
  {
    what: 'the rail of an unknown article',
    path: '/v1/articles/9/related',
    status: 404,
    code: 'ARTICLE_NOT_FOUND',
    detail: /"9"/,
  },
  {
    what: 'a withdrawn article',
    path: '/v1/articles/gone',
    status: 410,
    code: 'ARTICLE_GONE',
    detail: /taken down at 2026-11-02/,
  },
  {
    what: 'an id that cannot be',
    path: '/v1/articles/a%20b',
    status: 400,
    code: 'INVALID_REQUEST',
    detail: /id: must be 1 to 100/,
  },
  {
    what: 'an id that is too long',
    path: `/v1/articles/${'a'.repeat(101)}`,
    status: 400,
    code: 'INVALID_REQUEST',
    detail: /1 to 100/,
  },
  {
    what: 'a limit that is no number',
    path: '/v1/articles/1/related?limit=x',
    status: 400,
    code: 'INVALID_REQUEST',
    detail: /limit: must be a whole number from 1 to 20/,
  },
  {
    what: 'a limit that is too large',
    path: '/v1/articles?limit=101',
    status: 400,
    code: 'INVALID_REQUEST',
    detail: /from 1 to 100/,
  },
  {
    what: 'a limit given twice',
    path: '/v1/articles?limit=1&limit=2',
    status: 400,
    code: 'INVALID_REQUEST',
    detail: /limit/,
  },
  {
    what: 'a misspelt key',
    path: '/v1/articles/1/related?limt=3',
    status: 400,
    code: 'INVALID_REQUEST',
    detail: /limt: is not known; known here: limit, exclude, explain/,
  },
  {
    what: 'a key where none is known',
    path: '/v1/articles/1?x=1',
    status: 400,
    code: 'INVALID_REQUEST',
    detail: /x: is not known; none is known here/,
  },
  {
    what: 'an explanation that is neither wanted nor not',
    path: '/v1/articles/1/related?explain=maybe',
    status: 400,
    code: 'INVALID_REQUEST',
    detail: /explain: must be true or false/,
  },
  {
    what: 'an excluded id that cannot be',
    path: '/v1/articles/1/related?exclude=2,a%20b',
    status: 400,
    code: 'INVALID_REQUEST',
    detail: /exclude\[1\]: must be/,
  },
  {
    what: 'a page that the manager refuses',
    path: '/v1/articles?before=nonsense',
    status: 400,
    code: 'INVALID_REQUEST',
    detail: /before: must be an ISO/,
  },
  {
    what: 'a wrong method',
    path: '/v1/articles/1',
    method: 'POST',
    status: 405,
    code: 'METHOD_NOT_ALLOWED',
    detail: /POST is not taken/,
  },
  {
    what: 'a method that nobody knows here',
    path: '/healthz',
    method: 'PROPFIND',
    status: 405,
    code: 'METHOD_NOT_ALLOWED',
    detail: /Taken are/,
  },
  {
    what: 'bad percent-encoding',
    path: '/v1/articles/%E0%A4%A',
    status: 400,
    code: 'BAD_URL',
    detail: /percent-encoding/,
  },
  {
    what: 'an absurdly long address',
    path: `/v1/articles?before=${'a'.repeat(5000)}`,
    status: 414,
    code: 'URI_TOO_LONG',
    detail: /at most 4096/,
  },
]

for (const { what, path, method = 'GET', status, code, detail } of problems) {
  test(`${what} is answered ${status} with a problem document that gives the reason`, async (t) => {
    const { url } = await startServer(t)
    const response = await fetch(url + path, { method })
    assert.equal(response.status, status)
    assert.equal(response.headers.get('content-type'), 'application/problem+json; charset=utf-8')
    assert.equal(response.headers.get('cache-control'), 'no-store')
    const problem = (await response.json()) as Record<string, unknown>
    assert.equal(problem.status, status)
    assert.equal(problem.code, code)
    assert.equal(problem.type, 'about:blank')
    assert.equal(problem.instance, path.split('?')[0])
    assert.match(String(problem.detail), detail)
    assert.equal(typeof problem.title, 'string')
  })
}

test('a wrong method is told which ones are right, and OPTIONS asks the same', async (t) => {
  const { url } = await startServer(t)
  const wrong = await fetch(`${url}/v1/articles/1`, { method: 'POST' })
  assert.equal(wrong.headers.get('allow'), 'HEAD, GET, PUT, DELETE, OPTIONS')
  const options = await fetch(`${url}/v1/articles`, { method: 'OPTIONS' })
  assert.equal(options.status, 204)
  assert.equal(options.headers.get('allow'), 'HEAD, GET, POST, OPTIONS')
})

const pages: ReadonlyArray<{ what: string; path: string; method?: string; status: number; text: RegExp }> = [
  { what: 'an unknown article', path: '/articles/9', status: 404, text: /There is no article at this address/ },
  { what: 'a withdrawn article', path: '/articles/gone', status: 410, text: /was taken down/ },
  { what: 'an id that cannot be', path: '/articles/a%20b', status: 400, text: /must be 1 to 100/ },
  { what: 'an unknown section', path: '/sections/Nowhere', status: 404, text: /section/ },
  { what: 'a page that the manager refuses', path: '/?before=nonsense', status: 400, text: /ISO 8601/ },
  { what: 'an unknown address', path: '/nothing', status: 404, text: /nothing at this address/ },
  { what: 'a wrong method', path: '/articles/1', method: 'DELETE', status: 405, text: /DELETE is not taken/ },
  { what: 'bad percent-encoding', path: '/articles/%E0%A4%A', status: 400, text: /percent-encoding/ },
]

for (const { what, path, method = 'GET', status, text } of pages) {
  test(`a reader who asks for ${what} gets a page with status ${status}`, async (t) => {
    const { url } = await startServer(t)
    const response = await fetch(url + path, { method, headers: { accept: 'text/html,*/*' } })
    const page = await response.text()
    assert.equal(response.status, status)
    assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8')
    assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'none'/)
    assert.match(page, /<!doctype html>/i)
    assert.match(page, text)
  })
}

test('an error of the fragment is a fragment, which does no harm where it is included all the same', async (t) => {
  const { url } = await startServer(t)
  const response = await fetch(`${url}/fragments/articles/9/related`)
  const body = await response.text()
  assert.equal(response.status, 404)
  assert.match(body, /^<p [^>]*data-related-state="unavailable">[^<]*<\/p>$/)
})

test('what is in the address is escaped in a page', async (t) => {
  const { url } = await startServer(t)
  const response = await fetch(`${url}/sections/%3Cscript%3Ealert(1)%3C%2Fscript%3E?before=nonsense`)
  assert.doesNotMatch(await response.text(), /<script>alert/)
})

test('an article that is not there answers the same, byte for byte, whatever the reason', async (t) => {
  const { url } = await startServer(t)
  const answer = async (id: string) => {
    const response = await fetch(`${url}/v1/articles/${id}`)
    const headers = [...response.headers].filter(([name]) => name !== 'date' && name !== 'content-length')
    return { status: response.status, headers, body: (await response.text()).replaceAll(id, 'ID') }
  }
  assert.deepEqual(await answer('draft'), await answer('embargoed'))
  assert.deepEqual(await answer('draft'), await answer('unknown'))
})

for (const [error, code] of [
  [new OverloadedError('7 of 7 secret places taken', 1500), 'OVERLOADED'],
  [new StoreUnavailableError('secret: no such host'), 'STORE_UNAVAILABLE'],
  [new DeadlineExceededError('A secret query', 800), 'DEADLINE_EXCEEDED'],
  [new NotConnectedError('secret()'), 'NOT_CONNECTED'],
] as const) {
  test(`${code} becomes 503 with Retry-After and without its inner words`, async (t) => {
    const { url, manager } = await startServer(t)
    manager.readArticle = () => Promise.reject(error)
    for (const path of ['/v1/articles/1', '/articles/1', '/v1/articles/1/related', '/fragments/articles/1/related']) {
      const response = await fetch(url + path)
      assert.equal(response.status, 503)
      assert.match(response.headers.get('retry-after') ?? '', /^[1-9]\d*$/)
      assert.doesNotMatch(await response.text(), /secret/)
    }
  })
}

test('the wait that is asked for is spread, so that those who were refused together do not return together', () => {
  const wait = (chance: number) => errorReply(new OverloadedError('busy', 4000), 'id', chance).headers['retry-after']
  assert.equal(wait(0), '4')
  assert.equal(wait(0.5), '6')
  assert.equal(wait(0.999), '8')
})

test('what a reader is not told of a fault is told to whoever runs the site', async (t) => {
  const { url, manager } = await startServer(t)
  const heard: Array<{ code: string; error: unknown }> = []
  t.after(subscribe('request-failed', ({ code, error }) => heard.push({ code, error })))
  const cause = new StoreUnavailableError('The disk that holds /var/lib/news.db is full.')
  manager.readArticle = () => Promise.reject(cause)
  for (const path of ['/v1/articles/1', '/articles/1']) {
    assert.doesNotMatch(await (await fetch(url + path)).text(), /var\/lib/)
  }
  assert.deepEqual(heard, [
    { code: 'STORE_UNAVAILABLE', error: cause },
    { code: 'STORE_UNAVAILABLE', error: cause },
  ])
})

test('an error that nobody foresaw says nothing but the id that the log has', async (t) => {
  const { url, manager } = await startServer(t)
  manager.readArticle = () => Promise.reject(Object.assign(new Error('password=hunter2'), { code: 'constructor' }))
  const response = await fetch(`${url}/v1/articles/1`)
  const text = await response.text()
  assert.equal(response.status, 500)
  assert.doesNotMatch(text, /hunter2/)
  assert.match(text, /request id [0-9a-f]{8}-\w+/)
})

test('a value that is thrown and is no error is a 500 too', () => {
  for (const thrown of ['text', null, undefined, { code: 'ARTICLE_NOT_FOUND' }]) {
    assert.equal(errorReply(thrown, 'id', 0).status, 500)
  }
})

test('bytes that are no HTTP get a decent 400 and the connection ends', async (t) => {
  const { port } = await startServer(t)
  const answer = await new Wire(port).send('this is not http\r\n\r\n').end()
  assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*application\/problem\+json[\s\S]*MALFORMED_REQUEST/)
})

test('headers without end get 431', async (t) => {
  const { port } = await startServer(t)
  const answer = await new Wire(port).send(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`).end()
  assert.match(answer, /^HTTP\/1\.1 431 /)
})
