import { once } from 'node:events'
import { OnwardError } from '../errors.ts'

/**
 * Hears of what cannot be written to standard output and standard error, until the process ends: an `error` that nobody
 * hears ends it with a stack trace, and the last one comes after the command is done.
 *
 * - A reader that closed standard output, such as `head` that has seen enough, is no failure. It stops a command that
 *   does nothing but print; others go on and keep their exit code.
 * - A reader that closed standard error is no news to anybody.
 * - Whatever else cannot be written (a full disk) stops the command, and `failure` says why.
 *
 * @param stop aborted with {@link ReaderLeft} or {@link OutputError}
 */
export function watchOutputs(stop: AbortController): Outputs {
  const outputs: Outputs = { stopsWithReader: true, stopsOnFailure: true, failure: null }
  const watch = (stream: NodeJS.WriteStream, name: string) => {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      const hasReaderLeft = error.code === 'EPIPE'
      if (hasReaderLeft) {
        if (stream === process.stdout && outputs.stopsWithReader) stop.abort(new ReaderLeft())
      } else if (outputs.stopsOnFailure) {
        outputs.failure ??= new OutputError(name, error)
        stop.abort(outputs.failure)
      }
    })
  }
  watch(process.stdout, 'Standard output')
  watch(process.stderr, 'Standard error')
  return outputs
}

/** What a command says of its outputs before it writes, and hears of them after. */
export interface Outputs {
  /** False: the command does more than print, and goes on when nobody reads its results. Default true. */
  stopsWithReader: boolean
  /** False: the command has readers elsewhere, who must not suffer from a full disk here. Default true. */
  stopsOnFailure: boolean
  failure: OutputError | null
}

/** Resolves when all that was written has gone out, or failed to: then `failure` of {@link watchOutputs} is final. */
export async function flushOutputs(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    // The callback is called with an error too.
    await new Promise<void>((resolve) => stream.write('', () => resolve()))
  }
}

/** Writes to standard output, and waits while its reader is slower than we are. */
export async function writeOut(text: string, signal: AbortSignal): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain', { signal })
}

/** Nobody reads the results any more. */
export class ReaderLeft extends OnwardError {
  constructor() {
    super('READER_LEFT', 'Nobody reads the results any more.')
  }
}

/** An output cannot be written, and not because its reader left. */
export class OutputError extends OnwardError {
  constructor(name: string, cause: Error) {
    super('OUTPUT_UNWRITABLE', `${name} cannot be written: ${cause.message}.`, { cause })
  }
}
