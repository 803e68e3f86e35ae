import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Article } from '../../article/article.ts'
import { type Archive, type ArchiveSource, dataOf, noArticles, type OnPreparing, writeGenerated } from '../archive.ts'
import { fillStore } from '../fill-store.ts'
import { readStoredArticles } from './read-stored.ts'
import { ScratchDatabase } from './scratch-database.ts'
import { makeSiteTables } from './site-tables.ts'

/**
 * The archive in a database of its own on the server that the URL `server` names, dropped when the archive is disposed of. One database
 * serves all sites: before the next opens, what the readers of the last one published is taken out again.
 *
 * PostgreSQL could copy it instead (`CREATE DATABASE … TEMPLATE`); MariaDB cannot, and this way each site finds the same warm buffers.
 */
export async function serverArchive(
  source: ArchiveSource,
  { folder, server }: { readonly folder: string; readonly server: string },
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: OnPreparing },
): Promise<Archive> {
  await using opening = new AsyncDisposableStack()
  const scratch = opening.use(await ScratchDatabase.create(server))
  const file = await fileOf(source, folder, { signal, onProgress })
  await fillStore(scratch.url, [file], { signal, onProgress })
  onProgress('indexing the text for the befores', null)
  const made = await makeSiteTables(scratch, { signal, onProgress })
  if (made.ids.length === 0) throw noArticles()
  const { sql } = scratch.server
  const closing = opening.move()
  return {
    ids: made.ids,
    data: dataOf(source, made, storeKinds[scratch.version.split(' ')[0] ?? ''] ?? 'mysql'),
    database: scratch.version,
    async freshStore(stop) {
      await scratch.use(stop, async (ask) => {
        await scratch.endOthers(ask)
        await ask('START TRANSACTION')
        for (const statement of sql.reset) await ask(statement)
        await ask('COMMIT')
      })
      return scratch.url
    },
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

const storeKinds: Readonly<Record<string, 'postgres' | 'mariadb' | 'mysql'>> = {
  PostgreSQL: 'postgres',
  MariaDB: 'mariadb',
  MySQL: 'mysql',
}

/** What is to be ingested, as a file or an address. */
async function fileOf(
  source: ArchiveSource,
  folder: string,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: OnPreparing },
): Promise<string> {
  if (source.kind === 'source') return source.name
  if (source.kind === 'generated') {
    onProgress('generating articles', null)
    return await writeGenerated(source, folder, signal)
  }
  onProgress('reading the store', null)
  const file = join(folder, 'stored.jsonl')
  await pipeline(Readable.from(linesOf(readStoredArticles(source.url, folder, signal))), createWriteStream(file), {
    signal,
  })
  return file
}

async function* linesOf(articles: AsyncIterable<Article>) {
  for await (const article of articles) yield `${JSON.stringify(article)}\n`
}
