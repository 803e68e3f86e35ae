import { minutes } from './kitchen.ts'

export interface Stock {
  read(): Promise<number>
  write(portions: number): Promise<void>
}

export async function sell(stock: Stock): Promise<void> {
  const left = await stock.read()
  await stock.write(left - 1) // What was read may be old by now: an await is where others get their turn.
}

/** Gives each piece of work its turn, in the order in which it was asked for. */
export function queue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const mine = last.then(work)
    last = mine.catch(() => {}) // The next one gets its turn though this one fails; whoever asked hears of the failure.
    return mine
  }
}

if (import.meta.main) {
  const careless = stockOf(10)
  await Promise.all([sell(careless), sell(careless)])
  console.log(`two portions sold out of 10, ${await careless.read()} left`)

  const stock = stockOf(10)
  const inTurn = queue()
  await Promise.all([inTurn(() => sell(stock)), inTurn(() => sell(stock))])
  console.log(`in turn: ${await stock.read()} left`)
}

function stockOf(portions: number): Stock {
  let left = portions
  return {
    async read() {
      await minutes(1)
      return left
    },
    async write(now) {
      await minutes(1)
      left = now
    },
  }
}
