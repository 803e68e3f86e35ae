import { copyFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { sqliteFile } from '../store/open-store.ts'
import { type Archive, type ArchiveSource, dataOf, noArticles, type OnPreparing, writeGenerated } from './archive.ts'
import { fillStore } from './fill-store.ts'
import { openArchiveThread } from './open-archive-thread.ts'

/** A store's file with everything that is compared in it, in `folder`; each site gets a copy of it. */
export async function sqliteArchive(
  source: ArchiveSource,
  folder: string,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: OnPreparing },
): Promise<Archive> {
  const file = join(folder, 'archive.db')
  await using thread = openArchiveThread()
  const names: string[] = []
  if (source.kind === 'store') {
    onProgress('copying the store', null)
    await thread.request({ ask: 'copy', from: sqliteFile(source.url), to: file }, { signal })
  } else if (source.kind === 'generated') {
    onProgress('generating articles', null)
    names.push(await writeGenerated(source, folder, signal))
  } else {
    names.push(source.name)
  }
  await fillStore(`sqlite:${file}`, names, { signal, onProgress })
  onProgress('indexing the text for the befores', null)
  const finished = await thread.request({ ask: 'finish', file }, { signal })
  if (finished === null || finished.ids.length === 0) throw noArticles()
  const site = join(folder, 'site.db')
  const remove = () => Promise.all(['', '-wal', '-shm'].map((end) => rm(`${site}${end}`, { force: true })))
  return {
    ids: finished.ids,
    data: dataOf(source, finished, 'sqlite'),
    database: null,
    async freshStore() {
      await remove()
      await copyFile(file, site)
      return `sqlite:${site}`
    },
    async [Symbol.asyncDispose]() {
      await remove()
    },
  }
}
