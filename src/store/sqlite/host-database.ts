import type { DatabaseSync } from 'node:sqlite'
import { inWords } from './failure.ts'
import type { AnswersOf, AsksOf, Handlers, ThreadSettings } from './requests.ts'
import { checkSameFile, fileIdentity } from './same-file.ts'

/**
 * Hosts a database in a thread: opened by the first request and not when the thread starts, so that what is wrong with
 * the file is that request's error, in words, and the next request tries again.
 *
 * The handlers are made with the identity of the file that was opened, in `settings`. A thread that starts later than
 * the store opens the file that the store was opened with, or none.
 */
export function hostDatabase<Map>(
  open: (settings: ThreadSettings) => DatabaseSync,
  handlersOf: (db: DatabaseSync, settings: ThreadSettings) => Handlers<Map>,
  beforeClose: (db: DatabaseSync) => void = () => {},
): (settings: ThreadSettings) => {
  answer<Name extends keyof Map>(request: { name: Name; asks: AsksOf<Map, Name> }): AnswersOf<Map, Name>
  close(): void
} {
  return (settings) => {
    let opened: { db: DatabaseSync; handlers: Handlers<Map> } | null = null
    const get = () => {
      if (opened) return opened
      const { file } = settings
      // Before opening, since that would put a new, empty file in the place of one that was removed ...
      if (settings.identity !== null) checkSameFile(file, settings.identity)
      const db = open(settings)
      try {
        // ... and after, since it may have been replaced between the two.
        const identity = settings.identity ?? fileIdentity(file)
        checkSameFile(file, identity)
        opened = { db, handlers: handlersOf(db, { ...settings, identity }) }
        return opened
      } catch (error) {
        db.close()
        throw error
      }
    }
    return {
      answer(request) {
        try {
          return get().handlers[request.name](request.asks)
        } catch (error) {
          throw inWords(error, settings.file)
        }
      },
      close() {
        if (!opened) return
        beforeClose(opened.db)
        opened.db.close()
      },
    }
  }
}
