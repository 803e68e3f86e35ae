/**
 * A cache that several processes share, behind the memory of each. It is never waited for longer than a small budget, and
 * nothing that happens to it fails a read: whoever is given nothing loads it himself.
 *
 * It promises nothing about the truth of what it gives: `accept` decides, and is asked about every value, since what comes
 * from outside may be old, torn or foreign.
 */
export interface SharedCache extends AsyncDisposable {
  /** Where it is, with secrets left out. */
  readonly location: string
  /**
   * The value under `key`, or the task of loading it. While another process has that task it is waited for some tens of
   * milliseconds, and then the value is loaded here too. Rejects with nothing but the reason of `signal`.
   *
   * @param accept gives null for what is not to be used
   */
  lookUp<Value>(
    key: string,
    accept: (bytes: Buffer) => Value | null,
    options: { readonly signal?: AbortSignal | undefined },
  ): Promise<SharedLookUp<Value>>
  /** Keeps a value that was loaded, behind whoever loaded it, and gives back the task. */
  keep(key: string, bytes: Buffer, options: { readonly keepMs: number; readonly lease: string | null }): void
  /** The task was not done: another may take it. */
  giveBack(key: string, lease: string): void
  /** Tells the others that the change feed has something new. It may be lost: they would find it by themselves soon after. */
  announce(): void
  /** Calls `listener` with each announcement until the returned function is called. */
  onAnnounced(listener: () => void): () => void
}

export type SharedLookUp<Value> =
  | { readonly state: 'hit'; readonly value: Value }
  /** `lease` null: it is loaded without having been given the task. */
  | { readonly state: SharedMiss; readonly lease: string | null }

export type SharedMiss =
  /** Nothing is there. */
  | 'miss'
  /** Something is there that was not accepted. */
  | 'refused'
  /** Another process was waited for in vain. */
  | 'waited'
  /** It did not answer in time, could not be reached, or is not asked for the moment. */
  | 'unavailable'
