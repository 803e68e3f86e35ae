import assert from 'node:assert/strict'
import { channel } from 'node:diagnostics_channel'
import { test } from 'node:test'
import { publish } from '../../src/events.ts'
import { openMetrics } from '../../src/observability/metrics.ts'

test('what happens is counted, by outcome and by state', async () => {
  using metrics = openMetrics()
  publish('article-read', () => ({ articleId: '1', outcome: 'found', tookMs: 2, from: 'memory', state: 'stale' }))
  publish('answer-ready', () => ({ route: '/articles/:id', state: 'fresh', status: 304 }))
  publish('read-shed', () => ({ lane: 'rail', importance: 'bonus' }))
  publish('read-retried', () => ({ lane: 'article', error: new Error('reset') }))
  publish('refresh-failed', () => ({ what: 'rail', error: new Error('down') }))
  publish('breaker-changed', () => ({ lane: 'rail', became: 'open', forMs: 500, because: 'failures-in-row' }))
  publish('breaker-changed', () => ({ lane: 'article', became: 'open', forMs: 500, because: 'failures-in-row' }))
  publish('breaker-changed', () => ({ lane: 'article', became: 'closed' }))
  publish('article-read', () => ({ articleId: '1', outcome: 'found', tookMs: 700 }))
  publish('article-read', () => ({ articleId: null, outcome: 'missing', tookMs: 1 }))
  publish('rail-read', () => ({ articleId: '1', state: 'late', basis: 'related', tookMs: 150 }))
  publish('articles-stored', () => ({ created: 3, updated: 1, withdrawn: 0, unchanged: 0, tookMs: 4 }))
  publish('article-withdrawn', () => ({ articleId: '1' }))
  publish('rails-written', () => ({ rails: 12, cursor: 40, tookMs: 30 }))
  publish('index-lag', () => ({ changes: 7 }))
  publish('background-failed', () => ({ what: 'reading a feed', error: new Error('down') }))
  metrics.observeRequest({ route: '/articles/:id', method: 'GET', status: 404, aborted: false, tookMs: 3 })
  metrics.observeRequest({ route: 'none', method: 'BREW', status: 200, aborted: true, tookMs: 3 })
  const text = await metrics.text()
  for (const expected of [
    'onward_article_reads_total{outcome="found"} 2',
    'onward_article_reads_total{outcome="missing"} 1',
    'onward_article_read_seconds_bucket{le="0.0025"} 2',
    'onward_article_read_seconds_count 3',
    'onward_rail_reads_total{state="late",basis="related"} 1',
    'onward_rail_read_seconds_bucket{le="0.15"} 1',
    'onward_article_sources_total{from="memory",state="stale"} 1',
    'onward_ready_answers_total{state="fresh"} 1',
    'onward_reads_shed_total{lane="rail",importance="bonus"} 1',
    'onward_read_retries_total{lane="article"} 1',
    'onward_refresh_failures_total{what="rail"} 1',
    'onward_breaker_open{lane="rail"} 1',
    'onward_breaker_open{lane="article"} 0',
    'onward_breaker_open{lane="list"} 0',
    'onward_articles_stored_total{outcome="created"} 3',
    'onward_articles_withdrawn_total 1',
    'onward_rails_written_total 12',
    'onward_index_lag_changes 7',
    'onward_background_failures_total{what="reading a feed"} 1',
    'onward_http_request_seconds_count{route="/articles/:id",method="GET",status="4xx"} 1',
    'onward_http_request_seconds_count{route="none",method="other",status="499"} 1',
  ]) {
    assert.ok(text.includes(expected), `${expected}\n${text}`)
  }
})

test('the process and its event loop are there from the first look on, and never NaN', async () => {
  using metrics = openMetrics()
  for (let look = 0; look < 2; look += 1) {
    const text = await metrics.text()
    assert.match(text, /nodejs_eventloop_delay_seconds\{quantile="0\.99"\} [\d.e-]+\n/)
    assert.match(text, /nodejs_eventloop_utilization_ratio [\d.e-]+\n/)
    assert.match(text, /process_resident_memory_bytes [1-9]\d+\n/)
    assert.match(text, /process_cpu_seconds_total [\d.]+\n/)
    assert.doesNotMatch(text, /NaN/)
  }
})

test('two of them in one process count apart, and a closed one listens no more', async () => {
  const first = openMetrics()
  using second = openMetrics()
  first.close()
  first.close()
  publish('article-withdrawn', () => ({ articleId: '1' }))
  assert.match(await second.text(), /onward_articles_withdrawn_total 1/)
  assert.doesNotMatch(await first.text(), /onward_articles_withdrawn_total/)
  second.close()
  assert.equal(channel('onward:article-withdrawn').hasSubscribers, false)
})

test('each series of a worker carries its number, whatever labels it has of its own', async () => {
  using metrics = openMetrics({ worker: 3 })
  publish('article-read', () => ({ articleId: '1', outcome: 'found', tookMs: 1 }))
  const text = await metrics.text()
  assert.match(text, /onward_article_reads_total\{(?=[^}]*worker="3")(?=[^}]*outcome="found")[^}]*\} 1/)
  const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  assert.deepEqual(
    series.filter((line) => !line.includes('worker="3"')),
    [],
  )
})

test('the content type is the one that Prometheus asks for', () => {
  using metrics = openMetrics()
  assert.match(metrics.contentType, /^text\/plain; version=0\.0\.4/)
})
