import { articleIdPattern } from '../article/article.ts'
import { systemClock } from '../concurrency/clock.ts'
import { withDeadline } from '../concurrency/deadline.ts'
import { InvalidOptionError } from '../errors.ts'
import { resolveOption } from '../options.ts'
import { railLimitMax } from '../related/related.ts'
import { openStore } from '../store/open-store.ts'
import type { ReadOptions, Store } from '../store/store.ts'
import { defaultStoreUrl, type TakedownFlags } from './cli.ts'
import { writeOut } from './outputs.ts'
import { type FoundRails, isClean, receiptText, type TakedownReceipt } from './takedown-receipt.ts'
import { watchNode } from './watch-takedown.ts'

/**
 * Takes an article down; with `--verify`, asks every node until none shows it any more, and prints what was asked and when.
 *
 * @returns the exit code: 1 when there is no such article, or when it is not known of the store and of each node that it
 *   is clean
 */
export async function takedownCommand(articleId: string, flags: TakedownFlags, signal: AbortSignal): Promise<number> {
  checkFlags(articleId, flags)
  await using store = await openStore(resolveOption('store', flags.store) ?? defaultStoreUrl)
  // What the store knows of the article goes with it: who shows it has to be found out before.
  const rails = flags.verify ? await findRails(store, articleId, signal) : null
  const startedAt = systemClock.monotonicMs()
  const { outcome, withdrawnAt } = await withDeadline(
    (stop) => store.withdrawArticle(articleId, { now: systemClock.now(), signal: stop }),
    { clock: systemClock, budgetMs: storeBudgetMs, what: 'The takedown', signal },
  )
  const since = systemClock.monotonicMs()
  if (outcome === 'missing' || withdrawnAt === null) {
    process.stderr.write(
      `onward: ${store.location} has no article ${JSON.stringify(articleId)}: nothing was taken down. Check the id, and the store (--store).\n`,
    )
    return 1
  }
  const receipt: TakedownReceipt = {
    id: articleId,
    outcome,
    withdrawnAt,
    store: store.location,
    storeMs: Math.round(since - startedAt),
    verified: flags.verify ? await verify({ store, rails, articleId, since, flags, signal }) : null,
  }
  const text = flags.format === 'json' ? `${JSON.stringify(receipt)}\n` : receiptText(receipt)
  await writeOut(text, signal)
  return isClean(receipt) ? 0 : 1
}

function checkFlags(articleId: string, { verify, node }: TakedownFlags): void {
  if (!articleIdPattern.test(articleId)) {
    throw new InvalidOptionError(
      `${JSON.stringify(articleId)} is no id of an article: 1 to 100 of the characters A-Z a-z 0-9 . _ ~ - were expected, as in the address of its page.`,
    )
  }
  if (!verify && node.length > 0) throw new InvalidOptionError('--node names who is asked with --verify: add it.')
  if (node.length > nodesMax)
    throw new InvalidOptionError(`--node was given ${node.length} times; at most ${nodesMax}.`)
  for (const given of node) {
    const url = URL.canParse(given) ? new URL(given) : null
    // A password would stand in the receipt.
    if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
      throw new InvalidOptionError(
        `A --node was given that is no address of one: expected one such as http://10.0.0.5:3000, without user and password.`,
      )
    }
  }
}

/**
 * Whose rails may show the article: those that have it as the store keeps them, then those like it and the newest of its
 * section, where a rail that has nothing related would list it as the newest.
 *
 * It must not hold up the takedown for longer than {@link findBudgetMs}: null when the store could not tell by then, or
 * when the article is down already and nobody knows any more.
 */
async function findRails(store: Store, articleId: string, signal: AbortSignal): Promise<FoundRails | null> {
  try {
    return await withDeadline((stop) => searchRails(store, articleId, stop), {
      clock: systemClock,
      budgetMs: findBudgetMs,
      what: 'Finding the rails that show it',
      signal,
    })
  } catch {
    signal.throwIfAborted()
    return null
  }
}

