import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ingest, type SourceReport } from '../../src/ingest/ingest.ts'
import { Preparer } from '../../src/ingest/preparer.ts'

const feeds = join(process.env.ONWARD_DATA ?? '', 'feeds')
const skip = process.env.ONWARD_DATA && existsSync(feeds) ? false : 'ONWARD_DATA names no folder with real feeds'

describe('148 feeds that were found in the world', { skip }, () => {
  it('give their articles, or say in words why not, and none stops another', async () => {
    await using preparer = new Preparer()
    const reports: SourceReport[] = []
    const summary = await ingest([feeds], {
      preparer,
      dryRun: true,
      write: async () => [],
      onSource: (report) => reports.push(report),
    })
    const files = reports.filter(({ source }) => !source.endsWith('INDEX.tsv'))
    assert.equal(files.length, 148)
    assert.equal(summary.records, summary.accepted + summary.rejected)
    for (const { source, state, error } of files) {
      if (state === 'failed') assert.match(error?.message ?? '', /^\S+ (?:is|names|cannot|declares) .*\.$/, source)
    }
    const given = files.filter(({ records, rejected }) => records > rejected)
    // 39 files hold no article that can be told: empty channels, web pages, packages, texts in an encoding that is not named.
    assert.ok(given.length >= 109, `${given.length} files gave articles`)
    assert.ok(summary.accepted >= 1044, `${summary.accepted} articles`)
  })
})
