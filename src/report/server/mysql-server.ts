import type { Socket } from 'node:net'
import type { ExecuteValues, PoolConnection } from 'mysql2'
import { loadMysql } from '../../database/load-driver.ts'
import { mysqlAddress } from '../../database/mysql-address.ts'
import { explainMysql } from '../../database/mysql-failure.ts'
import { inWords } from '../../store/sql/failure.ts'
import { railLength } from '../baselines/site-database.ts'
import {
  type Ask,
  commonSql,
  type DatabaseServer,
  type Row,
  type ScratchRights,
  type SiteSql,
  type Value,
} from './database-server.ts'

/**
 * MariaDB or MySQL as the report uses it.
 *
 * @throws InvalidOptionError when the URL is none, or the driver is not installed
 */
export async function mysqlServer(url: string): Promise<DatabaseServer> {
  const { connection, location } = mysqlAddress(url, "The URL of the report's server")
  const { createPool } = await loadMysql()
  return {
    kind: 'mysql',
    urlOf(database) {
      const other = new URL(url)
      other.pathname = `/${database}`
      return other.href
    },
    openPool(connectionsMax) {
      const pool = createPool({ ...connection, connectionLimit: connectionsMax, charset: 'UTF8MB4_BIN' })
      const open = new Set<PoolConnection>()
      pool.on('connection', (made) => {
        open.add(made)
        // Its query rejects by itself. Without a listener it would end the process.
        made.on('error', () => open.delete(made))
        made.on('end', () => open.delete(made))
      })
      const close = (made: PoolConnection) => {
        open.delete(made)
        // The driver leaves the socket open until the server closes it too.
        const { stream } = made as PoolConnection & { readonly stream: Socket }
        made.destroy()
        stream.destroy()
      }
      return {
        async use(work) {
          const got = Promise.withResolvers<PoolConnection>()
          pool.getConnection((error, made) => (error ? got.reject(error) : got.resolve(made)))
          const made = await got.promise
          try {
            const result = await work(asking(made))
            made.release()
            return result
          } catch (error) {
            close(made)
            throw error
          }
        },
        async [Symbol.asyncDispose]() {
          for (const made of open) close(made)
          pool.end(() => {})
        },
      }
    },
    isMissingTable: (error) => error instanceof Error && 'code' in error && error.code === 'ER_NO_SUCH_TABLE',
    inWords: (error) => inWords(error, location, explainMysql),
    sql,
    scratch,
  }
}

function asking(connection: PoolConnection): Ask {
  return (statement, values) => {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Row[]>()
    const done = (error: Error | null, rows: unknown) => {
      if (error) reject(error)
      else resolve(Array.isArray(rows) ? (rows as Row[]) : [])
    }
    if (values === undefined) connection.query(statement, done)
    else {
      const { text, order } = preparedFor(statement)
      connection.execute(text, order.map((place) => encoded(values[place] ?? null)) as ExecuteValues, done)
    }
    return promise
  }
}

/** A statement with `$1`, `$2` as the driver takes it: with question marks, and which value comes for each. */
function preparedFor(statement: string): { readonly text: string; readonly order: readonly number[] } {
  const order: number[] = []
  const text = statement.replaceAll(/\$(\d+)/g, (_, number: string) => {
    order.push(Number(number) - 1)
    return '?'
  })
  return { text, order }
}

// The driver would send a number as a floating one, and these are whole.
function encoded(value: Value): string | bigint | null {
  return typeof value === 'number' ? BigInt(value) : value
}

