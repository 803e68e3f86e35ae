import { ReadThrough } from '../../cache/read-through.ts'
import { systemClock } from '../../concurrency/clock.ts'
import { resolveOption } from '../../options.ts'
import type { BeforePage, BeforePages } from './before-pages.ts'

/**
 * A before with onward's cache in front and nothing else of it: what a cache alone would do for such a site.
 *
 * It keeps what it would have to keep: article and related articles together, for as long as onward keeps an article.
 */
export function withCache(pages: BeforePages): BeforePages {
  const lifetime = {
    freshMs: resolveOption('articleFreshMs'),
    graceMs: resolveOption('articleGraceMs'),
    ifErrorMs: resolveOption('articleIfErrorMs'),
  }
  const cache = new ReadThrough<BeforePage>({
    what: 'Making the page',
    clock: systemClock,
    random: Math.random,
    load: async (id) => await pages.page(id),
    // A before has no deadlines; what loads for longer than this has lost all of its readers.
    loadBudgetMs: 60_000,
    loadsMax: 100_000,
    goesOn: true,
    patienceMs: resolveOption('articleBudgetMs'),
    bytesMax: resolveOption('cacheBytesMax'),
    isTold: () => true,
    about: (id, page) => ({
      lifetime: page === null ? null : lifetime,
      isNegative: page === null,
      bytes: 4096 + 2 * (page?.article.body.length ?? 0) + 1024 * (page?.related?.length ?? 0),
      shows: [id, ...(page?.related ?? []).map((item) => item.id)],
    }),
    onFailedBehind: () => {},
  })
  return {
    get pending() {
      return pages.pending
    },
    async page(id) {
      return (await cache.read(id, { importance: 'essential' })).value
    },
    async publish(article) {
      await pages.publish(article)
      cache.forget([article.id])
    },
    async [Symbol.asyncDispose]() {
      cache.close()
      await pages[Symbol.asyncDispose]()
    },
  }
}
