import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { playSeeds } from './play-seeds.ts'
import { simulate } from './simulate.ts'

// More are played by `npm run simulate`; these are what a few seconds allow.
const seeds = 800

describe('readers, publishers and a store with faults', () => {
  it(`break no promise in ${seeds} simulations`, async () => {
    const { played, violations, counts } = await playSeeds({ from: 0, seeds, threads: 1 })
    const told = violations.map(({ seed, violation }) => `npm run simulate -- --seed ${seed} --trace: ${violation}`)
    assert.deepEqual(told, [])
    assert.equal(played, seeds)
    // Or else the simulations did not reach what they are here for.
    for (const what of worthSeeing) assert.ok((counts[what] ?? 0) > 20, `${what}: ${counts[what] ?? 0}`)
  })

  it('are the same story each time that a seed is played', async () => {
    const [first, second] = [await storyOf(17), await storyOf(17)]
    assert.ok(first.length > 50)
    assert.deepEqual(second, first)
    assert.notDeepEqual(await storyOf(18), first)
  })
})

async function storyOf(seed: number): Promise<string[]> {
  const story: string[] = []
  await simulate(seed, (line) => story.push(line))
  return story
}

const worthSeeing = [
  'article fresh',
  'article stale',
  'rail fresh',
  'rail stale',
  'rail fallback',
  'rail late',
  'rail unavailable',
  'rail shed',
  'breaker open',
  'breaker probing',
  'breaker closed',
  'read-retried',
  'read-shed',
  'refresh-failed',
  'failed with ArticleGoneError',
  'failed with ArticleNotFoundError',
  'failed with OverloadedError',
  'failed with StoreUnavailableError',
  'failed with DeadlineExceededError',
]
