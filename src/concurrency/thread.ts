import { constants, setPriority } from 'node:os'
import { extname } from 'node:path'
import { parentPort, type ResourceLimits, Worker, workerData } from 'node:worker_threads'
import { OnwardError, OverloadedError } from '../errors.ts'
import { publish } from '../events.ts'
import { type Clock, systemClock } from './clock.ts'

/**
 * A worker thread that answers requests: the one way in which onward moves work off the main thread.
 *
 * - Requests made in the same turn of the event loop travel in one message, and so do their answers: a message costs
 *   more than a request does.
 * - The queue is bounded by `pendingMax`; past it a request rejects with `OverloadedError` at once.
 * - An aborted request rejects with its signal's reason at once. One that still waits is never handed to the thread, so
 *   that a thread which was stuck has no dead work to do first; the answer to one that was handed over is dropped.
 * - A thread that dies rejects all that was pending with `ThreadDiedError` and is started again by the next request,
 *   at most `restartsPerMinute` times in a minute.
 * - `close` lets what is pending finish and the thread close what it opened, both within `drainMs`, then ends the thread.
 *
 * The module at `url` calls {@link answerRequests}. Its own extension follows that of the module that starts it, since
 * the same source runs as `.ts` in a clone and as `.js` in the package: see {@link siblingModule}.
 */
export class Thread<Request, Answer> implements AsyncDisposable {
  readonly name: string
  readonly #url: URL
  readonly #data: unknown
  readonly #pendingMax: number
  readonly #limits: ResourceLimits
  readonly #restartsPerMinute: number
  readonly #clock: Clock
  readonly #pending = new Map<number, Pending<Answer>>()
  /** Requests that have not been handed to the thread, in their order. A map, so that an abort removes one at once. */
  readonly #waiting = new Map<number, Request>()
  #sendPlanned = false
  #worker: Worker | null = null
  /** How many requests the running thread has been handed and not answered, those that were aborted since included. */
  #handedOver = 0
  #lastNumber = 0
  #startedAt: number[] = []
  #closing: Promise<void> | null = null
  #drained: (() => void) | null = null

  constructor(options: ThreadOptions) {
    this.name = options.name
    this.#url = options.url
    this.#data = options.data
    this.#pendingMax = options.pendingMax
    this.#limits = options.limits ?? {}
    this.#restartsPerMinute = options.restartsPerMinute ?? 10
    this.#clock = options.clock ?? systemClock
  }

  /** How many requests wait for their answer. */
  get pending(): number {
    return this.#pending.size
  }

  /**
   * @throws OverloadedError when the queue is full
   * @throws ThreadDiedError when the thread ends before it has answered, or has died too often
   * @throws ThreadClosedError after `close`
   * @throws what the thread's handler threw, as an Error with the same `name`, `message` and `code`
   * @throws the reason of `signal`
   */
  request(request: Request, options: { signal?: AbortSignal | undefined } = {}): Promise<Answer> {
    const { signal } = options
    if (this.#closing) return Promise.reject(new ThreadClosedError(this.name))
    if (signal?.aborted) return Promise.reject(signal.reason)
    if (this.#pending.size >= this.#pendingMax) {
      return Promise.reject(
        new OverloadedError(`The ${this.name} thread has ${this.#pendingMax} requests waiting already.`),
      )
    }
    return new Promise<Answer>((resolve, reject) => {
      const number = ++this.#lastNumber
      const onAbort = () => this.#settle(number, (pending) => pending.reject(signal?.reason))
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#pending.set(number, {
        resolve,
        reject,
        forget: () => signal?.removeEventListener('abort', onAbort),
      })
      this.#waiting.set(number, request)
      if (this.#sendPlanned) return
      this.#sendPlanned = true
      // Not a microtask: each connection that the loop finds something on is a turn of its own to those.
      setImmediate(() => {
        this.#sendPlanned = false
        this.#send()
      })
    })
  }

  /** Ends in `drainMs` (milliseconds) or a little later, whatever the thread does. A second call waits for the first. */
  close(drainMs = 5000): Promise<void> {
    this.#closing ??= this.#close(drainMs)
    return this.#closing
  }

