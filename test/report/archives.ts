import type { Archive } from '../../src/report/archive.ts'
import { makeArchive } from '../../src/report/make-archive.ts'
import type { TemporaryFolder } from '../support/temporary-folder.ts'

/** A small generated archive with rails and the befores' text index, in `folder`. */
export async function smallArchive(folder: TemporaryFolder, articles = 120): Promise<Archive> {
  const source = { kind: 'generated', articles, seed: 2 } as const
  return await makeArchive(
    source,
    { folder: folder.path, on: null },
    { signal: new AbortController().signal, onProgress: () => {} },
  )
}
