import type { Clock } from '../../concurrency/clock.ts'
import { Thread, ThreadDiedError } from '../../concurrency/thread.ts'
import {
  InvalidOptionError,
  InvalidRequestError,
  OnwardError,
  OverloadedError,
  StoreUnavailableError,
} from '../../errors.ts'
import type { AnswersOf, AsksOf } from './requests.ts'

/**
 * Requests of one kind, with threads, a queue and a bound of their own.
 *
 * - At most `inFlightMax` requests are with a thread at a time; the rest wait here, where an aborted one is dropped at
 *   once. Behind a slow disk a thread would otherwise spend itself on answers that nobody waits for any more.
 * - An aborted request that is with a thread counts until it is answered: a thread that hangs fills its lane and no more.
 * - A thread that has answered nothing for `stuckMs` while it had work is ended, and its requests are rejected; the next
 *   request starts another. One that is starting has longer: on a busy machine that takes its time.
 * - Whatever fails rejects with an error of `errors.ts`, with what the thread threw as its `cause`.
 */
export class Lane<Map> implements AsyncDisposable {
  readonly #options: LaneOptions
  readonly #seats: ReadonlyArray<Seat>
  readonly #waiting = new Set<Waiting>()
  #inFlight = 0
  #closing: Promise<void> | null = null
  #drained: (() => void) | null = null

