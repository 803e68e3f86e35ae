import { setTimeout as sleep } from 'node:timers/promises'
import { articleIdPattern } from '../article/article.ts'
import { systemClock } from '../concurrency/clock.ts'
import { withDeadline } from '../concurrency/deadline.ts'
import { InvalidOptionError } from '../errors.ts'
import { resolveOption } from '../options.ts'
import { openStore } from '../store/open-store.ts'
import type { Store } from '../store/store.ts'
import { defaultStoreUrl, type TakedownFlags } from './cli.ts'

/**
 * Takes an article down and, with nodes to ask, proves it: asks each of them until none shows the article any more, neither
 * as a page, as JSON, on the front page nor in the rails of those that it was related to. Prints a receipt.
 *
 * @returns 0 when it is taken down and no node shows it; 1 when the id is unknown, or a node still shows it or could not be
 *   asked within `flags.within`
 * @throws InvalidOptionError, StoreUnavailableError
 */
export async function takedownCommand(id: string, flags: TakedownFlags, signal: AbortSignal): Promise<number> {
  if (!articleIdPattern.test(id)) {
    throw new InvalidOptionError(
      `${JSON.stringify(id)} is not the id of an article: expected 1 to 100 of the characters A-Z a-z 0-9 . _ ~ -.`,
    )
  }
  const nodes = (flags.at ?? []).map(nodeUrl)
  if (flags.verify && nodes.length === 0) {
    throw new InvalidOptionError(
      'Name the nodes that are to be asked: onward takedown ID --verify --at http://web1:3000 --at http://web2:3000.',
    )
  }
  const taken = await withdraw(id, resolveOption('store', flags.store) ?? defaultStoreUrl, signal)
  const asked = { id, rails: taken.relatedIds, withinMs: flags.within * 1000, signal }
  const answers = taken.outcome === 'missing' ? [] : await Promise.all(nodes.map((node) => proveGone(node, asked)))
  const receipt: Receipt = {
    id,
    store: taken.location,
    outcome: taken.outcome,
    withdrawnAt: taken.withdrawnAt,
    tookMs: taken.tookMs,
    railsAsked: taken.relatedIds,
    nodes: answers,
    proven: nodes.length > 0 && answers.length > 0 && answers.every(({ state }) => state === 'gone'),
  }
  process.stdout.write(flags.format === 'json' ? `${JSON.stringify(receipt)}\n` : receiptText(receipt))
  if (receipt.outcome === 'missing') return 1
  return nodes.length === 0 || receipt.proven ? 0 : 1
}

interface Receipt {
  readonly id: string
  readonly store: string
  readonly outcome: 'withdrawn' | 'already-withdrawn' | 'missing'
  readonly withdrawnAt: string | null
  /** Until the store had it. */
  readonly tookMs: number
  /** The articles whose rails may have shown it. */
  readonly railsAsked: readonly string[]
  readonly nodes: readonly NodeAnswer[]
  /** Nodes were named, and none of them shows it. */
  readonly proven: boolean
}

interface NodeAnswer {
  readonly node: string
  readonly state: 'gone' | 'shown' | 'unreachable'
  /** From the withdrawal until the last answer that counted began to be asked for. */
  readonly afterMs: number
  /** Where it is shown, or what could not be asked, and why. */
  readonly because: readonly string[]
  /** What the node says of itself: whether it hears of changes. */
  readonly feed: 'heard' | 'silent' | 'unknown'
}

async function withdraw(id: string, url: string, signal: AbortSignal) {
  await using store = await openStore(url)
  const startedAt = systemClock.monotonicMs()
  const relatedIds = await idsInRail(store, id, signal)
  const { outcome, withdrawnAt } = await withDeadline(
    (stop) => store.withdrawArticle(id, { now: systemClock.now(), signal: stop }),
    { clock: systemClock, budgetMs: withdrawBudgetMs, what: 'Taking the article down', signal },
  )
  const tookMs = Math.round(systemClock.monotonicMs() - startedAt)
  return { outcome, withdrawnAt, relatedIds, tookMs, location: store.location }
}

/** Whom it is related to, before its text is gone: they are related to it, mostly. What cannot be told stops no takedown. */
async function idsInRail(store: Store, id: string, signal: AbortSignal): Promise<string[]> {
  try {
    const read = await withDeadline(
      (stop) => store.readRail(id, { now: systemClock.now(), limit: railsAskedMax, signal: stop }),
      { clock: systemClock, budgetMs: railBudgetMs, what: 'Reading the rail', signal },
    )
    return read.state === 'found' ? read.items.map((item) => item.id) : []
  } catch {
    signal.throwIfAborted()
    return []
  }
}

/** Asks again until one whole round of questions shows nothing, or the time is over. */
async function proveGone(node: string, asked: Asked): Promise<NodeAnswer> {
  const startedAt = systemClock.monotonicMs()
  const questions = questionsFor(asked)
  for (;;) {
    const roundAt = systemClock.monotonicMs()
    const afterMs = Math.round(roundAt - startedAt)
    const leftMs = asked.withinMs - (roundAt - startedAt)
    const budgetMs = Math.max(1, Math.min(questionBudgetMs, leftMs))
    const findings = await Promise.all(questions.map((question) => ask(node, question, { ...asked, budgetMs })))
    const unreachable = findings.filter((finding) => finding.state === 'unreachable')
    const shown = findings.filter((finding) => finding.state === 'shown')
    const isGone = shown.length === 0 && unreachable.length === 0
    if (isGone || systemClock.monotonicMs() - startedAt + askAgainMs >= asked.withinMs) {
      const state = isGone ? 'gone' : shown.length > 0 ? 'shown' : 'unreachable'
      const because = [...shown, ...unreachable].map((finding) => finding.because).slice(0, reasonsMax)
      const feed = state === 'unreachable' ? 'unknown' : await feedOf(node, asked.signal)
      return { node, state, afterMs, because, feed }
    }
    // Of the clock's own timers none keeps the process alive, and nothing else may: the node is down.
    await sleep(askAgainMs, undefined, { signal: asked.signal })
  }
}

