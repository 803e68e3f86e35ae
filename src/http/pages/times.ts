import { html } from 'ghtml'

/**
 * A `<time>` such as `2 November 2026, 09:30 UTC`; empty for what is not a time.
 *
 * Written out here and not by `Intl`, so that a page does not change with the ICU data of the machine that renders it.
 */
export function timeInFull(iso: string): string {
  const at = Date.parse(iso)
  return Number.isNaN(at) ? '' : html`<time datetime="${iso}">${fullTime(at)}</time>`
}

/** A `<time>` that tells the age at `now` (`3 hours ago`) within a week, and the date beyond; empty for what is not a time. */
export function timeAsAge(iso: string, now: number): string {
  const at = Date.parse(iso)
  return Number.isNaN(at) ? '' : html`<time datetime="${iso}" title="${fullTime(at)}">${age(at, now)}</time>`
}

/** `Monday, 2 November 2026`, in UTC. */
export function dayInFull(at: number): string {
  return `${weekdays[new Date(at).getUTCDay()]}, ${day(new Date(at))}`
}

function age(at: number, now: number): string {
  const minutes = Math.floor((now - at) / 60_000)
  // A clock that is a little ahead is not worth a word; a date that is truly ahead is told as a date.
  if (minutes < -5) return day(new Date(at))
  if (minutes < 1) return 'just now'
  if (minutes < 60) return count(minutes, 'minute')
  if (minutes < 24 * 60) return count(Math.floor(minutes / 60), 'hour')
  if (minutes < 7 * 24 * 60) return count(Math.floor(minutes / (24 * 60)), 'day')
  return day(new Date(at))
}

function count(number: number, unit: string): string {
  return `${number} ${unit}${number === 1 ? '' : 's'} ago`
}

function fullTime(at: number): string {
  const date = new Date(at)
  return `${day(date)}, ${twoDigits(date.getUTCHours())}:${twoDigits(date.getUTCMinutes())} UTC`
}

function twoDigits(number: number): string {
  return number < 10 ? `0${number}` : `${number}`
}

function day(date: Date): string {
  return `${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}`
}

const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
