import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { Counter, Gauge, Histogram, Registry } from '@prometheus-io/client'
import { subscribe } from '../events.ts'

/**
 * What this process counts, as Prometheus text, from the events that the core publishes.
 *
 * It has a registry of its own, so that several can live in one process. Labels have few values each: never an id, a
 * path or a text. Closing it ends its subscriptions and its watch on the event loop.
 *
 * @param worker which of several processes on one port this is, as a label of every series; null: it is the only one
 * @param role what this process does for its store; null: that is not told
 * @param keepsRails whether it keeps the rails already
 */
export function openMetrics({
  worker = null,
  role = null,
  keepsRails = false,
}: {
  readonly worker?: number | null
  readonly role?: string | null
  readonly keepsRails?: boolean
} = {}): Metrics {
  const registry = new Registry()
  // Whoever asks a shared port is answered by one worker or another: without the label their counters would be taken for
  // one that goes up and down.
  if (worker !== null) registry.setDefaultLabels({ worker: String(worker) })
  const registers = [registry]
  const articleReads = new Counter({
    name: 'onward_article_reads_total',
    help: 'Articles read, by outcome.',
    labelNames: ['outcome'] as const,
    registers,
  })
  const articleSeconds = new Histogram({
    name: 'onward_article_read_seconds',
    help: 'How long reading an article took.',
    buckets: readBuckets,
    registers,
  })
  const railReads = new Counter({
    name: 'onward_rail_reads_total',
    help: 'Rails read, by what became of them.',
    labelNames: ['state', 'basis'] as const,
    registers,
  })
  const railSeconds = new Histogram({
    name: 'onward_rail_read_seconds',
    help: 'How long reading a rail took.',
    buckets: readBuckets,
    registers,
  })
  const memory = new Counter({
    name: 'onward_article_sources_total',
    help: 'Articles found, by where they came from (memory, load) and whether they were fresh.',
    labelNames: ['from', 'state'] as const,
    registers,
  })
  const ready = new Counter({
    name: 'onward_ready_answers_total',
    help: 'Answers sent from ready bytes, by the state of their rail.',
    labelNames: ['state'] as const,
    registers,
  })
  const shed = new Counter({
    name: 'onward_reads_shed_total',
    help: 'Reads refused for want of room, by lane and importance.',
    labelNames: ['lane', 'importance'] as const,
    registers,
  })
  const retries = new Counter({
    name: 'onward_read_retries_total',
    help: 'Reads that failed and were tried once more.',
    labelNames: ['lane'] as const,
    registers,
  })
  const breakers = new Gauge({
    name: 'onward_breaker_open',
    help: '1 while a lane of the store, or the shared cache, keeps failing and is not asked, else 0.',
    labelNames: ['lane'] as const,
    registers,
  })
  const sharedReads = new Counter({
    name: 'onward_shared_cache_reads_total',
    help: 'Questions to the shared cache, by what was asked for and what came of it.',
    labelNames: ['kind', 'outcome'] as const,
    registers,
  })
  const sharedSeconds = new Histogram({
    name: 'onward_shared_cache_read_seconds',
    help: 'How long the shared cache was waited for, another process that loads the same included.',
    buckets: readBuckets,
    registers,
  })
  const sharedWrites = new Counter({
    name: 'onward_shared_cache_writes_total',
    help: 'Copies given to the shared cache, by what became of them.',
    labelNames: ['outcome'] as const,
    registers,
  })
  for (const lane of ['article', 'rail', 'list', 'shared']) breakers.set({ lane }, 0)
  const refreshFailures = new Counter({
    name: 'onward_refresh_failures_total',
    help: 'Copies that could not be loaded again behind their readers.',
    labelNames: ['what'] as const,
    registers,
  })
  const stored = new Counter({
    name: 'onward_articles_stored_total',
    help: 'Articles sent to the store, by what became of them.',
    labelNames: ['outcome'] as const,
    registers,
  })
  const storeSeconds = new Histogram({
    name: 'onward_store_batch_seconds',
    help: 'How long storing a batch took.',
    buckets: batchBuckets,
    registers,
  })
  const takedowns = new Counter({
    name: 'onward_articles_withdrawn_total',
    help: 'Articles taken down.',
    registers,
  })
  const railsWritten = new Counter({ name: 'onward_rails_written_total', help: 'Rails worked out.', registers })
  const indexLag = new Gauge({
    name: 'onward_index_lag_changes',
    help: 'Changes that the index has still to work through.',
    registers,
  })
  const indexSeconds = new Histogram({
    name: 'onward_index_batch_seconds',
    help: 'How long working out a batch of rails took.',
    buckets: batchBuckets,
    registers,
  })
  const failures = new Counter({
    name: 'onward_background_failures_total',
    help: 'Things that failed in the background and are tried again.',
    labelNames: ['what'] as const,
    registers,
  })
  const requests = new Histogram({
    name: 'onward_http_request_seconds',
    help: 'How long requests took until their answer was sent, by route and class of status.',
    labelNames: ['route', 'method', 'status'] as const,
    buckets: readBuckets,
    registers,
  })
  if (role !== null) {
    new Gauge({
      name: 'onward_role_info',
      help: 'Always 1; what this process does for its store stands in the label.',
      labelNames: ['role'] as const,
      registers,
    }).set({ role }, 1)
  }
  const leads = new Gauge({
    name: 'onward_keeps_rails',
    help: '1 while this process keeps the rails of its store, else 0; the sum over all processes is 1, and 0 while one takes over.',
    registers,
  })
  leads.set(keepsRails ? 1 : 0)
  const closeProcessWatch = watchProcess(registry)

  const unsubscribe = [
    subscribe('article-read', ({ outcome, tookMs, from, state }) => {
      articleReads.inc({ outcome })
      if (from !== undefined && state !== undefined) memory.inc({ from, state })
      articleSeconds.observe(tookMs / 1000)
    }),
    subscribe('rail-read', ({ state, basis, tookMs }) => {
      railReads.inc({ state, basis })
      railSeconds.observe(tookMs / 1000)
    }),
    subscribe('answer-ready', ({ state }) => ready.inc({ state })),
    subscribe('read-shed', ({ lane, importance }) => shed.inc({ lane, importance })),
    subscribe('read-retried', ({ lane }) => retries.inc({ lane })),
    subscribe('breaker-changed', ({ lane, became }) => breakers.set({ lane }, became === 'closed' ? 0 : 1)),
    subscribe('shared-read', ({ kind, outcome, tookMs }) => {
      sharedReads.inc({ kind, outcome })
      sharedSeconds.observe(tookMs / 1000)
    }),
    subscribe('shared-written', ({ outcome }) => sharedWrites.inc({ outcome })),
    subscribe('refresh-failed', ({ what }) => refreshFailures.inc({ what })),
    subscribe('articles-stored', ({ tookMs, created, updated, withdrawn, unchanged }) => {
      for (const [outcome, count] of Object.entries({ created, updated, withdrawn, unchanged })) {
        if (count > 0) stored.inc({ outcome }, count)
      }
      storeSeconds.observe(tookMs / 1000)
    }),
    subscribe('article-withdrawn', () => takedowns.inc()),
    subscribe('leadership-changed', (changed) => leads.set(changed.leads ? 1 : 0)),
    subscribe('index-lag', ({ changes }) => indexLag.set(changes)),
    subscribe('rails-written', ({ rails, tookMs }) => {
      railsWritten.inc(rails)
      indexSeconds.observe(tookMs / 1000)
    }),
    subscribe('background-failed', ({ what }) => failures.inc({ what })),
  ]

  const close = () => {
    for (const stop of unsubscribe.splice(0)) stop()
    closeProcessWatch()
    registry.clear()
  }

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    observeRequest({ route, method, status, aborted, tookMs }) {
      // 499, the class of its own that proxies use, for readers who left: they are neither served nor refused.
      const statusClass = aborted ? '499' : `${Math.floor(status / 100)}xx`
      requests.observe(
        { route, method: knownMethods.has(method) ? method : 'other', status: statusClass },
        tookMs / 1000,
      )
    },
    close,
    [Symbol.dispose]: close,
  }
}

