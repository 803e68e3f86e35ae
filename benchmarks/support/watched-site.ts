/**
 * onward as it is installed, and a report of what goes on in its process: started by `fork`, with the store's URL as
 * argument and onward's options in its environment. It tells its address, and answers `heap` and `delay`; see
 * `watched-server.ts`. Ends when its parent is gone or says so.
 */
import { once } from 'node:events'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { openService } from '../../src/service.ts'
import type { Answers } from './watched-server.ts'

const [store] = process.argv.slice(2)
if (!store || !process.send) throw new Error('Started by watched-server.ts only.')
await using service = await openService({ store, port: 0, logLevel: 'error' })
const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()

process.on('message', (question: keyof Answers) => {
  if (question === 'heap') void tellHeap()
  if (question === 'delay') {
    tell({ p50Ms: delay.percentile(50) / 1e6, p99Ms: delay.percentile(99) / 1e6, maxMs: delay.max / 1e6 })
    delay.reset()
  }
})
process.send({ url: service.url })
await once(process, 'disconnect')
delay.disable()

async function tellHeap(): Promise<void> {
  if (!globalThis.gc) throw new Error('Started without --expose-gc.')
  // Once more after what the first has let go of was told so: finalizers, weak references, closed handles.
  for (let round = 0; round < 2; round++) {
    globalThis.gc()
    await pause(20)
  }
  const { heapUsed, external } = process.memoryUsage()
  tell({ heapUsed, external, handles: process.getActiveResourcesInfo().length })
}

function tell<Question extends keyof Answers>(answer: Answers[Question]): void {
  process.send?.(answer)
}
