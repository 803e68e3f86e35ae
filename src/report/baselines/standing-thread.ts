/** The thread in which a {@link StandingServerConnection} has its driver. */
import { type MessagePort, workerData } from 'node:worker_threads'
import type { DatabaseServer, ServerPool } from '../server/database-server.ts'
import { databaseServer } from '../server/open-server.ts'
import { readBest, readDocument, readStopWords } from './server-queries.ts'

export interface StandingThreadData {
  readonly url: string
  readonly port: MessagePort
  /** Set to 1 after each answer. */
  readonly woken: Int32Array
}

export type StandingReady = { readonly stopWords: readonly string[] } | { readonly error: string }

export type StandingQuestion =
  | { readonly ask: 'article'; readonly id: string }
  | { readonly ask: 'related'; readonly id: string; readonly terms: readonly string[] }

/** `rows` are JSON texts: of no or one article, or of summaries. */
export type StandingAnswer =
  | { readonly number: number; readonly rows: readonly string[] }
  | { readonly number: number; readonly error: string }

const { url, port, woken } = workerData as StandingThreadData

try {
  const server = await databaseServer(url)
  const pool = server.openPool(1)
  port.on('close', () => void pool[Symbol.asyncDispose]())
  const stopWords = await pool.use((ask) => readStopWords(ask, server.sql))
  port.on('message', ({ number, question }: { number: number; question: StandingQuestion }) => {
    void answer(server, pool, question)
      .then(
        (rows): StandingAnswer => ({ number, rows }),
        (error: unknown): StandingAnswer => ({ number, error: messageOf(error) }),
      )
      .then((said) => {
        port.postMessage(said)
        Atomics.store(woken, 0, 1)
        Atomics.notify(woken, 0)
      })
  })
  port.postMessage({ stopWords: [...stopWords] } satisfies StandingReady)
} catch (error) {
  port.postMessage({ error: messageOf(error) } satisfies StandingReady)
}

async function answer({ sql }: DatabaseServer, pool: ServerPool, question: StandingQuestion): Promise<string[]> {
  return await pool.use(async (ask) => {
    if (question.ask === 'related') return await readBest(ask, sql, question)
    const document = await readDocument(ask, sql, question.id)
    return document === null ? [] : [document]
  })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
