import { siblingModule, Thread } from '../concurrency/thread.ts'
import type { ArchiveRequest, FinishedArchive } from './archive-thread.ts'

/** The thread that does what takes seconds with a file of articles; it is asked one thing after the other. */
export function openArchiveThread(): Thread<ArchiveRequest, FinishedArchive | null> {
  return new Thread({
    name: 'archive',
    url: siblingModule(import.meta.url, 'archive-thread'),
    data: null,
    pendingMax: 1,
  })
}
