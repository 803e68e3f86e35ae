import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { suite, test } from 'node:test'
import { fakeClock } from './fake-clock.ts'
import { leavesNothingBehind } from './leak-check.ts'
import { temporaryFolder } from './temporary-folder.ts'

suite('a fake clock', () => {
  test('stands still until it is moved', () => {
    const clock = fakeClock(1000)
    let called = 0
    clock.after(10, () => called++)
    assert.deepEqual([clock.now(), clock.monotonicMs(), called, clock.pending], [1000, 0, 0, 1])
    clock.advance(9)
    assert.equal(called, 0)
    clock.advance(1)
    assert.deepEqual([clock.now(), clock.monotonicMs(), called, clock.pending], [1010, 10, 1, 0])
  })

  test('calls what is due in the order of its times, the older of two first, each at its own time', () => {
    const clock = fakeClock(0)
    const calls: string[] = []
    clock.after(20, () => calls.push(`late at ${clock.now()}`))
    clock.after(10, () => {
      calls.push(`early at ${clock.now()}`)
      clock.after(5, () => calls.push(`planned on the way at ${clock.now()}`))
    })
    clock.after(10, () => calls.push(`second at ${clock.now()}`))
    clock.advance(100)
    assert.deepEqual(calls, ['early at 10', 'second at 10', 'planned on the way at 15', 'late at 20'])
  })

  test('never calls what was cancelled', () => {
    const clock = fakeClock()
    const cancel = clock.after(10, () => assert.fail('It was cancelled.'))
    cancel()
    assert.equal(clock.pending, 0)
    clock.advance(20)
  })

  test('lets those who wait for a callback move on before the next one', async () => {
    const clock = fakeClock(0)
    const seen: number[] = []
    const waiter = (async () => {
      for (let round = 0; round < 3; round++) {
        await new Promise<void>((resolve) => clock.after(10, resolve))
        seen.push(clock.now())
      }
    })()
    await clock.advanceAndSettle(30)
    await waiter
    assert.deepEqual(seen, [10, 20, 30])
  })
})

suite('a temporary folder', () => {
  test('is gone, with what is in it, when its scope ends', async () => {
    let path: string
    {
      await using folder = await temporaryFolder()
      path = folder.path
      await writeFile(folder.file('a.txt'), 'text')
      assert.ok(existsSync(folder.file('a.txt')))
    }
    assert.equal(existsSync(path), false)
  })
})

suite('the check for leaks', () => {
  test('lets a tidy story pass', async () => {
    await leavesNothingBehind(async () => {
      const server = createServer().listen(0)
      await new Promise<void>((resolve) => server.close(() => resolve()))
    })
  })

  test('names a timer that was left running', async () => {
    let timer: NodeJS.Timeout | undefined
    await assert.rejects(
      leavesNothingBehind(async () => {
        timer = setTimeout(() => {}, 60_000)
      }),
      /Timeout × 1/,
    )
    clearTimeout(timer)
  })

  test('names a server that was left open', async () => {
    const server = createServer()
    await assert.rejects(
      leavesNothingBehind(async () => {
        await new Promise<void>((resolve) => server.listen(0, resolve))
      }),
      /TCP\w+ × 1/,
    )
    server.close()
  })

  test('names a listener that was left on the process', async () => {
    const listener = () => {}
    await assert.rejects(
      leavesNothingBehind(async () => {
        process.on('SIGUSR2', listener)
      }),
      /SIGUSR2 × 1/,
    )
    process.off('SIGUSR2', listener)
  })

  test('hears a promise that nobody listens to', async () => {
    await assert.rejects(
      leavesNothingBehind(async () => {
        void Promise.reject(new Error('unheard'))
      }),
      /nobody heard it/,
    )
  })
})