  /** Ends the thread at once, in the middle of its work; the next request starts a new one. */
  async kill(reason: Error): Promise<void> {
    const worker = this.#dismiss()
    this.#rejectAll(reason)
    await worker?.terminate()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(drainMs: number): Promise<void> {
    const deadline = Promise.withResolvers<'late'>()
    const cancel = this.#clock.after(drainMs, () => deadline.resolve('late'))
    const drained = new Promise<void>((resolve) => {
      this.#drained = resolve
      if (this.#pending.size === 0) resolve()
    })
    const drainedInTime = (await Promise.race([drained, deadline.promise])) !== 'late'
    const worker = this.#dismiss()
    if (worker) {
      const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
      // A message rather than terminate(): the handler's own close runs, so that a database file is left tidy.
      if (drainedInTime) worker.postMessage(closeMessage)
      if (!drainedInTime || (await Promise.race([exited, deadline.promise])) === 'late') await worker.terminate()
    }
    cancel()
    this.#rejectAll(new ThreadClosedError(this.name))
  }

  /** Hands waiting requests to the thread, at most {@link handedOverMax} at a time; the others stay where an abort still stops them. */
  #send(): void {
    while (this.#waiting.size > 0 && this.#handedOver < handedOverMax) {
      try {
        this.#worker ??= this.#start()
      } catch (error) {
        // It has died too often: nothing that waits would fare better.
        this.#rejectAll(error)
        return
      }
      const room = Math.min(batchMax, handedOverMax - this.#handedOver)
      const batch = this.#waiting
        .entries()
        .take(room)
        .map(([number, request]) => ({ number, request }))
        .toArray()
      for (const { number } of batch) this.#waiting.delete(number)
      this.#post(this.#worker, batch)
    }
  }

  #post(worker: Worker, batch: ReadonlyArray<Envelope<Request>>): void {
    try {
      worker.postMessage(batch)
      this.#handedOver += batch.length
    } catch (error) {
      // A request that cannot be cloned fails alone, not together with those that happened to share its message.
      if (batch.length > 1) for (const envelope of batch) this.#post(worker, [envelope])
      else for (const { number } of batch) this.#settle(number, (pending) => pending.reject(error))
    }
  }

  #start(): Worker {
    const now = this.#clock.monotonicMs()
    this.#startedAt = this.#startedAt.filter((at) => now - at < 60_000)
    if (this.#startedAt.length > this.#restartsPerMinute) {
      throw new ThreadDiedError(this.name, new Error(`It ended ${this.#startedAt.length} times within a minute.`))
    }
    this.#startedAt.push(now)
    const worker = new Worker(this.#url, { name: this.name, workerData: this.#data, resourceLimits: this.#limits })
    let failure: unknown = null
    worker.on('message', (answers: Array<AnswerEnvelope<Answer>>) => {
      for (const answer of answers) {
        this.#settle(answer.number, (pending) =>
          'error' in answer ? pending.reject(revive(answer.error)) : pending.resolve(answer.answer),
        )
      }
      // The last words of a thread that was killed must not be counted as those of its successor.
      if (this.#worker !== worker) return
      this.#handedOver -= answers.length
      this.#send()
    })
    worker.on('messageerror', (error) => {
      failure = error
      void worker.terminate()
    })
    worker.on('error', (error) => {
      failure = error
    })
    worker.on('exit', () => {
      if (this.#worker === worker) {
        this.#dismiss()
        this.#rejectAll(new ThreadDiedError(this.name, failure))
      } else if (failure !== null) {
        // Nobody waits for it any more, and yet a database that could not be closed is worth a line in the log.
        publish('background-failed', () => ({ what: `the end of the ${this.name} thread`, error: failure }))
      }
    })
    return worker
  }

  /** From here on the thread's words count for nothing, and the next request starts another. */
  #dismiss(): Worker | null {
    const worker = this.#worker
    this.#worker = null
    this.#handedOver = 0
    return worker
  }

  #settle(number: number, settle: (pending: Pending<Answer>) => void): void {
    const pending = this.#pending.get(number)
    if (!pending) return
    this.#pending.delete(number)
    this.#waiting.delete(number)
    pending.forget()
    settle(pending)
    if (this.#pending.size === 0) this.#drained?.()
  }

