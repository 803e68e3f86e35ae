import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { InvalidOptionError } from '../errors.ts'
import { generateArticles } from '../generate/generate-articles.ts'
import type { MeasuredData } from './report.ts'

/** A store with everything that is compared in it: articles, rails, and the befores' text index. */
export interface Archive extends AsyncDisposable {
  /** Of the visible articles, the newest first. */
  readonly ids: readonly string[]
  readonly data: MeasuredData
  /** The database server that is measured on, such as `PostgreSQL 15.14`; null where that is a file. */
  readonly database: string | null
  /** The URL of the store for the next site, which may write to it, as if no site had been there before. The last one has to be closed. */
  freshStore(signal: AbortSignal): Promise<string>
}

/** Where the articles come from. */
export type ArchiveSource =
  | { readonly kind: 'generated'; readonly articles: number; readonly seed: number }
  /** A file, folder or address, as `onward ingest` takes it. */
  | { readonly kind: 'source'; readonly name: string }
  /** A store's URL: it is read, and never written to. */
  | { readonly kind: 'store'; readonly url: string }

/** Called with what is being done and the share of it that is done, null where that is not known. */
export type OnPreparing = (what: string, share: number | null) => void

/** What the report says of the articles that it was measured on. */
export function dataOf(
  source: ArchiveSource,
  { ids, meanBodyCharacters }: { readonly ids: readonly string[]; readonly meanBodyCharacters: number },
  store: MeasuredData['store'],
): MeasuredData {
  const seed = source.kind === 'generated' ? source.seed : null
  return { name: nameOf(source), articles: ids.length, seed, meanBodyCharacters, store }
}

/** A name that may be shown to anybody: no folder of the machine, no password. */
function nameOf(source: ArchiveSource): string {
  if (source.kind === 'generated') return 'generated'
  if (source.kind === 'store') return 'a store of its own'
  return URL.canParse(source.name) ? new URL(source.name).host : basename(source.name)
}

/** Writes generated articles to a file in `folder`, as `onward ingest` reads them. */
export async function writeGenerated(
  { articles, seed }: { readonly articles: number; readonly seed: number },
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  async function* lines() {
    for (const article of generateArticles({ articles, seed })) yield `${JSON.stringify(article)}\n`
  }
  const file = join(folder, 'generated.jsonl')
  await writeFile(file, lines(), { signal })
  return file
}

export function noArticles(): InvalidOptionError {
  return new InvalidOptionError('There is no article to measure on. Name a source that has some: --data FILE.')
}
