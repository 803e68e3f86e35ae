import { systemClock } from '../../src/concurrency/clock.ts'
import { seededRandom } from '../../src/generate/seeded-random.ts'
import type { Dialect } from '../../src/store/sql/dialect.ts'
import { SqlLane } from '../../src/store/sql/lane.ts'

/** What became of the requests of a storm. All but the first four have to be 0. */
export interface StormOutcome {
  answered: number
  /** The asker left. */
  left: number
  /** Ended by the server, since they took too long. */
  timedOut: number
  /** Of the transactions that failed on purpose, those that were taken back. */
  takenBack: number
  /** Answers that were another's. */
  wrong: number
  /** Failed with anything else. */
  failed: number
  /** Still pending when all askers had their answers, after as long as any statement may take. */
  stuck: number
  /** More connections than the lane may have. */
  tooManyConnections: number
}

/**
 * More askers than a lane has connections, all at once: quick queries, slow ones, such as take too long, transactions that fail, and
 * askers who leave before, while and after they are served.
 */
export async function storm(
  dialect: Dialect,
  { requests, connections, askers, sleep }: StormOptions,
  progress: (done: number) => void = () => {},
): Promise<StormOutcome> {
  const outcome: StormOutcome = {
    answered: 0,
    left: 0,
    timedOut: 0,
    takenBack: 0,
    wrong: 0,
    failed: 0,
    stuck: 0,
    tooManyConnections: 0,
  }
  const waits = { acquireMs: 60_000, connectMs: 60_000, statementMs }
  const lane = new SqlLane({
    ...waits,
    name: 'storm',
    dialect,
    connectionsMax: connections,
    pendingMax: 10_000,
    clock: systemClock,
  })
  await using _closing = lane
  const random = seededRandom(1)
  let next = 0
  const ask = async (number: number): Promise<void> => {
    const kind = random()
    const leaves = random() < 0.2 ? new AbortController() : null
    const seconds = kind < 0.9 ? 0 : kind < 0.98 ? 0.005 : kind < 0.985 ? 10 : 0
    const isBroken = kind >= 0.985
    const asking = lane.ask(async (queries) => {
      if (isBroken) await queries.transaction(async () => Promise.reject(new Broken()))
      if (seconds > 0) await queries.exec(sleep(seconds))
      const [row] = await queries.exec(`SELECT ${number} AS number`)
      return Number(row?.number)
    }, leaves?.signal)
    if (leaves) setTimeout(() => leaves.abort(new Left()), random() * 10)
    try {
      if ((await asking) === number) outcome.answered++
      else outcome.wrong++
    } catch (error) {
      const cause = error instanceof Error ? error.cause : null
      if (error instanceof Left) outcome.left++
      else if (cause instanceof Broken) outcome.takenBack++
      else if (seconds > 1 && /longer than it may|no answer within/.test(String(error))) outcome.timedOut++
      else outcome.failed++
    }
    if (lane.connections > connections) outcome.tooManyConnections++
  }
  await Promise.all(
    Array.from({ length: askers }, async () => {
      while (next < requests) {
        const number = next++
        await ask(number)
        if (number % 1000 === 0) progress(number)
      }
    }),
  )
  // Those whose askers left count until they are answered.
  const until = performance.now() + 10 * statementMs
  while (lane.pending > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 5))
  outcome.stuck = lane.pending
  return outcome
}

export interface StormOptions {
  readonly requests: number
  readonly connections: number
  readonly askers: number
  /** SQL that takes this long. */
  readonly sleep: (seconds: number) => string
}

export const postgresSleep = (seconds: number): string => `SELECT pg_sleep(${seconds})`

export const mariadbSleep = (seconds: number): string => `SELECT SLEEP(${seconds})`

const statementMs = 500

class Left extends Error {}
class Broken extends Error {}
