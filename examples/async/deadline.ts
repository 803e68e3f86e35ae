import { systemClock as clock } from '../../src/concurrency/clock.ts'
import { Deadline, withDeadline } from '../../src/concurrency/deadline.ts'
import { minutes } from './kitchen.ts'

const evening = Deadline.in(clock, 10_000)

function serve(what: string, takes: number, budget: Deadline): Promise<void> {
  return withDeadline((signal) => minutes(takes, signal), { clock, what, budgetMs: budget.remainingMs() })
}

await serve('The soup', 2, evening.atMost(5000)) // A part of the evening, and never more than is left of it.
await serve('The fish', Number.POSITIVE_INFINITY, evening.atMost(20)).catch((late: Error) => console.log(late.message))
