/**
 * Values in memory, bounded in bytes, of which those that were asked for once go before those that were asked for again.
 *
 * A segmented LRU: an entry begins on probation and is protected from its second use on. What has to go is the least
 * recently used on probation, and only then of the protected, which may take four fifths; what they have no room for is
 * on probation again. So a crawl through an archive, or a flood of pages that are read once, pushes out nothing that
 * readers come back to. An entry that is set again stays where it was.
 *
 * Each entry carries the ids that it shows, so that a takedown evicts whatever shows the article and not only what is
 * kept under its id. Time is not its business: how old an entry may be is decided by whoever reads it (`lifetime.ts`).
 *
 * Source: R. Karedla, J. S. Love, B. G. Wherry, Caching Strategies to Improve Disk System Performance, IEEE Computer
 * 27(3), 1994.
 */
export class MemoryCache<Value> {
  readonly #bytesMax: number
  /** Oldest use first: a map keeps the order in which its keys came. */
  readonly #probation = new Map<string, Entry<Value>>()
  readonly #protected = new Map<string, Entry<Value>>()
  readonly #keysShowing = new Map<string, Set<string>>()
  #bytes = 0
  #protectedBytes = 0

  /** @param bytesMax 0: nothing is ever kept */
  constructor({ bytesMax }: { readonly bytesMax: number }) {
    this.#bytesMax = bytesMax
  }

  get size(): number {
    return this.#probation.size + this.#protected.size
  }

  /** By the estimates of those who set. */
  get bytes(): number {
    return this.#bytes
  }

  /** How many different ids the entries show. Each of them goes with the last entry that shows it. */
  get idsShown(): number {
    return this.#keysShowing.size
  }

  get(key: string): Value | undefined {
    const isProtected = this.#protected.has(key)
    const entry = this.#protected.get(key) ?? this.#probation.get(key)
    if (!entry) return undefined
    if (isProtected) {
      this.#protected.delete(key)
      this.#protected.set(key, entry)
    } else {
      this.#probation.delete(key)
      this.#protect(key, entry)
    }
    return entry.value
  }

  /** What is larger than the whole cache is not kept, and takes the place of nothing but its own older self. */
  set(key: string, value: Value, about: { readonly bytes: number; readonly shows: readonly string[] }): void {
    const wasProtected = this.#protected.has(key)
    this.delete(key)
    const bytes = Math.max(1, Math.ceil(about.bytes))
    if (bytes > this.#bytesMax) return
    const entry: Entry<Value> = { value, bytes, shows: about.shows }
    for (const id of entry.shows) {
      const keys = this.#keysShowing.get(id)
      if (keys) keys.add(key)
      else this.#keysShowing.set(id, new Set([key]))
    }
    this.#bytes += bytes
    if (wasProtected) this.#protect(key, entry)
    else this.#probation.set(key, entry)
    while (this.#bytes > this.#bytesMax) this.#evictOldest(key)
  }

  delete(key: string): void {
    const isProtected = this.#protected.has(key)
    const entry = this.#protected.get(key) ?? this.#probation.get(key)
    if (!entry) return
    if (isProtected) {
      this.#protected.delete(key)
      this.#protectedBytes -= entry.bytes
    } else {
      this.#probation.delete(key)
    }
    this.#bytes -= entry.bytes
    for (const id of entry.shows) {
      const keys = this.#keysShowing.get(id)
      keys?.delete(key)
      if (keys?.size === 0) this.#keysShowing.delete(id)
    }
  }

  /** Evicts every entry that shows one of `ids`. */
  evictShowing(ids: Iterable<string>): void {
    for (const id of ids) {
      for (const key of [...(this.#keysShowing.get(id) ?? [])]) this.delete(key)
    }
  }

  clear(): void {
    this.#probation.clear()
    this.#protected.clear()
    this.#keysShowing.clear()
    this.#bytes = this.#protectedBytes = 0
  }

  #protect(key: string, entry: Entry<Value>): void {
    this.#protected.set(key, entry)
    this.#protectedBytes += entry.bytes
    for (const [oldKey, old] of this.#protected) {
      if (this.#protectedBytes <= this.#bytesMax * protectedShare || oldKey === key) return
      this.#protected.delete(oldKey)
      this.#protectedBytes -= old.bytes
      this.#probation.set(oldKey, old)
    }
  }

  /** The newcomer itself is never the one to go: there is something else, or it would fit. */
  #evictOldest(newcomer: string): void {
    for (const entries of [this.#probation, this.#protected]) {
      for (const key of entries.keys()) {
        if (key === newcomer) continue
        this.delete(key)
        return
      }
    }
  }
}

interface Entry<Value> {
  readonly value: Value
  readonly bytes: number
  readonly shows: readonly string[]
}

const protectedShare = 0.8
