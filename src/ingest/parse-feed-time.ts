import { dayToMs, parseTime, timeFromMs, timeOfDayToMs } from '../article/parse-time.ts'

/**
 * The time that a feed wrote, in UTC, or undefined when it cannot be told: a missing date is better than a wrong one.
 *
 * Reads ISO 8601, RFC 822 and its relatives (no weekday, a full or a cut month name, two-digit years, dashes, named zones),
 * the form of C's `asctime` and `November 2, 2026 9:30 pm`. `Date.parse` is not asked: it makes a date of nearly anything
 * ("Chapter 12" is a day in 2001), and of times without a zone one in the machine's own.
 */
export function parseFeedTime(text: string | undefined): string | undefined {
  const trimmed = text?.trim().slice(0, 100) ?? ''
  if (trimmed === '') return undefined
  const time = parseTime(trimmed) ?? inWords(trimmed)
  // Content systems write 0001-01-01 or 1601-01-01 for "never".
  return time !== null && time > '1700' ? time : undefined
}

const dayFirst =
  /^(?:[a-z]{2,10}\.?,?\s+)?(\d{1,2})(?:st|nd|rd|th)?[\s-]+([a-z]{3,9})\.?,?[\s-]+(\d{4}|\d{2})(?:[\s,T]+(.*))?$/i
const monthFirst =
  /^(?:[a-z]{2,10}\.?,?\s+)?([a-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})(?:[\s,]+(?:at\s+)?(.*))?$/i
const asctime = /^(?:[a-z]{3},?\s+)?([a-z]{3})\s+(\d{1,2})\s+(\d{1,2}:\d{2}(?::\d{2})?)(?:\s+([a-z]{1,5}))?\s+(\d{4})$/i
const clock = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?\s*([ap]\.?m\.?)?\s*(.*)$/i

function inWords(text: string): string | null {
  const byDay = dayFirst.exec(text)
  if (byDay) return assemble(byDay[3], byDay[2], byDay[1], byDay[4])
  const byMonth = monthFirst.exec(text)
  if (byMonth) return assemble(byMonth[3], byMonth[1], byMonth[2], byMonth[4])
  const inC = asctime.exec(text)
  return inC ? assemble(inC[5], inC[1], inC[2], `${inC[3]} ${inC[4] ?? ''}`) : null
}

function assemble(year = '', month = '', day = '', time = ''): string | null {
  const monthNumber = months.indexOf(month.slice(0, 3).toLowerCase()) + 1
  const dayMs = monthNumber === 0 ? null : dayToMs(fullYear(year), monthNumber, Number(day))
  if (dayMs === null) return null
  if (time.trim() === '') return timeFromMs(dayMs)
  const [, hour = '', minute = '', second = '0', half, zone = ''] = clock.exec(time.trim()) ?? []
  const timeMs = hour === '' ? null : timeOfDayToMs(hourOfDay(Number(hour), half), Number(minute), Number(second))
  const zoneMinutes = zoneToMinutes(zone.trim())
  return timeMs === null || zoneMinutes === null ? null : timeFromMs(dayMs + timeMs - zoneMinutes * 60_000)
}

function fullYear(text: string): number {
  const year = Number(text)
  // RFC 2822, section 4.3.
  return text.length === 2 ? year + (year < 50 ? 2000 : 1900) : year
}

function hourOfDay(hour: number, half: string | undefined): number {
  if (half === undefined) return hour
  return (hour % 12) + (half.toLowerCase().startsWith('p') ? 12 : 0)
}

function zoneToMinutes(zone: string): number | null {
  // `(CEST)` after the number is a comment.
  const bare = zone.replace(/\s*\([^)]*\)$/, '').replace(/^(?:GMT|UTC)(?=[+-])/i, '')
  if (bare === '') return 0
  const offset = /^([+-])(\d{1,2}):?(\d{2})?$/.exec(bare)
  if (offset) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3] ?? 0)
    return minutes > 15 * 60 ? null : minutes * (offset[1] === '+' ? 1 : -1)
  }
  return zones.get(bare.toUpperCase()) ?? null
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

// RFC 822's own, and those that newspapers' feeds use. IST and CST have more than one meaning: the commoner among feeds.
const zones = new Map<string, number>(
  Object.entries({
    ...{ UT: 0, UTC: 0, GMT: 0, Z: 0, WET: 0, BST: 60, WEST: 60, CET: 60, MET: 60, CEST: 120, MEST: 120, EET: 120 },
    ...{
      EEST: 180,
      MSK: 180,
      IST: 330,
      JST: 540,
      KST: 540,
      AWST: 480,
      ACST: 570,
      AEST: 600,
      AEDT: 660,
      NZST: 720,
      NZDT: 780,
    },
    ...{ BRT: -180, ART: -180, NST: -210, AST: -240, ADT: -180, EST: -300, EDT: -240, CST: -360, CDT: -300, MST: -420 },
    ...{ MDT: -360, PST: -480, PDT: -420, AKST: -540, AKDT: -480, HST: -600 },
  }),
)
