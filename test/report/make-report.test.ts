import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { makeReport } from '../../src/report/make-report.ts'
import type { Counts, ModeName } from '../../src/report/report.ts'
import { type ReportSettings, reportSettings } from '../../src/report/report-settings.ts'
import { summarise } from '../../src/report/summarise.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { smallArchive } from './archives.ts'

const modes: readonly ModeName[] = ['blocking', 'onward']

/** As `onward report`, in seconds. */
const tiny: ReportSettings = {
  ...reportSettings({ seconds: 1, modes }),
  seconds: 0.4,
  warmUpSeconds: 0.1,
  climbs: 2,
  ladderSeconds: 0.2,
  rateMax: 30,
  incidentWarmUpSeconds: 0.5,
  calmSeconds: 0.5,
  incidentSeconds: 0.5,
  recoverySeconds: 0.5,
}

describe('a report', { timeout: 300_000 }, () => {
  it('has every mode at every rate and in every incident, and a summary of them', { timeout: 300_000 }, async () => {
    await using folder = await temporaryFolder()
    const archive = await smallArchive(folder, 60)
    const progress: number[] = []
    const report = await makeReport(archive, {
      ...optionsFor(),
      onProgress: (_what, { share }) => progress.push(share),
    })
    assert.equal(report.partial, null, JSON.stringify(report.partial))
    assert.deepEqual(
      report.modes.map(({ mode }) => mode),
      modes,
    )
    for (const { mode, idle, ladder, rates } of report.modes) {
      assert.ok(idle.healthz.count > 0 && idle.memoryBytes > 10e6, mode)
      assert.deepEqual([...new Set(ladder?.steps.map(({ climb }) => climb))], [1, 2], mode)
      assert.deepEqual(
        rates.map(({ rate, runs }) => [rate, runs.length]),
        report.method.commonRates.map((rate) => [rate, tiny.runs]),
      )
      // A busy machine sustains little, and a run of less than a second at a low rate may have no reader at all.
      const all = rates.flatMap((measured) => measured.runs)
      assert.ok(
        all.some(({ counts }) => counts.served > 0),
        mode,
      )
      for (const { pages, loop, counts } of all) {
        assert.equal(counts.arrivals, counts.served + counts.failed + counts.left, mode)
        assert.equal(pages.page.count, counts.served + counts.failed, mode)
        assert.ok(loop.delayP50Ms > 0, mode)
      }
    }
    // The same readers for every mode.
    const arrivalsOf = (measured: readonly { readonly counts: Counts }[]) =>
      measured.map(({ counts }) => counts.arrivals)
    const [before, after] = report.modes.map(({ rates }) => rates.map(({ runs }) => arrivalsOf(runs)))
    assert.deepEqual(before, after)
    for (const incident of report.incidents) assert.equal(new Set(arrivalsOf(incident.modes)).size, 1)
    assert.deepEqual(
      report.incidents.map((incident) => [incident.name, incident.modes.map(({ mode }) => mode)]),
      [
        ['rail-hangs', modes],
        ['database-gone', modes],
        ['burst', modes],
      ],
    )
    for (const { name, seconds, bucketMs, modes: ofModes } of report.incidents) {
      for (const { timeline, counts } of ofModes) {
        assert.equal(timeline.length, (seconds * 1000) / bucketMs)
        assert.equal(
          timeline.reduce((sum, { arrivals }) => sum + arrivals, 0),
          counts.arrivals,
          name,
        )
      }
    }
    assert.deepEqual(report.summary, summarise(report.modes, report.incidents, report.method))
    assert.deepEqual(
      progress,
      progress.toSorted((a, b) => a - b),
    )
    // It is what is measured that is written: no text of an article, no id.
    assert.doesNotMatch(JSON.stringify(report), /"g\d+"/)
  })

  it('that is stopped on its way holds what it has, and says that it is not whole', async () => {
    await using folder = await temporaryFolder()
    const archive = await smallArchive(folder, 30)
    const stop = new AbortController()
    const report = await makeReport(archive, {
      ...optionsFor(),
      signal: stop.signal,
      onProgress: (what) => {
        if (what.startsWith('blocking: run 1')) stop.abort(new Error('Stopped.'))
      },
    })
    assert.deepEqual(
      report.modes.map(({ mode, ladder }) => [mode, ladder === null]),
      [['blocking', false]],
    )
    assert.equal(report.partial?.reason, 'Stopped before its end.')
    assert.ok(report.partial.missing.includes('onward: the highest rate, climb 1 of 2'))
    assert.ok(report.partial.missing.includes('blocking: run 1 of 2 at the common rates'))
    assert.ok(!report.partial.missing.includes('blocking: the highest rate, climb 2 of 2'))
  })
})

function optionsFor() {
  return {
    settings: tiny,
    command: 'onward report',
    versions: { onward: '0.0.0', node: process.versions.node, sqlite: '0' },
    startedAtMs: Date.now(),
    signal: new AbortController().signal,
    onProgress: () => {},
    onFailure: (what: string, why: string) => assert.fail(`${what}: ${why}`),
  }
}
