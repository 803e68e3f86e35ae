import { createHash } from 'node:crypto'
import { html } from 'ghtml'
import { type Incident, modeDescriptions, type Report } from '../report.ts'
import {
  type Cut,
  healthzChart,
  ladderChart,
  maxRateChart,
  pageP99Chart,
  percentilesChart,
  pictureChart,
  timelineChart,
} from './charts.ts'
import { count, duration, rate, times } from './figures.ts'
import { columnOf, type KeyNumber, keyNumbers } from './key-numbers.ts'
import { caveats, methodFacts, notShown } from './method.ts'
import { asHtml, join, type Phrase, say } from './phrase.ts'
import { climbedLadders, comparisonOf, hasPeak, measuredIn, modesOf } from './reading.ts'
import { pageStylesheet } from './stylesheet.ts'
import {
  contributionTable,
  costsTable,
  idleTable,
  incidentTable,
  ladderTable,
  peakTable,
  percentilesTable,
  runsTable,
  type Table,
} from './tables.ts'
import { atLeast, headlineOf, incidentLabels, isTold, keepingUp, modeLabels } from './words.ts'

/**
 * The report as one HTML file: it asks the network for nothing, runs no script, and prints.
 *
 * Every figure in it is a `<data>` (in a drawing, a `data-value`) with the number of report.json behind it.
 */
export function renderReportHtml(report: Report): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="!${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>onward: before and after</title>
<style>!${pageStylesheet}</style>
<link rel="icon" href="data:,">
</head>
<body>
<header>
<p class="kicker">onward report: before and after <span>${report.data.name}, <time datetime="${report.startedAt}">${day(report.startedAt)}</time></span></p>
<h1>!${asHtml(headlineOf(report))}.</h1>
!${notices(report)}</header>
<main>
<div class="first">
!${picture(report)}!${numbers(report)}</div>
!${steps(report)}!${rest(report)}!${incidents(report)}!${latencies(report)}!${ladder(report)}!${costs(report)}!${method(report)}</main>
<footer><p>Made by <code>onward report</code>. Every figure is in <code>report.json</code>, which was written with this page.<span class="paper"> On paper the tables that were closed on the screen are left out.</span></p></footer>
</body>
</html>
`
}

function notices(report: Report): string {
  return caveats(report)
    .map(
      ({ kind, title, words }) =>
        html`<p class="notice${kind === 'incomplete' ? '' : ' plain'}" role="note"><b>${title}</b> !${asHtml(words)}</p>
`,
    )
    .join('')
}

function picture(report: Report): string {
  const chart = both((cut) => pictureChart(report, { ...cut, height: cut.width < 500 ? 300 : 380 }), 'picture', {
    wide: 700,
    narrow: 350,
  })
  if (chart === '') return ''
  return html`<figure>!${chart}<figcaption><b>How long the slowest 1 in 100 pages take as more readers come.</b> Both axes grow by multiplication. !${asHtml(keepingUp(report))}</figcaption></figure>
`
}

function numbers(report: Report): string {
  return html`<dl class="numbers">
!${keyNumbers(report).map((number) => keyNumber(number, report))}</dl>
`
}

function keyNumber({ label, before, after, note }: KeyNumber, report: Report): string {
  const missing = '<span>not measured</span>'
  return html`<div><dt>${label}</dt><dd><p class="pair"><span class="old"><span class="for-screen-readers">${columnOf(report, 'before')}: </span>!${
    before === null ? missing : asHtml(before)
  }</span><span class="arrow" aria-hidden="true">→</span><span class="new"><span class="for-screen-readers">${columnOf(report, 'after')}: </span>!${
    after === null ? missing : asHtml(after)
  }</span></p><p class="note">!${asHtml(note)}</p></dd></div>
`
}

function steps(report: Report): string {
  const modes = modesOf(report)
  if (modes.length === 0) return ''
  const { timesMoreReaders, timesFasterP99, rate: perSecond, maxRate, maxRateIsBound } = report.summary
  const { before } = comparisonOf(report)
  const gains: Phrase[] = []
  if (timesMoreReaders !== null && isTold(report, 'blocking', 'onward')) {
    gains.push(
      say`onward keeps up with ${atLeast(report, 'onward')}${times(timesMoreReaders)} times the rate of “${modeLabels.blocking}”.`,
    )
  } else if (maxRate.blocking === 0 && !maxRateIsBound.blocking) {
    gains.push(say`“${modeLabels.blocking}” kept up with no rate that was tried, so there is no ratio to tell.`)
  }
  if (timesFasterP99 !== null) {
    gains.push(
      say`At ${rate(perSecond)} pages a second the slowest 1 in 100 pages of “${modeLabels.blocking}” take ${times(timesFasterP99)} times what they take with onward.`,
    )
  }
  return section('What each step contributes', [
    html`<p>From what many sites do, step by step, to onward as installed: the same articles, the same readers, the same machine.${before === null ? ' Nothing was measured of what sites do.' : ''} !${asHtml(join(gains, ' '))}</p>
