import { basename } from 'node:path'
import { OnwardError, StoreUnavailableError } from '../../errors.ts'

/** SQLite's primary result codes that say something to an operator: https://www.sqlite.org/rescode.html */
const words: Readonly<Record<number, (file: string) => string>> = {
  3: (file) => `The permissions of ${file} do not allow it. Let the user that runs onward read and write it`,
  5: (file) => `Another process has been writing to ${file} for too long. Try again, or find out what holds it`,
  6: (file) => `Another process has been writing to ${file} for too long. Try again, or find out what holds it`,
  7: () => 'There is no memory left for the database. Give the process more, or stop what else uses it',
  8: (file) =>
    `${file} cannot be written to. Let the user that runs onward write to the file and to its folder, and check that the disk is not mounted read-only`,
  10: (file) => `The disk failed while ${file} was read or written. Check the disk and the system's log`,
  11: (file) => `${file} is damaged. Restore it from a backup, or move it away and ingest again`,
  13: (file) => `The disk that holds ${file} is full. Free some space, then try again: this write was not stored`,
  14: (file) =>
    `${file} cannot be opened. Check that it is a file, that its folder exists, and that the user that runs onward may write to both`,
  18: (file) => `An article is too large for ${file}`,
  26: (file) => `${file} is not a database that onward wrote. Name another file`,
}

/** Whether another connection holds the lock that was asked for. */
export function isBusy(error: unknown): boolean {
  const code = primaryCode(error)
  return code === 5 || code === 6
}

/** What SQLite threw, as an error that an operator can act on; what onward threw itself is left as it is. */
export function inWords(error: unknown, file: string): Error {
  if (error instanceof OnwardError) return error
  const code = primaryCode(error)
  if (code === null) return error instanceof Error ? error : new Error(String(error))
  const said = error instanceof Error ? error.message : String(error)
  const what = words[code]?.(basename(file)) ?? `The database ${basename(file)} failed`
  return new StoreUnavailableError(`${what}. (SQLite ${code}: ${said})`, { cause: error })
}

// The low byte is the kind of failure; the rest tells it apart further (SQLITE_IOERR_WRITE is 10 | 3 << 8).
function primaryCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null
  return error.errcode & 0xff
}
