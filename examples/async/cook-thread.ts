import { answerRequests } from '../../src/concurrency/thread.ts'
import { primesBelow } from './primes.ts'

answerRequests(() => ({ answer: primesBelow }))
