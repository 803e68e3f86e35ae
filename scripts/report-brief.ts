import { renderReportMarkdown } from '../src/report/render/report-markdown.ts'
import type { Report } from '../src/report/report.ts'

/** The README with what it tells of a report: the first half page, with the picture and four figures. */
export function withBrief(text: string, told: Report): string {
  const [begin, end] = ['<!-- report: npm run report:docs writes this -->', '<!-- /report -->']
  const [from, until] = [text.indexOf(begin), text.indexOf(end)]
  if (from === -1 || until < from) throw new Error(`README.md has no place for the report: ${begin} … ${end}`)
  // Its first half page: what comes out, the picture, four figures. How it was measured stays in the report.
  const [brief = ''] = renderReportMarkdown(told, 'docs/report/chart.svg').split(/\n(?=## )/)
  const { data, machine, command } = told
  const lines = [
    begin,
    brief.replace(/^# .*\n+/, '').trim(),
    '',
    `${data.articles.toLocaleString('en')} articles, \`${command}\`, on ${machine.line}. Incidents, method and every figure: ` +
      '[docs/report/report.md](docs/report/report.md).',
    '',
  ]
  return `${text.slice(0, from)}${lines.join('\n')}${text.slice(until)}`
}
