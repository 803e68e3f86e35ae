import type { PreparedArticle } from '../../article/article.ts'
import type { ChangedId, PutResult, RailWrite, SectionCount, StoreStatus } from '../store.ts'

/**
 * What crosses between the main thread and the store's threads.
 *
 * Articles and rails cross as the JSON text that the file holds, and are parsed once, by the side that needs them:
 * copying a string costs a fraction of cloning the objects in it.
 */
export interface Reads {
  /** Opens the file, so that what is wrong with it is known before the first reader comes. */
  open: { asks: unknown; answers: null }
  /** Article as JSON; null when nothing is visible under the id. */
  article: { asks: { id: string; now: number }; answers: string | null | { withdrawnAt: string } }
  newest: { asks: { now: number }; answers: string | null }
  /** A `StoredRailRead` as JSON. */
  rail: { asks: { id: string; now: number; limit: number; exclude: readonly string[] }; answers: string }
  /** A `StoryRead` as JSON. */
  story: { asks: { id: string; now: number }; answers: string }
  /** A JSON array of summaries, and where the next page starts. */
  list: {
    asks: { sectionKey: string | null; publishedAt: string; id: string; now: number; limit: number }
    answers: { summaries: string; next: { publishedAt: string; id: string } | null }
  }
  sections: { asks: { now: number }; answers: SectionCount[] }
  changes: {
    asks: { after: number; limit: number; now: number }
    answers: Array<{ seq: number; articleId: string; document: string | null }>
  }
  changedIds: { asks: { after: number; limit: number }; answers: ChangedId[] }
  railChanges: { asks: { after: number; limit: number }; answers: ChangedId[] }
  indexPage: {
    asks: { afterId: string; limit: number; now: number }
    answers: Array<{ id: string; document: string; railItems: string | null }>
  }
  status: { asks: { now: number }; answers: StoreStatus }
}

export interface Writes {
  /** Creates or migrates the file; answers with its identity (`same-file.ts`). */
  open: { asks: unknown; answers: string }
  /** One transaction. */
  put: { asks: { articles: readonly PreparedArticle[]; now: number; republish: boolean }; answers: PutResult[] }
  withdraw: {
    asks: { id: string; now: number }
    answers: { outcome: 'withdrawn' | 'already-withdrawn' | 'missing'; withdrawnAt: string | null }
  }
  lift: { asks: { now: number }; answers: number }
  rails: { asks: RailWrite; answers: boolean }
  takeLease: { asks: { name: string; holder: string; forMs: number; now: number }; answers: number | null }
  releaseLease: { asks: { name: string; holder: string }; answers: null }
}

export type Asks = Record<string, { asks: unknown; answers: unknown }>

/** A request by its name, with what it asks. */
export type RequestOf<Map> = { [Name in keyof Map]: { name: Name; asks: AsksOf<Map, Name> } }[keyof Map]
export type AsksOf<Map, Name extends keyof Map> = Map[Name] extends { asks: infer Value } ? Value : never
export type AnswersOf<Map, Name extends keyof Map> = Map[Name] extends { answers: infer Value } ? Value : never

/** One function a request: what a thread hosts. */
export type Handlers<Map> = { [Name in keyof Map]: (asks: AsksOf<Map, Name>) => AnswersOf<Map, Name> }

export interface DatabaseSettings {
  readonly file: string
  /** How long a writer waits for another process to finish its own transaction, in milliseconds. */
  readonly busyMs: number
}

/** Structured-cloned to each thread when it starts. */
export interface ThreadSettings extends DatabaseSettings {
  /** What `file` must be (`same-file.ts`); null for the one thread that opens it first, and may create it. */
  readonly identity: string | null
}
