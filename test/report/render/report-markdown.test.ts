import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { renderReportMarkdown } from '../../../src/report/render/report-markdown.ts'
import { modeNames } from '../../../src/report/report.ts'
import { reportFixture } from '../report-fixture.ts'
import { awkwardReports } from './awkward-reports.ts'
import { unfoundedFigures } from './claims.ts'

suite('report.md', () => {
  test('opens with the sentence, what limits it, the picture and the four numbers', () => {
    const { rate, failedReadBefore } = reportFixture().summary
    const lines = renderReportMarkdown(reportFixture())
      .replaceAll('\u00a0', ' ')
      .split('\n')
      .filter((line) => line !== '')
    assert.equal(lines[0], '# onward: before and after')
    assert.match(
      lines[1] ?? '',
      /^\*\*With onward the site keeps up with at least 3,000 readers a second instead of 3\.\*\*/,
    )
    assert.match(lines[2] ?? '', /^> \*\*Here the load generator was the limit/)
    assert.match(lines[3] ?? '', /^!\[With onward .*\]\(chart\.svg\)$/)
    assert.deepEqual(lines.slice(4, 10), [
      '| | Before: blocking | After: onward |',
      '| --- | --: | --: |',
      '| **Readers a second before pages slow down**, with 99 of 100 pages complete within 50 ms | **3** | **at least 3,000** |',
      `| **The slowest 1 in 100 pages**, at ${rate} readers a second | **failed** | **8 ms** |`,
      `| **What every other page of the site felt**, at ${rate} readers a second | **4 s** | **4 ms** |`,
      `| **Pages read before that failed all the same**, in the incidents | **${failedReadBefore?.blocking}** | **0** |`,
    ])
  })

  for (const [name, report] of Object.entries({
    'a whole report': reportFixture({}, modeNames),
    ...awkwardReports(),
  })) {
    test(`of ${name} has no figure that the JSON does not carry, and whole tables`, () => {
      const text = renderReportMarkdown(report)
      assert.deepEqual(unfoundedFigures(text.replaceAll('\u00a0', ' ').replace('chart.svg', ''), report), [])
      assert.doesNotMatch(text, /NaN|undefined|Infinity|\bnull\b|\[object/)
      for (const table of text.split('\n\n').filter((part) => part.startsWith('|'))) {
        const widths = table
          .trim()
          .split('\n')
          .map((row) => row.match(/(?<!\\)\|/g)?.length)
        assert.equal(new Set(widths).size, 1, table)
      }
    })
  }

  test('a figure that was changed on its way is found out', () => {
    const report = reportFixture()
    const text = renderReportMarkdown(report).replaceAll('\u00a0', ' ').replace('chart.svg', '')
    assert.deepEqual(unfoundedFigures(text.replace('at least 3,000', 'at least 31,007'), report), ['31,007'])
    assert.deepEqual(unfoundedFigures(text.replace('**8 ms**', '**8.7 s**'), report), ['**8.7'])
  })

  test('markup and Markdown in names mean nothing', () => {
    const evil = 'a|b <img src=x> **c** [d](e) `f`\n# g'
    const report = reportFixture({
      command: 'onward report --data "```\nx"',
      partial: { reason: evil, missing: [evil] },
    })
    const text = renderReportMarkdown({ ...report, data: { ...report.data, name: evil } })
    assert.doesNotMatch(text, /(?<!\\)<img|^# g|(?<!\\)\[d\]|[^\\*]\*\*c/m)
    assert.ok(text.includes('````sh\nonward report --data "```\nx"\n````'), 'the fence is longer than what it holds')
  })

  test('says that it is incomplete', () => {
    const partial = { reason: 'Stopped by Ctrl-C.', missing: ['all incidents'] }
    assert.match(
      renderReportMarkdown(reportFixture({ partial })),
      /^> \*\*This report is incomplete\.\*\* Stopped by Ctrl-C\. Not measured: all incidents\.$/m,
    )
  })
})
