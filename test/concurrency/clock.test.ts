import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { systemClock } from '../../src/concurrency/clock.ts'
import { withDeadline } from '../../src/concurrency/deadline.ts'

const execute = promisify(execFile)

test('an answer that came while the event loop stood still is taken, though its deadline has passed meanwhile', async (t) => {
  const answered = new Int32Array(new SharedArrayBuffer(4))
  const thread = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads')
    parentPort.on('message', () => {
      parentPort.postMessage('the answer')
      Atomics.store(workerData, 0, 1)
      Atomics.notify(workerData, 0)
    })`,
    { eval: true, workerData: answered },
  )
  t.after(() => thread.terminate())
  await once(thread, 'online')
  // From here the loop comes to its timers first, and then to what has arrived.
  await new Promise((resolve) => setImmediate(resolve))
  const budgetMs = 5
  const startedAt = performance.now()
  const answer = withDeadline(
    async () => {
      const [message] = await once(thread, 'message')
      return message as string
    },
    { clock: systemClock, budgetMs, what: 'The thread' },
  )
  thread.postMessage('a question')
  Atomics.wait(answered, 0, 0)
  // Timers count from when the loop last looked at its clock, which is before now.
  while (performance.now() - startedAt < budgetMs + 2) Atomics.wait(answered, 0, 1, 1)
  assert.equal(await answer, 'the answer')
})

test('a timer can be called off in the very turn in which its time has come', async () => {
  let fired = false
  // Both are due in the same turn, and timers of one duration fire in the order in which they were set.
  const cancel = systemClock.after(1, () => {
    fired = true
  })
  await new Promise<void>((resolve) => {
    setTimeout(() => {
      cancel()
      resolve()
    }, 1)
  })
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(fired, false)
})

test('a timer is on time in a process that nothing else wakes, and keeps no process alive', async () => {
  const clock = new URL('../../src/concurrency/clock.ts', import.meta.url).href
  const run = (script: string) =>
    execute(process.execPath, ['--input-type=module', '--eval', `import { systemClock } from '${clock}'; ${script}`], {
      timeout: 20_000,
    })
  // A server that nobody asks keeps the process alive, and its loop asleep.
  const waiting = `
    import { createServer } from 'node:net'
    const server = createServer().listen(0, '127.0.0.1', () =>
      systemClock.after(20, () => { console.log('on time'); server.close() }))`
  assert.equal((await run(waiting)).stdout, 'on time\n')
  assert.equal((await run(`systemClock.after(60_000, () => console.log('late'))`)).stdout, '')
})
