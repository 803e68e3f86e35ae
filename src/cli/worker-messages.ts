import cluster from 'node:cluster'
import { InvalidOptionError, OnwardError } from '../errors.ts'

/** What a worker tells the process that started it. */
export type FromWorker =
  | { readonly type: 'ready'; readonly banner: string }
  | { readonly type: 'failed'; readonly code: string; readonly message: string }

/** This process as one of several that share a port: to be told what becomes of it. */
export class WorkerSide {
  /** From 1. */
  readonly number: number

  /** @throws InvalidOptionError when nobody started this process as a worker */
  constructor(number: string) {
    this.number = Number(number)
    if (!cluster.isWorker || !/^\d{1,3}$/.test(number)) {
      throw new InvalidOptionError('--worker is for processes that onward serve --workers starts itself.')
    }
  }

  async ready(banner: string): Promise<void> {
    await this.#tell({ type: 'ready', banner })
  }

  /** The reason goes to the process that started this one, which says it once, however many workers have it. */
  async failed(error: unknown): Promise<void> {
    const isOurs = error instanceof OnwardError
    await this.#tell({
      type: 'failed',
      code: isOurs ? error.code : 'WORKER_FAILED',
      message: isOurs
        ? error.message
        : `A worker met an unexpected error. ${error instanceof Error ? error.stack : error}`,
    })
  }

  /** Lets go of the other process: the way to it keeps this one alive. */
  leave(): void {
    if (process.connected) cluster.worker?.disconnect()
  }

  // Resolved when it is on its way: a process that ended before that would take its reason with it.
  async #tell(message: FromWorker): Promise<void> {
    await new Promise<void>((resolve) => {
      if (process.send) process.send(message, undefined, undefined, () => resolve())
      else resolve()
    })
  }
}
