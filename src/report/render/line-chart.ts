import { line as pathOf } from 'd3-shape'
import { html } from 'ghtml'
import type { ModeName } from '../report.ts'
import {
  type Area,
  type Axis,
  apart,
  drawing,
  horizontalAxis,
  legend,
  linearAxis,
  logAxis,
  marker,
  px,
  textWidth,
  verticalAxis,
} from './plot.ts'

/** One mode's line. */
export interface Line {
  readonly mode: ModeName
  readonly label: string
  /** Ascending by `x`. A `y` of null falls on requests that failed: it is drawn at the top, as failed. */
  readonly points: readonly { readonly x: number; readonly y: number | null; readonly hollow?: boolean }[]
}

/** What a chart of lines is drawn from. Both axes carry their unit; the one that goes up is logarithmic. */
export interface LineChart {
  readonly id: string
  readonly width: number
  readonly height: number
  readonly title: string
  readonly description: string
  readonly lines: readonly Line[]
  readonly x: {
    readonly title: string
    readonly write: (value: number) => string
    /** Places that are named, in place of a logarithmic axis. */
    readonly named?: readonly number[]
  }
  readonly y: { readonly title: string; readonly write: (value: number) => string }
  /** What a line must stay under. It is named beside its line, or where it has no name by its figure at the axis. */
  readonly limit?: { readonly y: number; readonly name?: string }
  /** Where the lines are named: above the chart, or at their ends, which wants room at the right. */
  readonly names: 'above' | 'at the ends'
  /** Markup that is drawn over the chart, from the places on it. */
  readonly over?: (places: { readonly area: Area; readonly x: Axis; readonly y: Axis }) => string
  readonly before?: string
}

/** A chart of lines; what failed stands in a band of its own at the top, above every latency. */
export function lineChart(chart: LineChart): string {
  const { lines, width } = chart
  const hasFailed = lines.some(({ points }) => points.some(({ y }) => y === null))
  const isAbove = chart.names === 'above'
  const key = isAbove ? legend(lines, { left: 4, right: width - 4, top: 2 }) : { markup: '', height: 0 }
  const nameWidth = Math.max(0, ...lines.map(({ label }) => textWidth(label)))
  const area: Area = {
    left: 58,
    right: width - (isAbove ? 14 : nameWidth + 26),
    top: key.height + 30 + (hasFailed ? bandHeight : 0),
    bottom: chart.height - 46,
  }
  const limits = chart.limit === undefined ? [] : [chart.limit.y]
  const ys = lines.flatMap(({ points }) => points.flatMap(({ y }) => (y === null ? [] : [y])))
  const whole = logAxis([...ys, ...limits], [area.bottom, area.top], Math.floor((area.bottom - area.top) / 26))
  const y = chart.limit?.name === undefined ? without(whole, limits) : whole
  const x = horizontal(chart, area)
  const drawn = lines.map((one) => drawLine(one, { x, y, failedAt: area.top - bandHeight / 2 - 3 }))
  const ends = isAbove ? '' : namesAtEnds(lines, { x, y, area, failedAt: area.top - bandHeight / 2 - 3 })
  return drawing({
    ...chart,
    body: html`!${key.markup}!${hasFailed ? failedBand(area) : ''}!${verticalAxis(y, area, chart.y.write, hasFailed ? '' : chart.y.title)}!${
      hasFailed
        ? html`<g class="axis"><text class="axis-title" x="4" y="${px(area.top - bandHeight - 12)}">${chart.y.title}</text></g>`
        : ''
    }!${horizontalAxis(x, area, chart.x.write, chart.x.title)}!${limitLine(chart, { x, y, area })}!${drawn}!${ends}!${chart.over?.({ area, x, y }) ?? ''}`,
  })
}

function horizontal(chart: LineChart, area: Area): Axis {
  const range = [area.left + 12, area.right - 12] as const
  if (chart.x.named === undefined) {
    const xs = chart.lines.flatMap(({ points }) => points.map(({ x }) => x))
    return logAxis(xs, range, Math.floor((area.right - area.left) / 48))
  }
  const { named } = chart.x
  return { scale: linearAxis([Math.min(...named), Math.max(...named)], range, named.length).scale, ticks: named }
}

// The ticks that would be written over by the limit's own figure.
function without(axis: Axis, limits: readonly number[]): Axis {
  const isFree = (tick: number) => limits.every((limit) => Math.abs(axis.scale(limit) - axis.scale(tick)) > 13)
  return { ...axis, ticks: axis.ticks.filter(isFree) }
}

