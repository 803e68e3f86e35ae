import { parseTime } from '../../article/parse-time.ts'
import type { Database, Row } from '../../database/database.ts'
import type { ColumnKind } from './check-columns.ts'
import { quoted, type SourceTable } from './source-table.ts'

/** Where a reading of changes has come to. */
export interface ChangePlace {
  readonly since: string
  readonly id: string
}

/** The statements that read a table: always a bounded number of rows after a place, and never by counting from the start. */
export class TableRows {
  readonly #database: Database
  readonly #source: SourceTable
  readonly #kinds: ReadonlyMap<string, ColumnKind>
  readonly #signal: AbortSignal | undefined
  #limit = rowsFirst

  constructor(
    database: Database,
    source: SourceTable,
    { kinds, signal }: { readonly kinds: ReadonlyMap<string, ColumnKind>; readonly signal: AbortSignal | undefined },
  ) {
    this.#database = database
    this.#source = source
    this.#kinds = kinds
    this.#signal = signal
  }

  /** The next rows after this id, by id. */
  async byId(afterId: string | null): Promise<Row[]> {
    const query = this.#begin()
    if (afterId !== null) query.and(`${this.#id} > ${query.value(this.#source.id, afterId)}`)
    return await this.#batch(query, this.#id)
  }

  /** The next rows that were changed at `fromMs` or later, and after this place, by time and id. */
  async byChange(fromMs: number | null, after: ChangePlace | null): Promise<Row[]> {
    const { id, since } = this.#source
    const query = this.#begin()
    if (after !== null) {
      const at = query.value(since, after.since)
      // The first condition is the second's own, in a form that an index on the time alone can be used for.
      query.and(`${this.#since} >= ${at}`)
      query.and(`(${this.#since} > ${at} OR ${this.#id} > ${query.value(id, after.id)})`)
    } else if (fromMs !== null) query.and(`${this.#since} >= ${query.value(since, this.#momentText(fromMs))}`)
    else query.and(`${this.#since} IS NOT NULL`)
    return await this.#batch(query, `${this.#since}, ${this.#id}`)
  }

  /** The latest change up to `nowMs` that the table knows of, in milliseconds since 1970; null when it has none. */
  async latestMs(nowMs: number): Promise<number | null> {
    const query = this.#begin()
    query.and(`${this.#since} <= ${query.value(this.#source.since, this.#momentText(nowMs))}`)
    const [row] = await this.#ask(`SELECT max(${this.#since}) AS latest FROM ${query.from}`, query.values)
    return this.momentMs(row?.latest)
  }

  /** A time as the table gives it, in milliseconds since 1970; null for none, such as `0000-00-00 00:00:00`. */
  momentMs(value: unknown): number | null {
    const time = typeof value === 'string' ? parseTime(value) : null
    return time === null ? null : Date.parse(time)
  }

  /** The server's time, in milliseconds since 1970. */
  async nowMs(): Promise<number> {
    const seconds = this.#database.kind === 'postgres' ? 'extract(epoch FROM now())' : 'UNIX_TIMESTAMP(NOW(3))'
    const [row] = await this.#ask(`SELECT ${seconds} AS now`, [])
    return Math.floor(Number(row?.now) * 1000)
  }

  /** How many rows come after this id; null where that is more than are worth counting. */
  async count(afterId: string | null): Promise<number | null> {
    const query = this.#begin()
    if (afterId !== null) query.and(`${this.#id} > ${query.value(this.#source.id, afterId)}`)
    const counted = `SELECT 1 AS one FROM ${query.from} LIMIT ${countedMax + 1}`
    const [row] = await this.#ask(`SELECT count(*) AS number FROM (${counted}) AS counted`, query.values)
    const number = Number(row?.number)
    return number > countedMax ? null : number
  }

  get #id(): string {
    return this.#database.quote(this.#source.id)
  }

  get #since(): string {
    return this.#database.quote(this.#source.since)
  }

  async #batch(query: Query, order: string): Promise<Row[]> {
    const columns = this.#source.columns.map((column) => this.#selected(column)).join(', ')
    const text = `SELECT ${columns} FROM ${query.from} ORDER BY ${order} LIMIT ${this.#limit}`
    const rows = await this.#ask(text, query.values)
    const characters = rows.reduce((sum, row) => sum + lengthOf(row), 0)
    // Articles are short, as a rule: those that are not make smaller batches, so that what is in flight stays in the tens of MB.
    if (characters > batchCharacters) this.#limit = Math.max(rowsMin, Math.floor(this.#limit / 2))
    else if (characters < batchCharacters / 4) this.#limit = Math.min(rowsMax, this.#limit * 2)
    return rows
  }

  /** A text of which more comes than an article may have is refused by its length: there is no need to carry it here whole. */
  #selected(column: string): string {
    const name = this.#database.quote(column)
    if (!this.#source.texts.includes(column)) return `${name} AS ${name}`
    const text = this.#database.kind === 'postgres' ? `${name}::text` : name
    return `left(${text}, ${textCharactersMax}) AS ${name}`
  }

  #begin(): Query {
    const query = new Query(quoted(this.#source.table, this.#database), (column, value) =>
      this.#comparable(column, value),
    )
    for (const { column, values } of this.#source.where) {
      const name = this.#database.quote(column)
      const texts = values.filter((value) => value !== null)
      const equal =
        texts.length === 0 ? null : `${name} IN (${texts.map((text) => query.value(column, text)).join(', ')})`
      const absent = values.includes(null) ? `${name} IS NULL` : null
      query.and(`(${[equal, absent].filter((condition) => condition !== null).join(' OR ')})`)
    }
    return query
  }

  #comparable(column: string, value: string): string | bigint {
    if (this.#kinds.get(column) !== 'number') return value
    if (/^-?\d{1,30}$/.test(value)) return BigInt(value)
    // MariaDB and MySQL keep what is true and false as numbers.
    return value === 'true' ? 1n : value === 'false' ? 0n : value
  }

  #momentText(ms: number): string {
    const text = new Date(ms).toISOString().replace('T', ' ').replace('Z', '')
    return this.#kinds.get(this.#source.since) === 'zoned time' ? `${text}+00` : text
  }

  #ask(text: string, values: ReadonlyArray<string | bigint>): Promise<Row[]> {
    return this.#database.query(text, values, this.#signal)
  }
}

/** What stands behind FROM, with the values that it names. */
class Query {
  readonly values: Array<string | bigint> = []
  readonly #table: string
  readonly #conditions: string[] = []
  readonly #comparable: (column: string, value: string) => string | bigint

  constructor(table: string, comparable: (column: string, value: string) => string | bigint) {
    this.#table = table
    this.#comparable = comparable
  }

  get from(): string {
    const conditions = this.#conditions.join(' AND ')
    return conditions === '' ? this.#table : `${this.#table} WHERE ${conditions}`
  }

  and(condition: string): void {
    this.#conditions.push(condition)
  }

  /** The place of a value that is compared with this column. */
  value(column: string, value: string): string {
    this.values.push(this.#comparable(column, value))
    return `$${this.values.length}`
  }
}

function lengthOf(row: Row): number {
  return Object.values(row).reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 0), 0)
}

const rowsFirst = 50
const rowsMax = 200
const rowsMin = 5
/** Of which the largest articles, 2 MB each, make some five. */
const batchCharacters = 8_000_000
/** One more than the bytes that an article's body may have. */
const textCharactersMax = 2_000_001
/** Counting takes about as long as a batch up to here, and above it nobody waits for the last percent. */
const countedMax = 2_000_000
