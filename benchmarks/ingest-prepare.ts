/**
 * How many records a second the preparer's thread checks, sanitises, fingerprints and finds the language of; nothing is
 * stored.
 *
 *     node benchmarks/ingest-prepare.ts [SOURCE…]      default: $ONWARD_DATA/reuters21578.jsonl.gz
 */
import { join } from 'node:path'
import { ingest } from '../src/ingest/ingest.ts'
import { Preparer } from '../src/ingest/preparer.ts'

const named = process.argv.slice(2)
const data = process.env.ONWARD_DATA
if (named.length === 0 && data === undefined) {
  console.error('Name a source: node benchmarks/ingest-prepare.ts SOURCE, or set ONWARD_DATA.')
  process.exit(2)
}
const sources = named.length > 0 ? named : [join(data ?? '', 'reuters21578.jsonl.gz')]

await using preparer = new Preparer()
const languages = new Map<string, number>()
const before = process.cpuUsage()
const summary = await ingest(sources, {
  preparer,
  write: async (batch) => {
    for (const { input } of batch)
      languages.set(input.language ?? 'not told', (languages.get(input.language ?? 'not told') ?? 0) + 1)
    return batch.map(({ input }) => ({ id: input.id, outcome: 'unchanged', seq: null }))
  },
})
const cpuMs = process.cpuUsage(before)
const seconds = summary.tookMs / 1000
console.log(
  `${summary.records} records, ${summary.rejected} rejected, ${seconds.toFixed(2)} s: ${Math.round(summary.records / seconds)} a second`,
)
console.log(
  `${((cpuMs.user + cpuMs.system) / 1e6).toFixed(2)} s of processor time on both threads; languages: ${[...languages].map(([name, n]) => `${name} ${n}`).join(', ')}`,
)
