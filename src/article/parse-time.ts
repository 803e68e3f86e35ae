/**
 * Reads a time in any form of ISO 8601 (calendar, week or ordinal date; extended or basic; with or without a time of day
 * and a zone) and gives it in UTC in the form of `toISOString`, or null when it is not one or names no real moment.
 *
 * A time without a zone is UTC; a date without a time is its midnight. A blank in place of the `T`, a lower-case `t` and
 * `z` (RFC 3339) and hours without minutes in the zone are accepted. Years 0001 to 9999: other years do not sort as text.
 */
export function parseTime(text: string): string | null {
  const [, date, clock, zone] = isoTime.exec(text.trim()) ?? []
  if (date === undefined) return null
  const dayMs = dateToMs(date)
  const timeMs = clock === undefined ? 0 : clockToMs(clock)
  const zoneMs = zone === undefined ? 0 : zoneToMs(zone)
  if (dayMs === null || timeMs === null || zoneMs === null) return null
  return timeFromMs(dayMs + timeMs - zoneMs)
}

/** The ISO form of a moment, or null outside the years 0001 to 9999. */
export function timeFromMs(ms: number): string | null {
  return ms >= firstMs && ms <= lastMs ? new Date(ms).toISOString() : null
}

/** Milliseconds of a calendar day in UTC, or null when there is no such day. `month` counts from 1. */
export function dayToMs(year: number, month: number, day: number): number | null {
  // Date.UTC takes the years 0 to 99 for 1900 to 1999; setUTCFullYear does not.
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
    ? date.getTime()
    : null
}

/** Milliseconds since midnight, or null when a clock never shows it; `24:00` is the end of the day, `:60` a leap second. */
export function timeOfDayToMs(hour: number, minute: number, second: number): number | null {
  if (minute > 59 || second >= 61 || hour > 24 || (hour === 24 && (minute > 0 || second > 0))) return null
  return Math.round((hour * 60 + minute) * minuteMs + Math.min(second, 59.999) * 1000)
}

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
const firstMs = Date.parse('0001-01-01T00:00:00.000Z')
const lastMs = Date.parse('9999-12-31T23:59:59.999Z')

const isoTime = /^(\d{4}[-\dW]*)(?:[Tt ]\s*([\d:]+(?:[.,]\d{1,20})?)(?:\s?([Zz]|[+\-−]\d{2}(?::?\d{2})?))?)?$/

function dateToMs(text: string): number | null {
  const calendar = /^(\d{4})-(\d{2})(?:-(\d{2}))?$|^(\d{4})(\d{2})(\d{2})$|^(\d{4})$/.exec(text)
  if (calendar) {
    const [, y1, m1, d1, y2, m2, d2, y3] = calendar
    return dayToMs(Number(y1 ?? y2 ?? y3), Number(m1 ?? m2 ?? 1), Number(d1 ?? d2 ?? 1))
  }
  const week = /^(\d{4})-?W(\d{2})(?:-?([1-7]))?$/.exec(text)
  if (week) return weekToMs(Number(week[1]), Number(week[2]), Number(week[3] ?? 1))
  const ordinal = /^(\d{4})-?(\d{3})$/.exec(text)
  if (!ordinal) return null
  const day = dayToMs(Number(ordinal[1]), 1, 1)
  const ms = day === null ? Number.NaN : day + (Number(ordinal[2]) - 1) * dayMs
  return new Date(ms).getUTCFullYear() === Number(ordinal[1]) ? ms : null
}

function weekToMs(year: number, week: number, weekday: number): number | null {
  // January 4th is always in week 1 (ISO 8601).
  const fourth = dayToMs(year, 1, 4)
  if (fourth === null || week < 1 || week > 53) return null
  const monday = fourth - ((new Date(fourth).getUTCDay() + 6) % 7) * dayMs
  const thursday = new Date(monday + ((week - 1) * 7 + 3) * dayMs)
  return thursday.getUTCFullYear() === year ? monday + ((week - 1) * 7 + weekday - 1) * dayMs : null
}

function clockToMs(text: string): number | null {
  const match = /^(\d{2})(?::?(\d{2})(?::?(\d{2})([.,]\d+)?)?)?$/.exec(text)
  if (!match) return null
  const [, hour, minute, second, fraction] = match
  return timeOfDayToMs(
    Number(hour),
    Number(minute ?? 0),
    Number(second ?? 0) + (fraction === undefined ? 0 : Math.floor(Number(`0.${fraction.slice(1)}`) * 1000) / 1000),
  )
}

function zoneToMs(text: string): number | null {
  if (text === 'Z' || text === 'z') return 0
  const hours = Number(text.slice(1, 3))
  const minutes = Number(text.slice(3).replace(':', '') || 0)
  // The furthest zones in use are -12:00 and +14:00; one hour of tolerance for war-time and local mean times.
  if (hours > 15 || minutes > 59) return null
  return (text.startsWith('+') ? 1 : -1) * (hours * 60 + minutes) * minuteMs
}
