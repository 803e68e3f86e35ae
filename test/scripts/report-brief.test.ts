import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { withBrief } from '../../scripts/report-brief.ts'
import { renderReportMarkdown } from '../../src/report/render/report-markdown.ts'
import type { Report } from '../../src/report/report.ts'

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8')
const committed = async () => JSON.parse(await read('docs/report/report.json')) as Report

describe('what the README tells of the report', () => {
  it('is what the committed report says', async () => {
    const readme = await read('README.md')
    assert.equal(withBrief(readme, await committed()), readme, 'run npm run report:docs -- --redraw')
  })

  it('is replaced whole, and nothing around it', async () => {
    const report = await committed()
    const place = '<!-- report: npm run report:docs writes this -->OLD<!-- /report -->'
    const told = withBrief(`before\n${place}\nafter`, report)
    assert.match(told, /^before\n<!-- report/)
    assert.match(told, /<!-- \/report -->\nafter$/)
    assert.doesNotMatch(told, /OLD/)
    assert.match(told, /docs\/report\/chart\.svg/)
    assert.equal(withBrief(told, report), told)
  })

  it('has to have a place', async () => {
    const report = await committed()
    assert.throws(() => withBrief('no place', report), /README\.md has no place for the report/)
  })
})

describe('the committed report', () => {
  it('is drawn from its own figures', async () => {
    const report = await committed()
    assert.equal(await read('docs/report/report.md'), renderReportMarkdown(report, 'chart.svg'))
  })
})
