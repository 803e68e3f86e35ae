import { setTimeout as pause } from 'node:timers/promises'
import { systemClock } from '../concurrency/clock.ts'
import { withDeadline } from '../concurrency/deadline.ts'
import { DeadlineExceededError } from '../errors.ts'
import { NodeLine, NodeUnreachableError } from './node-line.ts'

/** One address of a node, and what it has been seen to show. Times are milliseconds since the takedown. */
export interface WatchedAddress {
  readonly address: string
  /** `unknown`: it was not asked, or did not give an answer that tells. */
  state: 'unknown' | 'shown' | 'gone'
  /** When it last showed the article; null: it was never seen to. */
  lastSeenMs: number | null
  /** From when on it did not; null: it still does, or is not known. */
  goneMs: number | null
  /** Why it is not known, or what was seen. */
  detail: string
}

/** A node, or one of its workers where it has several: each has a memory of its own. */
export interface WatchedPlace {
  /** Null: the node has one. */
  readonly worker: number | null
  /** False: it said at the start that it hears nothing of changes. */
  readonly hearsChanges: boolean
  readonly addresses: readonly WatchedAddress[]
  /** When a whole round had found nothing; null: none has. */
  cleanMs: number | null
}

export interface WatchedNode {
  readonly node: string
  readonly places: WatchedPlace[]
  /** When the last of its places was clean; null: not within the time. */
  cleanMs: number | null
  /** Why it is not known to be clean, when that is not a matter of one address. */
  problem: string | null
}

/**
 * Asks a node, again and again, until it does not show the article any more: on its page, in its JSON, on the front page,
 * in the list of the newest, and in the rails of others. A node that has several workers is asked worker by worker.
 *
 * It is clean once a whole round has found nothing, so that what comes back for a moment is seen.
 *
 * @param options.railsOf the articles whose rails are asked
 * @param options.since the takedown, by the system clock's `monotonicMs`
 * @returns what was seen; never rejects but with the reason of `signal`
 */
export async function watchNode(node: string, options: WatchOptions): Promise<WatchedNode> {
  const { withinMs, signal } = options
  const watched: WatchedNode = { node, places: [], cleanMs: null, problem: null }
  try {
    await withDeadline((stop) => untilClean(watched, options, stop), {
      clock: systemClock,
      budgetMs: withinMs,
      what: 'The takedown',
      signal,
    })
    watched.cleanMs = Math.max(...watched.places.map(({ cleanMs }) => cleanMs ?? 0))
  } catch (error) {
    if (!(error instanceof DeadlineExceededError)) throw error
  }
  return watched
}

export interface WatchOptions {
  readonly articleId: string
  readonly railsOf: readonly string[]
  readonly since: number
  readonly withinMs: number
  readonly signal: AbortSignal
}

async function untilClean(watched: WatchedNode, options: WatchOptions, signal: AbortSignal): Promise<void> {
  using lines = new DisposableStack()
  for (;;) {
    try {
      const reached = await reachWorkers(watched, lines, signal)
      watched.problem = null
      const watching = reached.map((line) => {
        const addresses = questions(options).map(
          ({ address }): WatchedAddress => ({ address, state: 'unknown', lastSeenMs: null, goneMs: null, detail: '' }),
        )
        const place: WatchedPlace = {
          worker: line.worker?.number ?? null,
          hearsChanges: line.hearsChanges,
          addresses,
          cleanMs: null,
        }
        watched.places.push(place)
        return watchPlace(line, place, options, signal)
      })
      await Promise.all(watching)
      return
    } catch (error) {
      // One that is being started again answers soon; one that is down tells why when the time is up.
      if (!(error instanceof NodeUnreachableError)) throw error
      watched.problem = error.message
      await pause(roundPauseMs * 2, undefined, { signal })
    }
  }
}

/**
 * A line to each worker of a node. Which of them takes a connection is chance, the less busy rather than the busy, so that
 * several are opened at the same time, again and again, until there is one to each.
 */
async function reachWorkers(watched: WatchedNode, lines: DisposableStack, signal: AbortSignal): Promise<NodeLine[]> {
  const reached = new Map<number, NodeLine>()
  for (let of = 1; reached.size < of; ) {
    const greeted = Array.from({ length: of === 1 ? 1 : Math.min(of * 2, linesAtATime) }, async () => {
      const line = lines.use(new NodeLine(watched.node))
      await line.greet(signal)
      return line
    })
    const answers = await Promise.allSettled(greeted)
    for (const answer of answers) {
      if (answer.status === 'rejected') continue
      const line = answer.value
      of = line.worker?.of ?? 1
      const number = line.worker?.number ?? 1
      if (reached.has(number)) line[Symbol.dispose]()
      else reached.set(number, line)
    }
    const refused = answers.find((answer) => answer.status === 'rejected')
    if (reached.size === 0 && refused) throw refused.reason
    watched.problem = `only ${reached.size} of its ${of} workers have answered`
    if (reached.size < of) await pause(roundPauseMs, undefined, { signal })
  }
  return [...reached.entries()].toSorted(([a], [b]) => a - b).map(([, line]) => line)
}

