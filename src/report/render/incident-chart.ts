import { line } from 'd3-shape'
import { html } from 'ghtml'
import type { Incident, IncidentMode, TimelineBucket } from '../report.ts'
import { type Area, type Axis, drawing, horizontalAxis, linearAxis, logAxis, px, verticalAxis } from './plot.ts'
import { modeLabels } from './words.ts'

/**
 * One incident: below each other and on the same axes, for each mode how long its pages took and which share of them
 * failed, moment by moment, with the incident shaded.
 */
export function incidentChart(given: {
  readonly id: string
  readonly width: number
  readonly incident: Incident
  readonly modes: readonly IncidentMode[]
  readonly title: string
  readonly description: string
  readonly limitMs: number
  readonly writeMs: (ms: number) => string
}): string {
  const { incident, modes, width } = given
  // Many modes below each other would not fit on one screen, and could not be compared.
  const columns = width > 700 && modes.length > 3 ? 2 : 1
  const rows = Math.ceil(modes.length / columns)
  const columnWidth = (width - gap * (columns - 1)) / columns
  const sides = Array.from({ length: columns }, (_, column) => {
    const start = column * (columnWidth + gap)
    return {
      start,
      modes: modes.slice(column * rows, (column + 1) * rows),
      left: start + 58,
      right: start + columnWidth - 8,
    }
  })
  const values = modes.flatMap(({ timeline }) =>
    timeline.flatMap(({ p50Ms, p99Ms }) => [p50Ms, p99Ms].filter((ms) => ms !== null)),
  )
  const ticks = Math.max(3, Math.floor(columnWidth / 75))
  return drawing({
    ...given,
    height: headHeight + rows * panelHeight + 30,
    body: html`!${sides.map((side) => {
      const time = linearAxis([0, incident.seconds], [side.left, side.right], ticks)
      const panels = side.modes.map((mode, row) => {
        const top = headHeight + row * panelHeight + nameHeight
        const latency: Area = { left: side.left, right: side.right, top, bottom: top + latencyHeight }
        const failed: Area = { ...latency, top: latency.bottom + 6, bottom: latency.bottom + 6 + failedHeight }
        const y = logAxis([...values, given.limitMs], [latency.bottom, latency.top], 3)
        const drawn = html`<g class="moments m-${mode.mode}"><text class="name" x="${px(side.start + 4)}" y="${px(top - 14)}">${modeLabels[mode.mode]}</text>!${verticalAxis(y, latency, given.writeMs)}!${timelines(mode, { time, y })}!${failures(mode, { time, area: failed, bucketMs: incident.bucketMs })}</g>`
        return { drawn, failed }
      })
      const bottom = panels.at(-1)?.failed
      if (bottom === undefined) return ''
      return html`!${shaded(incident, time, bottom.bottom)}!${panels.map(({ drawn }) => drawn)}!${horizontalAxis(time, bottom, String, 'seconds')}`
    })}`,
  })
}

function shaded(incident: Incident, time: Axis, bottom: number): string {
  const left = time.scale(incident.startsAtSeconds)
  const right = time.scale(incident.endsAtSeconds)
  return html`<g class="incident"><rect x="${px(left)}" y="${px(headHeight - 4)}" width="${px(Math.max(1, right - left))}" height="${px(bottom - headHeight + 4)}"/><text x="${px((left + right) / 2)}" y="${px(headHeight - 10)}" text-anchor="middle">during the incident</text></g>`
}

function timelines(mode: IncidentMode, places: { readonly time: Axis; readonly y: Axis }): string {
  const { time, y } = places
  // Where nobody came there is nothing to tell, and the line goes on; it stops where pages failed.
  const timeline = mode.timeline.filter(({ p99Ms, failed }) => p99Ms !== null || failed > 0)
  const path = (value: (bucket: TimelineBucket) => number | null) =>
    line<TimelineBucket>(
      ({ atSeconds }) => time.scale(atSeconds),
      (bucket) => y.scale(value(bucket) ?? 1),
    )
      .defined((bucket) => value(bucket) !== null)
      .digits(1)(timeline) ?? ''
  // A lone bucket between two without a value has no line to be seen by.
  const lone = timeline.filter(
    (bucket, at) =>
      bucket.p99Ms !== null && (timeline[at - 1]?.p99Ms ?? null) === null && (timeline[at + 1]?.p99Ms ?? null) === null,
  )
  const dots = lone.map(
    ({ atSeconds, p99Ms }) =>
      html`<circle class="dot" cx="${px(time.scale(atSeconds))}" cy="${px(y.scale(p99Ms ?? 1))}" r="2"/>`,
  )
  return html`<path class="thin" d="${path(({ p50Ms }) => p50Ms)}"/><path class="line solid" d="${path(({ p99Ms }) => p99Ms)}"/>!${dots}`
}

function failures(
  mode: IncidentMode,
  places: { readonly time: Axis; readonly area: Area; readonly bucketMs: number },
): string {
  const { time, area, bucketMs } = places
  const bars = mode.timeline
    .filter(({ failed, arrivals }) => failed > 0 && arrivals > 0)
    .map(({ atSeconds, failed, arrivals }) => {
      const left = time.scale(atSeconds)
      const height = Math.max(1.5, Math.min(1, failed / arrivals) * (area.bottom - area.top))
      const width = Math.max(1, time.scale(atSeconds + bucketMs / 1000) - left - 0.5)
      return html`<rect x="${px(left)}" y="${px(area.bottom - height)}" width="${px(width)}" height="${px(height)}"/>`
    })
  return html`<g class="axis"><path class="base" d="M${px(area.left)} ${px(area.bottom)}H${px(area.right)}"/><text x="${px(area.left - 8)}" y="${px(area.bottom)}" text-anchor="end">failed</text></g><g class="failures">!${bars}</g>`
}

const gap = 30
const headHeight = 26
const latencyHeight = 66
const failedHeight = 18
const nameHeight = 30
const panelHeight = nameHeight + latencyHeight + 6 + failedHeight + 16
