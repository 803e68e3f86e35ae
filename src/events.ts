import { channel } from 'node:diagnostics_channel'

/**
 * What happens in onward, published on `node:diagnostics_channel` under `onward:<name>`.
 *
 * The core publishes and imports no logger; `observability/` subscribes. A publication costs one check when nobody
 * listens. Field names carry their unit; ids are never user data.
 */
export interface Events {
  /** An article was served, or not. `state` and `from` are there when it was found. */
  'article-read': {
    articleId: string | null
    outcome: 'found' | 'missing' | 'gone' | 'failed' | 'aborted'
    tookMs: number
    state?: 'fresh' | 'stale'
    from?: 'memory' | 'load'
  }
  /** What became of a rail. `error` is there when the read failed. */
  'rail-read': { articleId: string; state: string; basis: string; tookMs: number; error?: unknown }
  /** An answer was sent from ready bytes; `state` is that of its rail, or `fresh`. */
  'answer-ready': { route: string; state: string; status: number }
  /** A read was refused for want of room. `background`: nobody waited for it. */
  'read-shed': { lane: 'article' | 'rail' | 'list'; importance: 'background' | 'bonus' | 'essential' }
  /** A read failed and is tried once more. */
  'read-retried': { lane: 'article' | 'rail' | 'list'; error: unknown }
  /** A lane of the store, or the shared cache, that keeps failing is not asked any more, is probed, or is asked again. */
  'breaker-changed': {
    lane: 'article' | 'rail' | 'list' | 'shared'
    became: 'open' | 'probing' | 'closed'
    forMs?: number
    because?: string
  }
  /** What was kept in memory was to be loaded again behind its readers, and could not be. */
  'refresh-failed': { what: 'article' | 'rail' | 'list'; error: unknown }
  /** The shared cache was asked; `unreadable`: what was there is torn, foreign or of another version. */
  'shared-read': {
    kind: 'article' | 'rail'
    outcome: 'hit' | 'miss' | 'refused' | 'unreadable' | 'waited' | 'unavailable'
    tookMs: number
  }
  /** A copy was given to the shared cache; `full`: it had no room. */
  'shared-written': { outcome: 'kept' | 'full' | 'failed' }
  /** A batch was stored. */
  'articles-stored': { created: number; updated: number; withdrawn: number; unchanged: number; tookMs: number }
  'article-withdrawn': { articleId: string }
  /** The indexer wrote rails; everything up to change `cursor` is worked through. */
  'rails-written': { rails: number; cursor: number; tookMs: number }
  /** This process keeps the rails of its store from now on, or does not any more. */
  'leadership-changed': { leads: boolean; because: LeadershipReason }
  /** Nobody has kept the rails of the store for so long; told once, until somebody does again. */
  'rails-unkept': { forMs: number }
  /** How many changes the leading indexer knows of and has not worked through. */
  'index-lag': { changes: number }
  /** A request was answered with a fault of ours, 500 or above; `code` is what the answer said. */
  'request-failed': { requestId: string; code: string; error: unknown }
  /** Something in the background failed and will be tried again. */
  'background-failed': { what: string; error: unknown }
}

/** `write-refused`: another had taken the lease while this process stood still, and what it then wrote was not taken. */
export type LeadershipReason = 'lease-taken' | 'lease-lost' | 'write-refused' | 'failed' | 'stopped'

export type EventName = keyof Events

const names: Record<EventName, true> = {
  'article-read': true,
  'rail-read': true,
  'answer-ready': true,
  'read-shed': true,
  'read-retried': true,
  'breaker-changed': true,
  'refresh-failed': true,
  'shared-read': true,
  'shared-written': true,
  'articles-stored': true,
  'article-withdrawn': true,
  'rails-written': true,
  'leadership-changed': true,
  'rails-unkept': true,
  'index-lag': true,
  'request-failed': true,
  'background-failed': true,
}

const channels = Object.fromEntries(Object.keys(names).map((name) => [name, channel(`onward:${name}`)])) as Record<
  EventName,
  ReturnType<typeof channel>
>

/** Publishes an event; `describe` runs only when somebody listens. */
export function publish<Name extends EventName>(name: Name, describe: () => Events[Name]): void {
  const target = channels[name]
  if (target.hasSubscribers) target.publish(describe())
}

/** Calls `listener` for each event of this name until the returned function is called. */
export function subscribe<Name extends EventName>(name: Name, listener: (event: Events[Name]) => void): () => void {
  const onMessage = (message: unknown) => listener(message as Events[Name])
  channels[name].subscribe(onMessage)
  return () => channels[name].unsubscribe(onMessage)
}
