import { type ScaleContinuousNumeric, scaleLinear, scaleLog } from 'd3-scale'
import {
  type SymbolType,
  symbol,
  symbolCircle,
  symbolCross,
  symbolDiamond,
  symbolSquare,
  symbolStar,
  symbolTriangle,
  symbolWye,
} from 'd3-shape'
import { html } from 'ghtml'
import type { ModeName } from '../report.ts'
import type { Figure } from './figures.ts'

/** Where the marks of a chart may go, in the units of its view box, which are pixels at full size. */
export interface Area {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** From a figure to a place, and the figures that are written at the axis. */
export interface Axis {
  readonly scale: ScaleContinuousNumeric<number, number>
  readonly ticks: readonly number[]
}

/**
 * A logarithmic axis that has room for all of `values`, with ticks at 1, 2 and 5 of each power of ten, or at fewer where
 * `room` (ticks) is less.
 *
 * What is not above 0 has no place on it: it is drawn at its start, and the label beside it tells the truth.
 */
export function logAxis(values: readonly number[], range: readonly [number, number], room: number): Axis {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value))
  let low = below(positive.length === 0 ? 1 : Math.min(...positive))
  let high = above(positive.length === 0 ? 10 : Math.max(...positive))
  // Less than a decade would make noise look like a difference.
  while (high / low < 10 * (1 - tiny)) [low, high] = [below(low / 1.5), above(high * 1.5)]
  const all = steps(low, high)
  const tens = all.filter((value) => isPowerOfTen(value))
  const every = Math.max(1, Math.ceil(tens.length / room))
  const ticks = all.length <= room ? all : tens.filter((_, place) => place % every === 0)
  return { scale: scaleLog([low, high], [...range]).clamp(true), ticks: ticks.length < 2 ? [low, high] : ticks }
}

/** A linear axis from 0 or `from` to `to`, with about `room` round ticks. */
export function linearAxis(domain: readonly [number, number], range: readonly [number, number], room: number): Axis {
  const scale = scaleLinear([...domain], [...range]).clamp(true)
  return { scale, ticks: scale.ticks(room) }
}