  #rejectAll(reason: unknown): void {
    for (const number of [...this.#pending.keys()]) this.#settle(number, (pending) => pending.reject(reason))
  }
}

export interface ThreadOptions {
  /** For error messages and debuggers. */
  readonly name: string
  /** The module that the thread runs: see {@link siblingModule}. */
  readonly url: URL
  /** Structured-cloned to the thread, where {@link answerRequests} hands it to its opener. */
  readonly data?: unknown
  readonly pendingMax: number
  /** How much memory its heap may take; default: what V8 thinks best. */
  readonly limits?: ResourceLimits
  /** Default 10. */
  readonly restartsPerMinute?: number
  /** Default: the system's. */
  readonly clock?: Clock
}

// Enough that the thread never waits for the main thread's next turn, and no more: what has been handed over can no
// longer be called off. Two messages, so that one is worked on while the answers to the other travel.
const handedOverMax = 64
const batchMax = handedOverMax / 2

/** The URL of the module `name` beside the one at `moduleUrl`, with the same extension. */
export function siblingModule(moduleUrl: string, name: string): URL {
  return new URL(`./${name}${extname(new URL(moduleUrl).pathname)}`, moduleUrl)
}

/**
 * The thread's side: opens what it needs from the thread's data and answers each request.
 *
 * Requests are handled one after the other in the order in which they were made; the answers of one message go back
 * in one message. A handler that throws rejects its own request only; an opener that throws ends the thread.
 */
export function answerRequests<Data, Request, Answer>(
  open: (data: Data) => { answer(request: Request): Answer | Promise<Answer>; close?(): void | Promise<void> },
  options: {
    /** Its work can wait: where cores are short, the thread that serves readers goes first. Default false. */
    readonly isBackground?: boolean
  } = {},
): void {
  const port = parentPort
  if (!port) throw new Error('This module runs in a worker thread only; start it with Thread.')
  if (options.isBackground) stepBack()
  const handler = open(workerData as Data)
  let work = Promise.resolve()
  port.on('message', (message: Array<Envelope<Request>> | typeof closeMessage) => {
    if (message === closeMessage) {
      // Before the port closes, what came earlier is answered.
      work = work.then(() => handler.close?.()).then(() => port.close())
      return
    }
    work = work.then(async () => {
      const answers: Array<AnswerEnvelope<Answer>> = []
      for (const { number, request } of message) {
        try {
          const answer = handler.answer(request)
          // A synchronous answer is taken without a turn of the microtask queue: most of them are.
          answers.push({ number, answer: answer instanceof Promise ? await answer : answer })
        } catch (error) {
          answers.push({ number, error: describe(error) })
        }
      }
      post(answers)
    })
  })

  function post(answers: Array<AnswerEnvelope<Answer>>): void {
    try {
      port?.postMessage(answers)
    } catch (error) {
      // An answer that cannot be cloned rejects its own request only.
      if (answers.length > 1) for (const answer of answers) post([answer])
      else post(answers.map(({ number }) => ({ number, error: describe(error) })))
    }
  }
}

/** Gives this thread a tenth of the processor where another wants all of it too. */
function stepBack(): void {
  // On Linux a priority is a thread's own. Elsewhere it is the process's, which has readers to serve.
  if (process.platform !== 'linux') return
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // It is a courtesy: where it may not be done, things are as they were.
  }
}

/** The thread ended before it had answered. */
export class ThreadDiedError extends OnwardError {
  constructor(name: string, cause: unknown) {
    const why = cause instanceof Error ? `: ${cause.message}` : '.'
    super('THREAD_DIED', `The ${name} thread ended before it had answered${why}`, { cause })
  }
}

/** A request was made after `close`, or was still waiting when closing took too long. */
export class ThreadClosedError extends OnwardError {
  constructor(name: string) {
    super('THREAD_CLOSED', `The ${name} thread is closed.`)
  }
}

const closeMessage = 'close'

interface Envelope<Request> {
  readonly number: number
  readonly request: Request
}

type AnswerEnvelope<Answer> =
  | { readonly number: number; readonly answer: Answer }
  | { readonly number: number; readonly error: DescribedError }

interface Pending<Answer> {
  readonly resolve: (answer: Answer) => void
  readonly reject: (reason: unknown) => void
  readonly forget: () => void
}

interface DescribedError {
  readonly name: string
  readonly message: string
  readonly code: string | undefined
  readonly stack: string | undefined
}

// A structured clone of an Error loses `code`, and `code` is what callers decide by.
function describe(error: unknown): DescribedError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), code: undefined, stack: undefined }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  return { name: error.name, message: error.message, code, stack: error.stack }
}

function revive(described: DescribedError): Error {
  const error = new Error(described.message)
  error.name = described.name
  if (described.stack !== undefined) error.stack = described.stack
  return described.code === undefined ? error : Object.assign(error, { code: described.code })
}
