import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkClock, checkConnections, checkDistance, examinationText, Findings } from '../../src/doctor/check.ts'

describe('what the doctor makes of figures', () => {
  it('warns of clocks that are apart by more than the way of the answer explains', () => {
    for (const [thereMs, tookMs, expected] of [
      [10_000, 0, 'ok'],
      [12_500, 0, 'warn'],
      [7_500, 0, 'warn'],
      // The answer was five seconds under way: nobody can tell.
      [11_000, 5000, 'ok'],
    ] as const) {
      const findings = new Findings()
      checkClock(findings, { thereMs, tookMs, hereMs: 10_000 })
      assert.equal(findings.checks[0]?.state, expected, `${thereMs} ${tookMs}`)
    }
    const findings = new Findings()
    checkClock(findings, { thereMs: 40_000, tookMs: 0, hereMs: 10_000 })
    checkClock(findings, { thereMs: 10_000, tookMs: 0, hereMs: 40_000 })
    assert.match(findings.checks[0]?.found ?? '', /is 30\.0 s behind the server's/)
    assert.match(findings.checks[1]?.found ?? '', /is 30\.0 s ahead of the server's/)
  })

  it('warns of a database that is far away', () => {
    const findings = new Findings()
    checkDistance(findings, 0.4)
    checkDistance(findings, 80)
    assert.deepEqual(
      findings.checks.map(({ state }) => state),
      ['ok', 'warn'],
    )
  })

  it('counts how many processes there is room for', () => {
    const findings = new Findings()
    checkConnections(findings, { most: 100, used: 60, perProcess: 18, setting: 'max_connections' })
    checkConnections(findings, { most: 100, used: 90, perProcess: 18, setting: 'max_connections' })
    checkConnections(findings, { most: 100, used: 110, perProcess: 18, setting: 'max_connections' })
    assert.deepEqual(
      findings.checks.map(({ state, found }) => [state, /room for (\d+) more/.exec(found)?.[1]]),
      [
        ['ok', '2'],
        ['warn', '0'],
        ['warn', '0'],
      ],
    )
  })

  it('prints what to do below what was found', () => {
    const findings = new Findings()
    findings.ok('version', 'New enough.')
    findings.fail('rights', 'Some are missing.', 'Run:\nGRANT ALL;')
    const text = examinationText({ part: 'store', location: 'postgres://db/news', checks: findings.checks })
    assert.equal(
      text,
      [
        'store: postgres://db/news',
        '  ok    version  New enough.',
        '  fail  rights   Some are missing.',
        '                 Run:',
        '                 GRANT ALL;',
        '',
      ].join('\n'),
    )
  })
})
