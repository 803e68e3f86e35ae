import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { asText } from '../../../src/report/render/phrase.ts'
import { headlineOf } from '../../../src/report/render/words.ts'
import type { ByMode, ModeName, Report } from '../../../src/report/report.ts'
import { reportFixture } from '../report-fixture.ts'

suite('the one sentence', () => {
  const cases: readonly {
    readonly of: string
    readonly maxRate: ByMode<number>
    readonly bounds?: readonly ModeName[]
    readonly says: string
  }[] = [
    {
      of: 'a gain',
      maxRate: { blocking: 12, onward: 4800 },
      says: 'With onward the site keeps up with 4,800 readers a second instead of 12',
    },
    {
      of: 'a gain that the load generator could not measure to its end',
      maxRate: { blocking: 12, onward: 4800 },
      bounds: ['onward'],
      says: 'With onward the site keeps up with at least 4,800 readers a second instead of 12',
    },
    {
      of: 'a loss',
      maxRate: { blocking: 12, onward: 6 },
      says: 'With onward the site keeps up with fewer readers here: 6 a second instead of 12',
    },
    {
      of: 'no difference',
      maxRate: { blocking: 12, onward: 12 },
      says: 'The site keeps up with 12 readers a second, with onward as without',
    },
    {
      of: 'a site that kept up with nothing',
      maxRate: { blocking: 0, onward: 1 },
      says: 'With onward the site keeps up with 1 reader a second; before, with no rate that was tried',
    },
    {
      of: 'onward keeping up with nothing',
      maxRate: { blocking: 12, onward: 0 },
      says: 'onward kept up with no rate that was tried; before, the site kept up with 12 readers a second',
    },
    {
      of: 'nothing that kept up',
      maxRate: { blocking: 0, onward: 0 },
      says: 'Neither the site as it was nor onward kept up with any rate that was tried',
    },
    ...(
      [
        ['before', ['blocking'], 4800],
        ['both', ['blocking', 'onward'], 4800],
        ['after, below what was before', ['onward'], 6],
      ] as const
    ).map(([which, bounds, onward]) => ({
      of: `a load generator that was the limit of ${which}`,
      maxRate: { blocking: 12, onward },
      bounds,
      says: 'How many more readers the site keeps up with cannot be told from this run: the load generator could not keep its own schedule',
    })),
    {
      of: 'onward alone',
      maxRate: { onward: 4800 },
      says: 'onward keeps up with 4,800 readers a second; there is no before to compare it with',
    },
    {
      of: 'the site alone',
      maxRate: { sequential: 12 },
      says: 'Before onward, the site keeps up with 12 readers a second; onward was not measured',
    },
    {
      of: 'the next best of each, where blocking and onward were not measured',
      maxRate: { capped: 20, concurrent: 12, 'onward-uncached': 300 },
      says: 'With onward without its caches the site keeps up with 300 readers a second instead of 12',
    },
    { of: 'nothing', maxRate: {}, says: 'Too little was measured to compare before and after' },
  ]
  for (const { of, maxRate, bounds = [], says } of cases) {
    test(`tells of ${of}`, () => {
      assert.equal(asText(headlineOf(reportOf(maxRate, bounds))).replaceAll('\u00a0', ' '), says)
    })
  }
})

function reportOf(maxRate: ByMode<number>, bounds: readonly ModeName[]): Report {
  const modes = Object.keys(maxRate) as ModeName[]
  const report = reportFixture({}, modes)
  const maxRateIsBound = Object.fromEntries(modes.map((mode) => [mode, bounds.includes(mode)]))
  return { ...report, summary: { ...report.summary, maxRate, maxRateIsBound } }
}
