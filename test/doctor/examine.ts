import assert from 'node:assert/strict'
import { systemClock } from '../../src/concurrency/clock.ts'
import type { Check, Examination } from '../../src/doctor/check.ts'
import { examineStore } from '../../src/doctor/examine-store.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { DatabaseServer } from '../support/database-process.ts'

/** What the doctor finds at a store. */
export async function examine(url: string): Promise<Examination> {
  const examination = await examineStore(url, { clock: systemClock, signal: new AbortController().signal })
  assert.doesNotMatch(JSON.stringify(examination), /secret/, 'no password is shown')
  return examination
}

/** The checks that are not `ok`, by name. */
export function complaints({ checks }: Examination): Record<string, Check['state']> {
  return Object.fromEntries(checks.filter(({ state }) => state !== 'ok').map(({ name, state }) => [name, state]))
}

export function checkOf({ checks }: Examination, name: string): Check {
  const check = checks.find((one) => one.name === name)
  assert.ok(check, `${name} is not among ${checks.map((one) => one.name).join(', ')}`)
  return check
}

/** The URL of a store that was opened once, in a database of its own. */
export async function storeMadeOn(server: DatabaseServer): Promise<string> {
  const url = await server.createDatabase()
  await (await openStore(url))[Symbol.asyncDispose]()
  return url
}
