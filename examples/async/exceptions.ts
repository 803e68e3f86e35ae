import { type OnwardError, StoreUnavailableError } from '../../src/errors.ts'
import { minutes } from './kitchen.ts'

async function bake(): Promise<string> {
  await minutes(1)
  throw new Error('the bread burnt')
}

async function forgetful(): Promise<string> {
  try {
    return bake() // The promise leaves the try block before it rejects: this catch never runs.
  } catch {
    return 'toast'
  }
}

async function careful(): Promise<string> {
  try {
    return await bake()
  } catch {
    return 'toast'
  }
}

async function withMeaning(): Promise<string> {
  try {
    return await bake()
  } catch (error) {
    throw new StoreUnavailableError('There is no bread today.', { cause: error })
  }
}

console.log(`forgetful: ${await forgetful().catch((error: Error) => `the guest hears that ${error.message}`)}`)
console.log(`careful: ${await careful()}`)
await withMeaning().catch((error: OnwardError) => {
  console.log(`with meaning: ${error.code}: ${error.message} Cause: ${error.cause}`)
})
