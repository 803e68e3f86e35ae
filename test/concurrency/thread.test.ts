import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { getPriority } from 'node:os'
import { suite, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import {
  siblingModule,
  Thread,
  ThreadClosedError,
  ThreadDiedError,
  type ThreadOptions,
} from '../../src/concurrency/thread.ts'
import { OverloadedError } from '../../src/errors.ts'
import { type Events, subscribe } from '../../src/events.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { leavesNothingBehind } from '../support/leak-check.ts'
import type { RehearsalData, RehearsalRequest } from '../support/threads/rehearsal-thread.ts'

const rehearsalModule = new URL('../support/threads/rehearsal-thread.ts', import.meta.url)

function rehearsalThread(options: Partial<ThreadOptions> & { data?: RehearsalData } = {}) {
  return new Thread<RehearsalRequest, unknown>({
    name: 'rehearsal',
    url: rehearsalModule,
    pendingMax: 1000,
    ...options,
  })
}

function echo(thread: Thread<RehearsalRequest, unknown>, value: unknown, signal?: AbortSignal) {
  return thread.request({ do: 'echo', value }, { signal })
}

/** A thread that is blocked in the middle of a request, and stays so until `release` is called. */
async function blockedThread(options: Partial<ThreadOptions> & { data?: RehearsalData } = {}) {
  const thread = rehearsalThread(options)
  const gate = new Int32Array(new SharedArrayBuffer(8))
  const blocked = thread.request({ do: 'block-until', gate })
  // A test that closes the thread before it releases it never looks at this one.
  blocked.catch(() => {})
  while (Atomics.load(gate, 1) === 0) await nextTurn()
  const release = () => {
    Atomics.store(gate, 0, 1)
    Atomics.notify(gate, 0)
  }
  return { thread, blocked, release }
}

suite('requests and answers', () => {
  test('steps back where its work can wait, and the thread that serves readers does not', {
    skip: process.platform !== 'linux' && 'only Linux has priorities for threads',
  }, async () => {
    const ours = getPriority()
    await using thread = new Thread<null, number>({
      name: 'background',
      url: new URL('../support/threads/background-thread.ts', import.meta.url),
      data: null,
      pendingMax: 1,
    })
    assert.equal(await thread.request(null), Math.max(ours, 10))
    assert.equal(getPriority(), ours)
  })

  test('an answer comes back as the value that the handler gave', async () => {
    await using thread = rehearsalThread()
    const value = { text: 'naïve 🙂', list: [1, null], when: new Date(0), bytes: new Uint8Array([1, 2]) }
    assert.deepEqual(await echo(thread, value), value)
    assert.equal(thread.pending, 0)
  })

  test('each request gets its own answer, and they are handled in the order in which they were made', async () => {
    await using thread = rehearsalThread()
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer(), { maxLength: 200 }), fc.nat(), async (values, marker) => {
        await echo(thread, `start ${marker}`)
        assert.deepEqual(await Promise.all(values.map((value) => echo(thread, value))), values)
        const { seen } = (await thread.request({ do: 'recall' })) as { seen: unknown[] }
        assert.deepEqual(seen.slice(seen.lastIndexOf(`start ${marker}`) + 1), values)
      }),
      { numRuns: 20 },
    )
  })

  test('a slow answer holds those behind it, so that the order is kept', async () => {
    await using thread = rehearsalThread()
    const finished: string[] = []
    await Promise.all([
      thread.request({ do: 'echo-later', value: 'slow', turns: 20 }).then(() => finished.push('slow')),
      echo(thread, 'quick').then(() => finished.push('quick')),
    ])
    assert.deepEqual(finished, ['slow', 'quick'])
  })

  test('requests of one turn travel in one message', async () => {
    await using thread = rehearsalThread()
    await Promise.all(Array.from({ length: 30 }, (_, index) => echo(thread, index)))
    const { seen, turns } = (await thread.request({ do: 'recall' })) as { seen: unknown[]; turns: number }
    assert.deepEqual([seen.length, turns], [30, 1])
  })

  test('far more requests than are handed over at a time are all answered', async () => {
    await using thread = rehearsalThread({ pendingMax: 5000 })
    const answers = await Promise.all(Array.from({ length: 5000 }, (_, index) => echo(thread, index)))
    assert.deepEqual(
      answers,
      Array.from({ length: 5000 }, (_, index) => index),
    )
  })

  test('the thread gets its data when it opens', async () => {
    await using thread = rehearsalThread({ data: { failToOpen: true }, restartsPerMinute: 0 })
    await assert.rejects(echo(thread, 1), (error) => {
      assert.ok(error instanceof ThreadDiedError)
      assert.match(error.message, /rehearsal thread .*: The file is locked\./)
      assert.equal((error.cause as Error).message, 'The file is locked.')
      return true
    })
  })

  test('a module that is not there rejects the request', async () => {
    await using thread = rehearsalThread({ url: new URL('./no-such-module.ts', import.meta.url) })
    await assert.rejects(echo(thread, 1), ThreadDiedError)
  })

  test('a sibling module has the extension of the module that starts it', () => {
    assert.equal(siblingModule('file:///app/src/store/a.ts', 'b').href, 'file:///app/src/store/b.ts')
    assert.equal(siblingModule('file:///app/dist/store/a.js?x=1', 'b').href, 'file:///app/dist/store/b.js')
  })
})

