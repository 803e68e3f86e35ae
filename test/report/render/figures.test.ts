import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { count, duration, memory, rate, share, span } from '../../../src/report/render/figures.ts'

suite('figures are written for people', () => {
  const cases: readonly [string, (value: number) => { readonly text: string }, readonly [number, string][]][] = [
    [
      'latencies',
      duration,
      [
        [0, '0 ms'],
        [0.00001, 'under 0.001 ms'],
        [0.0421, '0.042 ms'],
        [0.999, '1 ms'],
        [8.34, '8.3 ms'],
        [9.96, '10 ms'],
        [134.4, '134 ms'],
        [999.4, '999 ms'],
        [999.6, '1 s'],
        [1134, '1.1 s'],
        [19_462, '19 s'],
        [99_700, '1.7 min'],
        [3.6e8, '100 h'],
      ],
    ],
    [
      'rates',
      rate,
      [
        [0, '0'],
        [2.5, '2.5'],
        [12, '12'],
        [4800, '4,800'],
        [1e6, '1,000,000'],
      ],
    ],
    [
      'counts',
      count,
      [
        [0, '0'],
        [999, '999'],
        [21_578, '21,578'],
      ],
    ],
    [
      'shares',
      share,
      [
        [0, '0%'],
        [0.000001, 'under 0.01%'],
        [0.0004, '0.04%'],
        [0.12, '12%'],
        [0.9996, '99.96%'],
        [0.999999, 'over 99.99%'],
        [1, '100%'],
      ],
    ],
    [
      'memory',
      memory,
      [
        [145 * 2 ** 20, '145 MiB'],
        [1.25 * 2 ** 30, '1.3 GiB'],
      ],
    ],
    [
      'spans',
      span,
      [
        [0.25, '0.25 s'],
        [45, '45 s'],
        [59.6, '1 min'],
        [270, '4 min 30 s'],
        [7500, '2 h 5 min'],
        [7200, '2 h'],
      ],
    ],
  ]
  for (const [name, write, examples] of cases) {
    test(name, () => {
      for (const [value, text] of examples) assert.equal(write(value).text, text)
    })
  }

  test('nothing that is more than nothing is written as nothing, and nothing short of all as all', () => {
    const positive = fc.double({ min: 1e-12, max: 1e12, noNaN: true })
    fc.assert(
      fc.property(positive, (value) => {
        for (const write of [duration, rate, span]) assert.doesNotMatch(write(value).text, /^0(?![.\d])/)
      }),
    )
    fc.assert(
      fc.property(fc.double({ min: 1e-12, max: 1, maxExcluded: true, noNaN: true }), (part) => {
        assert.doesNotMatch(share(part).text, /^(?:0|100)%$/)
      }),
    )
  })

  test('a latency reads as it was measured, within the twentieth that two digits leave', () => {
    const units: Record<string, number> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 }
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 1e9, noNaN: true }), (ms) => {
        const [number = '', unit = ''] = duration(ms).text.split(' ')
        const read = Number(number.replaceAll(',', '')) * (units[unit] ?? Number.NaN)
        assert.ok(Math.abs(read / ms - 1) <= 0.051, `${ms} reads as ${read}`)
      }),
    )
  })
})
