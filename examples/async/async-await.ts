import { minutes } from './kitchen.ts'

async function cook(dish: string, takes: number): Promise<string> {
  console.log(`${dish}: on the fire`)
  await minutes(takes)
  console.log(`${dish}: ready`)
  return dish
}

const fish = cook('fish', 20) // It is on the fire now, whether anybody awaits it or not.
console.log('the waiter walks on')
const soup = cook('soup', 10)
console.log(`served: ${await soup} and ${await fish}`)
