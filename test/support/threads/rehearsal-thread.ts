import { setImmediate as nextTurn } from 'node:timers/promises'
import { answerRequests } from '../../../src/concurrency/thread.ts'

/** What the thread of `thread.test.ts` can be asked to do: what threads do, and what threads should not. */
export type RehearsalRequest =
  | { readonly do: 'echo'; readonly value: unknown }
  | { readonly do: 'echo-later'; readonly value: unknown; readonly turns: number }
  /** Gives what it has seen so far: the values echoed, in order, and how many turns of the event loop they took. */
  | { readonly do: 'recall' }
  | { readonly do: 'fail'; readonly message: string; readonly code?: string }
  | { readonly do: 'fail-with-text' }
  | { readonly do: 'answer-with-a-function' }
  | { readonly do: 'never-answer' }
  /** Blocks the thread until the first 32-bit integer is not 0; sets the second to 1 once it blocks. */
  | { readonly do: 'block-until'; readonly gate: Int32Array<SharedArrayBuffer> }
  | { readonly do: 'spin-for-ever' }
  | { readonly do: 'exit'; readonly exitCode: number }
  | { readonly do: 'throw-outside-the-handler' }

export interface RehearsalData {
  readonly failToOpen?: boolean
  /** Set to 1 by the handler's `close`. */
  readonly closed?: Int32Array<SharedArrayBuffer>
  readonly failToClose?: boolean
  readonly hangInClose?: boolean
}

answerRequests<RehearsalData | undefined, RehearsalRequest, unknown>((data) => {
  if (data?.failToOpen) throw new Error('The file is locked.')
  const seen: unknown[] = []
  let turn = 0
  const turns = new Set<number>()
  return {
    answer(request) {
      setImmediate(() => turn++)
      switch (request.do) {
        case 'echo':
          seen.push(request.value)
          turns.add(turn)
          return request.value
        case 'echo-later':
          return (async () => {
            for (let left = request.turns; left > 0; left--) await nextTurn()
            seen.push(request.value)
            return request.value
          })()
        case 'recall':
          return { seen, turns: turns.size }
        case 'fail': {
          const error = new RangeError(request.message)
          throw request.code === undefined ? error : Object.assign(error, { code: request.code })
        }
        case 'fail-with-text':
          throw 'not an Error'
        case 'answer-with-a-function':
          return () => 'functions cannot be cloned'
        case 'never-answer':
          return new Promise(() => {})
        case 'block-until':
          Atomics.store(request.gate, 1, 1)
          Atomics.notify(request.gate, 1)
          Atomics.wait(request.gate, 0, 0)
          return 'released'
        case 'spin-for-ever':
          for (;;);
        case 'exit':
          return process.exit(request.exitCode)
        case 'throw-outside-the-handler':
          setImmediate(() => {
            throw new Error('A stray throw.')
          })
          return new Promise(() => {})
      }
    },
    close() {
      if (data?.failToClose) throw new Error('The disk is full.')
      if (data?.hangInClose) for (;;);
      if (data?.closed) Atomics.store(data.closed, 0, 1)
    },
  }
})