async function watchPlace(
  line: NodeLine,
  place: WatchedPlace,
  options: WatchOptions,
  signal: AbortSignal,
): Promise<void> {
  const asked = questions(options)
  for (;;) {
    for (const [at, question] of asked.entries()) {
      const address = place.addresses[at]
      if (address) await look(line, address, question, options.since, signal)
    }
    if (place.addresses.every(({ state }) => state === 'gone')) {
      place.cleanMs = msSince(options.since)
      return
    }
    await pause(roundPauseMs, undefined, { signal })
  }
}

async function look(
  line: NodeLine,
  address: WatchedAddress,
  question: Question,
  since: number,
  signal: AbortSignal,
): Promise<void> {
  let seen: Seen
  try {
    const { status, body } = await line.ask(address.address, signal)
    seen = question.sees(status, body)
  } catch (error) {
    if (!(error instanceof NodeUnreachableError)) throw error
    seen = { state: 'unknown', detail: error.message }
  }
  const now = msSince(since)
  address.state = seen.state
  address.detail = seen.detail
  if (seen.state === 'gone') address.goneMs ??= now
  else address.goneMs = null
  if (seen.state === 'shown') address.lastSeenMs = now
}

interface Seen {
  readonly state: WatchedAddress['state']
  readonly detail: string
}

interface Question {
  readonly address: string
  sees(status: number, body: string): Seen
}

/** What is asked in a round, in its order. */
function questions({ articleId, railsOf }: WatchOptions): Question[] {
  const itself = (address: string): Question => ({
    address,
    sees: (status) =>
      status === 404 || status === 410 || status === 200
        ? { state: status === 200 ? 'shown' : 'gone', detail: `answers ${status}` }
        : { state: 'unknown', detail: `answers ${status}` },
  })
  const other = (address: string, look: (body: string) => Seen): Question => ({
    address,
    sees(status, body) {
      // An article that is not there has no rail that could show anything.
      if (status === 404 || status === 410) return { state: 'gone', detail: `answers ${status}` }
      return status === 200 ? look(body) : { state: 'unknown', detail: `answers ${status}` }
    },
  })
  const linksToIt = new RegExp(`href="[^"]*/articles/${RegExp.escape(articleId)}"`)
  return [
    itself(`/articles/${articleId}`),
    itself(`/v1/articles/${articleId}`),
    itself(`/fragments/articles/${articleId}/related`),
    other('/', (body) => listed(linksToIt.test(body))),
    other('/v1/articles?limit=100', (body) => listIn(body, articleId)),
    ...railsOf.flatMap((id) => [
      other(`/v1/articles/${id}`, (body) => railIn(body, articleId)),
      other(`/articles/${id}`, (body) => asideIn(body, linksToIt)),
    ]),
  ]
}

function listed(isListed: boolean): Seen {
  return isListed ? { state: 'shown', detail: 'lists it' } : { state: 'gone', detail: 'does not list it' }
}

function listIn(body: string, articleId: string): Seen {
  const { articles } = jsonOf(body) as { articles?: unknown }
  return Array.isArray(articles) ? listed(hasId(articles, articleId)) : notOnwards
}

function railIn(body: string, articleId: string): Seen {
  const { relatedArticles, related } = jsonOf(body) as { relatedArticles?: unknown; related?: { state?: unknown } }
  return Array.isArray(relatedArticles)
    ? listedInRail(hasId(relatedArticles, articleId), String(related?.state))
    : notOnwards
}

/** The article's own text may link to the one that was taken down, and goes on doing so: the rail is what must not. */
function asideIn(page: string, linksToIt: RegExp): Seen {
  const start = page.lastIndexOf('<aside class="onward-rail"')
  if (start < 0) return notOnwards
  const aside = page.slice(start)
  return listedInRail(linksToIt.test(aside), /data-related-state="([a-z]+)"/.exec(aside)?.[1] ?? '')
}

/** A rail that was not served lists nothing, and so tells nothing of the one that is served next. */
function listedInRail(isListed: boolean, state: string): Seen {
  const isServed = state === 'fresh' || state === 'stale' || state === 'fallback'
  return isListed || isServed ? listed(isListed) : { state: 'unknown', detail: `its rail was not served (${state})` }
}

function hasId(items: readonly unknown[], articleId: string): boolean {
  return items.some((item) => typeof item === 'object' && item !== null && 'id' in item && item.id === articleId)
}

/** An empty object for what is no JSON object: whatever else answers there is found out by what it lacks. */
function jsonOf(body: string): object {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

const notOnwards: Seen = { state: 'unknown', detail: 'gives an answer that is not onward’s' }

function msSince(since: number): number {
  return Math.round(systemClock.monotonicMs() - since)
}

/** A feed is polled several times a second; asking faster than it can change tells nothing more. */
const roundPauseMs = 50
const linesAtATime = 32
