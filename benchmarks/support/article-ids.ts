import { systemClock } from '../../src/concurrency/clock.ts'
import { seededRandom } from '../../src/generate/seeded-random.ts'
import { openStore } from '../../src/store/open-store.ts'

/** The id of every article of a store, in an order by chance that is the same each time. */
export async function shuffledIds(store: string): Promise<string[]> {
  await using opened = await openStore(store)
  const ids: string[] = []
  for (let rows = -1; rows !== 0; ) {
    const page = await opened.readIndexPage({ afterId: ids.at(-1) ?? '', limit: 500, now: systemClock.now() })
    ids.push(...page.map(({ id }) => id))
    rows = page.length
  }
  const random = seededRandom(5)
  return ids
    .map((id) => ({ id, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ id }) => id)
}

/** Hands out articles that were not handed out before, for as long as there are any. */
export function articlesInTurn(ids: readonly string[]) {
  if (ids.length === 0) throw new Error('There are no articles to measure on.')
  let next = 0
  return {
    one: (): string => ids[next++ % ids.length] ?? '',
    take: (count: number): string[] => Array.from({ length: count }, () => ids[next++ % ids.length] ?? ''),
    areRepeated: () => next > ids.length,
  }
}
