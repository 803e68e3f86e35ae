import { LRUCache } from 'lru-cache'

/**
 * Values in memory, bounded in bytes, of which the least recently used go first.
 *
 * Each entry carries the ids that it shows, so that a takedown evicts whatever shows the article and not only what is
 * kept under its id. Time is not its business: how old an entry may be is decided by whoever reads it (`lifetime.ts`).
 */
export class MemoryCache<Value> {
  readonly #entries: LRUCache<string, Entry<Value>> | null
  readonly #keysShowing = new Map<string, Set<string>>()

  /** @param bytesMax 0: nothing is ever kept */
  constructor({ bytesMax }: { readonly bytesMax: number }) {
    this.#entries =
      bytesMax === 0
        ? null
        : new LRUCache({ maxSize: bytesMax, dispose: ({ shows }, key) => this.#forgetShowing(key, shows) })
  }

  get size(): number {
    return this.#entries?.size ?? 0
  }

  /** By the estimates of those who set. */
  get bytes(): number {
    return this.#entries?.calculatedSize ?? 0
  }

  /** How many different ids the entries show. Each of them goes with the last entry that shows it. */
  get idsShown(): number {
    return this.#keysShowing.size
  }

  get(key: string): Value | undefined {
    return this.#entries?.get(key)?.value
  }

  /** What is larger than the whole cache is not kept, and takes the place of nothing but its own older self. */
  set(key: string, value: Value, about: { readonly bytes: number; readonly shows: readonly string[] }): void {
    if (!this.#entries) return
    // Deleted first: `dispose` of the old one would come after the new one's ids were written down, and unwrite them.
    this.#entries.delete(key)
    const { shows } = about
    for (const id of shows) {
      const keys = this.#keysShowing.get(id)
      if (keys) keys.add(key)
      else this.#keysShowing.set(id, new Set([key]))
    }
    this.#entries.set(key, { value, shows }, { size: Math.max(1, Math.ceil(about.bytes)) })
    if (!this.#entries.has(key)) this.#forgetShowing(key, shows)
  }

  delete(key: string): void {
    this.#entries?.delete(key)
  }

  /** Evicts every entry that shows one of `ids`. */
  evictShowing(ids: Iterable<string>): void {
    for (const id of ids) {
      for (const key of [...(this.#keysShowing.get(id) ?? [])]) this.#entries?.delete(key)
    }
  }

  clear(): void {
    this.#entries?.clear()
  }

  #forgetShowing(key: string, shows: readonly string[]): void {
    for (const id of shows) {
      const keys = this.#keysShowing.get(id)
      keys?.delete(key)
      if (keys?.size === 0) this.#keysShowing.delete(id)
    }
  }
}

interface Entry<Value> {
  readonly value: Value
  readonly shows: readonly string[]
}
