import type { Socket } from 'node:net'
import type { Client, CustomTypesConfig } from 'pg'
import { type Database, DatabaseError, type DatabaseOptions, type Row } from './database.ts'
import { loadPostgres } from './load-driver.ts'
import { postgresAddress } from './postgres-address.ts'
import { explainPostgres, postgresCode } from './postgres-failure.ts'

/** {@link openDatabase} for PostgreSQL. */
export async function openPostgres(url: string, options: DatabaseOptions): Promise<Database> {
  const { whose, name, connectMs, statementMs, clock } = options
  const { connection, location } = postgresAddress(url, whose)
  const { Client: ClientClass, types } = await loadPostgres()
  const client = new ClientClass({
    ...connection,
    application_name: `onward ${name}`,
    connectionTimeoutMillis: connectMs,
    statement_timeout: statementMs,
    query_timeout: statementMs + clientGraceMs,
    keepAlive: true,
    types: asText(types.getTypeParser),
  })
  // What is under way rejects by itself. Without a listener it would end the process.
  client.on('error', () => {})
  const cut = () => socketOf(client)?.destroy()

  async function unlessAborted<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted()
    signal?.addEventListener('abort', cut, { once: true })
    try {
      return await work()
    } catch (error) {
      signal?.throwIfAborted()
      throw new DatabaseError(explainPostgres(error), postgresCode(error), { cause: error })
    } finally {
      signal?.removeEventListener('abort', cut)
    }
  }

  async function close(): Promise<void> {
    // A server that is gone does not answer a good-bye.
    const stopTimer = clock.after(goodbyeMs, cut)
    await client.end().catch(() => {})
    stopTimer()
  }

  try {
    await unlessAborted(async () => {
      await client.connect()
      await client.query("SET default_transaction_read_only = on; SET TimeZone = 'UTC'; SET DateStyle = 'ISO'")
    }, options.signal)
  } catch (error) {
    cut()
    await close()
    throw error
  }
  return {
    kind: 'postgres',
    location,
    query: (text, values = [], signal) =>
      unlessAborted(
        async () =>
          (
            await client.query<Row>(
              text,
              values.map((value) => (value === null ? null : String(value))),
            )
          ).rows,
        signal,
      ),
    quote: (identifier) => `"${identifier.replaceAll('"', '""')}"`,
    [Symbol.asyncDispose]: close,
  }
}

/** The driver makes numbers and dates of the machine's time zone of what it reads: only lists are left to it. */
function asText(parserOf: (type: number) => (text: string) => unknown): CustomTypesConfig {
  return {
    getTypeParser: (type: number) => (lists.has(type) ? parserOf(textList) : (text: string) => text),
  } as CustomTypesConfig
}

// The driver's own socket, which its types leave out: `end()` waits for the server's answer.
function socketOf(client: Client): Socket | undefined {
  return (client as Client & { readonly connection?: { readonly stream?: Socket } }).connection?.stream
}

/** `text[]`, as the server numbers its types; any other list below is read as if it were one. */
const textList = 1009
/** Lists of bpchar, varchar, text, name, int2, int4, int8 and uuid. */
const lists: ReadonlySet<number> = new Set([1014, 1015, textList, 1003, 1005, 1007, 1016, 2951])

const clientGraceMs = 250
const goodbyeMs = 500
