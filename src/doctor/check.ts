import type { Clock } from '../concurrency/clock.ts'
import type { Row } from '../database/database.ts'

/** One thing that was looked at. */
export interface Check {
  /** What was looked at, in a word or two. */
  readonly name: string
  /** `warn`: it works, and something should be known or done; `fail`: onward cannot work so. */
  readonly state: 'ok' | 'warn' | 'fail'
  /** As a sentence. */
  readonly found: string
  /** What to do, as a sentence or SQL; null where there is nothing to do. */
  readonly remedy: string | null
}

/** All that was looked at in one place. */
export interface Examination {
  readonly part: 'store' | 'cache'
  /** Without secrets. */
  readonly location: string
  readonly checks: readonly Check[]
}

/** Takes down what is found, in the order in which it is. */
export class Findings {
  readonly checks: Check[] = []

  ok(name: string, found: string): void {
    this.checks.push({ name, state: 'ok', found, remedy: null })
  }

  warn(name: string, found: string, remedy: string): void {
    this.checks.push({ name, state: 'warn', found, remedy })
  }

  fail(name: string, found: string, remedy: string | null = null): void {
    this.checks.push({ name, state: 'fail', found, remedy })
  }
}

/** For people: a line for each check, with what to do below it. */
export function examinationText({ part, location, checks }: Examination): string {
  const width = Math.max(...checks.map(({ name }) => name.length))
  const lines = checks.flatMap(({ state, name, found, remedy }) => {
    const rest = remedy === null ? [] : remedy.split('\n').map((line) => `${' '.repeat(width + 10)}${line}`)
    return [`  ${state.padEnd(4)}  ${name.padEnd(width)}  ${found}`, ...rest]
  })
  return [`${part}: ${location}`, ...lines, ''].join('\n')
}

/** Puts a question to a database server. */
export type Ask = (text: string, values?: readonly string[]) => Promise<Row[]>

/** What a question and its answer took, and what a clock elsewhere showed in between. */
export interface ClockReading {
  readonly tookMs: number
  readonly thereMs: number
  /** This machine's clock, when the answer had come. */
  readonly hereMs: number
}

/**
 * Asks the server for its clock, and measures what asking takes.
 *
 * @param question gives `now`, in seconds since 1970
 */
export async function checkDistanceAndClock(
  ask: Ask,
  findings: Findings,
  { clock, question }: { readonly clock: Clock; readonly question: string },
): Promise<void> {
  const startedAt = clock.monotonicMs()
  const [reading] = await ask(question)
  const tookMs = clock.monotonicMs() - startedAt
  checkDistance(findings, tookMs)
  checkClock(findings, { tookMs, thereMs: Number(reading?.now) * 1000, hereMs: clock.now() })
}

/** @param about.option what is added to the URL to have it encrypted */
export function checkEncryption(
  findings: Findings,
  about: { readonly isEncrypted: boolean; readonly isHere: boolean; readonly option: string },
): void {
  const { isEncrypted, isHere, option } = about
  if (isEncrypted) findings.ok('encryption', 'The connection is encrypted.')
  else if (isHere) findings.ok('encryption', 'The connection is not encrypted, and does not leave this machine.')
  else {
    findings.warn(
      'encryption',
      'The connection is not encrypted.',
      `Add ${option} to the URL, where the network is not your own.`,
    )
  }
}

/** Leases, embargoes and ages of copies go by the clock of each node: those of a fleet have to agree. */
export function checkClock(findings: Findings, { tookMs, thereMs, hereMs }: ClockReading): void {
  const apartMs = Math.round(thereMs - (hereMs - tookMs / 2))
  // The answer was under way for an unknown part of the time that it took.
  const isApart = Math.abs(apartMs) - tookMs / 2 > clockSkewMaxMs
  const found = `The clock of this machine is ${(Math.abs(apartMs) / 1000).toFixed(1)} s ${apartMs > 0 ? 'behind' : 'ahead of'} the server's.`
  if (isApart) {
    findings.warn(
      'clock',
      found,
      'Let both keep their time by NTP: embargoes end, and leases pass on, by the clock of each machine.',
    )
  } else findings.ok('clock', 'The clocks of this machine and of the server agree.')
}

/** Takeover of the rails' upkeep allows for as much as this between two machines, and some more. */
const clockSkewMaxMs = 2000

/** What a question takes there and back, against the time that a reader waits for an article. */
export function checkDistance(findings: Findings, tookMs: number): void {
  const found = `A question and its answer take ${tookMs.toFixed(1)} ms.`
  if (tookMs <= distanceMaxMs) findings.ok('distance', found)
  else
    findings.warn(
      'distance',
      found,
      'Run onward nearer to its database: an article that is not in memory takes two or three of these.',
    )
}

const distanceMaxMs = 20

/** Whether the connections that are left are enough for one process, and for how many. */
export function checkConnections(
  findings: Findings,
  { most, used, perProcess, setting }: { most: number; used: number; perProcess: number; setting: string },
): void {
  const left = Math.max(0, most - used)
  const found = `The server lets this user have ${most} connections; ${used} are in use. A process of onward opens at most ${perProcess}: there is room for ${Math.floor(left / perProcess)} more.`
  if (left >= perProcess) findings.ok('connections', found)
  else
    findings.warn(
      'connections',
      found,
      `Raise ${setting}, or let fewer processes connect. Processes that run already are among those in use.`,
    )
}

/** Which version the tables are of. */
export function checkSchema(
  findings: Findings,
  { found, known, mayChange }: { readonly found: number; readonly known: number; readonly mayChange: boolean },
): void {
  if (found === known) findings.ok('schema', `The tables are of this version (${known}).`)
  else if (found > known) {
    findings.fail(
      'schema',
      `The tables are of a newer onward (schema ${found}; this one knows up to ${known}).`,
      'Run that version, or name another database.',
    )
  } else {
    const remedy = mayChange ? 'Nothing has to be done.' : 'Let their owner start this version once.'
    findings.warn(
      'schema',
      `The tables are of an older onward (schema ${found}); the next start brings them to ${known}.`,
      remedy,
    )
  }
}

/** Said of tables that are not there, and need not be. */
export const noTablesYet = 'There are none yet, as before a first start, which makes them.'
