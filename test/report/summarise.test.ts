import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { spreadOf, summarise } from '../../src/report/summarise.ts'
import { reportFixture } from './report-fixture.ts'

describe('the summary', () => {
  it('holds nothing that the figures do not', () => {
    const { modes, incidents, method, summary } = reportFixture()
    const { timesFasterP99, timesMoreReaders, ...figures } = summarise(modes, incidents, method)
    const { timesFasterP99: _faster, timesMoreReaders: _more, ...expected } = summary
    assert.deepEqual(figures, expected)
    assert.equal(timesMoreReaders, (summary.maxRate.onward ?? 0) / (summary.maxRate.blocking ?? 0))
    assert.equal(timesFasterP99, null, 'blocking failed too often to have a p99')
  })

  it('has no ratio where blocking sustains nothing', () => {
    const { modes, incidents, method } = reportFixture()
    const without = modes.map((mode) =>
      mode.mode === 'blocking' && mode.ladder ? { ...mode, ladder: { ...mode.ladder, maxRate: 0 } } : mode,
    )
    assert.equal(summarise(without, incidents, method).timesMoreReaders, null)
  })

  it('leaves out a mode that was not reached', () => {
    const { modes, incidents, method } = reportFixture()
    const { maxRate, pageP99Ms } = summarise(modes.slice(0, 1), incidents, method)
    assert.deepEqual([Object.keys(maxRate), Object.keys(pageP99Ms)], [['blocking'], ['blocking']])
  })
})

describe('the spread of several runs', () => {
  it('is their median and how far they lie apart, whatever their order', () => {
    const runs = reportFixture().modes.at(-1)?.rates[0]?.runs ?? []
    const { pageP99Ms } = spreadOf(runs.toReversed())
    const p99s = runs.map(({ pages }) => pages.page.p99)
    assert.deepEqual(pageP99Ms, { min: p99s[0], median: p99s[1], max: p99s[2] })
  })

  it('takes what failed as the latest of all', () => {
    const [run] = reportFixture().modes[2]?.rates[0]?.runs ?? []
    assert.ok(run)
    const failed = { ...run, pages: { ...run.pages, page: { ...run.pages.page, p99: null } } }
    const { pageP99Ms } = spreadOf([failed, run, run])
    assert.deepEqual(pageP99Ms, { min: run.pages.page.p99, median: run.pages.page.p99, max: null })
  })
})
