/** A number of report.json as it is written for people. */
export interface Figure {
  readonly value: number
  readonly text: string
}

// How each kind of figure is written, everywhere in the report. Below ten two digits are enough: the third of a
// latency is the machine's noise. Nothing that is more than nothing is written as 0, and nothing short of all as 100%.

/** `0.42 ms`, `8.3 ms`, `134 ms`, `1.1 s`, `19 s`, `2.5 min`. */
export function duration(ms: number): Figure {
  for (const { unit, perUnit, below } of durationUnits) {
    const text = digits(ms / perUnit)
    // Compared after rounding: 999.7 ms is 1 s, and not 1000 ms.
    if (Number(text.replaceAll(',', '')) < below || text.startsWith('under'))
      return { value: ms, text: `${text} ${unit}` }
  }
  return { value: ms, text: `${digits(ms / 3_600_000)} h` }
}

/** `4,800`, `12`, `2.5`: pages or readers a second. */
export function rate(perSecond: number): Figure {
  return { value: perSecond, text: digits(perSecond) }
}

/** `21,578`. */
export function count(number: number): Figure {
  return { value: number, text: grouped(number) }
}

/** `400`, `12`, `1.8`, as in `400 times`. */
export function times(ratio: number): Figure {
  return { value: ratio, text: digits(ratio) }
}

/** `0%`, `0.04%`, `12%`, `99.96%`, `100%`, of a share from 0 to 1. */
export function share(part: number): Figure {
  return { value: part, text: percentage(part * 100) }
}

/** `145 MiB`, `1.2 GiB`. */
export function memory(bytes: number): Figure {
  const mib = bytes / 2 ** 20
  return { value: bytes, text: mib < 999.5 ? `${digits(mib)} MiB` : `${digits(mib / 1024)} GiB` }
}

/** `2.5 s`, `45 s`, `4 min 30 s`, `2 h 5 min`: how long something went on. */
export function span(seconds: number): Figure {
  return { value: seconds, text: spanText(seconds) }
}

function spanText(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 60) return `${digits(seconds)} s`
  if (whole < 3600) return joined(`${Math.floor(whole / 60)} min`, whole % 60, 's')
  const minutes = Math.round(whole / 60)
  return joined(`${grouped(Math.floor(minutes / 60))} h`, minutes % 60, 'min')
}

function joined(large: string, small: number, unit: string): string {
  return small === 0 ? large : `${large} ${small} ${unit}`
}

function percentage(percent: number): string {
  if (percent === 0 || percent === 100) return `${percent}%`
  if (percent < 0.01) return 'under 0.01%'
  if (percent > 99.99) return 'over 99.99%'
  // Close to either end the decimals are what matters.
  const decimals = percent < 1 || percent > 99 ? 2 : percent < 10 || percent > 90 ? 1 : 0
  return `${Number(percent.toFixed(decimals))}%`
}

/** At most three digits that count, and no trailing zeros: `0.042`, `8.3`, `134`, `12,345`. */
function digits(value: number): string {
  if (value === 0) return '0'
  if (value < 0.001) return 'under 0.001'
  if (value >= 9.95) return grouped(value)
  return String(Number(value.toPrecision(2)))
}

// Written out and not by Intl, so that a report does not change with the language of the machine that makes it.
function grouped(number: number): string {
  return Math.round(number)
    .toFixed(0)
    .replace(/\B(?=(\d{3})+$)/g, ',')
}

const durationUnits = [
  { unit: 'ms', perUnit: 1, below: 1000 },
  { unit: 's', perUnit: 1000, below: 100 },
  { unit: 'min', perUnit: 60_000, below: 100 },
]