suite('errors of the handler', () => {
  test('name, message and code survive the way back', async () => {
    await using thread = rehearsalThread()
    await assert.rejects(thread.request({ do: 'fail', message: 'No room.', code: 'SQLITE_FULL' }), (error) => {
      assert.ok(error instanceof Error)
      assert.deepEqual(
        [error.name, error.message, 'code' in error && error.code],
        ['RangeError', 'No room.', 'SQLITE_FULL'],
      )
      assert.match(error.stack ?? '', /rehearsal-thread/)
      return true
    })
  })

  test('an error without a code has none afterwards', async () => {
    await using thread = rehearsalThread()
    await assert.rejects(
      thread.request({ do: 'fail', message: 'x' }),
      (error) => error instanceof Error && !('code' in error),
    )
  })

  test('a thrown text becomes an error with that message', async () => {
    await using thread = rehearsalThread()
    await assert.rejects(thread.request({ do: 'fail-with-text' }), { name: 'Error', message: 'not an Error' })
  })

  test('a failure rejects its own request only', async () => {
    await using thread = rehearsalThread()
    const results = await Promise.allSettled([
      echo(thread, 1),
      thread.request({ do: 'fail', message: 'x' }),
      echo(thread, 2),
    ])
    assert.deepEqual(
      results.map((result) => (result.status === 'fulfilled' ? result.value : 'failed')),
      [1, 'failed', 2],
    )
  })

  test('an answer that cannot be cloned rejects its own request only, and the thread lives on', async () => {
    await using thread = rehearsalThread({ restartsPerMinute: 0 })
    const results = await Promise.allSettled([
      echo(thread, 1),
      thread.request({ do: 'answer-with-a-function' }),
      echo(thread, 2),
    ])
    assert.deepEqual(
      results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason.name)),
      [1, 'DataCloneError', 2],
    )
    assert.equal(await echo(thread, 3), 3)
  })

  test('a request that cannot be cloned rejects alone', async () => {
    await using thread = rehearsalThread()
    const results = await Promise.allSettled([echo(thread, 1), echo(thread, () => {}), echo(thread, 2)])
    assert.deepEqual(
      results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason.name)),
      [1, 'DataCloneError', 2],
    )
    assert.equal(thread.pending, 0)
  })
})

