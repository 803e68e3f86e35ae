import { DatabaseSync } from 'node:sqlite'
import { answerRequests } from '../concurrency/thread.ts'
import { addFullText } from './baselines/sqlite-site.ts'

/** What takes seconds with a file of articles, off the main thread: there Ctrl-C has to be heard. */
export type ArchiveRequest =
  | { readonly ask: 'copy'; readonly from: string; readonly to: string }
  | { readonly ask: 'finish'; readonly file: string }

export interface FinishedArchive {
  /** The newest first. */
  readonly ids: readonly string[]
  readonly meanBodyCharacters: number
}

answerRequests<null, ArchiveRequest, FinishedArchive | null>(() => ({
  answer(request) {
    if (request.ask === 'copy') {
      using db = new DatabaseSync(request.from, { readOnly: true, timeout: 5000 })
      db.prepare('VACUUM INTO ?').run(request.to)
      return null
    }
    addFullText(request.file)
    using db = new DatabaseSync(request.file, { readOnly: true })
    const visible = `FROM article WHERE status = 'published' AND visible_from <= ${Date.now()}`
    const rows = db.prepare(`SELECT id ${visible} ORDER BY published_at DESC, id DESC`).all()
    const mean = db.prepare(`SELECT avg(length(document ->> '$.body')) AS mean ${visible}`).get()?.mean
    return { ids: rows.map(({ id }) => String(id)), meanBodyCharacters: Math.round(Number(mean ?? 0)) }
  },
}))
