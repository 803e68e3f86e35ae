import { parentPort, Worker } from 'node:worker_threads'
import fc from 'fast-check'

/** How many orders each state machine is played in. */
export const schedules = 10_000

/**
 * Runs a module that calls {@link playSchedules} in a worker thread, and gives its counts or its failure.
 *
 * In a thread because the test runner follows every promise of its own with async hooks: 10,000 schedules of a handful
 * of promises take 15 s under it and 2 s beside it.
 */
export async function playInThread(module: URL): Promise<Record<string, number>> {
  const worker = new Worker(module)
  try {
    return await new Promise((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
      // A story that waits for what never comes leaves the thread with nothing to do.
      worker.once('exit', () => reject(new Error('The schedules came to a standstill.')))
    })
  } finally {
    await worker.terminate()
  }
}

/**
 * Plays `story` in 10,000 orders and reports, summed up, how often what it is there for came about.
 *
 * Whatever the story begins it hands to `own`, and in the end awaits `settled`, which rejects with the first failure.
 */
export async function playSchedules<Action>(
  actions: fc.Arbitrary<Action>,
  story: (s: fc.Scheduler, actions: Action[], begun: Begun) => Promise<Record<string, number>>,
): Promise<void> {
  const sums: Record<string, number> = {}
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(actions, { minLength: 2, maxLength: 9 }), async (s, chosen) => {
      for (const [name, count] of Object.entries(await story(s, chosen, new Begun()))) {
        sums[name] = (sums[name] ?? 0) + count
      }
    }),
    { numRuns: schedules },
  )
  parentPort?.postMessage(sums)
}

/** What a story has begun and has to await: a failure is kept for the end, and is no unhandled rejection until then. */
export class Begun {
  readonly #promises: Array<Promise<unknown>> = []

  own(promise: Promise<unknown>): void {
    promise.catch(() => {})
    this.#promises.push(promise)
  }

  async settled(): Promise<void> {
    await Promise.all(this.#promises)
  }
}
