import { getPriority } from 'node:os'
import { answerRequests } from '../../../src/concurrency/thread.ts'

// A thread whose work can wait: it answers with its own priority.
answerRequests<null, null, number>(() => ({ answer: () => getPriority() }), { isBackground: true })
