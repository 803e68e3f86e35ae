import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { openApp } from '../app.ts'
import { systemClock } from '../concurrency/clock.ts'
import { siblingModule, Thread } from '../concurrency/thread.ts'
import { InvalidOptionError } from '../errors.ts'
import { generateArticles } from '../generate/generate-articles.ts'
import { waitUntilIndexed } from '../indexer/wait-until-indexed.ts'
import { ingest } from '../ingest/ingest.ts'
import { putArticles } from '../ingest/publish-articles.ts'
import { sqliteFile } from '../store/open-store.ts'
import type { ArchiveRequest, FinishedArchive } from './archive-thread.ts'
import type { MeasuredData } from './report.ts'

/** Where the articles come from. */
export type ArchiveSource =
  | { readonly kind: 'generated'; readonly articles: number; readonly seed: number }
  /** A file, folder or address, as `onward ingest` takes it. */
  | { readonly kind: 'source'; readonly name: string }
  /** A store's URL: it is copied, and never written to. */
  | { readonly kind: 'store'; readonly url: string }

/** A store's file with everything that is compared in it: articles, rails, and the befores' text index. */
export interface Archive {
  readonly file: string
  /** Of the visible articles, the newest first. */
  readonly ids: readonly string[]
  readonly data: MeasuredData
}

/**
 * Makes the archive in `folder`, which is the caller's to remove.
 *
 * @param onProgress called with what is being done and the share of it that is done, null where that is not known
 * @throws InvalidOptionError when the source gives no article
 * @throws what ingesting throws, or the reason of `signal`
 */
export async function makeArchive(
  source: ArchiveSource,
  folder: string,
  { signal, onProgress }: { signal: AbortSignal; onProgress: (what: string, share: number | null) => void },
): Promise<Archive> {
  const file = join(folder, 'archive.db')
  await using thread = new Thread<ArchiveRequest, FinishedArchive | null>({
    name: 'archive',
    url: siblingModule(import.meta.url, 'archive-thread'),
    data: null,
    pendingMax: 2,
  })
  if (source.kind === 'store') {
    onProgress('copying the store', null)
    await thread.request({ ask: 'copy', from: sqliteFile(source.url), to: file }, { signal })
  }
  await fill(file, source, folder, { signal, onProgress })
  onProgress('indexing the text for the befores', null)
  const finished = await thread.request({ ask: 'finish', file }, { signal })
  if (finished === null || finished.ids.length === 0) {
    throw new InvalidOptionError('There is no article to measure on. Name a source that has some: --data FILE.')
  }
  return {
    file,
    ids: finished.ids,
    data: {
      name: nameOf(source),
      articles: finished.ids.length,
      seed: source.kind === 'generated' ? source.seed : null,
      meanBodyCharacters: finished.meanBodyCharacters,
      store: 'sqlite',
    },
  }
}

/** Ingests what is to be ingested and waits for the rails, as `onward ingest` does. */
async function fill(
  file: string,
  source: ArchiveSource,
  folder: string,
  { signal, onProgress }: { signal: AbortSignal; onProgress: (what: string, share: number | null) => void },
): Promise<void> {
  await using app = await openApp({ store: `sqlite:${file}` }, { loadsIndexAtStart: false })
  const release = app.indexer.holdBack()
  try {
    const names = await namesOf(source, folder, { signal, onProgress })
    if (names.length > 0) {
      const { failed } = await ingest(names, {
        write: (batch) => putArticles(app.soundStore, batch, { republish: false, signal, clock: systemClock }),
        preparer: app.preparer,
        signal,
        onProgress: ({ bytesRead, bytesTotal }) =>
          onProgress('storing articles', bytesTotal ? Math.min(1, bytesRead / bytesTotal) : null),
      })
      const [failure] = failed
      if (failure) throw failure.error
    }
  } finally {
    release()
  }
  await waitUntilIndexed(app.soundStore, {
    clock: systemClock,
    signal,
    onProgress: ({ rails, articles }) =>
      onProgress('working out rails', articles.visible === 0 ? null : Math.min(1, rails / articles.visible)),
  })
}

async function namesOf(
  source: ArchiveSource,
  folder: string,
  { signal, onProgress }: { signal: AbortSignal; onProgress: (what: string, share: number | null) => void },
): Promise<string[]> {
  if (source.kind === 'store') return []
  if (source.kind === 'source') return [source.name]
  const file = join(folder, 'generated.jsonl')
  onProgress('generating articles', null)
  const { articles, seed } = source
  async function* lines() {
    for (const article of generateArticles({ articles, seed })) yield `${JSON.stringify(article)}\n`
  }
  await writeFile(file, lines(), { signal })
  return [file]
}

/** A name that may be shown to anybody: no folder of the machine, no password. */
function nameOf(source: ArchiveSource): string {
  if (source.kind === 'generated') return 'generated'
  if (source.kind === 'store') return 'a store of its own'
  return URL.canParse(source.name) ? new URL(source.name).host : basename(source.name)
}