export interface Metrics extends Disposable {
  /** Of what `text` gives. */
  readonly contentType: string
  /** Rejects never; costs a few milliseconds. */
  text(): Promise<string>
  /** Counts one request; `route` is the route's template, so that it has few values. */
  observeRequest(request: ObservedRequest): void
  close(): void
}

/** What is counted of a request; HTTP reports more than this. */
export interface ObservedRequest {
  readonly route: string
  readonly method: string
  readonly status: number
  readonly aborted: boolean
  readonly tookMs: number
}

// Seconds. Fine around the budgets (25, 150 and 800 ms), since that is where a decision is read off.
const readBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 0.8, 1, 2.5, 5]
const batchBuckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const knownMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS'])

/**
 * The process and its event loop. Written here because the library's own collectors cannot be ended: they start an
 * interval and two observers each, which live as long as the process does.
 */
function watchProcess(registry: Registry): () => void {
  const registers = [registry]
  // At the default resolution of 10 ms an idle loop shows a delay of 10 ms.
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  let utilization = performance.eventLoopUtilization()
  new Gauge({
    name: 'nodejs_eventloop_delay_seconds',
    help: 'Delay of the event loop since the last look, by quantile; about 0.001 when idle.',
    labelNames: ['quantile'] as const,
    registers,
    collect() {
      // Nothing measured yet is NaN, which would make a graph look broken rather than idle.
      const at = (percentile: number) => (delay.count === 0 ? 0 : delay.percentile(percentile) / 1e9)
      this.set({ quantile: '0.5' }, at(50))
      this.set({ quantile: '0.99' }, at(99))
      this.set({ quantile: '1' }, delay.count === 0 ? 0 : delay.max / 1e9)
      delay.reset()
    },
  })
  new Gauge({
    name: 'nodejs_eventloop_utilization_ratio',
    help: 'Share of the time since the last look in which the event loop was busy.',
    registers,
    collect() {
      const now = performance.eventLoopUtilization()
      this.set(performance.eventLoopUtilization(now, utilization).utilization)
      utilization = now
    },
  })
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Memory that the process holds.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss())
    },
  })
  new Gauge({
    name: 'nodejs_heap_used_bytes',
    help: 'Heap in use by JavaScript objects.',
    registers,
    collect() {
      this.set(process.memoryUsage().heapUsed)
    },
  })
  new Gauge({
    name: 'process_cpu_seconds_total',
    help: 'Processor time that the process has used, all threads.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage()
      this.set((user + system) / 1e6)
    },
  })
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'When the process started, in seconds since the epoch.',
    registers,
  }).set(performance.timeOrigin / 1000)
  return () => delay.disable()
}
