import fc from 'fast-check'
import { withDeadline } from '../../src/concurrency/deadline.ts'
import { fakeClock } from '../../test/support/fake-clock.ts'
import { leavesNothingBehind } from '../../test/support/leak-check.ts'
import { queue, type Stock, sell } from './lost-update.ts'

const clock = fakeClock()
const dinner = withDeadline(() => new Promise(() => {}), { clock, budgetMs: 3_600_000, what: 'Dinner' })
clock.advance(3_600_000) // An hour, in no time.
console.log(await dinner.catch((error: Error) => error.message), `Timers left: ${clock.pending}.`)

const sellsTwo = (turn: ReturnType<typeof queue>) =>
  fc.asyncProperty(fc.scheduler(), async (scheduler) => {
    let left = 10
    const stock: Stock = {
      read: scheduler.scheduleFunction(async () => left),
      write: scheduler.scheduleFunction(async (portions) => {
        left = portions
      }),
    }
    await scheduler.waitFor(Promise.all([turn(() => sell(stock)), turn(() => sell(stock))]))
    return left === 8
  })

const careless = await fc.check(
  sellsTwo((work) => work()),
  { seed: 7 },
)
console.log(`careless: ${careless.failed ? 'an order of events loses a sale' : 'sound'}`)
const inTurn = await fc.check(sellsTwo(queue()), { seed: 7 })
console.log(`in turn: ${inTurn.failed ? 'loses a sale' : `sound in ${inTurn.numRuns} orders of events`}`)

let timer: NodeJS.Timeout | undefined
const untidy = leavesNothingBehind(async () => {
  timer = setTimeout(() => {}, 60_000)
})
console.log(await untidy.catch((error: Error) => /Timeout × 1/.exec(error.message)?.[0]), 'was left behind')
clearTimeout(timer)
