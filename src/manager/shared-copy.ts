import { createHash } from 'node:crypto'
import { type Article, articleIdPattern } from '../article/article.ts'
import type { ChangeStamp } from '../cache/change-ledger.ts'
import type { RelatedArticle } from '../related/related.ts'
import type { ArticleRead, RailRead } from '../store/store.ts'

/** What is kept of an article or of a rail where several processes can read it, with how far its maker had followed the feeds. */
export interface SharedCopy<Value> {
  readonly articles: ChangeStamp
  readonly rails: ChangeStamp
  readonly value: Value
}

export type FoundArticle = Extract<ArticleRead, { state: 'found' }>
export type FoundRail = Extract<RailRead, { state: 'found' }>

/**
 * A copy as bytes: a checksum over the key and the text, and the text.
 *
 * The checksum tells what is torn, of another key or not ours at all. It does not tell what was made to deceive: whoever may
 * write to the shared cache is trusted like whoever may write to the store.
 */
export function encodeCopy(key: string, copy: SharedCopy<FoundArticle | FoundRail>): Buffer {
  const text = Buffer.from(JSON.stringify(copy))
  return Buffer.concat([checksum(key, text), text])
}

/** Null for what is not an article that was kept under `key`, whole and as it should be. */
export function decodeArticle(key: string, id: string, bytes: Buffer): SharedCopy<FoundArticle> | null {
  const copy = decoded(key, bytes)
  if (!copy || !isRecord(copy.value)) return null
  const { state, article } = copy.value
  return state === 'found' && isArticle(article, id) ? { ...copy, value: { state, article } } : null
}

/** Null for what is not a rail that was kept under `key`, whole and as it should be. */
export function decodeRail(key: string, bytes: Buffer): SharedCopy<FoundRail> | null {
  const copy = decoded(key, bytes)
  if (!copy || !isRecord(copy.value)) return null
  const { state, items, basis, version, generatedAt } = copy.value
  if (state !== 'found' || !Array.isArray(items) || items.length > itemsMax || !items.every(isRailItem)) return null
  if ((basis !== 'related' && basis !== 'newest') || !isCount(version)) return null
  if (generatedAt !== null && !isTime(generatedAt)) return null
  return { ...copy, value: { state, items, basis, version, generatedAt } }
}

function decoded(key: string, bytes: Buffer): SharedCopy<unknown> | null {
  if (bytes.length <= checksumBytes) return null
  const text = bytes.subarray(checksumBytes)
  if (!checksum(key, text).equals(bytes.subarray(0, checksumBytes))) return null
  try {
    const copy: unknown = JSON.parse(text.toString())
    if (!isRecord(copy) || !isStamp(copy.articles) || !isStamp(copy.rails)) return null
    return { articles: copy.articles, rails: copy.rails, value: copy.value }
  } catch {
    return null
  }
}

function checksum(key: string, text: Buffer): Buffer {
  return createHash('sha256').update(key).update('\n').update(text).digest().subarray(0, checksumBytes)
}

function isArticle(value: unknown, id: string): value is Article {
  if (!isRecord(value) || value.id !== id || value.status !== 'published') return false
  const texts = ['title', 'body'].every((name) => typeof value[name] === 'string')
  const times = ['publishedAt', 'updatedAt', 'firstSeenAt'].every((name) => isTime(value[name]))
  const others = optionalTexts.every((name) => value[name] === undefined || typeof value[name] === 'string')
  return (
    texts &&
    times &&
    others &&
    isTexts(value.tags) &&
    ['related', 'labels'].every((name) => value[name] === undefined || isTexts(value[name]))
  )
}

function isRailItem(value: unknown): value is RelatedArticle {
  if (!isRecord(value) || typeof value.id !== 'string' || !articleIdPattern.test(value.id)) return false
  const texts = ['url', 'title', 'standfirst', 'reason'].every((name) => typeof value[name] === 'string')
  const orNull = ['section', 'source', 'language', 'image'].every(
    (name) => value[name] === null || typeof value[name] === 'string',
  )
  const { score, position, pinned, publishedAt } = value
  return (
    texts &&
    orNull &&
    isTime(publishedAt) &&
    typeof score === 'number' &&
    isCount(position) &&
    typeof pinned === 'boolean'
  )
}

function isStamp(value: unknown): value is ChangeStamp {
  return isRecord(value) && isCount(value.seq) && (value.id === null || typeof value.id === 'string')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((text) => typeof text === 'string')
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value))
}

const optionalTexts = [
  'bodyHtml',
  'url',
  'standfirst',
  'byline',
  'section',
  'source',
  'language',
  'image',
  'embargoedUntil',
  'evolvedFrom',
  'story',
]
const checksumBytes = 16
/** As many as a rail can be asked to show. */
const itemsMax = 20
