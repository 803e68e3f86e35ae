import { parentPort, workerData } from 'node:worker_threads'
import { simulate } from './simulate.ts'

/** What a thread is to play, and what it tells every so often. */
export interface Share {
  readonly from: number
  readonly seeds: number
  /** Plays each so-manieth seed only: the other threads play the others. */
  readonly every: number
}

export interface Progress {
  readonly played: number
  readonly violations: ReadonlyArray<{ readonly seed: number; readonly violation: string }>
  readonly counts: Readonly<Record<string, number>>
}

const seedsPerMessage = 50
const { from, seeds, every } = workerData as Share
// A stack costs more than all the rest of a refusal, and thousands of them are made a second.
Error.stackTraceLimit = 0
let unheard: unknown = null
process.on('unhandledRejection', (reason) => {
  unheard = reason
})
for (let first = 0; first < seeds; first += every * seedsPerMessage) await play(first)

async function play(first: number): Promise<void> {
  const counts: Record<string, number> = {}
  const violations: Array<{ seed: number; violation: string }> = []
  let played = 0
  for (let n = first; n < Math.min(seeds, first + every * seedsPerMessage); n += every) {
    const seed = from + n
    const outcome = await simulate(seed)
    // A turn of the event loop, in which Node finds out what was left unheard.
    await new Promise(setImmediate)
    const violation = outcome.violation ?? (unheard === null ? null : `a rejection was left unheard: ${unheard}`)
    unheard = null
    if (violation !== null) violations.push({ seed, violation })
    for (const [what, count] of Object.entries(outcome.counts)) counts[what] = (counts[what] ?? 0) + count
    played++
  }
  parentPort?.postMessage({ played, violations, counts } satisfies Progress)
}
