import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { openLoop } from '../../../src/report/load/open-loop.ts'
import { percentilesOf } from '../../../src/report/load/percentiles.ts'
import type { Arrival } from '../../../src/report/load/plan-load.ts'

describe('the open loop', { timeout: 60_000 }, () => {
  it('reports the true latency of a stall, where a closed loop hides it', async () => {
    // Long beside what a busy machine does to a request of its own.
    const [requests, everyMs, stallMs] = [400, 5, 1500]
    const plan = Array.from({ length: requests }, (_, number) => page((number + 1) * everyMs))

    await using open = await stallingServer({ stallAt: requests / 4, stallMs })
    const { outcomes } = await openLoop({ ...loadOf(open.url), plan })
    await using closed = await stallingServer({ stallAt: requests / 4, stallMs })
    const closedTimes = await closedLoop(closed.url, requests)

    const openTimes = percentilesOf(
      outcomes.map(({ completeMs }) => completeMs),
      0,
    )
    assert.equal(openTimes.count, requests)
    // Its first half has 150 arrivals: who came right after it began waited for all of it, the last for nothing.
    const stalled = outcomes.filter(({ completeMs }) => completeMs > stallMs / 2).length
    assert.ok(stalled >= 100, `${stalled} waited for more than half of the stall`)
    assert.ok((openTimes.p90 ?? 0) > stallMs / 2, `p90 ${openTimes.p90}`)
    assert.ok((openTimes.max ?? 0) > stallMs * 0.9, `max ${openTimes.max}`)
    // One of 400 met it, so that even the p99 knows nothing of it.
    assert.equal(closedTimes.filter((ms) => ms > stallMs / 2).length, 1)
    assert.ok((percentilesOf(closedTimes, 0).p99 ?? Infinity) < stallMs / 2)
  })

  it('tells what became of each arrival', async () => {
    const answers: Record<string, RequestListener> = {
      '/whole': (_request, response) => response.end('<article></article><aside data-related-state="stale">'),
      '/no-article': (_request, response) => response.end('nothing'),
      '/missing': (_request, response) => response.writeHead(404).end('</article>'),
      '/broken': (_request, response) => response.writeHead(503).end('</article>'),
      '/cut': (request) => request.socket.destroy(),
      '/never': () => {},
    }
    await using server = await serving((request, response) => answers[request.url ?? '']?.(request, response))
    const paths = Object.keys(answers)
    const { outcomes } = await openLoop({
      ...loadOf(server.url),
      plan: [...paths.map((_, number) => page(number)), { ...page(paths.length), leavesAfterMs: 20 }],
      request: (arrival) => ({ method: 'GET', path: paths[Math.round(arrival.atMs)] ?? '/never' }),
      timeoutMs: 300,
    })
    const results = new Map(outcomes.map(({ arrival, result }) => [paths[arrival.atMs] ?? 'leaving', result]))
    assert.deepEqual(Object.fromEntries(results), {
      '/whole': 'served',
      '/no-article': 'wrong-answer',
      '/missing': 'wrong-answer',
      '/broken': 'server-error',
      '/cut': 'disconnected',
      '/never': 'timed-out',
      leaving: 'left',
    })
    const whole = outcomes.find(({ result }) => result === 'served')
    assert.equal(whole?.rail, 'stale')
    assert.ok(whole.firstByteMs <= whole.articleMs && whole.articleMs <= whole.completeMs)
    const never = outcomes.find(({ result }) => result === 'timed-out')
    assert.equal(never?.completeMs, Infinity)
  })

  it('hears </article> and the state of the rail across the edges of what arrives', async () => {
    const html = '<p>…</p></article><aside data-related-state="fallback"></aside>'
    await using server = await serving(async (_request, response) => {
      for (const letter of html) await new Promise((resolve) => response.write(letter, resolve))
      response.end()
    })
    const { outcomes } = await openLoop({ ...loadOf(server.url), plan: [page(0)] })
    assert.equal(outcomes[0]?.result, 'served')
    assert.equal(outcomes[0]?.rail, 'fallback')
  })

  it('stops at once when it is told to, and rejects with the reason', async () => {
    await using server = await serving(() => {})
    const stop = new AbortController()
    const running = openLoop({ ...loadOf(server.url), plan: [page(0), page(60_000)], signal: stop.signal })
    await once(server.emitter, 'request')
    stop.abort(new Error('enough'))
    await assert.rejects(running, /enough/)
  })
})

function page(atMs: number) {
  return {
    kind: 'page',
    atMs,
    isCounted: true,
    article: 0,
    isCold: false,
    isColdAgain: false,
    leavesAfterMs: null,
  } as const satisfies Arrival
}

function loadOf(url: string) {
  const request = (_arrival: Arrival) => ({ method: 'GET', path: '/' }) as const
  return { url, request, connectionsMax: 500, timeoutMs: 10_000 }
}

/** As most load tools do it: the next request when the last was answered. */
async function closedLoop(url: string, requests: number): Promise<number[]> {
  const times: number[] = []
  for (let number = 0; number < requests; number++) {
    const startedAt = performance.now()
    await (await fetch(url)).text()
    times.push(performance.now() - startedAt)
  }
  return times
}

async function stallingServer(stall: { stallAt: number; stallMs: number }) {
  const worker = new Worker(new URL('./stalling-server.ts', import.meta.url), { workerData: stall })
  const [port] = await once(worker, 'message')
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      await worker.terminate()
    },
  }
}

async function serving(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    emitter: server,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
