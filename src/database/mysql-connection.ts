import type { Socket } from 'node:net'
import type { Connection, ExecuteValues } from 'mysql2'
import { type Database, DatabaseError, type DatabaseOptions, type Row } from './database.ts'
import { loadMysql } from './load-driver.ts'
import { mysqlAddress } from './mysql-address.ts'
import { explainMysql, mysqlCode } from './mysql-failure.ts'

/** {@link openDatabase} for MariaDB and MySQL. */
export async function openMysql(url: string, options: DatabaseOptions): Promise<Database> {
  const { whose, name, connectMs, statementMs, clock } = options
  const { connection: address, location } = mysqlAddress(url, whose)
  const { createConnection } = await loadMysql()
  options.signal?.throwIfAborted()
  const connection = createConnection({
    ...address,
    connectTimeout: connectMs,
    enableKeepAlive: true,
    charset: 'UTF8MB4_GENERAL_CI',
    // The driver would make dates of the machine's time zone, and numbers that are rounded, of what it reads.
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    jsonStrings: true,
    connectAttributes: { program_name: `onward ${name}` },
  })
  // What is under way rejects by itself. Without a listener it would end the process.
  connection.on('error', () => {})
  const cut = () => {
    connection.destroy()
    // destroy() only says that there is nothing more to send, and waits for the server to close the socket too.
    socketOf(connection)?.destroy()
  }

  /** Destroying a connection tells nobody who waits on it, and the driver's own time limits leave it in disorder: it is raced here. */
  async function answer(
    ask: (done: (error: Error | null, rows?: unknown) => void) => void,
    { ms, signal }: { readonly ms: number; readonly signal: AbortSignal | undefined },
  ): Promise<Row[]> {
    signal?.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<Row[]>()
    const onAbort = () => {
      reject(signal?.reason)
      cut()
    }
    const stopTimer = clock.after(ms, () => {
      reject(Object.assign(new Error(`no answer within ${ms} ms`), { code: 'ETIMEDOUT' }))
      cut()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
    ask((error, rows) => {
      if (error) reject(error)
      else resolve(Array.isArray(rows) ? rows.map(asText) : [])
    })
    try {
      return await promise
    } catch (error) {
      signal?.throwIfAborted()
      throw new DatabaseError(explainMysql(error), mysqlCode(error), { cause: error })
    } finally {
      stopTimer()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  async function close(): Promise<void> {
    const closed = Promise.withResolvers<void>()
    // A server that is gone does not answer a good-bye.
    const stopTimer = clock.after(goodbyeMs, closed.resolve)
    connection.end(() => closed.resolve())
    await closed.promise
    stopTimer()
    cut()
  }

  try {
    await answer((done) => connection.connect((error) => done(error)), {
      ms: connectMs + clientGraceMs,
      signal: options.signal,
    })
    const limits = { ms: connectMs, signal: options.signal }
    for (const statement of sessionSettings(statementMs)) {
      await answer((done) => connection.query(statement, done), limits)
    }
  } catch (error) {
    cut()
    throw error
  }
  return {
    kind: 'mysql',
    location,
    async query(text, values = [], signal) {
      const given: Array<string | bigint | null> = []
      const statement = text.replaceAll(/\$(\d+)/g, (_, number: string) => {
        given.push(values[Number(number) - 1] ?? null)
        return '?'
      })
      return await answer((done) => connection.execute(statement, given as ExecuteValues, done), {
        ms: statementMs + clientGraceMs,
        signal,
      })
    },
    quote: (identifier) => `\`${identifier.replaceAll('`', '``')}\``,
    [Symbol.asyncDispose]: close,
  }
}

/**
 * No strict mode: `0000-00-00 00:00:00` stands in many tables, and could not be compared with. No mode that changes what
 * quotes mean, either.
 */
function sessionSettings(statementMs: number): string[] {
  return [
    `SET SESSION sql_mode = '', time_zone = '+00:00'
      /*M!100100 , max_statement_time = ${statementMs / 1000} */
      /*!50708 , max_execution_time = ${statementMs} */`,
    'SET SESSION TRANSACTION READ ONLY',
  ]
}

function asText(row: unknown): Row {
  return Object.fromEntries(Object.entries(row as object).map(([name, value]) => [name, textOf(value)]))
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null
  // A column of bytes, or of text that is compared by its bytes in old tables.
  return Buffer.isBuffer(value) ? value.toString('utf8') : String(value)
}

// The driver's own socket, which its types leave out.
function socketOf(connection: Connection): Socket | undefined {
  return (connection as Connection & { readonly stream?: Socket }).stream
}

const clientGraceMs = 250
const goodbyeMs = 500
