import type { Database, Row } from '../../database/database.ts'

/**
 * What other tables say of a batch of rows, in one query: by the id that each row gives as `owner`, in the order of the query.
 *
 * @param query.text with `:owners` where the ids stand
 * @param query.owners whole numbers where their column has such
 */
export async function companions(
  database: Database,
  query: {
    readonly text: string
    readonly owners: ReadonlyArray<string | bigint>
    readonly signal: AbortSignal | undefined
  },
): Promise<Map<string, Row[]>> {
  const { text, owners, signal } = query
  const found = new Map<string, Row[]>()
  if (owners.length === 0) return found
  const places = owners.map((_, index) => `$${index + 1}`).join(', ')
  for (const row of await database.query(text.replace(':owners', places), owners, signal)) {
    const owner = String(row.owner)
    const rows = found.get(owner)
    if (rows) rows.push(row)
    else found.set(owner, [row])
  }
  return found
}
