/**
 * Reads every file of a folder of feeds as `onward ingest` would, writes nothing, and prints what each gave.
 *
 *     node benchmarks/feeds.ts --data FOLDER       default: $ONWARD_DATA; its `feeds/` if it has one
 */
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { ingest, type Rejected, type SourceReport } from '../src/ingest/ingest.ts'
import { Preparer } from '../src/ingest/preparer.ts'

const { values } = parseArgs({ options: { data: { type: 'string' } } })
const data = values.data ?? process.env.ONWARD_DATA
if (data === undefined) {
  console.error('Name a folder: node benchmarks/feeds.ts --data FOLDER, or set ONWARD_DATA.')
  process.exit(2)
}
const folder = existsSync(join(data, 'feeds')) ? join(data, 'feeds') : data

await using preparer = new Preparer()
const reports: SourceReport[] = []
const rejected = new Map<string, Rejected[]>()
const startedAt = performance.now()
const summary = await ingest([folder], {
  preparer,
  dryRun: true,
  write: async () => [],
  onSource: (report) => reports.push(report),
  onRejected: (one) => rejected.set(one.source, [...(rejected.get(one.source) ?? []), one]),
})

const rows = reports
  // The list of the files is no feed.
  .filter(({ source }) => basename(source) !== 'INDEX.tsv')
  .toSorted((a, b) => (a.source < b.source ? -1 : 1))
  .map((report) => ({ ...report, articles: report.records - report.rejected }))
const nameWidth = Math.max(...rows.map(({ source }) => basename(source).length))
for (const { source, format, articles, error } of rows) {
  const why = [error?.message.replace(`${source} `, ''), ...reasons(rejected.get(source) ?? [])]
    .filter(Boolean)
    .join('; ')
  console.log(
    `${basename(source).padEnd(nameWidth)}  ${String(articles).padStart(4)}  ${(format ?? '-').padEnd(11)}  ${why}`,
  )
}

const withArticles = rows.filter(({ articles }) => articles > 0)
const formats = Map.groupBy(withArticles, ({ format }) => format ?? '-')
console.log()
console.log(`${rows.length} files: ${withArticles.length} gave articles, ${rows.length - withArticles.length} did not.`)
console.log([...formats].map(([format, files]) => `${files.length} ${format}`).join(', '))
console.log(
  `${rows.reduce((sum, { articles }) => sum + articles, 0)} articles, ${summary.rejected} items rejected, ` +
    `${((performance.now() - startedAt) / 1000).toFixed(1)} s.`,
)

function reasons(rejections: readonly Rejected[]): string[] {
  const texts = rejections.flatMap(({ problems }) => problems.map(({ path, message }) => `${path} ${message}`.trim()))
  return [...Map.groupBy(texts, (text) => text)].map(([text, all]) =>
    all.length > 1 ? `${all.length} × ${text}` : text,
  )
}
