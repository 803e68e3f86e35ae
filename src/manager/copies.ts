import type { Article } from '../article/article.ts'
import { type Lifetime, longerWithAge } from '../cache/lifetime.ts'
import type { AboutValue } from '../cache/read-through.ts'
import type { ArticleList, ArticleRead, RailRead } from '../store/store.ts'

/** How a read of an article is kept. */
export function aboutArticle(id: string, read: ArticleRead, lifetime: Lifetime, now: number): AboutValue {
  if (read.state !== 'found') return aboutNothing(id, read.state)
  const publishedMsAgo = now - Date.parse(read.article.publishedAt)
  return {
    lifetime: longerWithAge(lifetime, publishedMsAgo),
    isNegative: false,
    bytes: articleBytes(read.article),
    shows: [id],
  }
}

/** How a read of a rail is kept: it shows the article that it belongs to, and its items. */
export function aboutRail(id: string, read: RailRead, lifetime: Lifetime): AboutValue {
  if (read.state !== 'found') return aboutNothing(id, read.state)
  return {
    lifetime,
    isNegative: false,
    bytes: entryBytes + read.items.length * railItemBytes,
    shows: [id, ...read.items.map((item) => item.id)],
  }
}

/** How a list is kept: for moments, since it is heavy to read and any change may alter it. */
export function aboutList({ articles }: ArticleList): AboutValue {
  const bytes = entryBytes + articles.length * railItemBytes
  return { lifetime: listLifetime, isNegative: false, bytes, shows: [anyArticle] }
}

/** Stands for every article among what a copy shows. No id has a `*`. */
export const anyArticle = '*'

function aboutNothing(id: string, state: 'missing' | 'gone'): AboutValue {
  const lifetime = state === 'gone' ? goneLifetime : missingLifetime
  return { lifetime, isNegative: true, bytes: negativeBytes, shows: [id] }
}

const listLifetime: Lifetime = { freshMs: 10_000, graceMs: 60_000, ifErrorMs: 10 * 60_000 }
/** Short: what is asked for before it is there, such as an article whose link was sent out early, is usually there soon. */
const missingLifetime: Lifetime = { freshMs: 2_000, graceMs: 2_000, ifErrorMs: 2_000 }
/** It comes back by an explicit republish only, which is told of. A store that is down does not bring it back either. */
const goneLifetime: Lifetime = { freshMs: 60_000, graceMs: 60_000, ifErrorMs: 24 * 60 * 60_000 }

/** Two bytes a character at most; what else an article holds is a few short strings. */
function articleBytes({ title, body, bodyHtml, standfirst }: Article): number {
  const characters = title.length + body.length + (bodyHtml?.length ?? 0) + (standfirst?.length ?? 0)
  return entryBytes + 2 * characters
}

const entryBytes = 1024
/** A headline, a standfirst, an address and a reason, and the objects around them. */
const railItemBytes = 1024
const negativeBytes = 200
