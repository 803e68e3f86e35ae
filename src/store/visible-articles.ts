import type { Article } from '../article/article.ts'
import { systemClock } from '../concurrency/clock.ts'
import type { Store } from './store.ts'

/**
 * All visible articles of a store, in the order of their ids, a page at a time.
 *
 * @throws what reading the store throws, or the reason of `signal`
 */
export async function* visibleArticlesOf(store: Store, signal: AbortSignal): AsyncGenerator<Article> {
  for (let afterId = ''; ; ) {
    const page = await store.readIndexPage({ afterId, limit: pageLength, now: systemClock.now(), signal })
    for (const { document } of page) yield JSON.parse(document) as Article
    const last = page.at(-1)
    if (!last) return
    afterId = last.id
  }
}

const pageLength = 200
