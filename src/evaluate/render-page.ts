import { html } from 'ghtml'
import type { Interval } from './bootstrap.ts'
import type { Evaluation, GroupFigures, MetricName } from './evaluate.ts'
import type { Miss } from './misses.ts'
import { countedText, metricMeanings, share, signed, truthMeanings } from './render-text.ts'
import type { EvaluationReport } from './report.ts'

/**
 * The report as one page that needs nothing else: for an editor, who judges a rail by what is missing from it.
 *
 * It runs no script and loads nothing; what comes from the data is escaped.
 */
export function renderPage(report: EvaluationReport): string {
  const { source, articles, intervals, seed, evaluations, misses } = report
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>How well the related articles do</title>
<style>!${styles}</style>
</head>
<body>
<main>
<h1>How well the related articles do</h1>
<p>${source}: ${articles} articles. In brackets stands the ${intervals.level * 100}% interval of each figure
(${intervals.method}, ${intervals.draws} draws, seed ${seed}): were other articles asked about, the figure would likely be in it.</p>
!${evaluations.map(evaluationSection)}
!${missesSection(misses)}
</main>
</body>
</html>
`
}

function evaluationSection(evaluation: Evaluation): string {
  const { metrics, rankers, differences, bySection, byAge } = evaluation
  return html`<section>
<h2>${plain(truthMeanings[evaluation.truth])}</h2>
<p>${countedText(evaluation)}</p>
<div class="scroll"><table>
<thead><tr><th scope="col"></th>!${metrics.map((metric) => html`<th scope="col">${metric}</th>`)}</tr></thead>
<tbody>
!${rankers.map(
    ({
      ranker,
      figures,
    }) => html`<tr><th scope="row">${ranker}</th>!${metrics.map((metric) => figureCell(figures[metric]!))}</tr>
`,
  )}!${differences.map(
    ({ ranker, figures }) =>
      html`<tr class="difference"><th scope="row">${rankers[0]!.ranker} less ${ranker}</th>!${metrics.map((metric) => html`<td>${signed(figures[metric]!)}</td>`)}</tr>
`,
  )}</tbody>
</table></div>
<dl>!${metrics.map((metric) => html`<dt>${metric}</dt><dd>${metricMeanings[metric]}</dd>`)}</dl>
!${groupTable('By section', bySection, metrics[0]!)}
!${groupTable('By age, when the newest article came out', byAge, metrics[0]!)}
</section>
`
}

/** The interval as a bar below the figure, on a scale from 0 to 1. */
function figureCell(interval: Interval): string {
  const from = Math.max(0, Math.min(1, interval.low)) * 100
  const to = Math.max(0, Math.min(1, interval.high)) * 100
  return html`<td>${share(interval)}<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="scale" width="100" height="4"></rect><rect x="${from.toFixed(2)}" width="${Math.max(0.8, to - from).toFixed(2)}" height="4"></rect></svg></td>`
}

function groupTable(title: string, groups: readonly GroupFigures[], metric: MetricName): string {
  if (groups.length < 2) return ''
  const names = groups[0]!.rankers.map(({ ranker }) => ranker)
  return html`<h3>${title}: ${metric}</h3>
<div class="scroll"><table>
<thead><tr><th scope="col"></th><th scope="col">articles</th>!${names.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>!${groups.map(
    ({ group, questions, rankers }) =>
      html`<tr><th scope="row">${group}</th><td>${questions}</td>!${rankers.map(({ figures }) => figureCell(figures[metric]!))}</tr>
`,
  )}</tbody>
</table></div>
`
}

function missesSection(misses: readonly Miss[]): string {
  if (misses.length === 0) return ''
  return html`<section>
<h2>The worst misses</h2>
<p>Articles whose first five related ones miss what belongs there, the worst first, one for each story. Where a baseline found what
onward did not, it says so. Look at a few: what is marked as missing is now and then no miss at all, but a gap in the data.</p>
!${misses.map(missArticle)}
</section>
`
}

function missArticle({ id, title, section, publishedAt, missed, missedCount, shown }: Miss): string {
  return html`<article>
<h3>${title === '' ? id : title}</h3>
<p class="about">${[id, section ?? '', publishedAt.slice(0, 16).replace('T', ' ')].filter((part) => part !== '').join(' · ')}</p>
<h4>Not there, and should be</h4>
<ul>!${missed.map(
    (mate) =>
      html`<li><b>${mate.title === '' ? mate.id : mate.title}</b> <span class="about">${mate.id}</span><br>${mate.why}!${
        mate.foundBy.length === 0 ? '' : html` <i>Found by: ${mate.foundBy.join(', ')}.</i>`
      }</li>
`,
  )}!${missedCount > missed.length ? html`<li>and ${missedCount - missed.length} more</li>` : ''}</ul>
<h4>There instead</h4>
!${
    shown.length === 0
      ? '<p>Nothing: no article is near enough.</p>'
      : html`<ol>!${shown.map((item) => html`<li>${item.title === '' ? item.id : item.title}!${item.isMate ? ' <i>(belongs there)</i>' : ''}</li>`)}</ol>`
  }
</article>
`
}

function plain(text: string): string {
  return text.replaceAll('`', '')
}

const styles = `
:root { color-scheme: light dark; --line: light-dark(#d5d5d0, #444); --soft: light-dark(#5c5c58, #aaa); --mark: light-dark(#0b5c8a, #6cb6e0) }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 }
main { max-width: 68rem; margin: 0 auto; padding: 1.5rem }
h1, h2, h3 { line-height: 1.25 }
section { border-top: 1px solid var(--line); margin-top: 2rem }
.scroll { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .35rem 1.25rem .35rem 0; white-space: nowrap; vertical-align: top }
th { font-weight: 600 }
.difference th, .difference td, .about, dl { color: var(--soft) }
.about { font-size: .875rem; margin: 0 }
.bar { display: block; width: 100%; height: 4px; margin-top: .2rem; fill: var(--mark) }
.bar .scale { fill: var(--line) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; font-size: .9375rem }
dd { margin: 0 }
article { border-top: 1px solid var(--line); padding: .25rem 0 1rem }
h4 { margin: .75rem 0 .25rem; font-size: .875rem; color: var(--soft) }
ul, ol { margin: 0; padding-left: 1.25rem }
`
