import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../src/concurrency/clock.ts'
import { waitUntilIndexed } from '../../src/indexer/wait-until-indexed.ts'
import { openStore } from '../../src/store/open-store.ts'
import { type FleetNode, places, publishAt, startNode, takeDownAt, untilAll } from '../support/fleet.ts'
import { findPostgres, startPostgres } from '../support/postgres-server.ts'
import { findRedis, openPrivateRedis } from '../support/redis-server.ts'
import { preparedStoryArticle, storyArticle, storySize } from '../support/story-articles.ts'

// Two web nodes and an indexer, processes as their user has them. How soon is `benchmarks/fleet.ts`; here it is only bounded.
describe('a fleet on PostgreSQL', { skip: findPostgres().reason, timeout: 240_000 }, () => {
  it('shows on every node what one has published, and nowhere what one has taken down', async () => {
    await shownEverywhere({ redis: 'without' })
  })

  it('does so with Redis, and goes on when Redis is killed', { skip: findRedis().reason }, async () => {
    await shownEverywhere({ redis: 'killed' })
  })
})

async function shownEverywhere({ redis }: { redis: 'without' | 'killed' }): Promise<void> {
  await using server = await startPostgres()
  await using cache = redis === 'without' ? null : await openPrivateRedis()
  const url = await server.createDatabase()
  await using store = await openStore(url)
  const stories = 3
  const archive = Array.from({ length: 20 * storySize }, (_, number) => preparedStoryArticle(number + 1000))
  const beginnings = Array.from({ length: stories }, (_, index) => preparedStoryArticle(index * storySize))
  await store.putArticles([...archive, ...beginnings], { now: Date.now(), republish: false })

  const fleet = { store: url, cache: cache?.url ?? null, timeoutMs: 240_000 }
  await using indexer = await startNode('indexer', fleet)
  await using first = await startNode('web', fleet)
  await using second = await startNode('web', fleet)
  const nodes: readonly FleetNode[] = [first, second]
  await waitUntilIndexed(store, { clock: systemClock })
  assert.deepEqual(await Promise.all([indexer, ...nodes].map((node) => node.keepsRails())), [true, false, false])

  for (let index = 0; index < stories; index++) {
    // In the midst of it: what one node has kept there is nothing that another may rely on.
    if (index === 1) await cache?.kill()
    const railOf = storyArticle(index * storySize).id
    const newcomer = storyArticle(index * storySize + 1)
    const by = nodes[index % nodes.length] ?? first
    const within = () => ({ since: performance.now(), signal: AbortSignal.timeout(20_000) })
    await publishAt(by, newcomer)
    const shown = await untilAll(nodes, { id: newcomer.id, railOf, isShown: true }, within())
    assert.deepEqual(Object.keys(shown), [...places])
    await takeDownAt(by, newcomer.id)
    await untilAll(nodes, { id: newcomer.id, railOf, isShown: false }, within())
  }
}