function drawLine(one: Line, given: { readonly x: Axis; readonly y: Axis; readonly failedAt: number }): string {
  const { x, y, failedAt } = given
  const places = one.points.map((point) => ({
    ...point,
    left: x.scale(point.x),
    top: point.y === null ? failedAt : y.scale(point.y),
  }))
  const path = pathOf<(typeof places)[number]>(
    ({ left }) => left,
    ({ top }) => top,
  ).digits(1)(places)
  const marks = places.map((place) =>
    place.y === null
      ? cross(place.left, place.top)
      : marker(one.mode, place.left, place.top, { hollow: place.hollow ?? false }),
  )
  return html`<g class="m-${one.mode}"><path class="line" d="${path ?? ''}"/>!${marks}</g>`
}

function namesAtEnds(
  lines: readonly Line[],
  given: { readonly x: Axis; readonly y: Axis; readonly area: Area; readonly failedAt: number },
): string {
  const { x, y, area, failedAt } = given
  const ends = lines.flatMap((one) => {
    const last = one.points.at(-1)
    return last === undefined ? [] : [{ one, left: x.scale(last.x), top: last.y === null ? failedAt : y.scale(last.y) }]
  })
  const tops = apart(
    ends.map(({ top }) => top),
    { gap: 17, top: failedAt, bottom: area.bottom },
  )
  return ends
    .map(({ one, left, top }, at) => {
      const place = tops[at] ?? top
      return html`<g class="m-${one.mode}"><path class="lead" d="M${px(left + 7)} ${px(top)}L${px(area.right + 6)} ${px(place)}"/><text class="name" x="${px(area.right + 10)}" y="${px(place + 4)}">${one.label}</text></g>`
    })
    .join('')
}

/** An X: here requests failed. */
export function cross(x: number, y: number): string {
  return html`<path class="cross" d="M${px(x - 4)} ${px(y - 4)}l8 8m0 -8l-8 8"/>`
}

function failedBand(area: Area): string {
  const top = area.top - bandHeight - 3
  return html`<g class="failed-band"><rect x="${px(area.left)}" y="${px(top)}" width="${px(area.right - area.left)}" height="${px(bandHeight - 2)}"/><text x="${px(area.left - 8)}" y="${px(top + bandHeight / 2 + 3)}" text-anchor="end">failed</text></g>`
}

function limitLine(chart: LineChart, places: { readonly x: Axis; readonly y: Axis; readonly area: Area }): string {
  const { x, y, area } = places
  if (chart.limit === undefined) return ''
  const at = y.scale(chart.limit.y)
  const line = html`<path d="M${px(area.left)} ${px(at)}H${px(area.right)}"/>`
  if (chart.limit.name === undefined) {
    return html`<g class="limit">!${line}<text data-value="${String(chart.limit.y)}" x="${px(area.left - 8)}" y="${px(at + 4)}" text-anchor="end">${chart.y.write(chart.limit.y)}</text></g>`
  }
  // Where the lines leave most room.
  const taken = chart.lines.flatMap((one) => leftsNear(one, at - 12, { x, y })).sort((a, b) => a - b)
  const gaps = [area.left, ...taken].map((from, place) => ({ from, to: taken[place] ?? area.right }))
  const widest = gaps.reduce((best, gap) => (gap.to - gap.from > best.to - best.from ? gap : best))
  const middle = (widest.from + widest.to) / 2
  return html`<g class="limit">!${line}<text data-value="${String(chart.limit.y)}" x="${px(middle)}" y="${px(at - 6)}" text-anchor="middle">${chart.limit.name}</text></g>`
}

/** Where a line comes so close to a height that a text there would be written over it. */
function leftsNear({ points }: Line, height: number, { x, y }: { readonly x: Axis; readonly y: Axis }): number[] {
  return points.slice(1).flatMap((to, at) => {
    const from = points[at] ?? to
    return Array.from({ length: 21 }, (_, step) => step / 20).flatMap((share) => {
      const start = from.y === null ? y.scale.range()[1] : y.scale(from.y)
      const end = to.y === null ? y.scale.range()[1] : y.scale(to.y)
      const top = (start ?? 0) * (1 - share) + (end ?? 0) * share
      return Math.abs(top - height) < 20 ? [x.scale(from.x) * (1 - share) + x.scale(to.x) * share] : []
    })
  })
}

const bandHeight = 24
