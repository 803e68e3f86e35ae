import type { Store } from '../../src/store/store.ts'

/** The store, and how many times its articles and its rails were read. */
export function countingStore(store: Store): { readonly store: Store; readonly reads: Reads; reset(): void } {
  const reads = { article: new Map<string, number>(), rail: new Map<string, number>() }
  const count = (into: Map<string, number>, id: string) => into.set(id, (into.get(id) ?? 0) + 1)
  const counting = new Proxy(store, {
    get(target, key) {
      if (key === 'readArticle') {
        return (...[id, options]: Parameters<Store['readArticle']>) => {
          count(reads.article, id)
          return target.readArticle(id, options)
        }
      }
      if (key === 'readRail') {
        return (...[id, options]: Parameters<Store['readRail']>) => {
          count(reads.rail, id)
          return target.readRail(id, options)
        }
      }
      const member: unknown = Reflect.get(target, key, target)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
  return {
    store: counting,
    reads,
    reset() {
      reads.article.clear()
      reads.rail.clear()
    },
  }
}

/** By id. */
export interface Reads {
  readonly article: ReadonlyMap<string, number>
  readonly rail: ReadonlyMap<string, number>
}
