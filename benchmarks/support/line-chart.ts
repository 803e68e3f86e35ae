export interface LineChart {
  readonly title: string
  readonly xLabel: string
  /** One above the other, over the same sizes. */
  readonly panels: ReadonlyArray<{
    readonly label: string
    readonly points: ReadonlyArray<{ readonly x: number; readonly y: number }>
  }>
}

/** Lines over sizes on a logarithmic axis, as SVG: enough for a growth chart in a document, and nothing else. */
export function lineChart({ title, xLabel, panels }: LineChart): string {
  const height = top + panels.length * (panelHeight + gap) + bottom
  const sizes = panels[0]!.points.map(({ x }) => x)
  const [least, most] = [Math.log(sizes[0]!), Math.log(sizes.at(-1)!)]
  const across = (x: number) => left + ((Math.log(x) - least) / Math.max(1e-9, most - least)) * (width - left - right)
  const drawn = panels.map(({ label, points }, index) => {
    const base = top + index * (panelHeight + gap) + panelHeight
    const highest = Math.max(...points.map(({ y }) => y))
    const up = (y: number) => base - (y / highest) * (panelHeight - 24)
    const line = points.map(({ x, y }) => `${across(x).toFixed(1)},${up(y).toFixed(1)}`).join(' ')
    const dots = points.map(
      ({ x, y }) =>
        `<circle cx="${across(x).toFixed(1)}" cy="${up(y).toFixed(1)}" r="3" fill="#0b57d0"/>` +
        text(across(x), up(y) - 8, y.toLocaleString('en'), 'middle'),
    )
    return [
      text(left, base - panelHeight + 2, label, 'start', '600'),
      `<line x1="${left}" x2="${width - right}" y1="${base}" y2="${base}" stroke="#888"/>`,
      `<polyline points="${line}" fill="none" stroke="#0b57d0" stroke-width="2"/>`,
      ...dots,
    ].join('\n')
  })
  const labels = sizes.map((size) =>
    text(across(size), height - bottom - gap + 20, size.toLocaleString('en'), 'middle'),
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="${escaped(title)}">
<rect width="${width}" height="${height}" fill="#fff"/>
${text(left, 22, title, 'start', '700')}
${drawn.join('\n')}
${labels.join('\n')}
${text(left, height - 8, xLabel, 'start')}
</svg>
`
}

const width = 720
const left = 40
const right = 50
const top = 44
const panelHeight = 150
const gap = 30
const bottom = 20

function text(x: number, y: number, content: string, anchor: string, weight = '400'): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" font-weight="${weight}" fill="#222">${escaped(content)}</text>`
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
