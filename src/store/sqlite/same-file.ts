import { statSync } from 'node:fs'
import { basename } from 'node:path'
import { StoreUnavailableError } from '../../errors.ts'

/**
 * Which file stands at `path` now, as text to compare; null when there is none.
 *
 * Device and inode, which no other file has while this one is open, however often it is renamed. A file that was
 * overwritten in its place is still the same.
 */
export function fileIdentity(path: string): string | null {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found ? `${found.dev}:${found.ino}` : null
}

/**
 * Looks whether the file that was opened still stands at its path.
 *
 * SQLite goes on writing to a file that was removed, and with the last handle all of it is gone. In WAL mode it does
 * not look for itself. Looking costs some microseconds, a commit a thousand times that.
 *
 * @throws StoreUnavailableError when it was removed or another stands in its place
 */
export function checkSameFile(path: string, identity: string | null): void {
  if (identity !== null && fileIdentity(path) === identity) return
  throw new StoreUnavailableError(
    `The store's file ${basename(path)} was removed or replaced while it was open. Stop onward, put the file back, start again.`,
  )
}
