import type { PreparedArticle } from '../../article/article.ts'
import { decidePublication, type StoredPublication, type Tombstone } from '../../article/publication.ts'
import { type ArticleRow, columnsOf, storedPublication } from '../article-row.ts'
import type { PutResult } from '../store.ts'
import type { Queries } from './dialect.ts'

/**
 * Stores a batch inside a transaction that holds the write lock, with one statement for all of its articles.
 *
 * @param lastSeq the number of the last change
 */
export async function publishBatch(
  queries: Queries,
  batch: readonly PreparedArticle[],
  rules: { readonly now: number; readonly republish: boolean; readonly lastSeq: number },
): Promise<PutResult[]> {
  const { now, republish } = rules
  const before = await readStored(
    queries,
    batch.map(({ input }) => input.id),
  )
  const stored = new Map(before)
  const rows = new Map<string, Row>()
  const changed: string[] = []
  const buried = new Set<string>()
  const results: PutResult[] = []
  // One after the other: a batch may name an article twice, and the second is a correction of the first.
  for (const prepared of batch) {
    const { id } = prepared.input
    const decided = decidePublication(stored.get(id) ?? null, prepared, { now, republish })
    if (decided.outcome === 'created' || decided.outcome === 'updated') {
      const row = { ...columnsOf(decided.article, decided.visibleFrom, now), fingerprint: prepared.fingerprint }
      // PostgreSQL's text has no NUL: see migrations.ts.
      rows.set(id, { ...row, section: asJson(row.section), sectionKey: asJson(row.sectionKey), withdrawnAt: null })
      const { publishedAt, updatedAt, firstSeenAt, status } = decided.article
      stored.set(id, { status, fingerprint: prepared.fingerprint, publishedAt, updatedAt, firstSeenAt })
    } else if (decided.outcome === 'withdrawn') {
      rows.set(id, tombstoneRow(id, decided.tombstone))
      stored.set(id, { ...decided.tombstone, status: 'withdrawn', fingerprint: null })
      buried.add(id)
    } else {
      results.push({ id, outcome: decided.outcome, seq: null })
      continue
    }
    changed.push(id)
    results.push({ id, outcome: decided.outcome, seq: rules.lastSeq + changed.length })
  }
  await write(queries, { rows: [...rows.values()], buried: [...buried], changed }, { before, ...rules })
  return results
}

/** Takes one article down, inside such a transaction. */
export async function bury(
  queries: Queries,
  id: string,
  about: { readonly stored: StoredPublication; readonly now: number; readonly lastSeq: number },
): Promise<string> {
  const { publishedAt, updatedAt, firstSeenAt } = about.stored
  const withdrawnAt = new Date(about.now).toISOString()
  const row = tombstoneRow(id, { publishedAt, updatedAt, firstSeenAt, withdrawnAt })
  const before = new Map([[id, about.stored]])
  await write(queries, { rows: [row], buried: [id], changed: [id] }, { before, ...about })
  return withdrawnAt
}

/** What is stored under these ids. */
export async function readStored(queries: Queries, ids: readonly string[]): Promise<Map<string, StoredPublication>> {
  const rows = await queries.all('stored', [ids])
  return new Map(rows.map((row) => [String(row.id), storedPublication(row)]))
}

/** Adds change rows for these articles, in this order, after the change `lastSeq`. */
export async function recordChanges(
  queries: Queries,
  ids: readonly string[],
  { lastSeq, now }: { readonly lastSeq: number; readonly now: number },
): Promise<void> {
  const numbers = ids.map((_, index) => lastSeq + index + 1)
  await queries.all('addChanges', [numbers, ids, now])
  await queries.all('moveCursor', ['change', lastSeq + ids.length])
}

async function write(
  queries: Queries,
  { rows, buried, changed }: { rows: readonly Row[]; buried: readonly string[]; changed: readonly string[] },
  about: { before: ReadonlyMap<string, StoredPublication>; now: number; lastSeq: number },
): Promise<void> {
  if (changed.length === 0) return
  await queries.all(
    'put',
    columnNames.map((name) => rows.map((row) => row[name])),
  )
  if (buried.length > 0) {
    await addTo(queries, 'rail', -(await countRails(queries, buried)))
    await queries.all('deleteRails', [buried])
  }
  const counts = new Map<string, number>()
  const add = (status: string, number: number) => counts.set(status, (counts.get(status) ?? 0) + number)
  for (const { id, status } of rows) {
    const was = about.before.get(id)
    if (was) add(was.status, -1)
    add(status, 1)
  }
  for (const [status, number] of counts) await addTo(queries, status, number)
  await recordChanges(queries, changed, about)
}

/** How many of these articles have a rail. */
export async function countRails(queries: Queries, ids: readonly string[]): Promise<number> {
  const [row] = await queries.all('countRails', [ids])
  return Number(row?.rails)
}

/** Counts what came and what went. */
export async function addTo(queries: Queries, name: string, number: number): Promise<void> {
  if (number !== 0) await queries.all('count', [name, number])
}

/** A text as a JSON string, whatever is in it. */
export function asJson(text: string | null): string | null {
  return text === null ? null : JSON.stringify(text)
}

function tombstoneRow(id: string, tombstone: Tombstone): Row {
  return {
    id,
    status: 'withdrawn',
    visibleFrom: 0,
    lifted: 1,
    ...tombstone,
    evolvedFrom: null,
    section: null,
    sectionKey: null,
    fingerprint: null,
    summary: null,
    document: null,
  }
}

type Row = Omit<ArticleRow, 'status' | 'summary' | 'document'> & {
  readonly status: 'published' | 'draft' | 'withdrawn'
  readonly summary: string | null
  readonly document: string | null
  readonly fingerprint: string | null
  readonly withdrawnAt: string | null
}

/** In the order of the statement `put`. */
const columnNames = [
  'id',
  'status',
  'visibleFrom',
  'lifted',
  'publishedAt',
  'updatedAt',
  'firstSeenAt',
  'withdrawnAt',
  'evolvedFrom',
  'section',
  'sectionKey',
  'fingerprint',
  'summary',
  'document',
] as const satisfies ReadonlyArray<keyof Row>
