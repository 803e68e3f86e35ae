import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { modeNames } from '../../src/report/report.ts'
import { reportSettings } from '../../src/report/report-settings.ts'

describe('how much a report measures', () => {
  it('is the story, the usual repair and onward, several runs of each, when nothing is said', () => {
    const { modes, runs, incidents, incidentSeconds } = reportSettings({})
    assert.deepEqual(modes, ['blocking', 'concurrent', 'onward'])
    assert.equal(runs, 2)
    assert.equal(reportSettings({ seconds: 3 }).runs, 3)
    assert.equal(incidents.length, 3)
    assert.equal(incidentSeconds, 3)
  })

  it('is everything, and longer incidents, with --full', () => {
    const { modes, incidentSeconds, seconds } = reportSettings({ full: true })
    assert.deepEqual(modes, modeNames)
    assert.equal(incidentSeconds, 10)
    assert.equal(seconds, 20)
    assert.equal(reportSettings({ full: true, seconds: 5 }).seconds, 5)
  })

  it('is a quick look with 2 seconds: no part of it is longer, and the archive is small', () => {
    const quick = reportSettings({ seconds: 2 })
    const { seconds, ladderSeconds, calmSeconds, incidentSeconds, recoverySeconds } = quick
    for (const part of [seconds, ladderSeconds, calmSeconds, incidentSeconds, recoverySeconds]) assert.ok(part <= 2)
    assert.ok(quick.articles < reportSettings({}).articles)
    assert.equal(quick.runs, 2)
  })

  it('climbs once in the five minutes of a report for which nothing is said, and three times where something is', () => {
    const climbs = (given: Parameters<typeof reportSettings>[0]) => reportSettings(given).climbs
    assert.deepEqual(
      [climbs({}), climbs({ seconds: 3 }), climbs({ modes: ['onward'] }), climbs({ full: true })],
      [1, 3, 3, 5],
    )
    assert.equal(climbs({ seconds: 2 }), 1)
    assert.ok(reportSettings({ seconds: 3 }).lowRateTimes > reportSettings({}).lowRateTimes)
  })

  it('keeps the order of the modes, however they are named', () => {
    assert.deepEqual(reportSettings({ modes: ['onward', 'blocking'] }).modes, ['blocking', 'onward'])
  })
})
