import { minutes } from './kitchen.ts'

type Cook = (signal: AbortSignal) => Promise<string>

async function dinner(fish: Cook, salad: Cook, guest: AbortSignal): Promise<string> {
  const stop = new AbortController()
  const outcome = salad(stop.signal).catch((error: Error) => `no salad: ${error.message}`)
  try {
    const main = await fish(guest) // The fish alone decides whether there is a dinner.
    const late = minutes(5, stop.signal).then(() => 'no salad: it is late')
    return `${main}, ${await Promise.race([outcome, late])}`
  } finally {
    stop.abort(new Error('not needed any more')) // A race has to stop its losers.
  }
}

const fish: Cook = (signal) => minutes(3, signal).then(() => 'fish')
const salad: Cook = (signal) => minutes(1, signal).then(() => 'salad')
const burnt: Cook = (signal) => minutes(1, signal).then(() => Promise.reject(new Error('it burnt')))
const never: Cook = (signal) => minutes(Number.POSITIVE_INFINITY, signal).then(() => 'salad')

const guest = new AbortController().signal
const both = Promise.all([fish(guest), burnt(guest)])
console.log(`Promise.all: ${await both.catch((error: Error) => `no dinner: ${error.message}`)}`)
console.log(`dinner: ${await dinner(fish, salad, guest)}`)
console.log(`dinner: ${await dinner(fish, burnt, guest)}`)
console.log(`dinner: ${await dinner(fish, never, guest)}`)