async function searchRails(store: Store, articleId: string, signal: AbortSignal): Promise<FoundRails | null> {
  const read = { now: systemClock.now(), signal }
  const found = await store.readArticle(articleId, read)
  if (found.state === 'gone') return null
  const section = found.state === 'found' ? (found.article.section ?? undefined) : undefined
  const [own, story, newest] = await Promise.all([
    store.readRail(articleId, { ...read, limit: railLimitMax }),
    store.readStory(articleId, read),
    store.listArticles({ ...read, section, limit: railsMax }),
  ])
  const near = new Set([
    ...(own.state === 'found' ? own.items.map(({ id }) => id) : []),
    ...(story.state === 'found' ? story.articles.map(({ id }) => id) : []),
    ...newest.articles.map(({ id }) => id),
  ])
  near.delete(articleId)
  const looks = [...near].slice(0, looksMax).map(async (id) => ({ id, has: await lists(store, id, articleId, read) }))
  const railsOf = (await Promise.all(looks)).toSorted((a, b) => Number(b.has) - Number(a.has)).slice(0, railsMax)
  return { railsOf: railsOf.map(({ id }) => id), held: railsOf.filter(({ has }) => has).length, note: null }
}

/** What is left to ask when nobody knows who showed it. */
async function newestRails(store: Store, signal: AbortSignal): Promise<FoundRails> {
  const note = 'Which rails had it is not known any more, so those of the newest articles are asked.'
  try {
    const { articles } = await withDeadline(
      (stop) => store.listArticles({ now: systemClock.now(), limit: railsMax, signal: stop }),
      { clock: systemClock, budgetMs: storeBudgetMs, what: 'The list of the newest articles', signal },
    )
    return { railsOf: articles.map(({ id }) => id), held: 0, note }
  } catch (error) {
    signal.throwIfAborted()
    const why = error instanceof Error ? error.message : String(error)
    return { railsOf: [], held: 0, note: `No rails are asked, since the store does not say which there are: ${why}` }
  }
}

async function lists(store: Store, id: string, articleId: string, read: ReadOptions): Promise<boolean> {
  const rail = await store.readRail(id, { ...read, limit: railLimitMax })
  return rail.state === 'found' && rail.items.some((item) => item.id === articleId)
}

async function verify(taken: {
  readonly store: Store
  /** Found before; null: they were not. */
  readonly rails: FoundRails | null
  readonly articleId: string
  readonly since: number
  readonly flags: TakedownFlags
  readonly signal: AbortSignal
}): Promise<TakedownReceipt['verified']> {
  const { store, articleId, since, flags, signal } = taken
  const withinMs = flags.within * 1000
  try {
    const rails = taken.rails ?? (await newestRails(store, signal))
    const { railsOf } = rails
    const watch = { articleId, railsOf, since, withinMs, signal }
    const [stillInStore, nodes] = await Promise.all([
      readStill(store, articleId, railsOf, signal),
      Promise.all(flags.node.map((node) => watchNode(node, watch))),
    ])
    return { withinMs, rails, stillInStore, nodes }
  } catch (error) {
    // Whoever stops the proof must not think that the takedown was stopped.
    if (signal.aborted)
      process.stderr.write(`onward: ${JSON.stringify(articleId)} is taken down; the nodes were not all asked.\n`)
    throw error
  }
}

/** Where the store itself still gives the article; empty when it is as it should be. */
async function readStill(
  store: Store,
  articleId: string,
  railsOf: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const now = systemClock.now()
  try {
    return await withDeadline(
      async (stop) => {
        const { state } = await store.readArticle(articleId, { now, signal: stop })
        const still = state === 'found' ? ['the article'] : []
        for (const id of railsOf) {
          if (await lists(store, id, articleId, { now, signal: stop })) still.push(`the rail of ${id}`)
        }
        return still
      },
      { clock: systemClock, budgetMs: storeBudgetMs, what: 'Reading the store after the takedown', signal },
    )
  } catch (error) {
    signal.throwIfAborted()
    return [`it could not be asked (${error instanceof Error ? error.message : error})`]
  }
}

const nodesMax = 100
const railsMax = 20
/** How many are looked at to find those that have it. */
const looksMax = 60
const findBudgetMs = 2000
const storeBudgetMs = 10_000
