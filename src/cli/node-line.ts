import { Agent, type IncomingMessage, request } from 'node:http'
import { Agent as SecureAgent, request as secureRequest } from 'node:https'
import { systemClock } from '../concurrency/clock.ts'
import { withDeadline } from '../concurrency/deadline.ts'
import { OnwardError } from '../errors.ts'

/**
 * One connection to a node, kept and used for one question at a time.
 *
 * A port may have several workers behind it, each with a memory of its own: whoever asks over a new connection each time
 * asks a different one each time, and proves nothing about any of them.
 */
export class NodeLine implements Disposable {
  readonly #base: URL
  readonly #agent: Agent
  #worker: WorkerName | null = null
  #hearsChanges = true

  /** @param node an http or https address; a path in it is where the site is mounted */
  constructor(node: string) {
    this.#base = new URL(node.endsWith('/') ? node : `${node}/`)
    const kept = { keepAlive: true, maxSockets: 1 }
    this.#agent = this.#base.protocol === 'https:' ? new SecureAgent(kept) : new Agent(kept)
  }

  /** Which of the node's workers answered {@link NodeLine.greet}; null when it is the only one. */
  get worker(): WorkerName | null {
    return this.#worker
  }

  /** False: it said that it hears nothing of changes, and so learns of a takedown only when it asks the store. */
  get hearsChanges(): boolean {
    return this.#hearsChanges
  }

  /** Connects, and learns who is at the other end. @throws NodeUnreachableError, or the reason of `signal` */
  async greet(signal: AbortSignal): Promise<void> {
    const { body } = await this.ask('/readyz', signal)
    const checks = checksOf(body)
    // Its check took too long, and it may be one of several: which, it does not say.
    if (checks?.self) throw new NodeUnreachableError(new Error('/readyz was not answered in time'))
    const [, number, of] = /^(\d{1,3}) of (\d{1,3})$/.exec(String(checks?.worker?.detail)) ?? []
    this.#hearsChanges = checks?.feed?.ok !== false
    this.#worker = number === undefined ? null : { number: Number(number), of: Number(of) }
  }

  /**
   * The answer of a node as it is: redirects are not followed, since what stands elsewhere says nothing of this node.
   *
   * @throws NodeUnreachableError, or the reason of `signal`
   */
  async ask(path: string, signal: AbortSignal): Promise<{ readonly status: number; readonly body: string }> {
    const url = new URL(path.replace(/^\//, ''), this.#base)
    const ask = url.protocol === 'https:' ? secureRequest : request
    try {
      return await withDeadline(
        (stop) =>
          new Promise((resolve, reject) => {
            ask(url, { agent: this.#agent, signal: stop, headers: { 'cache-control': 'no-cache' } }, (answer) => {
              textOf(answer).then((body) => resolve({ status: answer.statusCode ?? 0, body }), reject)
            })
              .on('error', reject)
              .end()
          }),
        { clock: systemClock, budgetMs: answerBudgetMs, what: 'The answer', signal },
      )
    } catch (error) {
      signal.throwIfAborted()
      throw new NodeUnreachableError(error)
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }
}

export interface WorkerName {
  /** From 1. */
  readonly number: number
  readonly of: number
}

/** A node did not answer, or not to the end. */
export class NodeUnreachableError extends OnwardError {
  constructor(cause: unknown) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    const words = cause instanceof Error ? cause.message : String(cause)
    super('NODE_UNREACHABLE', explained[code] ?? `no answer: ${words === '' ? code : words}`, { cause })
  }
}

const explained: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there (ECONNREFUSED)',
  ENOTFOUND: 'its name is not known (ENOTFOUND)',
  EAI_AGAIN: 'its name cannot be looked up just now (EAI_AGAIN)',
  ECONNRESET: 'it closed the connection without an answer (ECONNRESET)',
  EHOSTUNREACH: 'there is no way to its machine (EHOSTUNREACH)',
  ENETUNREACH: 'there is no way to its network (ENETUNREACH)',
  DEADLINE_EXCEEDED: 'it did not answer within 2 seconds',
}

const answerBudgetMs = 2000
/** A page with its rail is some 30 kB; a long article a few hundred. */
const bodyBytesMax = 8 * 1024 * 1024

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > bodyBytesMax) throw new Error(`its answer has more than ${bodyBytesMax} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

interface Check {
  readonly ok?: unknown
  readonly detail?: unknown
}

/** What `/readyz` says; undefined where something else answers. */
function checksOf(body: string): Partial<Record<string, Check>> | undefined {
  try {
    return (JSON.parse(body) as { checks?: Record<string, Check> } | null)?.checks
  } catch {
    return undefined
  }
}
