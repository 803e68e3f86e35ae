import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { renderReportChart } from '../../../src/report/render/report-chart.ts'
import { reportFixture } from '../report-fixture.ts'
import { awkwardReports } from './awkward-reports.ts'
import { unfoundedClaims } from './claims.ts'

suite('chart.svg', () => {
  test('says its sentence in words, and brings its paper, its light and its dark', () => {
    const chart = renderReportChart(reportFixture())
    assert.match(chart, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 \d+ \d+" width="\d+" height="\d+"/)
    assert.match(chart, /<title id="chart-title">With onward the site keeps up with [^<]*<\/title>/)
    assert.match(chart, /prefers-color-scheme:dark/)
    assert.match(chart, /<rect class="paper"/)
  })

  for (const [name, report] of Object.entries({ 'a whole report': reportFixture(), ...awkwardReports() })) {
    test(`of ${name} is well formed, asks for nothing and claims nothing of its own`, () => {
      const chart = renderReportChart(report)
      assert.deepEqual(unbalanced(chart), [])
      assert.doesNotMatch(chart, /NaN|undefined|Infinity|<script|<image|href|url\(|@import|&nbsp;/)
      assert.deepEqual(unfoundedClaims(chart, report), [])
    })
  }
})

/** An image is parsed as XML, which forgives nothing: what was not closed, or closed and not open. */
function unbalanced(xml: string): string[] {
  const open: string[] = []
  const wrong: string[] = []
  for (const [, closing, name = '', selfClosing] of xml.matchAll(/<(\/?)([a-z]+)(?:\s+[\w:-]+="[^"<]*")*\s*(\/?)>/gi)) {
    if (selfClosing) continue
    if (!closing) open.push(name)
    else if (open.pop() !== name) wrong.push(name)
  }
  assert.equal(
    xml.match(/</g)?.length,
    xml.match(/<\/?[a-z]+(?:\s+[\w:-]+="[^"<]*")*\s*\/?>/gi)?.length,
    'every < opens a tag',
  )
  return [...wrong, ...open]
}
