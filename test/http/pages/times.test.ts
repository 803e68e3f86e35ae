import assert from 'node:assert/strict'
import { test } from 'node:test'
import { timeAsAge, timeInFull } from '../../../src/http/pages/times.ts'
import { now } from './views.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

test('an age is told in the largest unit that fits, and as a date beyond a week', () => {
  const ages: Array<[number, string]> = [
    [0, 'just now'],
    [minute - 1, 'just now'],
    [minute, '1 minute ago'],
    [hour - 1, '59 minutes ago'],
    [hour, '1 hour ago'],
    [day - 1, '23 hours ago'],
    [day, '1 day ago'],
    [7 * day - 1, '6 days ago'],
    [7 * day, '26 October 2026'],
  ]
  for (const [age, words] of ages) assert.equal(wordsOf(now - age), words)
})

test('a time a little ahead of the clock is now, and one that is truly ahead is a date', () => {
  assert.equal(wordsOf(now + 2 * minute), 'just now')
  assert.equal(wordsOf(now + 2 * day), '4 November 2026')
})

test('what is not a time is left out', () => {
  assert.equal(timeInFull('yesterday'), '')
  assert.equal(timeAsAge('', now), '')
})

function wordsOf(at: number): string {
  return timeAsAge(new Date(at).toISOString(), now).replace(/<[^>]*>/g, '')
}
