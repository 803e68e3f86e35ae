import type { Database, Row } from '../../database/database.ts'
import { SourceError } from '../../errors.ts'
import { type SourceTable, tableText } from './source-table.ts'

/** How a column is compared and read: a whole number, a time with or without its zone, a day, or anything else. */
export type ColumnKind = 'number' | 'time' | 'zoned time' | 'text'

/**
 * What kinds the columns are of that are to be read.
 *
 * @throws SourceError when the table or some of the columns are not there or may not be read, with those that there are
 */
export async function checkColumns(
  database: Database,
  source: SourceTable,
  { name, signal }: { readonly name: string; readonly signal: AbortSignal | undefined },
): Promise<ReadonlyMap<string, ColumnKind>> {
  const table = tableText(source.table)
  const found =
    database.kind === 'postgres'
      ? await postgresColumns(database, source, signal)
      : await mysqlColumns(database, source, signal)
  if (found.length === 0) {
    throw new SourceError(
      name,
      `${name}: there is no table ${table}, or the user may not read it. Check "table" in the mapping and the database in the URL, or grant it: GRANT SELECT ON ${table} TO the user in the URL.`,
    )
  }
  // MariaDB's and MySQL's names of columns do not care for case; PostgreSQL's do.
  const folded = (column: string) => (database.kind === 'mysql' ? column.toLowerCase() : column)
  const known = new Map(found.map((column) => [folded(String(column.name)), column]))
  const missing = source.columns.filter((column) => !known.has(folded(column)))
  if (missing.length > 0) {
    const there = found.map((column) => String(column.name)).join(', ')
    throw new SourceError(
      name,
      `${name} has no column ${missing.map((column) => JSON.stringify(column)).join(', ')}. It has: ${there}.`,
    )
  }
  const forbidden = source.columns.filter((column) => known.get(folded(column))?.may === 'f')
  if (forbidden.length > 0) {
    throw new SourceError(
      name,
      `${name}: the user may not read ${forbidden.join(', ')}. Grant it: GRANT SELECT ON ${table} TO the user in the URL.`,
    )
  }
  const kinds = new Map(source.columns.map((column) => [column, kindOf(String(known.get(folded(column))?.type))]))
  const sinceKind = kinds.get(source.since)
  if (sinceKind !== 'time' && sinceKind !== 'zoned time') {
    const type = known.get(folded(source.since))?.type
    throw new SourceError(
      name,
      `${name}: changes cannot be followed by the column ${source.since}, which is ${type}. Name one of times as "since"; a view can make one of what is none.`,
    )
  }
  return kinds
}

/** From the catalogue, which shows what a role may not read, too. */
function postgresColumns(database: Database, { table }: SourceTable, signal: AbortSignal | undefined): Promise<Row[]> {
  const { schema, name } = table
  return database.query(
    `SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type, has_column_privilege(c.oid, a.attnum, 'SELECT') AS may
     FROM pg_class AS c
       JOIN pg_namespace AS n ON n.oid = c.relnamespace
       JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
       AND ${schema === null ? 'pg_table_is_visible(c.oid)' : 'n.nspname = $2'}
     ORDER BY a.attnum`,
    schema === null ? [name] : [name, schema],
    signal,
  )
}

function mysqlColumns(database: Database, { table }: SourceTable, signal: AbortSignal | undefined): Promise<Row[]> {
  const { schema, name } = table
  return database.query(
    `SELECT column_name AS name, data_type AS type FROM information_schema.columns
     WHERE table_name = $1 AND table_schema = ${schema === null ? 'DATABASE()' : '$2'} ORDER BY ordinal_position`,
    schema === null ? [name] : [name, schema],
    signal,
  )
}

function kindOf(type: string): ColumnKind {
  if (/^(?:(?:tiny|small|medium|big)?int(?:eger)?|decimal|numeric)\b/i.test(type)) return 'number'
  if (/^timestamp with time zone/i.test(type)) return 'zoned time'
  return /^(?:timestamp|datetime|date$)/i.test(type) ? 'time' : 'text'
}
