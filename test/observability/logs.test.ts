import assert from 'node:assert/strict'
import { channel } from 'node:diagnostics_channel'
import { closeSync, existsSync, openSync } from 'node:fs'
import { test } from 'node:test'
import { publish } from '../../src/events.ts'
import { type LogOptions, openLogs } from '../../src/observability/logs.ts'

function collectLines(options: LogOptions = {}) {
  const lines: Array<Record<string, unknown>> = []
  const logs = openLogs({
    ...options,
    destination: { write: (text: string) => lines.push(JSON.parse(text) as Record<string, unknown>) },
  })
  return { logs, lines }
}

const request = { requestId: 'a-1', method: 'GET', path: '/articles/1', status: 200, tookMs: Math.PI, aborted: false }

test('at peak hours only requests that failed or were slow are logged', async () => {
  const { logs, lines } = collectLines()
  logs.logRequest(request)
  logs.logRequest({ ...request, status: 404 })
  logs.logRequest({ ...request, status: 503 })
  logs.logRequest({ ...request, tookMs: 1000 })
  logs.logRequest({ ...request, status: 500 })
  await logs.close()
  assert.deepEqual(
    lines.map(({ level, msg }) => [level, msg]),
    [
      ['warn', 'request was slow'],
      ['error', 'request failed'],
    ],
  )
})

test('with the access log each request is one line', async () => {
  const { logs, lines } = collectLines({ accessLog: true })
  logs.logRequest({ ...request, aborted: true, path: `/${'a'.repeat(500)}` })
  await logs.close()
  assert.equal(lines.length, 1)
  const { time, ...line } = lines[0] ?? {}
  assert.match(String(time), /^\d{4}-\d\d-\d\dT/)
  assert.deepEqual(line, {
    level: 'info',
    requestId: 'a-1',
    method: 'GET',
    path: `/${'a'.repeat(199)}`,
    status: 200,
    tookMs: 3.1,
    aborted: true,
    msg: 'request',
  })
})

test('a failure in the background is logged with its causes, without what a driver hung on to it', async () => {
  const { logs, lines } = collectLines()
  const cause = Object.assign(new Error('disk full'), { code: 'ENOSPC', parameters: ['the text of an article'] })
  publish('background-failed', () => ({ what: 'writing rails', error: new Error('not written', { cause }) }))
  await logs.close()
  const line = lines[0] as { what: string; err: { message: string; cause: { code: string } } }
  assert.equal(line.what, 'writing rails')
  assert.equal(line.err.message, 'not written')
  assert.equal(line.err.cause.code, 'ENOSPC')
  assert.doesNotMatch(JSON.stringify(lines), /the text of an article/)
})

test('a takedown is logged', async () => {
  const { logs, lines } = collectLines()
  publish('article-withdrawn', () => ({ articleId: '7' }))
  await logs.close()
  assert.equal(lines[0]?.articleId, '7')
})

test('tokens and texts of articles are cut out, whoever logs them', async () => {
  const { logs, lines } = collectLines()
  logs.logger.info({ token: 's3cret', headers: { authorization: 'Bearer s3cret' }, article: { body: 's3cret' } }, 'x')
  await logs.close()
  assert.doesNotMatch(JSON.stringify(lines), /s3cret/)
})

test('an error that refers to itself, or is none, is logged all the same', async () => {
  const { logs, lines } = collectLines()
  const circular = new Error('circular')
  circular.cause = circular
  for (const error of [circular, 'text', null]) publish('background-failed', () => ({ what: 'x', error }))
  await logs.close()
  assert.equal(lines.length, 3)
})

test('closed logs listen no more', async () => {
  const { logs, lines } = collectLines()
  await logs.close()
  publish('article-withdrawn', () => ({ articleId: '7' }))
  assert.equal(lines.length, 0)
  assert.equal(channel('onward:background-failed').hasSubscribers, false)
})

test('a log on a full disk is given up: nothing throws, and closing it ends', { skip: fullDisk() }, async () => {
  const file = openSync('/dev/full', 'w')
  try {
    const logs = openLogs({ file, accessLog: true })
    const request = { requestId: 'a', method: 'GET', path: '/', status: 200, tookMs: 1, aborted: false }
    for (let line = 0; line < 2000; line++) logs.logRequest(request)
    await logs.close()
    logs.logRequest(request)
    await logs.close()
  } finally {
    closeSync(file)
  }
})

function fullDisk(): string | false {
  return existsSync('/dev/full') ? false : 'this system has no /dev/full'
}

test('the cause of a failed request is logged, once for the many of its kind, with how many were left out', async () => {
  const { lines, logs } = collectLines()
  try {
    const fail = (code: string, why: string) =>
      publish('request-failed', () => ({ requestId: 'r1', code, error: new Error(why) }))
    for (let request = 0; request < 100; request++) fail('STORE_UNAVAILABLE', 'The disk is full.')
    fail('INTERNAL', 'something else')
    const failed = lines.filter(({ msg }) => msg === 'a request failed')
    assert.deepEqual(
      failed.map(({ code }) => code),
      ['STORE_UNAVAILABLE', 'INTERNAL'],
    )
    assert.match(JSON.stringify(failed[0]), /The disk is full/)
  } finally {
    await logs.close()
  }
})
