import { setImmediate as nextTurn } from 'node:timers/promises'

setImmediate(() => console.log('4. next round: what the kitchen has put on the pass'))
queueMicrotask(() => console.log('3. before he leaves the table: what he promised to do right after'))
console.log('1. the waiter hears the order')
console.log('2. and says it back: nobody can interrupt him here')
await nextTurn()

/** Ten slices of paperwork; a guest has raised his hand when it begins. Who is done first? */
async function whoIsFirst(betweenSlices: () => unknown): Promise<string> {
  const done: string[] = []
  const guest = nextTurn().then(() => done.push('guest'))
  for (let slice = 0; slice < 10; slice++) {
    addUpSomeBills()
    await betweenSlices()
  }
  done.push('paperwork')
  await guest
  return done.join(', then ')
}

console.log(`await null: ${await whoIsFirst(() => null)}`)
console.log(`await setImmediate(): ${await whoIsFirst(() => nextTurn())}`)

function addUpSomeBills(): number {
  let sum = 0
  for (let bill = 0; bill < 1000; bill++) sum += bill
  return sum
}
