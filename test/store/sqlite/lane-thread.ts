import { answerRequests } from '../../../src/concurrency/thread.ts'

// A thread for tests of lanes: it notes what it was asked, answers with it, fails, dies, or gets stuck where only its end helps.
answerRequests(() => {
  const asked: unknown[] = []
  return {
    answer({ name, asks }: { name: string; asks: unknown }): unknown {
      if (name === 'asked') return asked
      asked.push(asks)
      if (name === 'stick') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
      if (name === 'wait') Atomics.wait(new Int32Array(asks as SharedArrayBuffer), 0, 0)
      if (name === 'die') process.exit(1)
      if (name === 'fail') throw Object.assign(new Error('on purpose'), { code: asks })
      return asks
    },
  }
})
