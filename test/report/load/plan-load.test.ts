import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Arrival, coldArrivals, type LoadSettings, planLoad } from '../../../src/report/load/plan-load.ts'

const settings: LoadSettings = {
  seed: 3,
  rate: 200,
  seconds: 30,
  warmUpSeconds: 5,
  mix: {
    zipfExponent: 1,
    popularArticles: 100,
    coldShare: 0.1,
    burstShare: 0.3,
    leavingShare: 0.02,
    publishesPerSecond: 1,
    healthzPerSecond: 10,
  },
  surge: null,
  coldBefore: 0,
}

describe('the schedule of a run', () => {
  const plan = planLoad(settings, 5000)
  const pages = plan.filter((arrival) => arrival.kind === 'page')

  it('is the same for the same seed, and in the order of its times', () => {
    assert.deepEqual(planLoad(settings, 5000), plan)
    assert.notDeepEqual(planLoad({ ...settings, seed: 4 }, 5000), plan)
    const times = plan.map(({ atMs }) => atMs)
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    )
  })

  it('has as many readers as were asked for, who come by chance', () => {
    assert.ok(Math.abs(pages.length - 7000) < 300, `${pages.length}`)
    // Of a Poisson process, counts in equal times vary by their own mean.
    const perSecond = Array.from({ length: 35 }, (_, second) => countIn(pages, second, second + 1))
    const mean = perSecond.reduce((sum, count) => sum + count, 0) / perSecond.length
    const variance = perSecond.reduce((sum, count) => sum + (count - mean) ** 2, 0) / perSecond.length
    assert.ok(variance > mean * 0.4 && variance < mean * 2, `mean ${mean}, variance ${variance}`)
  })

  it('reads a few articles often, and each cold one once until there are no more', () => {
    const popular = pages.filter(({ isCold }) => !isCold)
    const readsOfOne = [...Map.groupBy(popular, ({ article }) => article).values()].map(({ length }) => length)
    assert.ok(Math.max(...readsOfOne) > (5 * popular.length) / 100)
    assert.ok(popular.every(({ article }) => article < 100))
    const cold = pages.filter(({ isCold }) => isCold)
    assert.ok(Math.abs(cold.length / pages.length - 0.1) < 0.02)
    assert.equal(new Set(cold.map(({ article }) => article)).size, cold.length)
    assert.ok(cold.every(({ article, isColdAgain }) => article >= 100 && !isColdAgain))
    const next = planLoad({ ...settings, coldBefore: coldArrivals(plan) }, 5000).filter(
      (arrival) => arrival.kind === 'page' && arrival.isCold,
    )
    const seen = new Set(cold.map(({ article }) => article))
    assert.ok(next.every((arrival) => arrival.kind === 'page' && !seen.has(arrival.article)))
    const small = planLoad(settings, 300).filter((arrival) => arrival.kind === 'page' && arrival.isColdAgain)
    assert.ok(small.length > 0, 'where they run out it is said')
  })

  it('has one article break in the second third of what is counted', () => {
    const shareOfTop = (from: number, until: number) => {
      const within = pages.filter(({ atMs }) => atMs >= from * 1000 && atMs < until * 1000)
      const counts = [...Map.groupBy(within, ({ article }) => article).values()].map(({ length }) => length)
      return Math.max(...counts) / within.length
    }
    assert.ok(shareOfTop(15, 25) > 0.28)
    assert.ok(shareOfTop(5, 15) < 0.25)
  })

  it('publishes every second, and asks for health meanwhile', () => {
    assert.equal(plan.filter(({ kind }) => kind === 'publish').length, 35)
    const healthz = plan.filter(({ kind }) => kind === 'healthz').length
    assert.ok(Math.abs(healthz - 350) < 80, `${healthz}`)
    assert.ok(plan.every(({ atMs, isCounted }) => isCounted === atMs >= 5000))
  })

  it('has a surge of readers where one was asked for', () => {
    const surge = planLoad({ ...settings, surge: { from: 10, until: 20, times: 5 } }, 5000)
    const within = surge.filter((arrival) => arrival.kind === 'page')
    const [before, during] = [countIn(within, 5, 15) / 10, countIn(within, 15, 25) / 10]
    assert.ok(Math.abs(before - 200) < 20 && Math.abs(during - 1000) < 50, `${before}/s, then ${during}/s`)
  })
})

function countIn(arrivals: readonly Arrival[], fromSecond: number, untilSecond: number): number {
  return arrivals.filter(({ atMs }) => atMs >= fromSecond * 1000 && atMs < untilSecond * 1000).length
}
