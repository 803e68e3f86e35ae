import { minutes } from './kitchen.ts'

async function dinner(signal: AbortSignal): Promise<string> {
  try {
    for (const course of ['soup', 'fish', 'cake']) {
      await minutes(2, signal) // Passed on to whatever waits: it throws the signal's reason.
      console.log(`${course} is served`)
    }
    return 'a full dinner'
  } finally {
    console.log('the table is cleared') // However it ended.
  }
}

const guest = new AbortController()
void minutes(3).then(() => guest.abort(new Error('the guest has left')))
console.log(await dinner(guest.signal).catch((error: Error) => `no dinner: ${error.message}`))
