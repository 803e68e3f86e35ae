import { html } from 'ghtml'
import type { Report } from '../report.ts'
import { pictureChart } from './charts.ts'
import { asText } from './phrase.ts'
import { px, textWidth } from './plot.ts'
import { drawingStylesheet } from './stylesheet.ts'
import { headlineOf } from './words.ts'

/**
 * The one picture as an SVG file of its own, for a README: it brings its style and its paper, follows the reader's light
 * or dark scheme also inside `<img>`, and asks for nothing.
 */
export function renderReportChart(report: Report): string {
  const picture = pictureChart(report, { id: 'picture', width, height: 380 })
  const headline = lines(`${asText(headlineOf(report))}.`, width - 8)
  const top = 14 + headline.length * 24
  const height = picture === null ? top + 10 : top + 30 + 380
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${px(width + 2 * margin)} ${px(height + 2 * margin)}" width="${px(width + 2 * margin)}" height="${px(height + 2 * margin)}" role="img" aria-labelledby="chart-title">
<title id="chart-title">${asText(headlineOf(report))}</title>
<style>!${drawingStylesheet}</style>
<rect class="paper" width="100%" height="100%"/>
<g transform="translate(${px(margin)} ${px(margin)})">
!${headline.map((line, at) => html`<text class="headline" x="4" y="${px(20 + at * 24)}">${line}</text>`)}
!${
    picture === null
      ? ''
      : html`<text class="hint" x="4" y="${px(top + 6)}">How long the slowest 1 in 100 pages take as more readers come</text><svg y="${px(top + 22)}" width="${px(width)}" height="380">!${picture}</svg>`
  }
</g>
</svg>
`
}

/** Words in as few lines as the width allows, by the estimated width of a letter at 20 pixels. */
function lines(words: string, room: number): string[] {
  const found: string[] = []
  for (const word of words.split(' ')) {
    const last = found.at(-1)
    if (last !== undefined && textWidth(`${last} ${word}`) * 1.45 <= room) found[found.length - 1] = `${last} ${word}`
    else found.push(word)
  }
  return found
}

const width = 760
const margin = 20
