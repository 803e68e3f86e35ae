import { isServerUrl } from '../database/open-database.ts'
import type { Archive, ArchiveSource, OnPreparing } from './archive.ts'
import { serverArchive } from './server/server-archive.ts'
import { sqliteArchive } from './sqlite-archive.ts'

/**
 * Makes the archive: on the database server that is named by `on`, or else by the source itself, in a database of its own there; or in a
 * SQLite file in `folder`, which is the caller's to remove.
 *
 * @throws InvalidOptionError when the source gives no article, or the server gives no database
 * @throws what ingesting throws, or the reason of `signal`
 */
export async function makeArchive(
  source: ArchiveSource,
  where: { readonly folder: string; readonly on: string | null },
  watch: { readonly signal: AbortSignal; readonly onProgress: OnPreparing },
): Promise<Archive> {
  const server = where.on ?? (source.kind === 'store' && isServerUrl(source.url) ? source.url : null)
  if (server !== null) return await serverArchive(source, { folder: where.folder, server }, watch)
  return await sqliteArchive(source, where.folder, watch)
}
