import type { Socket } from 'node:net'
import type { Client, PoolClient } from 'pg'
import { loadPostgres } from '../../database/load-driver.ts'
import { postgresAddress } from '../../database/postgres-address.ts'
import { explainPostgres } from '../../database/postgres-failure.ts'
import { inWords } from '../../store/sql/failure.ts'
import { railLength } from '../baselines/site-database.ts'
import {
  type Ask,
  commonSql,
  type DatabaseServer,
  type Row,
  type ScratchRights,
  type SiteSql,
} from './database-server.ts'

/**
 * PostgreSQL as the report uses it.
 *
 * @throws InvalidOptionError when the URL is none, or the driver is not installed
 */
export async function postgresServer(url: string): Promise<DatabaseServer> {
  const { connection, location } = postgresAddress(url, "The URL of the report's server")
  const { Pool } = await loadPostgres()
  return {
    kind: 'postgres',
    urlOf(database) {
      const other = new URL(url)
      other.pathname = `/${database}`
      // They may name a schema that is in the first database only.
      other.searchParams.delete('options')
      return other.href
    },
    openPool(connectionsMax) {
      const pool = new Pool({ ...connection, max: connectionsMax, application_name: 'onward report' })
      // Of a connection that nobody uses, and of one in use, whose query rejects by itself.
      pool.on('error', () => {})
      pool.on('connect', (client: Client | PoolClient) => {
        client.on('error', () => {})
        // Compiling a query anew for each page is left out, in favour of the befores. What it costs or saves here was not measured.
        client.query('SET jit = off').catch(() => {})
      })
      const inUse = new Set<PoolClient>()
      return {
        async use(work) {
          const client = await pool.connect()
          inUse.add(client)
          try {
            const result = await work(asking(client))
            client.release()
            return result
          } catch (error) {
            client.release(true)
            throw error
          } finally {
            inUse.delete(client)
          }
        },
        async [Symbol.asyncDispose]() {
          // The driver would wait for their answers, and a server that hangs gives none.
          for (const client of inUse) {
            const { connection } = client as PoolClient & { readonly connection: { readonly stream: Socket } }
            connection.stream.destroy()
          }
          await pool.end()
        },
      }
    },
    isMissingTable: (error) => error instanceof Error && 'code' in error && error.code === '42P01',
    inWords: (error) => inWords(error, location, explainPostgres),
    sql,
    scratch,
  }
}

function asking(client: PoolClient): Ask {
  return async (statement, values) => {
    if (values === undefined) {
      const result: { rows?: Row[] } = await client.query(statement)
      return result.rows ?? []
    }
    return (await client.query<Row>({ name: nameOf(statement), text: statement, values: [...values] })).rows
  }
}

const names = new Map<string, string>()

/** A prepared statement has a name of at most 63 bytes; there are a dozen of them. */
function nameOf(statement: string): string {
  const known = names.get(statement) ?? `report_${names.size}`
  names.set(statement, known)
  return known
}

const sql: SiteSql = {
  ...commonSql,
  // The best are found in the index and in a narrow table, and joined then: what will not be shown is not read.
  related: `
    SELECT a.summary
    FROM (
      SELECT t.id, ts_rank(t.words, q.query) AS rank
      FROM to_tsquery('simple', $1) AS q (query) JOIN site_text AS t ON t.words @@ q.query
      ORDER BY rank DESC LIMIT ${railLength * 2}
    ) AS best JOIN article AS a ON a.id = best.id
    WHERE a.status = 'published' AND a.visible_from <= $2 AND a.id <> $3
    ORDER BY best.rank DESC LIMIT ${railLength}`,
  termsOf: (words) => words.join(' | '),
  addText: `
    INSERT INTO site_text (id, words)
    SELECT given ->> 0, to_tsvector('simple', (given ->> 1) || ' ' || (given ->> 2))
    FROM json_array_elements($1::json) AS given`,
  addStopWords: 'INSERT INTO site_stop_word (word) SELECT json_array_elements_text($1::json)',
  makeTables: [
    'CREATE TABLE site_text (id text COLLATE "C" NOT NULL PRIMARY KEY, words tsvector NOT NULL)',
    'CREATE TABLE site_stop_word (word text NOT NULL PRIMARY KEY)',
  ],
  finishTables: [
    // Without a list of pending entries, which each search would have to read through.
    'CREATE INDEX site_text_words ON site_text USING gin (words) WITH (fastupdate = off)',
    'VACUUM (ANALYZE)',
  ],
  keep: [
    'CREATE TABLE kept_article AS SELECT id FROM article',
    'ALTER TABLE kept_article ADD PRIMARY KEY (id)',
    'CREATE TABLE kept_rail AS TABLE rail',
    'CREATE TABLE kept_cursor AS TABLE cursor',
    'CREATE TABLE kept_tally AS TABLE tally',
  ],
  reset: [
    'DELETE FROM article AS a WHERE NOT EXISTS (SELECT FROM kept_article AS k WHERE k.id = a.id)',
    'DELETE FROM site_text AS t WHERE NOT EXISTS (SELECT FROM kept_article AS k WHERE k.id = t.id)',
    "DELETE FROM rail WHERE written > (SELECT seq FROM kept_cursor WHERE name = 'rail')",
    'INSERT INTO rail SELECT * FROM kept_rail ON CONFLICT (article_id) DO NOTHING',
    "DELETE FROM change WHERE seq > (SELECT seq FROM kept_cursor WHERE name = 'change')",
    'DELETE FROM cursor',
    'INSERT INTO cursor SELECT * FROM kept_cursor',
    'DELETE FROM tally',
    'INSERT INTO tally SELECT * FROM kept_tally',
    'DELETE FROM lease',
  ],
}

const scratch: ScratchRights = {
  async create(ask, database) {
    await ask(`CREATE DATABASE ${database} ENCODING 'UTF8' TEMPLATE template0`)
  },
  async drop(ask, database) {
    await ask(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`)
  },
  async endOthers(ask, database) {
    await ask(
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
       WHERE datname = $1 AND pid <> pg_backend_pid() AND backend_type = 'client backend'`,
      [database],
    )
  },
  async version(ask) {
    const [row] = await ask('SHOW server_version')
    return `PostgreSQL ${/^[\w.]+/.exec(String(row?.server_version))?.[0] ?? 'of an unknown version'}`
  },
  async grantFor(error, ask) {
    if (!(error instanceof Error && 'code' in error && error.code === '42501')) return null
    const [row] = await ask('SELECT quote_ident(current_user) AS role')
    return `ALTER ROLE ${row?.role} CREATEDB;`
  },
}