suite('aborts', () => {
  test('a signal that has aborted already rejects with its reason and starts nothing', async () => {
    await leavesNothingBehind(async () => {
      const thread = rehearsalThread()
      await assert.rejects(echo(thread, 1, AbortSignal.abort('too late')), (reason) => reason === 'too late')
      assert.equal(thread.pending, 0)
    })
  })

  test('an abort rejects at once with its reason, though the thread is stuck', async () => {
    const { thread, release } = await blockedThread()
    await using _ = thread
    const leave = new AbortController()
    const reason = new Error('The reader has gone.')
    const answer = echo(thread, 1, leave.signal)
    await nextTurn()
    leave.abort(reason)
    await assert.rejects(answer, reason)
    assert.equal(thread.pending, 1, 'only the request that blocks is left')
    release()
  })

  test('an abort of one request leaves the others alone', async () => {
    await using thread = rehearsalThread()
    const leave = new AbortController()
    const answers = Promise.allSettled([echo(thread, 1), echo(thread, 2, leave.signal), echo(thread, 3)])
    leave.abort('gone')
    const results = await answers
    assert.deepEqual(
      results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason)),
      [1, 'gone', 3],
    )
  })

  test('an answer that comes after the abort is dropped, and later answers still find their requests', async () => {
    const { thread, blocked, release } = await blockedThread()
    await using _ = thread
    const leave = new AbortController()
    const aborted = echo(thread, 'aborted', leave.signal)
    await nextTurn()
    leave.abort('gone')
    await assert.rejects(aborted)
    release()
    assert.equal(await blocked, 'released')
    assert.equal(await echo(thread, 'next'), 'next')
    const { seen } = (await thread.request({ do: 'recall' })) as { seen: unknown[] }
    assert.deepEqual(seen, ['aborted', 'next'], 'it had been handed over before it was aborted')
  })

  test('a request that is aborted in the turn in which it was made never reaches the thread', async () => {
    await using thread = rehearsalThread()
    const leave = new AbortController()
    const aborted = echo(thread, 'aborted', leave.signal)
    leave.abort('gone')
    await assert.rejects(aborted)
    await echo(thread, 'next')
    assert.deepEqual(await thread.request({ do: 'recall' }), { seen: ['next'], turns: 1 })
  })

  test('a thread that was stuck finds almost none of the requests that were given up meanwhile', async () => {
    const { thread, blocked, release } = await blockedThread({ pendingMax: 10_000 })
    await using _ = thread
    for (let round = 0; round < 20; round++) {
      const leave = new AbortController()
      const answers = Array.from({ length: 200 }, () => echo(thread, 'given up', leave.signal))
      await nextTurn()
      leave.abort('gone')
      await Promise.allSettled(answers)
    }
    release()
    await blocked
    await echo(thread, 'next')
    const { seen } = (await thread.request({ do: 'recall' })) as { seen: unknown[] }
    assert.equal(seen.at(-1), 'next')
    assert.ok(seen.length <= 64, `${seen.length} of 4,000 requests that nobody waited for were worked on`)
  })

  test('no listener stays on a signal that many requests share', async () => {
    await using thread = rehearsalThread()
    const shared = new AbortController()
    await Promise.allSettled([
      ...Array.from({ length: 100 }, (_, index) => echo(thread, index, shared.signal)),
      thread.request({ do: 'fail', message: 'x' }, { signal: shared.signal }),
      echo(thread, () => {}, shared.signal),
    ])
    assert.equal(getEventListeners(shared.signal, 'abort').length, 0)
    const dying = thread.request({ do: 'exit', exitCode: 1 }, { signal: shared.signal })
    await assert.rejects(dying)
    assert.equal(getEventListeners(shared.signal, 'abort').length, 0)
  })
})

suite('the bound of the queue', () => {
  test('a request past the bound is refused at once, and there is room again afterwards', async () => {
    const { thread, release } = await blockedThread({ pendingMax: 3 })
    await using _ = thread
    const admitted = [echo(thread, 1), echo(thread, 2)]
    await assert.rejects(
      echo(thread, 3),
      (error) => error instanceof OverloadedError && /3 requests waiting/.test(error.message),
    )
    release()
    assert.deepEqual(await Promise.all(admitted), [1, 2])
    assert.equal(await echo(thread, 4), 4)
  })

  test('an aborted request gives its place to another', async () => {
    const { thread, release } = await blockedThread({ pendingMax: 2 })
    await using _ = thread
    const leave = new AbortController()
    const aborted = echo(thread, 1, leave.signal)
    leave.abort('gone')
    await assert.rejects(aborted)
    const admitted = echo(thread, 2)
    release()
    assert.equal(await admitted, 2)
  })
})

