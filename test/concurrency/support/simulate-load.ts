import type { Clock } from '../../../src/concurrency/clock.ts'
import { Limiter, type LimiterSettings } from '../../../src/concurrency/limiter.ts'

export interface SimulatedLoad {
  /** How many calls the simulated store works on at a time; the others wait in a queue of its own. */
  readonly atATime: number
  /** How long it works on one, in milliseconds. */
  readonly takesMs: number
  /** `even`: each exactly so long. `chance`: exponential with that mean, which is harder. */
  readonly durations: 'even' | 'chance'
  /** How many come in a second, by chance (Poisson). */
  readonly perSecond: number
  readonly forMs: number
  /** Before, a tenth of the store's capacity comes for so long, and is not counted. Default 2000. */
  readonly quietMs?: number
  readonly settings?: Partial<LimiterSettings>
}

/** Lets readers come to a store behind a limiter, in simulated time and from one seed: the same load, the same result. */
export async function simulateLoad(load: SimulatedLoad) {
  const clock = eventClock()
  const random = randomFrom(1)
  const limiter = new Limiter({ what: 'The store', clock, random, settings: load.settings })
  const servedMs: number[] = []
  const refusedMs: number[] = []
  const capacityPerMs = load.atATime / load.takesMs
  const quietMs = load.quietMs ?? 2000
  const store = storeOf(load, clock, random)

  const arrive = () => {
    const askedAtMs = clock.monotonicMs()
    const isQuiet = askedAtMs < quietMs
    const tookMs = () => clock.monotonicMs() - askedAtMs
    void limiter.acquire({ importance: 'essential' }).then(
      (permit) =>
        store(() => {
          permit.release()
          if (!isQuiet) servedMs.push(tookMs())
        }),
      () => refusedMs.push(tookMs()),
    )
    const nextMs = exponential(isQuiet ? 10 / capacityPerMs : 1000 / load.perSecond, random)
    if (askedAtMs + nextMs < quietMs + load.forMs) clock.after(nextMs, arrive)
  }
  arrive()
  await clock.runOut()
  return {
    /** The share of what could be served at all that was served. */
    goodput: servedMs.length / (load.forMs * Math.min(capacityPerMs, load.perSecond / 1000)),
    refused: refusedMs.length,
    limit: limiter.limit,
    servedMs: (share: number) => quantile(servedMs, share),
    refusedMs: (share: number) => quantile(refusedMs, share),
  }
}

function storeOf({ atATime, takesMs, durations }: SimulatedLoad, clock: Clock, random: () => number) {
  const queue: Array<() => void> = []
  let atWork = 0
  return function begin(done: () => void): void {
    if (atWork >= atATime) {
      queue.push(done)
      return
    }
    atWork++
    clock.after(durations === 'even' ? takesMs : exponential(takesMs, random), () => {
      atWork--
      done()
      const next = queue.shift()
      if (next) begin(next)
    })
  }
}

// A clock that goes from one timer to the next, and lets what waits for each move on before it goes further: the fake
// clock of the other tests moves over several at once, and what took 5 ms would seem to take until the next arrival.
function eventClock(): Clock & { runOut(): Promise<void> } {
  const timers = new Set<{ readonly dueMs: number; readonly callback: () => void }>()
  let nowMs = 0
  return {
    now: () => nowMs,
    monotonicMs: () => nowMs,
    after(delayMs, callback) {
      const timer = { dueMs: nowMs + delayMs, callback }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    async runOut() {
      while (timers.size > 0) {
        let next: { readonly dueMs: number; readonly callback: () => void } | null = null
        for (const timer of timers) if (!next || timer.dueMs < next.dueMs) next = timer
        if (!next) return
        timers.delete(next)
        nowMs = next.dueMs
        next.callback()
        await null
        await null
      }
    },
  }
}

function exponential(mean: number, random: () => number): number {
  return -Math.log(1 - random()) * mean
}

// A linear congruential generator (Numerical Recipes): good enough to arrive by.
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN
}

// node test/concurrency/support/simulate-load.ts prints the figures of docs/decisions/0006-the-limiter.md.
if (import.meta.main) {
  const eight = { atATime: 8, takesMs: 20, durations: 'chance', forMs: 60_000 } as const
  const loads: ReadonlyArray<readonly [string, SimulatedLoad]> = [
    ['three quarters of the capacity', { ...eight, perSecond: 300 }],
    ['1.1 times the capacity', { ...eight, perSecond: 440 }],
    ['1.5 times', { ...eight, perSecond: 600 }],
    ['5 times', { ...eight, perSecond: 2000 }],
    ['5 times, even durations', { ...eight, durations: 'even', perSecond: 2000 }],
    ['5 times, for 5 minutes', { ...eight, perSecond: 2000, forMs: 300_000 }],
    ['5 times from the first moment', { ...eight, perSecond: 2000, quietMs: 0 }],
    ['5 times, 2 at a time of 50 ms', { ...eight, atATime: 2, takesMs: 50, perSecond: 200 }],
    ['2 times, 64 at a time', { ...eight, atATime: 64, perSecond: 6400, forMs: 20_000 }],
  ]
  const row = (...cells: string[]) => cells.map((cell, i) => (i === 0 ? cell.padEnd(32) : cell.padStart(10))).join('')
  process.stdout.write(`${row('', 'goodput', 'p50 ms', 'p99 ms', 'refused', 'p50 ms', 'p99 ms', 'limit')}\n`)
  for (const [name, load] of loads) {
    const { goodput, refused, servedMs, refusedMs, limit } = await simulateLoad(load)
    const refusals = refused === 0 ? ['-', '-'] : [refusedMs(0.5).toFixed(1), refusedMs(0.99).toFixed(1)]
    const cells = [`${(100 * goodput).toFixed(1)}%`, servedMs(0.5).toFixed(1), servedMs(0.99).toFixed(1)]
    process.stdout.write(`${row(name, ...cells, `${refused}`, ...refusals, `${limit}`)}\n`)
  }
}
