import { constants } from 'node:fs'
import { access, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isServerUrl } from '../database/open-database.ts'
import { InvalidOptionError } from '../errors.ts'
import type { ArchiveSource } from '../report/archive.ts'
import { makeArchive } from '../report/make-archive.ts'
import { makeReport } from '../report/make-report.ts'
import { type LadderSpread, type ModeName, modeNames, type Report } from '../report/report.ts'
import { reportSettings } from '../report/report-settings.ts'
import { writeReport } from '../report/write-report.ts'
import { type ReportFlags, version } from './cli.ts'

/**
 * Measures serving before and after onward, and writes `report.html`, `report.md` with its `chart.svg`, and
 * `report.json` into a folder.
 *
 * Ctrl-C ends the measuring, and what was measured by then is written, as a report that says that it is not whole.
 *
 * @returns the exit code: 1 when a part could not be measured, 130 when it was stopped
 */
export async function reportCommand(flags: ReportFlags, signal: AbortSignal): Promise<number> {
  const startedAtMs = Date.now()
  const settings = reportSettings({
    seconds: flags.seconds,
    full: flags.full,
    articles: flags.articles,
    modes: flags.modes?.map(knownMode),
  })
  // Before minutes are spent: a folder that cannot be written is known at once.
  await makeFolder(flags.out)
  const folder = await mkdtemp(join(tmpdir(), 'onward-report-'))
  try {
    const show = progressLine()
    const source = sourceOf(flags, settings)
    const where = { folder, on: serverOf(flags) }
    await using archive = await makeArchive(source, where, {
      signal,
      onProgress: (what, share) => show(`preparing: ${what}${share === null ? '' : ` ${Math.floor(share * 100)}%`}`),
    })
    const report = await makeReport(archive, {
      settings,
      command: commandOf(flags),
      versions: { onward: version(), node: process.versions.node, sqlite: process.versions.sqlite ?? 'unknown' },
      startedAtMs,
      signal,
      onProgress: (what, { share, secondsLeft }) =>
        show(`${String(Math.floor(share * 100)).padStart(3)}%  ${timeLeft(secondsLeft)}  ${what}`),
      onFailure: (what, why) => process.stderr.write(`\nonward: ${what} failed: ${why}\n`),
    })
    await writeReport(report, flags.out)
    process.stdout.write(inShort(report, flags.out))
    if (report.partial === null) return 0
    return signal.aborted ? 130 : 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function sourceOf(flags: ReportFlags, settings: { readonly articles: number; readonly seed: number }): ArchiveSource {
  if (flags.store !== undefined && flags.data !== undefined) {
    throw new InvalidOptionError('--store and --data name two archives. Name one of them.')
  }
  if (flags.store !== undefined) return { kind: 'store', url: flags.store }
  if (flags.data !== undefined) return { kind: 'source', name: flags.data }
  return { kind: 'generated', articles: settings.articles, seed: settings.seed }
}

/** The database server that `--on` names; null where it is the store's own, or a file. */
function serverOf({ on }: ReportFlags): string | null {
  if (on === undefined) return null
  if (isServerUrl(on)) return on
  // Not repeated, since it may hold a password.
  throw new InvalidOptionError(
    '--on names a database server to measure on: postgres://USER@HOST:PORT/DATABASE or mysql://USER@HOST:PORT/DATABASE. Without it SQLite is measured.',
  )
}

function knownMode(given: string): ModeName {
  const mode = modeNames.find((name) => name === given)
  if (mode) return mode
  throw new InvalidOptionError(`There is no mode ${JSON.stringify(given)}. The modes are: ${modeNames.join(', ')}.`)
}

async function makeFolder(out: string): Promise<void> {
  try {
    await mkdir(out, { recursive: true })
    await access(out, constants.W_OK)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new InvalidOptionError(`The folder ${out} cannot be written: ${why}. Name another with --out.`)
  }
}

/** As it can be typed again. A store's address may hold a password, and a source's folders are nobody's business. */
function commandOf({ store, data, on, out: _out, ...rest }: ReportFlags): string {
  const parts = ['onward report']
  if (store !== undefined) parts.push('--store URL')
  if (data !== undefined) parts.push(`--data ${data.split('/').at(-1)}`)
  if (on !== undefined) parts.push('--on URL')
  if (rest.full) parts.push('--full')
  if (rest.seconds !== undefined) parts.push(`--seconds ${rest.seconds}`)
  if (rest.articles !== undefined) parts.push(`--articles ${rest.articles}`)
  if (rest.modes !== undefined) parts.push(`--modes ${rest.modes.join(' ')}`)
  return parts.join(' ')
}

/** The few figures that a shell has room for; all else is in the files. */
function inShort({ summary, partial, machine, data, versions }: Report, out: string): string {
  const ms = (value: number | null | undefined) =>
    value === undefined ? '–' : value === null ? 'failed' : value.toFixed(1)
  const climbs = (spread: LadderSpread | undefined) => (spread === undefined ? '' : `${spread.min} to ${spread.max}`)
  const rows = modeNames
    .filter((mode) => summary.maxRate[mode] !== undefined || summary.pageP99Ms[mode] !== undefined)
    .map((mode) =>
      [
        mode.padEnd(18),
        `${summary.maxRateIsBound[mode] ? '>' : ''}${summary.maxRate[mode] ?? '–'}`.padStart(8),
        climbs(summary.maxRateSpread?.[mode]).padStart(15),
        ms(summary.pageP99Ms[mode]).padStart(12),
        ms(summary.healthzP99Ms[mode]).padStart(12),
        ms(summary.peak.pageP99Ms[mode]).padStart(12),
        ms(summary.peak.healthzP99Ms[mode]).padStart(12),
        String(summary.failed[mode] ?? '–').padStart(8),
      ].join(''),
    )
  return [
    `${data.articles} articles in ${versions.database ?? `SQLite ${versions.sqlite}`}. ${machine.line}`,
    `                   pages/s  least to most   page p99 ms at ${summary.rate}/s healthz     at ${summary.peak.rate}/s     healthz  failed`,
    ...rows,
    ...(partial ? [`Not whole: ${partial.reason} Missing: ${partial.missing.length} parts.`] : []),
    `Written to ${join(out, 'report.html')}, beside it report.md and report.json.`,
    '',
  ].join('\n')
}

/** One line on a terminal, a line for each piece of work elsewhere. */
function progressLine(): (text: string) => void {
  let last = ''
  return (text) => {
    const { stderr } = process
    if (stderr.isTTY) stderr.write(`\r\x1b[K${text}`)
    else if (text.replace(/\d+%/, '') !== last) stderr.write(`${text}\n`)
    last = text.replace(/\d+%/, '')
  }
}

function timeLeft(seconds: number): string {
  return seconds >= 60
    ? `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2)} s left`
    : `${seconds} s left`
}
