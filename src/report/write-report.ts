import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { renderReportChart } from './render/report-chart.ts'
import { renderReportHtml } from './render/report-html.ts'
import { renderReportMarkdown } from './render/report-markdown.ts'
import type { Report } from './report.ts'

/**
 * Writes `report.json`, `report.html`, `report.md` and the picture that it shows into `folder`, which is made where there
 * is none; what an earlier report left there is written over.
 */
export async function writeReport(report: Report, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  // First: should drawing fail, the figures are there.
  await writeFile(join(folder, 'report.json'), `${JSON.stringify(report, null, 2)}\n`)
  await writeFile(join(folder, 'report.html'), renderReportHtml(report))
  await writeFile(join(folder, 'report.md'), renderReportMarkdown(report, 'chart.svg'))
  await writeFile(join(folder, 'chart.svg'), renderReportChart(report))
}
