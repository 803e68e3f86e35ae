import { siblingModule, Thread } from '../../src/concurrency/thread.ts'
import { primesBelow } from './primes.ts'

await using cook = new Thread<number, number>({
  name: 'cook',
  url: siblingModule(import.meta.url, 'cook-thread'),
  pendingMax: 10,
})

console.log(`the waiter cooks: ${await roundsDuring(async () => primesBelow(200_000))}`)
console.log(`the cook cooks: ${await roundsDuring(() => cook.request(200_000))}`)

/** Does the waiter still go round among his tables while `work` is done? */
async function roundsDuring(work: () => Promise<number>): Promise<string> {
  let rounds = 0
  let next = setImmediate(function goRound() {
    rounds++
    next = setImmediate(goRound)
  })
  const primes = await work()
  clearImmediate(next)
  return `${primes} primes, ${rounds === 0 ? 'not one round' : 'many rounds'} meanwhile`
}
