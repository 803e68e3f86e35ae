import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { setTimeout as later } from 'node:timers/promises'
import { publish, subscribe } from '../../src/events.ts'

using delay = monitorEventLoopDelay({ resolution: 1 }) // At the default of 10 ms an idle loop looks 10 ms late.
delay.enable()
await later(5)
standWaiting(60)
await later(5)
console.log(`the loop was held for more than 50 ms: ${delay.max / 1e6 > 50}`)

const forgotten = setInterval(() => {}, 60_000)
console.log(`still open: ${process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout')}`)
clearInterval(forgotten)

const unsubscribe = subscribe('background-failed', ({ what, error }) => console.log(`${what} failed: ${error}`))
publish('background-failed', () => ({ what: 'washing up', error: new Error('no soap') }))
unsubscribe()

function standWaiting(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}