/** The drawing itself, with a name and a description for who cannot see it. */
export function drawing(given: {
  /** Unique within the page. */
  readonly id: string
  readonly width: number
  readonly height: number
  readonly title: string
  readonly description: string
  /** Markup that comes first, such as a style. */
  readonly before?: string
  readonly body: string
}): string {
  const { id, width, height, title, description } = given
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${px(width)} ${px(height)}" width="${px(width)}" height="${px(
    height,
  )}" role="img" aria-labelledby="${id}-title ${id}-description">
<title id="${id}-title">${title}</title>
<desc id="${id}-description">${description}</desc>
!${given.before ?? ''}!${given.body}</svg>`
}

/** Lines across and words at the left: an axis that goes up. */
export function verticalAxis(axis: Axis, area: Area, write: (value: number) => string, title = ''): string {
  const ticks = axis.ticks.map((tick) => {
    const y = px(axis.scale(tick))
    return html`<path class="grid" d="M${px(area.left)} ${y}H${px(area.right)}"/><text x="${px(area.left - 8)}" y="${px(axis.scale(tick) + 4)}" text-anchor="end">${write(tick)}</text>`
  })
  return html`<g class="axis">!${ticks}!${title === '' ? '' : html`<text class="axis-title" x="4" y="${px(area.top - 14)}">${title}</text>`}</g>`
}

/** A line and words below: an axis that goes to the right. */
export function horizontalAxis(axis: Axis, area: Area, write: (value: number) => string, title = ''): string {
  const ticks = axis.ticks.map((tick) => {
    const x = px(axis.scale(tick))
    return html`<path class="tick" d="M${x} ${px(area.bottom)}v5"/><text x="${x}" y="${px(area.bottom + 19)}" text-anchor="middle">${write(tick)}</text>`
  })
  return html`<g class="axis"><path class="base" d="M${px(area.left)} ${px(area.bottom)}H${px(area.right)}"/>!${ticks}!${
    title === ''
      ? ''
      : html`<text class="axis-title" x="${px(area.right)}" y="${px(area.bottom + 38)}" text-anchor="end">${title}</text>`
  }</g>`
}

/** What marks a mode, so that it can be told from the others without its colour. */
export function marker(mode: ModeName, x: number, y: number, look: { readonly hollow?: boolean } = {}): string {
  const path = symbol(markerShapes[mode], mode === 'onward' ? 90 : 60)() ?? ''
  return html`<path class="mark${look.hollow ? ' hollow' : ''}" transform="translate(${px(x)} ${px(y)})" d="${shortened(path)}"/>`
}

/** A figure in a drawing; the number that it was rounded from stays with it. */
export function figureText(figure: Figure, attributes: string): string {
  return html`<text data-value="${String(figure.value)}" !${attributes}>${figure.text}</text>`
}

/** A piece of line and a marker for each mode, with its name, in as many rows as the width makes necessary. */
export function legend(
  entries: readonly { readonly mode: ModeName; readonly label: string }[],
  given: { readonly left: number; readonly right: number; readonly top: number },
): { readonly markup: string; readonly height: number } {
  let x = given.left
  let y = given.top + 8
  const items = entries.map(({ mode, label }) => {
    const width = 34 + textWidth(label) + 18
    if (x > given.left && x + width - 18 > given.right) {
      x = given.left
      y += 20
    }
    const item = html`<g class="m-${mode}"><path class="line" d="M${px(x)} ${px(y)}h28"/>!${marker(mode, x + 14, y)}<text class="name" x="${px(x + 34)}" y="${px(y + 4)}">${label}</text></g>`
    x += width
    return item
  })
  return { markup: items.join(''), height: entries.length === 0 ? 0 : y + 12 - given.top }
}

/** Places for labels that want to stand at `wanted`, at least `gap` apart, within `top` and `bottom`; in the same order. */
export function apart(
  wanted: readonly number[],
  given: { readonly gap: number; readonly top: number; readonly bottom: number },
): number[] {
  const order = wanted.map((_, at) => at).sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0) || a - b)
  const placed = [...wanted]
  let least = given.top
  for (const at of order) {
    placed[at] = Math.max(placed[at] ?? 0, least)
    least = (placed[at] ?? 0) + given.gap
  }
  let most = given.bottom
  for (const at of order.toReversed()) {
    placed[at] = Math.min(placed[at] ?? 0, most)
    most = (placed[at] ?? 0) - given.gap
  }
  return placed
}

/** About how wide a bold text is at 13 pixels. Nothing measures letters without a browser; the fonts differ anyway. */
export function textWidth(text: string): number {
  return text.length * 8.2
}

/** A coordinate: a tenth of a pixel is finer than anybody sees. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10)
}

function shortened(path: string): string {
  return path.replace(/\d+\.\d+/g, (number) => px(Number(number)))
}

function steps(low: number, high: number): number[] {
  const found: number[] = []
  for (let power = Math.floor(Math.log10(low) + tiny); power <= Math.ceil(Math.log10(high) - tiny); power++) {
    for (const digit of [1, 2, 5]) {
      const value = Number(`${digit}e${power}`)
      if (value >= low * (1 - tiny) && value <= high * (1 + tiny)) found.push(value)
    }
  }
  return found
}

function below(value: number): number {
  return steps(value / 20, value).at(-1) ?? value
}

function above(value: number): number {
  return steps(value, value * 20)[0] ?? value
}

function isPowerOfTen(value: number): boolean {
  const power = Math.log10(value)
  return Math.abs(power - Math.round(power)) < tiny
}

const tiny = 1e-9

const markerShapes: Readonly<Record<ModeName, SymbolType>> = {
  blocking: symbolSquare,
  sequential: symbolTriangle,
  concurrent: symbolDiamond,
  capped: symbolCross,
  'concurrent-cached': symbolWye,
  'onward-uncached': symbolStar,
  onward: symbolCircle,
}