<dl class="modes">!${modes.map((mode) => html`<div class="m-${mode}"><dt>${modeLabels[mode]}</dt><dd>${modeDescriptions[mode]}</dd></div>`)}</dl>
!${figure(
      say`The highest rate that each keeps up with.`,
      say`Further right is better; the whiskers span the climbs.`,
      both((cut) => maxRateChart(report, cut), 'max-rate'),
    )}
<div class="pairs">
!${loadsOf(report).map(({ at, perSecond }) =>
      figure(
        say`The slowest 1 in 100 pages at ${rate(perSecond)} pages a second.`,
        say`Further left is better; the whiskers span the runs.`,
        both((cut) => pageP99Chart(report, at, cut), `page-p99-${at}`, pairWidths),
      ),
    )}
</div>
!${tables([contributionTable(report), ...(hasPeak(report) ? [peakTable(report)] : [])], { summary: 'The figures', isOpen: true })}`,
  ])
}

function rest(report: Report): string {
  if (Object.keys(report.summary.healthzP99Ms).length === 0) return ''
  return section('What the rest of the site feels', [
    html`<p>A page that is worked out on the event loop makes everybody wait, whatever they asked for: a search, a login, the health check of a load balancer that then takes the server out. So the health check is asked !${asHtml(say`${rate(report.method.load.healthzPerSecond)} times a second`)} while articles are read.</p>
<div class="pairs">
!${loadsOf(report).map(({ at, perSecond }) =>
      figure(
        say`The slowest 1 in 100 health checks at ${rate(perSecond)} pages a second.`,
        say`Further left is better; the whiskers span the runs.`,
        both((cut) => healthzChart(report, at, cut), `healthz-${at}`, pairWidths),
      ),
    )}
</div>
!${tables([idleTable(report)], { summary: 'What an idle server shows' })}`,
  ])
}

/** The two loads that figures are told at: the one that the site as it was sustains, and the highest of all. */
function loadsOf(report: Report): { readonly at: 'rate' | 'peak'; readonly perSecond: number }[] {
  const { summary } = report
  const usual = { at: 'rate', perSecond: summary.rate } as const
  return hasPeak(report) ? [usual, { at: 'peak', perSecond: summary.peak.rate }] : [usual]
}

function latencies(report: Report): string {
  const rates = report.method.commonRates.filter((perSecond) =>
    report.modes.some((mode) => mode.rates.some((one) => one.rate === perSecond && one.runs.length > 0)),
  )
  if (rates.length === 0) return ''
  return section('How long a page takes', [
    html`<p>Half of all pages are as fast as p50 or faster; p99 is the slowest 1 in 100, p99.9 the slowest 1 in 1000. A reader who opens many pages meets the slow ones. Time counts from the moment at which the reader arrived. A flat line treats all readers alike; a cross in the band at the top means that the percentile falls on pages that failed.</p>
`,
    html`<div class="pairs">
!${rates.map((perSecond) =>
      figure(
        say`At ${rate(perSecond)} pages a second`,
        [],
        both((cut) => percentilesChart(report, perSecond, cut), `percentiles-${perSecond}`, pairWidths),
      ),
    )}</div>
!${tables(
      rates.map((perSecond) => percentilesTable(report, perSecond)),
      { summary: 'The figures, with first byte and article' },
    )}`,
  ])
}

function ladder(report: Report): string {
  if (climbedLadders(report).length === 0) return ''
  return section('How the highest rate was found', [
    html`<p>!${asHtml(keepingUp(report))} The rate was raised until that no longer held.</p>
!${figure(
      say`The slowest 1 in 100 pages at each rate that was tried.`,
      say`Above the dashed line at ${duration(report.method.p99LimitMs)} the site no longer keeps up; hollow marks are steps that did not count as kept up.`,
      both((cut) => ladderChart(report, cut), 'ladder'),
    )}
