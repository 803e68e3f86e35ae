import { systemClock as clock } from '../../src/concurrency/clock.ts'
import { Coalesce } from '../../src/concurrency/coalesce.ts'
import { minutes } from './kitchen.ts'

let chalkboard = ''

async function readChalkboard(): Promise<string> {
  const text = chalkboard
  await minutes(3) // The way back to the guests.
  return text
}

class CarelessMemory {
  readonly #kept = new Map<string, string>()
  readonly #loading = new Map<string, Promise<string>>()

  async get(key: string): Promise<string> {
    const kept = this.#kept.get(key)
    if (kept !== undefined) return kept
    const load = this.#loading.get(key) ?? readChalkboard().finally(() => this.#loading.delete(key))
    this.#loading.set(key, load)
    const value = await load
    this.#kept.set(key, value) // Even if the board was wiped while this was on its way.
    return value
  }

  boardWiped(key: string): void {
    this.#kept.delete(key)
  }
}

class CarefulMemory {
  readonly #kept = new Map<string, string>()
  readonly #loads = new Coalesce<string>(() => readChalkboard(), {
    clock,
    what: 'The menu',
    loadBudgetMs: 5000,
    loadsMax: 10,
    onLoaded: (key, value) => this.#kept.set(key, value), // Never called for a load that was overtaken.
  })

  async get(key: string): Promise<string> {
    return this.#kept.get(key) ?? (await this.#loads.ask(key)).value
  }

  boardWiped(key: string): void {
    this.#kept.delete(key)
    this.#loads.invalidate(key)
  }
}

for (const memory of [new CarelessMemory(), new CarefulMemory()]) {
  chalkboard = 'leek soup'
  const early = memory.get('soup')
  await minutes(1)
  chalkboard = 'tomato soup'
  memory.boardWiped('soup')
  await early
  console.log(`${memory.constructor.name} offers ${await memory.get('soup')} while the board says ${chalkboard}`)
}
