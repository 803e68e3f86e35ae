import { html } from 'ghtml'
import type { ModeName } from '../report.ts'
import type { Figure } from './figures.ts'
import { cross } from './line-chart.ts'
import { type Area, drawing, figureText, horizontalAxis, logAxis, marker, px, textWidth } from './plot.ts'

/** One mode's figure in a chart of rows. */
export interface Row {
  readonly mode: ModeName
  readonly label: string
  /** Null where it falls on requests that failed. */
  readonly figure: Figure | null
  /** What stands before the figure, such as `at least`. */
  readonly prefix?: string
  /** What 0 is called; without it 0 is written as any other figure. */
  readonly none?: string
  /** The least and the most of several runs. */
  readonly spread?: { readonly from: number; readonly to: number } | null
}

/**
 * A row for each mode with a point on a logarithmic axis, and its figure beside it.
 *
 * Points and not bars: a bar's length says nothing on an axis without a zero.
 */
export function rowsChart(chart: {
  readonly id: string
  readonly width: number
  readonly title: string
  readonly description: string
  readonly rows: readonly Row[]
  readonly axis: { readonly title: string; readonly write: (value: number) => string }
  readonly limit?: { readonly x: number; readonly label: string }
}): string {
  const isNarrow = chart.width < 500
  const rowHeight = isNarrow ? 46 : 34
  const hasFailed = chart.rows.some(({ figure }) => figure === null)
  const top = chart.limit === undefined ? 6 : 24
  const area: Area = {
    left: isNarrow ? 12 : Math.max(0, ...chart.rows.map(({ label }) => textWidth(label))) + 18,
    right: chart.width - (isNarrow && !hasFailed ? 30 : 90),
    top,
    bottom: top + rowHeight * chart.rows.length + 4,
  }
  const values = chart.rows.flatMap(({ figure, spread }) => [
    ...(figure === null ? [] : [figure.value]),
    ...(spread ? [spread.from, spread.to] : []),
  ])
  const limits = chart.limit === undefined ? [] : [chart.limit.x]
  const axis = logAxis(
    [...values, ...limits],
    [area.left + 6, area.right - 6],
    Math.floor((area.right - area.left) / 46),
  )
  const rows = chart.rows.map((row, place) => {
    const middle = area.top + rowHeight * (place + 0.5) + (isNarrow ? 8 : 0)
    const name = isNarrow
      ? html`<text class="name" x="${px(area.left)}" y="${px(middle - 16)}">${row.label}</text>`
      : html`<text class="name" x="${px(area.left - 14)}" y="${px(middle + 4)}" text-anchor="end">${row.label}</text>`
    return html`<g class="m-${row.mode}"><path class="grid" d="M${px(area.left)} ${px(middle)}H${px(area.right)}"/>!${name}!${value(row, middle)}</g>`
  })
  const limit =
    chart.limit === undefined
      ? ''
      : html`<g class="limit"><path d="M${px(axis.scale(chart.limit.x))} ${px(area.top - 6)}V${px(area.bottom)}"/><text data-value="${String(chart.limit.x)}" x="${px(axis.scale(chart.limit.x))}" y="${px(area.top - 11)}" text-anchor="middle">${chart.limit.label}</text></g>`
  return drawing({
    ...chart,
    height: area.bottom + 46,
    body: html`!${rows}!${horizontalAxis(axis, area, chart.axis.write, chart.axis.title)}!${limit}`,
  })

  function value(row: Row, middle: number): string {
    const { figure, spread } = row
    const beside = (x: number) => `class="value" x="${px(x)}" y="${px(middle + 4.5)}"`
    if (figure === null) {
      return html`!${cross(area.right + 14, middle)}<text !${beside(area.right + 25)}>failed</text>`
    }
    if (figure.value === 0 && row.none !== undefined) {
      return html`!${cross(area.left + 6, middle)}<text data-value="0" !${beside(area.left + 18)}>${row.none}</text>`
    }
    const x = axis.scale(figure.value)
    const whisker = spread
      ? html`<path class="whisker" d="M${px(axis.scale(spread.from))} ${px(middle - 5)}v10m0 -5H${px(axis.scale(spread.to))}m0 -5v10"/>`
      : ''
    const end = Math.max(x + 12, spread ? axis.scale(spread.to) + 8 : 0)
    const text = { value: figure.value, text: `${row.prefix ?? ''}${figure.text}` }
    const isBeside = end + textWidth(text.text) < chart.width
    const start = Math.min(x - 12, spread ? axis.scale(spread.from) - 8 : x)
    return html`!${whisker}!${marker(row.mode, x, middle)}!${figureText(text, isBeside ? beside(end) : `${beside(start)} text-anchor="end"`)}`
  }
}
