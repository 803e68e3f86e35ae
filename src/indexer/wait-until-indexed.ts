import { type Clock, pause } from '../concurrency/clock.ts'
import type { Store, StoreStatus } from '../store/store.ts'

/**
 * Resolves when the rails of every change so far have been written, by whichever process leads.
 *
 * @param onProgress called with each look at the store, ten times a second
 * @throws the reason of `signal`, or what the store throws
 */
export async function waitUntilIndexed(
  store: Pick<Store, 'readStatus'>,
  options: {
    readonly clock: Clock
    readonly signal?: AbortSignal | undefined
    readonly onProgress?: (status: StoreStatus) => void
  },
): Promise<void> {
  const { clock, signal, onProgress } = options
  const goal = (await store.readStatus({ now: clock.now(), signal })).lastSeq
  for (;;) {
    const status = await store.readStatus({ now: clock.now(), signal })
    onProgress?.(status)
    if (status.indexedSeq >= goal) return
    await pause(clock, lookEveryMs, signal)
  }
}

const lookEveryMs = 100