const sql: SiteSql = {
  ...commonSql,
  // The best are found in the index and in a table of its own, and joined then: what will not be shown is not read.
  // Ordering by MATCH itself, so that the server might hand them out by rank, was no quicker when it was tried by hand: it sorts either way.
  related: `
    SELECT a.summary
    FROM (
      SELECT t.id, MATCH (t.title, t.body) AGAINST ($1 IN NATURAL LANGUAGE MODE) AS score
      FROM site_text AS t WHERE MATCH (t.title, t.body) AGAINST ($1 IN NATURAL LANGUAGE MODE)
      ORDER BY score DESC LIMIT ${railLength * 2}
    ) AS best JOIN article AS a ON a.id = best.id
    WHERE a.status = 'published' AND a.visible_from <= $2 AND a.id <> $3
    ORDER BY best.score DESC LIMIT ${railLength}`,
  termsOf: (words) => words.join(' '),
  addText: `
    INSERT INTO site_text (id, title, body)
    SELECT given.id, given.title, given.body FROM JSON_TABLE($1, '$[*]' COLUMNS (
      id VARCHAR(100) PATH '$[0]', title LONGTEXT PATH '$[1]', body LONGTEXT PATH '$[2]')) AS given`,
  addStopWords: `
    INSERT INTO site_stop_word (word)
    SELECT given.word FROM JSON_TABLE($1, '$[*]' COLUMNS (word VARCHAR(100) PATH '$')) AS given`,
  makeTables: [
    // With the number that a full-text index wants, which is otherwise a hidden column more.
    `CREATE TABLE site_text (
      FTS_DOC_ID BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
      id         VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
      title      LONGTEXT NOT NULL,
      body       LONGTEXT NOT NULL
    ) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`,
    `CREATE TABLE site_stop_word (word VARCHAR(100) NOT NULL PRIMARY KEY)
      ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
  ],
  finishTables: [
    'CREATE UNIQUE INDEX site_text_id ON site_text (id)',
    'CREATE FULLTEXT INDEX site_text_words ON site_text (title, body)',
    'ANALYZE TABLE article, rail, site_text',
  ],
  keep: [
    'CREATE TABLE kept_article (PRIMARY KEY (id)) AS SELECT id FROM article',
    'CREATE TABLE kept_rail (PRIMARY KEY (article_id)) AS SELECT * FROM rail',
    'CREATE TABLE kept_cursor AS SELECT * FROM `cursor`',
    'CREATE TABLE kept_tally AS SELECT * FROM tally',
  ],
  reset: [
    'DELETE FROM article WHERE NOT EXISTS (SELECT 1 FROM kept_article AS k WHERE k.id = article.id)',
    'DELETE FROM site_text WHERE NOT EXISTS (SELECT 1 FROM kept_article AS k WHERE k.id = site_text.id)',
    "DELETE FROM rail WHERE written > (SELECT seq FROM kept_cursor WHERE name = 'rail')",
    `INSERT INTO rail (article_id, version, generated_at, items, written)
      SELECT article_id, version, generated_at, items, written FROM kept_rail AS k
      WHERE NOT EXISTS (SELECT 1 FROM rail AS r WHERE r.article_id = k.article_id)`,
    "DELETE FROM `change` WHERE seq > (SELECT seq FROM kept_cursor WHERE name = 'change')",
    'DELETE FROM `cursor`',
    'INSERT INTO `cursor` SELECT * FROM kept_cursor',
    'DELETE FROM tally',
    'INSERT INTO tally SELECT * FROM kept_tally',
    'DELETE FROM lease',
  ],
}

const scratch: ScratchRights = {
  async create(ask, database) {
    await ask(`CREATE DATABASE ${database} CHARACTER SET utf8mb4`)
  },
  async drop(ask, database) {
    // It would wait for them.
    await scratch.endOthers(ask, database)
    await ask(`DROP DATABASE IF EXISTS ${database}`)
  },
  async endOthers(ask, database) {
    const rows = await ask('SELECT id FROM information_schema.processlist WHERE db = $1 AND id <> CONNECTION_ID()', [
      database,
    ])
    // One that has ended in between is no matter.
    for (const { id } of rows) await ask(`KILL ${Number(id)}`).catch(() => {})
  },
  async version(ask) {
    const [row] = await ask('SELECT VERSION() AS version')
    const said = String(row?.version)
    return `${/mariadb/i.test(said) ? 'MariaDB' : 'MySQL'} ${/\d+(?:\.\d+)+/.exec(said)?.[0] ?? 'of an unknown version'}`
  },
  async grantFor(error, ask) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ER_DBACCESS_DENIED_ERROR')) return null
    const [row] = await ask('SELECT CURRENT_USER() AS user')
    const [, user = '', host = '%'] = /^(.*)@([^@]*)$/.exec(String(row?.user)) ?? []
    const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`
    return `GRANT ALL ON \`onward\\_report\\_%\`.* TO ${quoted(user)}@${quoted(host)};`
  },
}
