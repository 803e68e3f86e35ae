import { once } from 'node:events'
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import type { Article } from '../../article/article.ts'
import { pause, systemClock } from '../../concurrency/clock.ts'
import { siblingModule } from '../../concurrency/thread.ts'
import type { RelatedArticle } from '../../related/related.ts'
import { type StandingConnection, shown } from './site-database.ts'
import type { StandingAnswer, StandingQuestion, StandingReady, StandingThreadData } from './standing-thread.ts'
import { strongestTerms } from './strongest-terms.ts'

/**
 * A connection to a database server as a synchronous driver has it: the whole thread stands still until the answer is there.
 *
 * The drivers that exist for Node are asynchronous. So one of them is in a thread of its own, and this one sleeps until it is woken; what
 * that costs beside a synchronous driver is the way between two threads, well under a millisecond.
 */
export class StandingServerConnection implements StandingConnection {
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #woken: Int32Array
  readonly #stopWords: ReadonlySet<string>
  #lastNumber = 0

  private constructor(made: {
    readonly worker: Worker
    readonly port: MessagePort
    readonly woken: Int32Array
    readonly stopWords: ReadonlySet<string>
  }) {
    this.#worker = made.worker
    this.#port = made.port
    this.#woken = made.woken
    this.#stopWords = made.stopWords
  }

  /** Rejects with what kept the thread from connecting. */
  static async open(url: string): Promise<StandingServerConnection> {
    const { port1, port2 } = new MessageChannel()
    const woken = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
    const workerData: StandingThreadData = { url, port: port2, woken }
    const worker = new Worker(siblingModule(import.meta.url, 'standing-thread'), {
      name: 'standing connection',
      workerData,
      transferList: [port2],
    })
    // An error of the worker is its end: `once` rejects with it here, and later each question is told that nobody answers.
    const [ready] = (await once(port1, 'message', { signal: endOf(worker) })) as [StandingReady]
    worker.on('error', () => {})
    if ('error' in ready) {
      port1.close()
      await worker.terminate()
      throw new Error(ready.error)
    }
    // A port that is listened to hands its messages to the event loop, which is to stand still.
    port1.removeAllListeners('message')
    return new StandingServerConnection({ worker, port: port1, woken, stopWords: new Set(ready.stopWords) })
  }

  article(id: string): Article | null {
    const [document] = this.#ask({ ask: 'article', id })
    return document === undefined ? null : (JSON.parse(document) as Article)
  }

  related(article: Article): readonly RelatedArticle[] {
    const terms = strongestTerms(`${article.title} ${article.body}`, this.#stopWords)
    return this.#ask({ ask: 'related', id: article.id, terms }).map((summary, index) => shown(summary, index + 1))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const stop = new AbortController()
    const exited = once(this.#worker, 'exit').then(() => stop.abort())
    this.#port.close()
    await pause(systemClock, closeWithinMs, stop.signal).catch(() => {})
    await this.#worker.terminate()
    await exited
  }

  #ask(question: StandingQuestion): readonly string[] {
    const number = ++this.#lastNumber
    Atomics.store(this.#woken, 0, 0)
    this.#port.postMessage({ number, question })
    for (;;) {
      const received = receiveMessageOnPort(this.#port) as { readonly message: StandingAnswer } | undefined
      // The answer to a question that was given up comes late, and is nobody's.
      if (received && received.message.number < number) continue
      if (received) {
        if ('error' in received.message) throw new Error(received.message.error)
        return received.message.rows
      }
      if (Atomics.wait(this.#woken, 0, 0, answerWithinMs) === 'timed-out')
        throw new Error('The database does not answer.')
      Atomics.store(this.#woken, 0, 0)
    }
  }
}

/** Aborted when the worker ends. */
function endOf(worker: Worker): AbortSignal {
  const ended = new AbortController()
  worker.once('error', (error) => ended.abort(error))
  worker.once('exit', () => ended.abort(new Error('The standing connection has ended.')))
  return ended.signal
}

/** Whoever waits has left long before; without any limit nobody would ever see why. */
const answerWithinMs = 60_000
const closeWithinMs = 5000
