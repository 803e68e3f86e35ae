import { readFile } from 'node:fs/promises'
import { isServerUrl } from '../database/open-database.ts'
import { InvalidOptionError, problemText } from '../errors.ts'
import { builtInNames, parseMapping } from '../ingest/tables/parse-mapping.ts'
import { TableReader } from '../ingest/tables/read-table.ts'

/**
 * Parts databases from the other sources, and makes the reader of each one's table, as the mapping says.
 *
 * @param mapping the name of a content system that is known, or a file
 * @throws InvalidOptionError when a database has no mapping, a mapping no database, or the mapping cannot be used
 */
export async function splitTables(
  sources: readonly string[],
  mapping: string | undefined,
): Promise<{ readonly names: readonly string[]; readonly tables: readonly TableReader[] }> {
  const urls = sources.filter(isServerUrl)
  const names = sources.filter((source) => !isServerUrl(source))
  if (names.some((name) => /^sqlite:/i.test(name))) {
    throw new InvalidOptionError(
      'Articles are read out of the tables of PostgreSQL, MariaDB and MySQL, and not out of a SQLite file. Export it as JSON Lines, and name that file.',
    )
  }
  if (urls.length === 0) {
    if (mapping === undefined) return { names, tables: [] }
    throw new InvalidOptionError(
      '--mapping says how the table of a database is read, and no database was named. Expected a source such as mysql://reader@db.example/cms.',
    )
  }
  if (mapping === undefined) {
    throw new InvalidOptionError(
      `Which table of the database holds the articles is said with --mapping: ${builtInNames.join(', ')}, or a file that describes your own (docs/existing-tables.md).`,
    )
  }
  const given: unknown = builtInNames.some((name) => name === mapping) ? { builtIn: mapping } : await readJson(mapping)
  const parsed = parseMapping(given)
  if (!parsed.ok) {
    throw new InvalidOptionError(
      `The mapping ${mapping} cannot be used:\n${parsed.problems.map((problem) => `  ${problemText(problem)}`).join('\n')}\ndocs/existing-tables.md has examples.`,
    )
  }
  return { names, tables: [...new Set(urls)].map((url) => new TableReader(url, parsed.table)) }
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new InvalidOptionError(
      `The mapping ${path} cannot be read: ${why}. Expected ${builtInNames.join(', ')}, or a JSON file.`,
    )
  }
}