interface Asked {
  readonly id: string
  readonly rails: readonly string[]
  readonly withinMs: number
  readonly signal: AbortSignal
}

interface Question {
  readonly path: string
  /** The article's own address: gone means 410, or 404 where the node never knew it. Else an address that must not name it. */
  readonly isItsOwn: boolean
}

function questionsFor({ id, rails }: Asked): Question[] {
  return [
    { path: `/articles/${id}`, isItsOwn: true },
    { path: `/v1/articles/${id}`, isItsOwn: true },
    { path: `/fragments/articles/${id}/related`, isItsOwn: true },
    { path: '/', isItsOwn: false },
    ...rails.flatMap((other) =>
      [`/articles/${other}`, `/v1/articles/${other}`, `/v1/articles/${other}/related`].map((path) => ({
        path,
        isItsOwn: false,
      })),
    ),
  ]
}

type Finding =
  | { readonly state: 'gone' }
  | { readonly state: 'shown'; readonly because: string }
  | { readonly state: 'unreachable'; readonly because: string }

async function ask(
  node: string,
  { path, isItsOwn }: Question,
  { id, budgetMs, signal }: { id: string; budgetMs: number; signal: AbortSignal },
): Promise<Finding> {
  try {
    const { status, body } = await get(`${node}${path}`, budgetMs, signal)
    // A neighbour may have been taken down as well.
    if (status === 410 || status === 404) return { state: 'gone' }
    if (status !== 200) return { state: 'unreachable', because: `${path} answered ${status}` }
    return isItsOwn || namesArticle(body, id) ? { state: 'shown', because: path } : { state: 'gone' }
  } catch (error) {
    signal.throwIfAborted()
    return { state: 'unreachable', because: `${path}: ${reasonOf(error)}` }
  }
}

/** In JSON as an id, in HTML as an address: a longer id that begins with this one is another article. */
function namesArticle(body: string, id: string): boolean {
  const literal = id.replace(/[.~-]/g, '\\$&')
  return new RegExp(`"id":\\s*"${literal}"|/articles/${literal}(?![A-Za-z0-9._~-])`).test(body)
}

async function feedOf(node: string, signal: AbortSignal): Promise<NodeAnswer['feed']> {
  try {
    const { body } = await get(`${node}/readyz`, questionBudgetMs, signal)
    const { checks } = JSON.parse(body) as { checks?: { feed?: { ok?: unknown } } }
    const isHeard = checks?.feed?.ok
    return isHeard === true ? 'heard' : isHeard === false ? 'silent' : 'unknown'
  } catch {
    signal.throwIfAborted()
    return 'unknown'
  }
}

function get(url: string, budgetMs: number, signal: AbortSignal): Promise<{ status: number; body: string }> {
  return withDeadline(
    async (stop) => {
      // No copy on the way may answer for the node, and nobody else either.
      const headers = { 'cache-control': 'no-cache' }
      const answer = await fetch(url, { signal: stop, redirect: 'manual', headers })
      let body = ''
      const decoder = new TextDecoder()
      for await (const chunk of answer.body ?? []) {
        body += decoder.decode(chunk, { stream: true })
        if (body.length > bodyCharactersMax) throw new Error('the answer is too long')
      }
      return { status: answer.status, body }
    },
    { clock: systemClock, budgetMs, what: 'The answer', signal },
  )
}

function nodeUrl(given: string): string {
  const url = URL.canParse(given) ? new URL(given) : null
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new InvalidOptionError('A node is named as http://host:port or https://host, without user and password.')
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  return cause instanceof Error ? cause.message || error.message : error.message
}

function receiptText(receipt: Receipt): string {
  const { id, store, outcome, withdrawnAt, tookMs, nodes, proven } = receipt
  if (outcome === 'missing') return `There is no article ${id} in ${store}: nothing was taken down.\n`
  const verb = outcome === 'withdrawn' ? 'was taken down' : 'had been taken down before'
  const head = `${id} ${verb}: ${withdrawnAt} in ${store} (${tookMs} ms)\n`
  const lines = nodes.flatMap(({ node, state, afterMs, because, feed }) => [
    `  ${state.padEnd(11)}  ${node}  after ${afterMs} ms${feed === 'silent' ? '  (it hears nothing of changes)' : ''}`,
    ...because.map((reason) => `               ${reason}`),
  ])
  const rails = `the page, the JSON, the front page and ${receipt.railsAsked.length} rails`
  const end = proven
    ? [`No node shows it (asked for ${rails}).`]
    : nodes.length > 0
      ? ['NOT PROVEN: see above. Copies between the nodes and readers were not asked.']
      : []
  return `${head}${[...lines, ...end].map((line) => `${line}\n`).join('')}`
}

const railsAskedMax = 20
const withdrawBudgetMs = 10_000
const railBudgetMs = 2000
const questionBudgetMs = 2000
const askAgainMs = 100
const reasonsMax = 5
const bodyCharactersMax = 8 * 1024 * 1024
