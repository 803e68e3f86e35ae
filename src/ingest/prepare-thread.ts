import { answerRequests } from '../concurrency/thread.ts'
import type { ParsedDocument, UnreadableDocument } from './feed-record.ts'
import { parseDocument } from './parse-document.ts'
import { type PrepareResult, prepareLine, prepareRecord, type RawLine, type RawRecord } from './prepare-record.ts'

/** What the thread of a `Preparer` is asked. Its whole work is pure: it can be killed in the middle and asked again. */
export type PrepareRequest =
  | { readonly kind: 'start' }
  | {
      readonly kind: 'records'
      readonly records: ReadonlyArray<RawRecord | RawLine>
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
  | { readonly kind: 'records'; readonly results: readonly PrepareResult[] }
  | { readonly kind: 'document'; readonly document: ParsedDocument | UnreadableDocument }

answerRequests<unknown, PrepareRequest, PrepareAnswer>(() => ({ answer }))

function answer(request: PrepareRequest): PrepareAnswer {
  switch (request.kind) {
    case 'start':
      return { kind: 'started' }
    case 'records':
      return {
        kind: 'records',
        results: request.records.map((raw) =>
          'json' in raw ? prepareLine(raw, request.source) : prepareRecord(raw, request.source),
        ),
      }
    case 'document':
      return { kind: 'document', document: parseDocument(request.bytes, request) }
  }
}