suite('a thread that dies', () => {
  test('rejects all that was pending, and the next request starts another', async () => {
    await using thread = rehearsalThread()
    const before = echo(thread, 'before')
    const pending = [thread.request({ do: 'exit', exitCode: 3 }), echo(thread, 'behind')]
    await Promise.all(pending.map((answer) => assert.rejects(answer, { code: 'THREAD_DIED' })))
    // It shared the message with the request that ended the thread: its answer was lost with it.
    await assert.rejects(before, { code: 'THREAD_DIED' })
    assert.equal(thread.pending, 0)
    assert.deepEqual(await thread.request({ do: 'recall' }), { seen: [], turns: 0 })
  })

  test('gives what was thrown as the cause', async () => {
    await using thread = rehearsalThread()
    await assert.rejects(thread.request({ do: 'throw-outside-the-handler' }), (error) => {
      assert.ok(error instanceof ThreadDiedError)
      assert.match(error.message, /A stray throw\./)
      return true
    })
  })

  test('hands over as many requests at a time as before, however many it owed when it died', async () => {
    await using thread = rehearsalThread()
    for (let death = 0; death < 3; death++) {
      const owed = Array.from({ length: 100 }, () => echo(thread, 0))
      await Promise.allSettled([thread.request({ do: 'exit', exitCode: 1 }), ...owed])
    }
    assert.equal((await Promise.all(Array.from({ length: 200 }, (_, index) => echo(thread, index)))).length, 200)
  })

  test('is not started again for ever, and is once a minute has passed', async () => {
    const clock = fakeClock()
    await using thread = rehearsalThread({ restartsPerMinute: 2, clock })
    for (let death = 0; death < 3; death++) {
      await assert.rejects(thread.request({ do: 'exit', exitCode: 1 }), { code: 'THREAD_DIED' })
    }
    await assert.rejects(echo(thread, 1), (error) => {
      assert.ok(error instanceof ThreadDiedError)
      assert.match(error.message, /3 times within a minute/)
      return true
    })
    assert.equal(thread.pending, 0)
    clock.advance(60_001)
    assert.equal(await echo(thread, 2), 2)
  })
})

suite('kill', () => {
  test('ends a thread that spins for ever, rejects what was pending, and the next request starts another', async () => {
    await leavesNothingBehind(async () => {
      await using thread = rehearsalThread()
      const reason = new Error('It took longer than 5 s.')
      await echo(thread, 'up')
      const spinning = assert.rejects(thread.request({ do: 'spin-for-ever' }), reason)
      const waiting = assert.rejects(echo(thread, 1), reason)
      await nextTurn()
      const killed = thread.kill(reason)
      // Asked for before the old thread is gone: what it still says must not be taken for its successor's answer.
      const answers = await Promise.all(Array.from({ length: 100 }, (_, index) => echo(thread, index)))
      assert.equal(answers.at(-1), 99)
      await Promise.all([killed, spinning, waiting])
    })
  })

  test('of a thread that was never started does nothing', async () => {
    await using thread = rehearsalThread()
    await thread.kill(new Error('x'))
    assert.equal(await echo(thread, 1), 1)
  })
})

