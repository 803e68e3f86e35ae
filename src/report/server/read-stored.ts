import { join } from 'node:path'
import type { Article } from '../../article/article.ts'
import { systemClock } from '../../concurrency/clock.ts'
import { withDeadline } from '../../concurrency/deadline.ts'
import { isServerUrl } from '../../database/open-database.ts'
import { InvalidOptionError } from '../../errors.ts'
import { openStore, sqliteFile } from '../../store/open-store.ts'
import { visibleArticlesOf } from '../../store/visible-articles.ts'
import { openArchiveThread } from '../open-archive-thread.ts'
import type { DatabaseServer, Row, ServerPool } from './database-server.ts'
import { databaseServer } from './open-server.ts'

/**
 * The visible articles of a store, which is read and never written to, not even to bring an older schema up to date.
 *
 * @param folder a copy of a store in a file is made here
 * @throws InvalidOptionError when there is no onward store
 * @throws StoreUnavailableError when it cannot be read, and the reason of `signal`
 */
export async function* readStoredArticles(url: string, folder: string, signal: AbortSignal): AsyncGenerator<Article> {
  if (isServerUrl(url)) yield* fromServer(url, signal)
  else yield* fromFile(url, folder, signal)
}

async function* fromServer(url: string, signal: AbortSignal): AsyncGenerator<Article> {
  const server = await databaseServer(url)
  await using pool = server.openPool(1)
  for (let afterId = ''; ; ) {
    const rows = await nextPage(server, pool, { afterId, signal })
    for (const { document } of rows) yield JSON.parse(String(document)) as Article
    const last = rows.at(-1)
    if (!last) return
    afterId = String(last.id)
  }
}

async function nextPage(
  server: DatabaseServer,
  pool: ServerPool,
  { afterId, signal }: { readonly afterId: string; readonly signal: AbortSignal },
): Promise<readonly Row[]> {
  const read = () =>
    pool.use(async (ask) => {
      await ask('START TRANSACTION READ ONLY')
      const rows = await ask(server.sql.page, [afterId, systemClock.now(), pageLength])
      await ask('COMMIT')
      return rows
    })
  try {
    return await withDeadline(read, { clock: systemClock, budgetMs: pageWithinMs, what: 'Reading the store', signal })
  } catch (error) {
    if (signal.aborted) throw error
    if (!server.isMissingTable(error)) throw server.inWords(error)
    throw new InvalidOptionError(
      'There is no onward store in the database that --store names. Name one that has articles; --on names a server to measure other articles on.',
    )
  }
}

async function* fromFile(url: string, folder: string, signal: AbortSignal): AsyncGenerator<Article> {
  const copy = join(folder, 'stored.db')
  await using thread = openArchiveThread()
  await thread.request({ ask: 'copy', from: sqliteFile(url), to: copy }, { signal })
  await using store = await openStore(`sqlite:${copy}`)
  yield* visibleArticlesOf(store, signal)
}

const pageLength = 200
const pageWithinMs = 30_000
