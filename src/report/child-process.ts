import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { OnwardError } from '../errors.ts'

/**
 * A process of its own that answers questions: what is measured, and what measures it, share neither a heap nor an
 * event loop.
 *
 * It ends when it is closed, killed after {@link closeWithinMs} if it must be, and by itself when this process is gone.
 */
export class Child<Question, Answer> implements AsyncDisposable {
  readonly #name: string
  readonly #process: ChildProcess
  readonly #exited: Promise<unknown>
  readonly #pending = new Map<number, PromiseWithResolvers<Answer>>()
  #lastNumber = 0
  #complaints = ''
  #closing: Promise<void> | null = null

  /** @param module what runs there; it calls {@link answerParent} */
  constructor(name: string, module: URL) {
    this.#name = name
    // Its standard output is taken by nobody: an access log must not fill a pipe that nobody reads.
    this.#process = spawn(process.execPath, [fileURLToPath(module)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
    })
    this.#exited = once(this.#process, 'exit').catch((error: unknown) => this.#rejectAll(error))
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#complaints = (this.#complaints + text).slice(-complaintsMax)
    })
    this.#process.on('message', (message: ChildMessage<Answer>) => {
      const pending = this.#pending.get(message.number)
      this.#pending.delete(message.number)
      if ('error' in message) pending?.reject(new ChildFailedError(`${this.#name}: ${message.error}`))
      else pending?.resolve(message.answer)
    })
    this.#process.on('close', (code, signal) => {
      const said = this.#complaints.trim()
      this.#rejectAll(
        new ChildFailedError(`${this.#name} ended (${signal ?? code})${said === '' ? '.' : `, and said: ${said}`}`),
      )
    })
  }

  /**
   * @throws ChildFailedError when the process ends first, or its handler throws
   * @throws the reason of `signal`, at once; the question may still be worked on
   */
  async ask(question: Question, signal?: AbortSignal): Promise<Answer> {
    signal?.throwIfAborted()
    const number = ++this.#lastNumber
    const pending = Promise.withResolvers<Answer>()
    this.#pending.set(number, pending)
    const onAbort = () => {
      this.#pending.delete(number)
      pending.reject(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#process.send({ number, question }, (error) => {
      if (!error) return
      this.#pending.delete(number)
      pending.reject(new ChildFailedError(`${this.#name} cannot be asked: ${error.message}`))
    })
    try {
      return await pending.promise
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      // A site that was overloaded first works through what its readers left behind; it has been measured.
      const kill = setTimeout(() => this.#process.kill('SIGKILL'), closeWithinMs)
      if (this.#process.connected) this.#process.disconnect()
      await this.#exited
      clearTimeout(kill)
    }
    this.#rejectAll(new ChildFailedError(`${this.#name} is closed.`))
  }

  #rejectAll(reason: unknown): void {
    for (const { reject } of this.#pending.values()) reject(reason)
    this.#pending.clear()
  }
}

/** The process that measures, or that was to be measured, failed: nothing can be said of it. */
export class ChildFailedError extends OnwardError {
  constructor(message: string) {
    super('CHILD_FAILED', message)
  }
}

/**
 * The child's side: answers its parent's questions one after the other, and closes and ends when the parent lets go.
 */
export function answerParent<Question, Answer>(handler: {
  answer(question: Question): Promise<Answer>
  close(): Promise<void>
}): void {
  let work = Promise.resolve()
  process.on('message', ({ number, question }: { number: number; question: Question }) => {
    work = work.then(async () => {
      const message: ChildMessage<Answer> = await handler.answer(question).then(
        (answer) => ({ number, answer }),
        (error: unknown) => ({ number, error: error instanceof Error ? error.message : String(error) }),
      )
      if (process.connected) process.send?.(message)
    })
  })
  process.on('disconnect', () => {
    void work.then(() => handler.close())
  })
  // Ctrl-C reaches every process of the terminal: the parent decides what becomes of this one.
  process.on('SIGINT', () => {})
}

type ChildMessage<Answer> =
  | { readonly number: number; readonly answer: Answer }
  | { readonly number: number; readonly error: string }

const closeWithinMs = 5000
const complaintsMax = 4000