!${tables([ladderTable(report)], { summary: 'Every step' })}`,
  ])
}

function incidents(report: Report): string {
  const rehearsed = report.incidents.filter(({ modes }) => modes.length > 0)
  if (rehearsed.length === 0) return ''
  return section('When something breaks', [
    html`<p>The same load, and then something goes wrong on purpose, in the shaded time. The thick line is the slowest 1 in 100 pages of each moment, the dotted one the median; a line stops where it falls on failed pages. Red bars below it are the share of pages that failed.</p>
`,
    ...rehearsed.map((incident) => incidentPart(report, incident)),
  ])
}

function incidentPart(report: Report, incident: Incident): string {
  const failed = measuredIn(report, incident).map(
    ({ mode, counts }) => say`${modeLabels[mode]} ${count(counts.failed)} of ${count(counts.arrivals)}`,
  )
  return html`<h3>${incidentLabels[incident.name]}</h3>
!${figure(
    say`${incident.title}, at ${rate(incident.rate)} pages a second.`,
    say`Failed pages: ${join(failed, '; ')}.`,
    both((cut) => timelineChart(report, incident, cut), `incident-${incident.name}`),
  )}
!${tables([incidentTable(report, incident)], { summary: 'The figures' })}`
}

function costs(report: Report): string {
  if (!report.modes.some(({ rates }) => rates.some(({ runs }) => runs.length > 0))) return ''
  return section('Every run, and what it cost', [
    html`<p>One run after the other, nothing left out: how far they lie apart is how far to trust a difference.</p>
!${tables([runsTable(report), costsTable(report)], { summary: 'All runs' })}`,
  ])
}

function method(report: Report): string {
  return section('How it was measured', [
    html`<dl class="facts"><div><dt>Command</dt><dd><pre tabindex="0"><code>${report.command}</code></pre></dd></div>!${methodFacts(
      report,
    ).map(({ name, words }) => html`<div><dt>${name}</dt><dd>!${asHtml(words)}</dd></div>`)}</dl>
`,
    html`<h3>What it does not show</h3>
<ul class="plain">!${notShown(report).map((words) => html`<li>!${asHtml(words)}</li>`)}</ul>
`,
  ])
}

function section(title: string, parts: readonly string[]): string {
  const id = title.toLowerCase().replace(/[^a-z]+/g, '-')
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
!${parts}</section>
`
}

/** A drawing under what it is, and what to see in it. */
function figure(title: Phrase, hint: Phrase, chart: string): string {
  return html`<figure><figcaption><b>!${asHtml(title)}</b> !${asHtml(hint)}</figcaption>!${chart}</figure>`
}

/** A drawing for a screen and for a phone: text that shrinks with a picture cannot be read. */
function both(
  draw: (cut: Cut) => string | null,
  id: string,
  widths: { readonly wide: number; readonly narrow: number } = { wide: 860, narrow: 350 },
): string {
  const wide = draw({ id: `${id}-wide`, width: widths.wide })
  const narrow = draw({ id: `${id}-narrow`, width: widths.narrow })
  if (wide === null || narrow === null) return ''
  return html`<div class="chart"><div class="wide">!${wide}</div><div class="narrow">!${narrow}</div></div>`
}

function tables(all: readonly Table[], given: { readonly summary: string; readonly isOpen?: boolean }): string {
  return html`<details!${given.isOpen ? ' open' : ''}><summary>${given.summary}</summary>!${all.map(table)}</details>
`
}

function table({ caption, columns, rows }: Table): string {
  return html`<div class="table" tabindex="0"><table><caption>!${asHtml(caption)}</caption><thead><tr><th scope="col">Way to serve</th>!${columns.map(
    (column) => (column === '' ? '<td></td>' : html`<th scope="col">${column}</th>`),
  )}</tr></thead><tbody>!${rows.map(
    ({ mode, label, cells }) =>
      html`<tr class="m-${mode}"><th scope="row">${label}</th>!${cells.map(({ words, isBad }) => html`<td!${isBad ? ' class="bad"' : ''}>!${asHtml(words)}</td>`)}</tr>`,
  )}</tbody></table></div>`
}

function day(iso: string): string {
  return iso.slice(0, 10)
}

const pairWidths = { wide: 540, narrow: 350 }

// By hash, so that nothing that slipped into the page could bring a style, a script or a picture of its own.
const policy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(pageStylesheet).digest('base64')}'`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')
