import { setTimeout as pause } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { systemClock } from '../../src/concurrency/clock.ts'
import { waitUntilIndexed } from '../../src/indexer/wait-until-indexed.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { type FleetNode, startNode } from './fleet.ts'
import { preparedStoryArticle, railsAndRebuild } from './story-articles.ts'

/** What became of the rails when whoever kept them was killed, or stood still for longer than its lease. */
export interface Takeover {
  readonly fault: 'killed' | 'paused'
  /** From the fault until the standby keeps the rails. */
  readonly tookMs: number
  /** Until a change that was published after the fault was worked into the rails. */
  readonly workedInMs: number
  /** Articles whose rail is not that of a rebuild, of `rails` in all. */
  readonly wrongRails: number
  readonly rails: number
  /** Of one that woke up: why it keeps the rails no longer. */
  readonly because: string | null
  /** Of one that woke up: whether it stands by then, and the other still leads. */
  readonly standsBy: boolean
}

/**
 * Plays one takeover on a store: a leader that works, a standby, a fault in the midst of the work.
 *
 * @param firstNumber of the articles that are published; `articlesPerPlay` numbers from it on are used
 */
export async function playTakeover(
  url: string,
  { fault, firstNumber }: { readonly fault: Takeover['fault']; readonly firstNumber: number },
): Promise<Takeover> {
  await using store = await openStore(url)
  await using leader = await startNode('indexer', { store: url, timeoutMs: 120_000 })
  await until(() => leader.keepsRails())
  await publish(store, firstNumber, archived)
  await waitUntilIndexed(store, { clock: systemClock })
  await using standby = await startNode('indexer', { store: url, timeoutMs: 120_000 })

  // Some are still being worked in when the fault comes.
  await publish(store, firstNumber + archived, working)
  await pause(firstNumber % 7)
  const faultAt = performance.now()
  if (fault === 'killed') await leader.kill()
  else leader.pause()
  await until(() => standby.keepsRails())
  const tookMs = performance.now() - faultAt
  await publish(store, firstNumber + archived + working, afterwards)
  await waitUntilIndexed(store, { clock: systemClock })
  const workedInMs = performance.now() - faultAt

  let standsBy = true
  if (fault === 'paused') {
    leader.resume()
    await until(async () => !(await leader.keepsRails()))
    standsBy = await standby.keepsRails()
    // Its log is written out once a second.
    await until(async () => reasonIn(leader) !== null)
  }
  const { stored, rebuilt } = await railsAndRebuild(store)
  const ids = Object.keys(stored)
  return {
    fault,
    tookMs,
    workedInMs,
    wrongRails: ids.filter((id) => !isDeepStrictEqual(stored[id], rebuilt[id] ?? [])).length,
    rails: ids.length,
    because: fault === 'paused' ? reasonIn(leader) : null,
    standsBy,
  }
}

const [archived, working, afterwards] = [200, 100, 20]
export const articlesPerPlay = archived + working + afterwards

async function publish(store: Store, first: number, count: number): Promise<void> {
  const articles = Array.from({ length: count }, (_, index) => preparedStoryArticle(first + index))
  await store.putArticles(articles, { now: Date.now(), republish: false })
}

function reasonIn({ log }: FleetNode): string | null {
  return /"because":"([a-z-]+)","msg":"keeps the rails no longer"/.exec(log())?.[1] ?? null
}

/** Whoever plays has a time limit of his own. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause(20)
}
