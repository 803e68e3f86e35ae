import { randomUUID } from 'node:crypto'
import type { PreparedArticle } from '../../../src/article/article.ts'
import { systemClock } from '../../../src/concurrency/clock.ts'
import { type FollowOptions, follow, type IngestSummary, ingest, type Rejected } from '../../../src/ingest/ingest.ts'
import { Preparer } from '../../../src/ingest/preparer.ts'
import { putArticles } from '../../../src/ingest/publish-articles.ts'
import { parseMapping } from '../../../src/ingest/tables/parse-mapping.ts'
import { TableReader } from '../../../src/ingest/tables/read-table.ts'
import { openStore } from '../../../src/store/open-store.ts'
import type { Store } from '../../../src/store/store.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

/** The reader of a table, by a mapping that is fit. */
export function reader(url: string, mapping: unknown): TableReader {
  const parsed = parseMapping(mapping)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return new TableReader(url, parsed.table)
}

export interface Taken {
  readonly articles: ReadonlyMap<string, PreparedArticle['input']>
  readonly rejected: readonly Rejected[]
  readonly summary: IngestSummary
}

/** Reads a table once, and gives what a store would be handed. */
export async function take(table: TableReader): Promise<Taken> {
  await using preparer = new Preparer()
  const articles = new Map<string, PreparedArticle['input']>()
  const rejected: Rejected[] = []
  const summary = await ingest([], {
    tables: [table],
    preparer,
    onRejected: (one) => rejected.push(one),
    async write(batch) {
      for (const { input } of batch) articles.set(input.id, input)
      return batch.map(({ input }) => ({ id: input.id, outcome: 'created', seq: 1 }))
    },
  })
  return { articles, rejected, summary }
}

/**
 * Follows a table into a store of its own: after each round the next of `steps` is done with that store, and after the last
 * of them it is stopped.
 */
export async function followTable(
  table: TableReader,
  steps: ReadonlyArray<(round: IngestSummary, store: Store) => void | Promise<void>>,
  options: Partial<FollowOptions> = {},
): Promise<void> {
  await using folder = await temporaryFolder()
  await using store = await openStore(`sqlite:${folder.file(`${randomUUID()}.db`)}`)
  await using preparer = new Preparer()
  const stop = new AbortController()
  let rounds = 0
  await follow([], {
    ...options,
    tables: [table],
    everyMs: 1,
    signal: stop.signal,
    preparer,
    write: (batch) => putArticles(store, batch, { republish: false, clock: systemClock }),
    async onRound(round) {
      await steps[rounds++]?.(round, store)
      if (rounds === steps.length) stop.abort()
    },
  })
}

/** `found`, `missing`, or `gone`, and the title. */
export async function shown(store: Store, id: string): Promise<string> {
  const read = await store.readArticle(id, { now: systemClock.now() })
  return read.state === 'found' ? read.article.title : read.state
}