suite('close', () => {
  test('lets what is pending finish first, and the handler close what it opened', async () => {
    await leavesNothingBehind(async () => {
      const closed = new Int32Array(new SharedArrayBuffer(4))
      const thread = rehearsalThread({ data: { closed } })
      const answers = Promise.all(
        Array.from({ length: 300 }, (_, value) => thread.request({ do: 'echo-later', value, turns: 1 })),
      )
      await thread.close()
      assert.equal((await answers).length, 300)
      assert.equal(closed[0], 1)
    })
  })

  test('in the turn of the first request still answers it', async () => {
    const thread = rehearsalThread()
    const answer = echo(thread, 1)
    await thread.close()
    assert.equal(await answer, 1)
  })

  test('refuses what comes afterwards', async () => {
    const thread = rehearsalThread()
    await echo(thread, 1)
    const closing = thread.close()
    await assert.rejects(echo(thread, 2), ThreadClosedError)
    await closing
    await assert.rejects(echo(thread, 3), { code: 'THREAD_CLOSED' })
  })

  test('of a thread that was never started is done at once', async () => {
    await leavesNothingBehind(async () => {
      await rehearsalThread().close()
    })
  })

  test('called twice closes once, and both calls wait for it', async () => {
    const { thread, blocked, release } = await blockedThread()
    const order: string[] = []
    const both = [thread.close().then(() => order.push('first')), thread.close().then(() => order.push('second'))]
    await nextTurn()
    assert.deepEqual(order, [])
    release()
    await Promise.all(both)
    assert.equal(await blocked, 'released')
    assert.deepEqual(order.sort(), ['first', 'second'])
  })

  test('ends in time though a request is stuck, and rejects that request', async () => {
    await leavesNothingBehind(async () => {
      const clock = fakeClock()
      const { thread, blocked } = await blockedThread({ clock })
      const rejected = assert.rejects(blocked, ThreadClosedError)
      const closing = thread.close(5000)
      clock.advance(4999)
      await nextTurn()
      assert.equal(thread.pending, 1)
      clock.advance(1)
      await closing
      await rejected
      assert.deepEqual([thread.pending, clock.pending], [0, 0])
    })
  })

  test('ends in time though an aborted request still keeps the thread busy', async () => {
    await leavesNothingBehind(async () => {
      const clock = fakeClock()
      const thread = rehearsalThread({ clock })
      await echo(thread, 'up')
      const leave = new AbortController()
      const spinning = thread.request({ do: 'spin-for-ever' }, { signal: leave.signal })
      await nextTurn()
      leave.abort('gone')
      await assert.rejects(spinning)
      const closing = thread.close(5000)
      await clock.advanceAndSettle(5000)
      await closing
    })
  })

  test('ends in time though the handler hangs while it closes', async () => {
    await leavesNothingBehind(async () => {
      const clock = fakeClock()
      const thread = rehearsalThread({ clock, data: { hangInClose: true } })
      assert.equal(await echo(thread, 1), 1)
      const closing = thread.close(5000)
      await clock.advanceAndSettle(5000)
      await closing
    })
  })

  test('ends when the thread dies meanwhile', async () => {
    const thread = rehearsalThread()
    const dying = assert.rejects(thread.request({ do: 'exit', exitCode: 1 }), ThreadDiedError)
    await thread.close()
    await dying
  })

  test('tells those who listen when the handler failed to close', async () => {
    const failures: Array<Events['background-failed']> = []
    const stop = subscribe('background-failed', (event) => failures.push(event))
    const thread = rehearsalThread({ data: { failToClose: true } })
    await echo(thread, 1)
    await thread.close()
    stop()
    assert.deepEqual(
      failures.map(({ what, error }) => [what, (error as Error).message]),
      [['the end of the rehearsal thread', 'The disk is full.']],
    )
  })

  test('leaves nothing of a long life behind', async () => {
    await leavesNothingBehind(async () => {
      await using thread = rehearsalThread()
      const leave = new AbortController()
      for (let round = 0; round < 5; round++) {
        const answers = Array.from({ length: 50 }, (_, index) =>
          echo(thread, index, index % 2 ? leave.signal : undefined),
        )
        await Promise.all(answers)
        await assert.rejects(thread.request({ do: 'exit', exitCode: 0 }, { signal: leave.signal }), ThreadDiedError)
      }
      const owed = thread.request({ do: 'never-answer' }, { signal: leave.signal })
      leave.abort('gone')
      await assert.rejects(owed)
    })
  })
})
