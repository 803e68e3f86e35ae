import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RestartBudget } from '../../src/cli/restart-budget.ts'
import { fakeClock } from '../support/fake-clock.ts'

test('ten deaths a minute are made good, and the eleventh is not', () => {
  const clock = fakeClock()
  const budget = new RestartBudget(clock, 10)
  for (let death = 1; death <= 10; death++) assert.ok(budget.spend(), `death ${death}`)
  assert.ok(!budget.spend())
})

test('a death that is a minute past counts no more', () => {
  const clock = fakeClock()
  const budget = new RestartBudget(clock, 1)
  assert.ok(budget.spend())
  clock.advance(59_999)
  assert.ok(!budget.spend())
  clock.advance(60_000)
  assert.ok(budget.spend())
})