  constructor(options: LaneOptions) {
    this.#options = options
    this.#seats = Array.from({ length: options.threads }, (_, index) => ({
      thread: new Thread({
        name: options.threads === 1 ? options.name : `${options.name} ${index + 1}`,
        url: options.url,
        data: options.data,
        pendingMax: options.inFlightMax,
      }),
      answeredAt: 0,
      isUp: false,
      stopWatching: null,
    }))
  }

  /** How many requests wait or are being answered. */
  get pending(): number {
    return this.#waiting.size + this.#inFlight
  }

  /**
   * @throws OverloadedError when the lane is full
   * @throws StoreUnavailableError when the thread failed, died, was stuck, or the lane is closed
   * @throws the reason of `signal`
   */
  ask<Name extends keyof Map>(
    name: Name,
    asks: AsksOf<Map, Name>,
    signal?: AbortSignal | undefined,
  ): Promise<AnswersOf<Map, Name>> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    if (this.#closing) return Promise.reject(this.#closedError())
    if (this.pending >= this.#options.pendingMax) {
      return Promise.reject(
        new OverloadedError(
          `The store has ${this.pending} requests waiting in its ${this.#options.name} lane already.`,
        ),
      )
    }
    return new Promise<unknown>((resolve, reject) => {
      const waiting: Waiting = {
        request: { name, asks },
        resolve: (answer) => {
          signal?.removeEventListener('abort', onAbort)
          resolve(answer)
        },
        reject: (reason) => {
          signal?.removeEventListener('abort', onAbort)
          reject(reason)
        },
      }
      const onAbort = () => {
        this.#waiting.delete(waiting)
        waiting.reject(signal?.reason)
        this.#tellDrained()
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiting.add(waiting)
      this.#seatWaiting()
    }) as Promise<AnswersOf<Map, Name>>
  }

  /** Ends the threads in the middle of their work, as a crash would; the next request starts them again. */
  async crash(reason: string): Promise<void> {
    await Promise.all(this.#seats.map(({ thread }) => thread.kill(new StoreUnavailableError(reason))))
  }

  /**
   * Refuses what comes, lets what is pending finish for at most `drainMs`, and closes the threads with their files.
   * A second call waits for the first.
   */
  close(drainMs = 5000): Promise<void> {
    this.#closing ??= this.#close(drainMs)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(drainMs: number): Promise<void> {
    if (this.pending > 0) {
      let stopTimer = () => {}
      await new Promise<void>((resolve) => {
        this.#drained = resolve
        stopTimer = this.#options.clock.after(drainMs, resolve)
      })
      stopTimer()
    }
    for (const waiting of this.#waiting) waiting.reject(this.#closedError())
    this.#waiting.clear()
    await Promise.all(this.#seats.map(({ thread }) => thread.close(drainMs)))
    for (const seat of this.#seats) seat.stopWatching?.()
  }

  #seatWaiting(): void {
    for (const waiting of this.#waiting) {
      const seat = this.#freeSeat()
      if (!seat) return
      this.#waiting.delete(waiting)
      this.#answer(waiting, seat)
    }
  }

  #freeSeat(): Seat | null {
    let freest = this.#seats[0] ?? null
    for (const seat of this.#seats) if (freest && seat.thread.pending < freest.thread.pending) freest = seat
    return freest && freest.thread.pending < this.#options.inFlightMax ? freest : null
  }

  #answer(waiting: Waiting, seat: Seat): void {
    this.#inFlight++
    if (seat.thread.pending === 0) seat.answeredAt = this.#options.clock.monotonicMs()
    seat.thread.request(waiting.request).then(
      (answer) => {
        if (!seat.isUp) this.#cameUp(seat)
        this.#free(seat)
        waiting.resolve(answer)
      },
      (error: unknown) => {
        // The next request starts another.
        if (error instanceof ThreadDiedError) seat.isUp = false
        this.#free(seat)
        waiting.reject(this.#translate(error))
      },
    )
    this.#watch(seat)
  }

  /** From here on it is watched more closely. */
  #cameUp(seat: Seat): void {
    seat.isUp = true
    seat.stopWatching?.()
    seat.stopWatching = null
    if (seat.thread.pending > 0) this.#watch(seat)
  }

  #free(seat: Seat): void {
    this.#inFlight--
    seat.answeredAt = this.#options.clock.monotonicMs()
    this.#seatWaiting()
    this.#tellDrained()
  }

  #watch(seat: Seat): void {
    if (seat.stopWatching) return
    const { clock, name } = this.#options
    const mayTakeMs = () => (seat.isUp ? this.#options.stuckMs : Math.max(this.#options.stuckMs, startMs))
    const look = () => {
      seat.stopWatching = null
      if (seat.thread.pending === 0) return
      const idleMs = clock.monotonicMs() - seat.answeredAt
      const stuckMs = mayTakeMs()
      if (idleMs < stuckMs) {
        seat.stopWatching = clock.after(stuckMs - idleMs, look)
        return
      }
      seat.isUp = false
      // Not awaited: a thread inside a disk read ends when the disk answers. Its requests are rejected at once.
      void seat.thread.kill(
        new StoreUnavailableError(
          `The store's ${name} thread had not answered for ${stuckMs} ms and was started again.`,
        ),
      )
    }
    seat.stopWatching = clock.after(mayTakeMs(), look)
  }

  #tellDrained(): void {
    if (this.pending === 0) this.#drained?.()
  }

  #closedError(): StoreUnavailableError {
    return new StoreUnavailableError(`The store ${this.#options.location} is closed.`)
  }

  // An error that crosses threads keeps its name, message and code, but not its class.
  #translate(error: unknown): unknown {
    if (!(error instanceof Error)) return error
    const code = 'code' in error ? error.code : undefined
    if (code === 'INVALID_OPTION') return new InvalidOptionError(error.message)
    if (code === 'INVALID_REQUEST') return new InvalidRequestError('Store', [{ path: '', message: error.message }])
    if (code === 'STORE_UNAVAILABLE') {
      return error instanceof StoreUnavailableError ? error : new StoreUnavailableError(error.message, { cause: error })
    }
    if (code === 'THREAD_CLOSED') return this.#closedError()
    if (error instanceof OnwardError && code !== 'THREAD_DIED') return error
    return new StoreUnavailableError(`The store ${this.#options.location} failed: ${error.message}`, { cause: error })
  }
}

export interface LaneOptions {
  /** `article`, `rail` ...: for messages and debuggers. */
  readonly name: string
  readonly location: string
  readonly url: URL
  readonly data: unknown
  /** How many threads share the lane's work. */
  readonly threads: number
  /** How many may wait or be answered; one more is refused. */
  readonly pendingMax: number
  /** How many may be with one thread at a time. */
  readonly inFlightMax: number
  /** How long a thread that has answered before may go without an answer before it counts as stuck, in milliseconds. */
  readonly stuckMs: number
  readonly clock: Clock
}

interface Seat {
  readonly thread: Thread<unknown, unknown>
  /** When it last answered or was handed work while idle, on the monotonic clock. */
  answeredAt: number
  /** It has answered since it was started. */
  isUp: boolean
  stopWatching: (() => void) | null
}

interface Waiting {
  readonly request: { readonly name: PropertyKey; readonly asks: unknown }
  readonly resolve: (answer: unknown) => void
  readonly reject: (reason: unknown) => void
}

/** How long a thread may take to start and to answer for the first time, in milliseconds. */
const startMs = 30_000
