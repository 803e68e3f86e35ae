import { answerRequests } from '../concurrency/thread.ts'
import type { ParsedDocument, UnreadableDocument } from './feed-record.ts'
import { parseDocument } from './parse-document.ts'
import { prepareEntry, type RawEntry } from './prepare-entry.ts'
import { type PrepareResult, prepareLine, prepareRecord, type RawLine, type RawRecord } from './prepare-record.ts'

/** What the thread of a `Preparer` is asked. Its whole work is pure: it can be killed in the middle and asked again. */
export type PrepareRequest =
  | { readonly kind: 'start' }
  | {
      readonly kind: 'records'
      readonly records: ReadonlyArray<RawRecord | RawLine | RawEntry>
      readonly source: string | undefined
    }
  | {
      readonly kind: 'document'
      readonly bytes: Uint8Array
      readonly contentType: string | undefined
      readonly url: string | undefined
    }

export type PrepareAnswer =
  | { readonly kind: 'started' }
  | {
      readonly kind: 'records'
      /** Of the first records, at least one: after a second the thread stops, so that no more than that is ever lost. */
      readonly results: readonly PrepareResult[]
    }
  | { readonly kind: 'document'; readonly document: ParsedDocument | UnreadableDocument }

export interface PrepareThreadData {
  /** One 32-bit number, shared: the index of the record that is being prepared, so that whoever kills the thread knows it. */
  readonly progress: SharedArrayBuffer
}

answerRequests<PrepareThreadData, PrepareRequest, PrepareAnswer>(
  ({ progress }) => {
    const current = new Int32Array(progress)
    return { answer: (request) => answer(request, current) }
  },
  { isBackground: true },
)

function answer(request: PrepareRequest, current: Int32Array): PrepareAnswer {
  switch (request.kind) {
    case 'start':
      return { kind: 'started' }
    case 'records':
      return { kind: 'records', results: prepareSome(request.records, request.source, current) }
    case 'document':
      return { kind: 'document', document: parseDocument(request.bytes, request) }
  }
}

function prepareSome(
  records: ReadonlyArray<RawRecord | RawLine | RawEntry>,
  source: string | undefined,
  current: Int32Array,
): PrepareResult[] {
  const results: PrepareResult[] = []
  const until = performance.now() + answerAfterMs
  for (const raw of records) {
    Atomics.store(current, 0, results.length)
    if ('json' in raw) results.push(prepareLine(raw, source))
    else if ('entry' in raw) results.push(prepareEntry(raw))
    else results.push(prepareRecord(raw, source))
    if (performance.now() > until) break
  }
  return results
}

/** A fifth of the time that one record has, in milliseconds. */
const answerAfterMs = 1000
