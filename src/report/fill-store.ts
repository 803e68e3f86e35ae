import { openApp } from '../app.ts'
import { systemClock } from '../concurrency/clock.ts'
import { waitUntilIndexed } from '../indexer/wait-until-indexed.ts'
import { ingest } from '../ingest/ingest.ts'
import { putArticles } from '../ingest/publish-articles.ts'
import type { OnPreparing } from './archive.ts'

/** Ingests `names` into the store that `url` names and waits for the rails, as `onward ingest` does. No names: only the rails. */
export async function fillStore(
  url: string,
  names: readonly string[],
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: OnPreparing },
): Promise<void> {
  await using app = await openApp({ store: url }, { loadsIndexAtStart: false })
  const release = app.indexer.holdBack()
  try {
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
