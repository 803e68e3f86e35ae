import type { Report } from '../report.ts'
import { columnOf, type KeyNumber, keyNumbers } from './key-numbers.ts'
import { caveats, methodInBrief, notShown } from './method.ts'
import { asText, type Phrase } from './phrase.ts'
import { hasPeak } from './reading.ts'
import { contributionTable, incidentsTable, peakTable, type Table } from './tables.ts'
import { headlineOf, keepingUp } from './words.ts'

/**
 * The report in brief, as Markdown that GitHub shows: half a page and its tables.
 *
 * @param chart where the picture is, relative to the file
 */
export function renderReportMarkdown(report: Report, chart = 'chart.svg'): string {
  const headline = `${asText(headlineOf(report))}.`
  const incidents = incidentsTable(report)
  return paragraphs([
    '# onward: before and after',
    `**${plain(headline)}** ${plain(asText(keepingUp(report)))}`,
    caveats(report)
      .map(({ title, words }) => `> **${title}** ${plain(asText(words))}`)
      .join('\n>\n'),
    `![${plain(headline)}](${chart})`,
    keyNumbersTable(report),
    report.modes.length === 0 ? '' : `## What each step contributes\n\n${tableWithCaption(contributionTable(report))}`,
    report.modes.length === 0 || !hasPeak(report) ? '' : tableWithCaption(peakTable(report)),
    incidents.rows.length === 0 ? '' : `## When something breaks\n\n${tableWithCaption(incidents)}`,
    '## How it was measured',
    codeBlock(report.command),
    methodInBrief(report)
      .map(({ name, words }) => `- **${name}.** ${plain(asText(words))}`)
      .join('\n'),
    'What it does not show:',
    notShown(report)
      .map((words) => `- ${plain(asText(words))}`)
      .join('\n'),
    'Every figure, with every run and the whole method, is in `report.html` and `report.json`.',
  ])
}

function keyNumbersTable(report: Report): string {
  const row = ({ label, before, after, under }: KeyNumber) =>
    `| **${label}**, ${plain(asText(under))} | ${cell(before)} | ${cell(after)} |`
  return [
    `| | ${columnOf(report, 'before')} | ${columnOf(report, 'after')} |`,
    '| --- | --: | --: |',
    ...keyNumbers(report).map(row),
  ].join('\n')
}

function cell(words: Phrase | null): string {
  return words === null ? 'not measured' : `**${plain(asText(words))}**`
}

function tableWithCaption({ caption, columns, rows }: Table): string {
  return [
    `${plain(asText(caption))}:`,
    '',
    `| | ${columns.join(' | ')} |`,
    `| --- | ${columns.map(() => '--:').join(' | ')} |`,
    ...rows.map(({ label, cells }) => `| ${label} | ${cells.map(({ words }) => plain(asText(words))).join(' | ')} |`),
  ].join('\n')
}

// The command may hold anything that a shell takes: the fence is longer than any within it.
function codeBlock(code: string): string {
  const longest = Math.max(0, ...[...code.matchAll(/`+/g)].map(([ticks]) => ticks.length))
  const fence = '`'.repeat(Math.max(3, longest + 1))
  return `${fence}sh\n${code}\n${fence}`
}

/** A text in which Markdown and the HTML that it allows mean nothing, on one line. */
function plain(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' ').replace(/[\\`*_[\]<>|#~&]/g, (character) => `\\${character}`)
}

function paragraphs(parts: readonly string[]): string {
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}
