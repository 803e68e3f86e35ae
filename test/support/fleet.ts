import type { ChildProcess } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { saidBy, start } from '../cli/run-onward.ts'
import { killProcess } from './database-process.ts'

/** A node of a fleet: `onward serve` in a process of its own, as its user has it. */
export interface FleetNode extends AsyncDisposable {
  /** Such as `http://127.0.0.1:41235`. */
  readonly url: string
  /** What it has logged: JSON Lines. */
  readonly log: () => string
  /** As `/readyz` gives them. */
  checks(): Promise<Readonly<Record<string, { readonly ok: boolean; readonly detail: string }>>>
  /** By what it says of itself. */
  keepsRails(): Promise<boolean>
  /** As a machine that loses its power. */
  kill(): Promise<void>
  /** It keeps its connections and does nothing. */
  pause(): void
  resume(): void
}

export interface FleetOptions {
  readonly store: string
  /** The URL of a Redis; default: none. */
  readonly cache?: string | null
  /** Options of onward by the names that they have in the environment. */
  readonly env?: Readonly<Record<string, string>>
  /** After how long it is killed, whatever becomes of whoever started it; default a minute. */
  readonly timeoutMs?: number
}

export async function startNode(
  role: 'web' | 'indexer' | 'all',
  { store, cache = null, env = {}, timeoutMs = 60_000 }: FleetOptions,
): Promise<FleetNode> {
  const given = ['serve', '--role', role, '--port', '0', '--store', store, ...(cache ? ['--cache', cache] : [])]
  const child = start(given, undefined, { env: { ONWARD_TOKEN: fleetToken, ...env }, timeoutMs })
  let log = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-logLengthMax)
  })
  const url = await addressOf(child)
  const checks = async () => {
    const { body } = await ask(url, '/readyz')
    return (JSON.parse(body) as { checks: Awaited<ReturnType<FleetNode['checks']>> }).checks
  }
  return {
    url,
    log: () => log,
    checks,
    keepsRails: async () => (await checks()).role?.detail.endsWith(': keeps the rails') ?? false,
    kill: () => killProcess(child),
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGCONT')
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), 15_000)
      if (child.exitCode === null && child.signalCode === null) await new Promise((done) => child.once('exit', done))
      clearTimeout(late)
    },
  }
}

/** Publishes over HTTP. @throws where the node does not take it */
export async function publishAt(node: FleetNode, article: object & { readonly id: string }): Promise<void> {
  await write(node, 'PUT', article.id, JSON.stringify(article))
}

export async function takeDownAt(node: FleetNode, id: string): Promise<void> {
  await write(node, 'DELETE', id)
}

/** What a reader may meet an article in. */
export const places = ['page', 'json', 'rail in a page', 'rail in json'] as const
export type Place = (typeof places)[number]

/**
 * Asks every node, again and again, until each shows the article in every place, or none does in any.
 *
 * @param about.railOf an article in whose rail it belongs
 * @param since by `performance.now()`
 * @returns for each place when the last of the nodes was so, in milliseconds after `since`
 */
export async function untilAll(
  nodes: readonly FleetNode[],
  about: { readonly id: string; readonly railOf: string; readonly isShown: boolean },
  { since, signal }: { readonly since: number; readonly signal: AbortSignal },
): Promise<Record<Place, number>> {
  const lastAt = new Map<Place, number>()
  // One question to a node at a time: asked for everything at once, nodes that are busy would be made busier by who measures them.
  const watch = async ({ url }: FleetNode) => {
    for (let left: readonly Place[] = places; left.length > 0; await pause(askEveryMs, undefined, { signal })) {
      const still: Place[] = []
      for (const place of left) {
        if ((await isShownIn(place, url, about, signal)) !== about.isShown) still.push(place)
        else lastAt.set(place, Math.max(lastAt.get(place) ?? 0, performance.now() - since))
      }
      left = still
    }
  }
  await Promise.all(nodes.map(watch))
  return Object.fromEntries(places.map((place) => [place, lastAt.get(place) ?? Infinity])) as Record<Place, number>
}

/** Null where the answer does not tell: a rail that was not served, an article whose read was refused. */
export async function isShownIn(
  place: Place,
  url: string,
  { id, railOf }: { readonly id: string; readonly railOf: string },
  signal: AbortSignal,
): Promise<boolean | null> {
  switch (place) {
    case 'page':
    case 'json': {
      const { status } = await ask(url, place === 'page' ? `/articles/${id}` : `/v1/articles/${id}`, signal)
      return status === 200 ? true : status === 404 || status === 410 ? false : null
    }
    case 'rail in a page': {
      const { status, body } = await ask(url, `/articles/${railOf}`, signal)
      const rail = body.slice(body.lastIndexOf('<aside class="onward-rail"'))
      if (status !== 200 || !/data-related-state="(?:fresh|stale|fallback)"/.test(rail)) return null
      return rail.includes(`/articles/${id}"`)
    }
    case 'rail in json': {
      const { status, body } = await ask(url, `/v1/articles/${railOf}`, signal)
      if (status !== 200) return null
      const { relatedArticles, related } = JSON.parse(body) as {
        relatedArticles: Array<{ id: string }>
        related: { state: string }
      }
      if (!['fresh', 'stale', 'fallback'].includes(related.state)) return null
      return relatedArticles.some((item) => item.id === id)
    }
  }
}

async function write({ url }: FleetNode, method: 'PUT' | 'DELETE', id: string, body?: string): Promise<void> {
  const headers = { authorization: `Bearer ${fleetToken}`, 'content-type': 'application/json' }
  const answer = await fetch(new URL(`/v1/articles/${id}`, url), { method, headers, ...(body ? { body } : {}) })
  const said = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${id} at ${url} answered ${answer.status}: ${said}`)
}

async function ask(url: string, path: string, signal?: AbortSignal): Promise<{ status: number; body: string }> {
  const answer = await fetch(new URL(path, url), { ...(signal ? { signal } : {}) })
  return { status: answer.status, body: await answer.text() }
}

async function addressOf(child: ChildProcess): Promise<string> {
  return /http:\/\/\S+/.exec(await saidBy(child, /http:\/\/\S+[\s\S]*Ctrl-C/))?.[0] ?? ''
}

const fleetToken = 'a-secret-of-the-newsroom'
const askEveryMs = 20
const logLengthMax = 1_000_000
