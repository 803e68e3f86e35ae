import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bearer, startServer } from './fakes.ts'

type Json = { readonly [key: string]: Json } & { readonly $ref?: string }

async function readDocument(url: string): Promise<Json> {
  return (await (await fetch(`${url}/openapi.json`)).json()) as Json
}

test('the document describes every route, and no other', async (t) => {
  const { url } = await startServer(t)
  const { paths } = await readDocument(url)
  const described = Object.entries(paths ?? {}).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  assert.deepEqual(described.sort(), [
    'DELETE /v1/articles/{id}',
    'GET /',
    'GET /articles/{id}',
    'GET /fragments/articles/{id}/related',
    'GET /healthz',
    'GET /metrics',
    'GET /readyz',
    'GET /sections/{section}',
    'GET /v1/articles',
    'GET /v1/articles/{id}',
    'GET /v1/articles/{id}/related',
    'GET /v1/articles/{id}/story',
    'POST /v1/articles',
    'PUT /v1/articles/{id}',
  ])
})

test('every reference of the document leads somewhere, and every operation has its own id', async (t) => {
  const { url } = await startServer(t)
  const document = await readDocument(url)
  const references: string[] = []
  const operationIds: string[] = []
  JSON.stringify(document, (key, value: unknown) => {
    if (key === '$ref') references.push(String(value))
    if (key === 'operationId') operationIds.push(String(value))
    return value
  })
  assert.ok(references.length > 10)
  for (const reference of references) {
    const target = reference
      .replace('#/', '')
      .split('/')
      .reduce<Json | undefined>((at, part) => at?.[part], document)
    assert.ok(target, reference)
  }
  assert.equal(new Set(operationIds).size, operationIds.length)
})

test('every error that a route gives is described with its schema', async (t) => {
  const { url } = await startServer(t)
  const { paths } = await readDocument(url)
  for (const [path, method, statuses] of [
    ['/v1/articles/{id}', 'get', [200, 304, 400, 404, 410, 500, 503]],
    ['/v1/articles/{id}', 'put', [200, 201, 400, 401, 403, 408, 409, 410, 413, 415, 500, 503]],
    ['/v1/articles/{id}', 'delete', [200, 400, 401, 403, 404, 500, 503]],
    ['/v1/articles', 'post', [200, 400, 401, 403, 408, 413, 415, 500, 503]],
  ] as const) {
    const responses = paths?.[path]?.[method]?.responses ?? {}
    assert.deepEqual(Object.keys(responses).map(Number), statuses, `${method} ${path}`)
    assert.equal(responses['500']?.content?.['application/problem+json']?.schema?.$ref, '#/components/schemas/Problem')
  }
})

test('an answer has exactly the properties that the document gives it', async (t) => {
  const { url } = await startServer(t)
  const document = await readDocument(url)
  const schema = (name: string) => document.components?.schemas?.[name]
  const rail = (await (await fetch(`${url}/v1/articles/1/related`)).json()) as { items: object[] }
  assert.deepEqual(Object.keys(rail), Object.keys(schema('Rail')?.properties ?? {}))
  assert.deepEqual(
    [...Object.keys(rail.items[0] ?? {}), 'parts'],
    Object.keys(schema('Rail')?.properties?.items?.items?.properties ?? {}),
  )
  const explained = (await (await fetch(`${url}/v1/articles/1/related?explain=1`)).json()) as {
    items: Array<{ parts: object }>
  }
  assert.deepEqual(
    Object.keys(explained.items[0]?.parts ?? {}),
    Object.keys(schema('Rail')?.properties?.items?.items?.properties?.parts?.properties ?? {}),
  )
  const served = await (await fetch(`${url}/v1/articles/1`)).json()
  assert.deepEqual(Object.keys(served as object), Object.keys(schema('ServedArticle')?.properties ?? {}))
  const story = (await (await fetch(`${url}/v1/articles/1/story`)).json()) as { articles: object[] }
  assert.deepEqual(Object.keys(story), Object.keys(schema('Story')?.properties ?? {}))
  assert.deepEqual(
    Object.keys(story.articles[0] ?? {}),
    Object.keys(schema('Story')?.properties?.articles?.items?.properties ?? {}),
  )
  const withdrawn = await fetch(`${url}/v1/articles/1`, { method: 'DELETE', headers: bearer() })
  assert.deepEqual(
    Object.keys((await withdrawn.json()) as object),
    Object.keys(schema('WithdrawResult')?.properties ?? {}),
  )
  const problem = (await (await fetch(`${url}/v1/articles/gone`)).json()) as object
  for (const name of Object.keys(problem)) assert.ok(schema('Problem')?.properties?.[name], name)
})
