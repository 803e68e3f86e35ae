/**
 * What this process knows of the changes in a feed: enough to tell whether a copy that somebody else made is still true.
 *
 * A copy is stamped with how far its maker had followed the feed before he began to read ({@link stamp}). Whoever is
 * offered it takes it only when he can check it: when he has followed the feed at least as far, knows every change
 * since, and none of them is of an id that the copy shows. So nothing has to be deleted for a copy to be refused, and
 * no message about a deletion can be lost: the truth is the feed alone.
 *
 * Ids that were changed by this process itself, and have not come back by the feed yet, count as changed by all means
 * ({@link markChanged}).
 */
export class ChangeLedger {
  readonly #entriesMax: number
  /** Every change after this one is known, up to the position. */
  #floor: number
  #position: number
  #lastId: string | null = null
  /** By id, its newest change; the least recently changed first. */
  readonly #seqs = new Map<string, number>()
  /** Changed here, and not heard of from the feed since: once in the second set, at least one whole read has begun since. */
  #unheard = new Set<string>()
  #unheardBefore = new Set<string>()

  /** @param options.after the change that the feed is followed from; @param options.entriesMax how many ids are remembered */
  constructor({ after, entriesMax = 20_000 }: { readonly after: number; readonly entriesMax?: number }) {
    this.#floor = after
    this.#position = after
    this.#entriesMax = entriesMax
  }

  /** The next of the feed, in its order. */
  note(changes: ReadonlyArray<{ readonly seq: number; readonly articleId: string }>): void {
    for (const { seq, articleId } of changes) {
      this.#seqs.delete(articleId)
      this.#seqs.set(articleId, seq)
      this.#position = seq
      this.#lastId = articleId
    }
    for (const [id, seq] of this.#seqs) {
      if (this.#seqs.size <= this.#entriesMax) break
      this.#seqs.delete(id)
      // What is forgotten must not be taken for unchanged: copies from before it cannot be checked any more.
      this.#floor = seq
    }
  }

  /** These ids have been changed by this process just now; the feed will tell under which number. */
  markChanged(ids: Iterable<string>): void {
    for (const id of ids) this.#unheard.add(id)
  }

  /**
   * A read of the feed brought nothing. It may have begun before the newest of {@link markChanged}, so that only the
   * second such read proves that a change has been handed on.
   */
  heardAll(): void {
    this.#unheardBefore = this.#unheard
    this.#unheard = new Set()
  }

  /** To be taken before a read begins: what is read then knows of every change up to here at least. */
  get stamp(): ChangeStamp {
    return { seq: this.#position, id: this.#lastId }
  }

  /** Whether a copy that was read after `stamp`, and shows `ids`, is as true as one that would be read now, for all that is known here. */
  isTrue({ seq, id }: ChangeStamp, ids: Iterable<string>): boolean {
    if (seq < this.#floor || seq > this.#position || !this.#isOfThisFeed({ seq, id })) return false
    for (const shown of ids) {
      if (this.#unheard.has(shown) || this.#unheardBefore.has(shown)) return false
      const changed = this.#seqs.get(shown)
      if (changed !== undefined && changed > seq) return false
    }
    return true
  }

  /** A store that was made anew or put back to an earlier day counts its changes anew: the id tells it apart. */
  #isOfThisFeed({ seq, id }: ChangeStamp): boolean {
    if (seq === this.#position && id === this.#lastId) return true
    if (id === null) return false
    const known = this.#seqs.get(id)
    return known !== undefined && known >= seq && seq !== this.#position
  }
}

/** A place in a feed. */
export interface ChangeStamp {
  readonly seq: number
  /** Whose change has this number; null when none is known. */
  readonly id: string | null
}
