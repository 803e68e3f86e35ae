/**
 * A queue that gives the article published last, and of several published at one time the one that was added last.
 *
 * While more comes in than can be worked through (a bulk load of old articles), breaking news is still worked out first.
 */
export class NewestFirst<Item extends { readonly publishedAtMs: number }> {
  /** A binary heap: no item is newer than the one at half its place. */
  readonly #heap: Array<{ readonly item: Item; readonly added: number }> = []
  #added = 0

  push(item: Item): void {
    const heap = this.#heap
    let at = heap.push({ item, added: this.#added++ }) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!this.#isNewer(at, above)) return
      this.#swap(at, above)
      at = above
    }
  }

  pop(): Item | undefined {
    const heap = this.#heap
    const top = heap[0]
    const last = heap.pop()
    if (!top || !last || heap.length === 0) return top?.item
    heap[0] = last
    for (let at = 0; ; ) {
      const left = at * 2 + 1
      const newer = left + 1 < heap.length && this.#isNewer(left + 1, left) ? left + 1 : left
      if (newer >= heap.length || !this.#isNewer(newer, at)) return top.item
      this.#swap(at, newer)
      at = newer
    }
  }

  #isNewer(one: number, two: number): boolean {
    const a = this.#heap[one]!
    const b = this.#heap[two]!
    if (a.item.publishedAtMs !== b.item.publishedAtMs) return a.item.publishedAtMs > b.item.publishedAtMs
    return a.added > b.added
  }

  #swap(one: number, two: number): void {
    const kept = this.#heap[one]!
    this.#heap[one] = this.#heap[two]!
    this.#heap[two] = kept
  }
}
