import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * Lets `count` minutes of cooking pass; Infinity for a dish that never gets ready.
 *
 * A minute in this kitchen is one turn of the event loop and not a piece of time, so that the examples print the same on
 * the slowest machine.
 *
 * @throws the reason of `signal`, at the next minute
 */
export async function minutes(count: number, signal?: AbortSignal): Promise<void> {
  for (let minute = 0; minute < count; minute++) {
    signal?.throwIfAborted()
    await nextTurn()
  }
  signal?.throwIfAborted()
}
