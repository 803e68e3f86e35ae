import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Article } from '../article/article.ts'
import { decidePublication, type StoredPublication } from '../article/publication.ts'
import { systemClock } from '../concurrency/clock.ts'
import { problemText, SourceError } from '../errors.ts'
import { readArticles } from '../ingest/ingest.ts'
import { Preparer } from '../ingest/preparer.ts'
import { resolveOption } from '../options.ts'
import { openStore } from '../store/open-store.ts'
import { visibleArticlesOf } from '../store/visible-articles.ts'

/** An article as it is to be shown from now on, or why it is not to be shown. */
export type Sighting =
  | { readonly id: string; readonly article: Article }
  | { readonly id: string; readonly article: null; readonly hidden: Hidden }

export type Hidden = 'taken down' | 'a draft' | 'under embargo'

export interface Reading {
  readonly signal: AbortSignal
  readonly onFailed: (error: SourceError) => void
  readonly allowPrivateAddresses?: boolean | undefined
}

/**
 * The articles that readers would see of a source (a file, a folder, an address or a store's URL), in its order, without
 * writing anything. A later sighting of an id corrects an earlier one, by the rules by which a store decides.
 *
 * What is left out is told on standard error.
 */
export async function* visibleArticles(source: string, reading: Reading): AsyncGenerator<Sighting> {
  if (isStoreUrl(source)) {
    yield* storedArticles(source, reading.signal)
    return
  }
  await using preparer = new Preparer()
  const now = systemClock.now()
  const seen = new Map<string, StoredPublication>()
  const articles = readArticles(source, {
    signal: reading.signal,
    onFailed: reading.onFailed,
    preparer,
    fetch: { allowPrivateAddresses: resolveOption('allowPrivateAddresses', reading.allowPrivateAddresses) },
    onRejected: ({ source: name, line, item, problems }) => {
      const place = line === null ? `item ${item}` : `line ${line}`
      process.stderr.write(`left out: ${name}, ${place}: ${problems.map(problemText).join('; ')}\n`)
    },
  })
  for await (const prepared of articles) {
    const { fingerprint } = prepared
    const { id } = prepared.input
    // As a store would see it, by the same rules: a source may take down or correct what came earlier in it.
    const publication = decidePublication(seen.get(id) ?? null, prepared, { now, republish: false })
    if (publication.outcome === 'withdrawn') {
      seen.set(id, { status: 'withdrawn', fingerprint: null, ...publication.tombstone })
      yield { id, article: null, hidden: 'taken down' }
    } else if (publication.outcome === 'created' || publication.outcome === 'updated') {
      const { article, visibleFrom } = publication
      const { status, publishedAt, updatedAt, firstSeenAt } = article
      seen.set(id, { status, fingerprint, publishedAt, updatedAt, firstSeenAt })
      if (status === 'published' && visibleFrom <= now) yield { id, article }
      else yield { id, article: null, hidden: status === 'draft' ? 'a draft' : 'under embargo' }
    }
  }
}

/**
 * Lets a Ctrl-C through between two pieces of computing: signals are heard by the event loop alone.
 *
 * @throws the reason of `signal`
 */
export async function giveWay(signal: AbortSignal): Promise<void> {
  await setImmediate()
  signal.throwIfAborted()
}

async function* storedArticles(url: string, signal: AbortSignal): AsyncGenerator<Sighting> {
  const file = sqliteFileOf(url)
  if (file !== null && !existsSync(file)) {
    throw new SourceError(url, `The store ${file} does not exist. Fill it first: onward ingest SOURCE --store ${url}`)
  }
  await using store = await openStore(url)
  for await (const article of visibleArticlesOf(store, signal)) yield { id: article.id, article }
}

/** The file of a store's URL; null for one that names none, which `openStore` refuses with a better sentence. */
function sqliteFileOf(url: string): string | null {
  const [, path] = /^sqlite:(?:\/\/(?=\/))?((?!\/\/|:memory:)[^?#\0]+)$/i.exec(url.trim()) ?? []
  if (path === undefined) return null
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path
}

/** Two letters at least before the colon: `C:\\news.jsonl` is a file. */
function isStoreUrl(source: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(source) && !/^https?:/i.test(source)
}
