import assert from 'node:assert/strict'
import { test } from 'node:test'
import { timelineChart } from '../../../src/report/render/charts.ts'
import type { Incident, TimelineBucket } from '../../../src/report/report.ts'
import { reportFixture } from '../report-fixture.ts'

const quiet = { atSeconds: 0, arrivals: 0, failed: 0, p50Ms: null, p99Ms: null, maxMs: null, healthzMaxMs: 1 }
const served = { ...quiet, arrivals: 4, p50Ms: 10, p99Ms: 20, maxMs: 20 }
const failed = { ...quiet, arrivals: 4, failed: 3 }

test('a line goes on where nobody came, and stops where pages failed', () => {
  assert.equal(piecesOf([served, quiet, served]), 1)
  assert.equal(piecesOf([served, failed, served]), 2)
  assert.equal(piecesOf([served, quiet, failed, quiet, served]), 2)
})

test('a bar stands for every moment in which a page failed, as high as the share that failed', () => {
  const bars =
    drawn([served, failed, { ...failed, failed: 4 }, quiet]).match(/<g class="failures">(.*?)<\/g>/s)?.[1] ?? ''
  const heights = [...bars.matchAll(/height="([\d.]+)"/g)].map(([, height]) => Number(height))
  assert.equal(heights.length, 2)
  assert.equal((heights[0] ?? 0) / (heights[1] ?? 0), 3 / 4)
})

function piecesOf(buckets: readonly TimelineBucket[]): number {
  const drawing = drawn(buckets)
  const path = /<path class="line solid" d="([^"]*)"/.exec(drawing)?.[1] ?? ''
  return path.match(/M/g)?.length ?? 0
}

function drawn(buckets: readonly TimelineBucket[]): string {
  const report = reportFixture({}, ['onward'])
  const [incident] = report.incidents
  assert.ok(incident)
  const timeline = buckets.map((bucket, at) => ({ ...bucket, atSeconds: at / 4 }))
  const changed: Incident = {
    ...incident,
    seconds: buckets.length / 4,
    bucketMs: 250,
    startsAtSeconds: 0.25,
    endsAtSeconds: 0.5,
    modes: incident.modes.map((mode) => ({ ...mode, timeline })),
  }
  return timelineChart(report, changed, { id: 'incident', width: 860 })
}
