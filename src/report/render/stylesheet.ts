import { type ModeName, modeNames } from '../report.ts'

/**
 * The colours, in light and dark. Every pair of text and paper has a contrast of at least 4.5 to 1.
 *
 * What sites do is warm, what onward does is blue, which every kind of colour blindness tells apart; each mode has a
 * marker and a dash of its own as well, for paper and for who sees no colours.
 */
const lightColours = `
  --paper: #fffdf8; --ink: #1b1a18; --soft: #5d5a54; --line: #d9d4c9; --strong-line: #1b1a18; --wash: #f4f0e7;
  --accent: #8c1d2f; --focus: #1a5fb4; --shade: #f3ead2; --bad: #b3261e; --bad-wash: #fbe9e4;
  --blocking: #b3400a; --sequential: #8a5a00; --concurrent: #7a3e9d; --capped: #00706b; --concurrent-cached: #5d5a54;
  --onward-uncached: #3568a8; --onward: #00509e;`
const darkColours = `
  --paper: #16171a; --ink: #e9e6df; --soft: #a8a399; --line: #35363b; --strong-line: #8b877e; --wash: #1f2125;
  --accent: #f0a09c; --focus: #8ab8ff; --shade: #2c2a20; --bad: #ff8a80; --bad-wash: #3a2020;
  --blocking: #ff9a66; --sequential: #e0b252; --concurrent: #cf9fef; --capped: #4fc4b8; --concurrent-cached: #b5b0a6;
  --onward-uncached: #8db8f0; --onward: #63aeff;`

const dashes: Readonly<Record<ModeName, string>> = {
  blocking: 'none',
  sequential: '7 4',
  concurrent: '2 3',
  capped: '9 3 2 3',
  'concurrent-cached': '4 3',
  'onward-uncached': '11 4',
  onward: 'none',
}

const drawings = `
svg { font: 13px/1.2 var(--sans); fill: var(--ink); font-variant-numeric: tabular-nums lining-nums; }
.axis text { fill: var(--soft); font-size: 12px; }
.axis .axis-title { font-weight: 600; }
.grid { stroke: var(--line); fill: none; }
.base, .tick { stroke: var(--soft); fill: none; }
.line { fill: none; stroke: var(--mode); stroke-width: 2; stroke-dasharray: var(--dash); stroke-linejoin: round; }
.line.solid { stroke-dasharray: none; stroke-width: 1.75; }
.m-onward .line { stroke-width: 3; }
.m-onward .line.solid { stroke-width: 2; }
.thin { fill: none; stroke: var(--mode); stroke-width: 1; opacity: .75; stroke-dasharray: 2 2; }
.lead { fill: none; stroke: var(--mode); stroke-width: .75; }
.mark, .dot { fill: var(--mode); stroke: var(--paper); stroke-width: 1; }
.mark.hollow { fill: var(--paper); stroke: var(--mode); stroke-width: 1.75; }
.whisker { fill: none; stroke: var(--mode); stroke-width: 1.25; }
.cross { fill: none; stroke: var(--bad); stroke-width: 2.25; }
.name { fill: var(--mode); font-weight: 600; }
.value { font-weight: 600; }
.failed-band rect { fill: var(--bad-wash); }
.failed-band text { fill: var(--bad); font-size: 12px; font-weight: 600; }
.limit path { fill: none; stroke: var(--ink); stroke-width: 1; stroke-dasharray: 4 3; }
.limit text { font-size: 12px; font-weight: 600; }
.limit text, .call, .name, .value { paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; }
.call { fill: var(--mode); font-weight: 700; font-size: 14px; }
.drop { fill: none; stroke: var(--mode); stroke-width: 1.25; stroke-dasharray: 3 3; }
.incident rect { fill: var(--shade); }
.incident text { fill: var(--soft); font-size: 12px; font-weight: 600; }
.moments .name { stroke: none; }
.failures rect { fill: var(--bad); }
${modeNames.map((mode) => `.m-${mode} { --mode: var(--${mode}); --dash: ${dashes[mode]}; }`).join('\n')}
`

const sans = `"Inter", "Helvetica Neue", "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif`

/** The style of a drawing that stands alone, as an image: it brings its paper, since nobody knows what it is laid on. */
export const drawingStylesheet = compact(`
svg { ${lightColours} --sans: ${sans}; }
@media (prefers-color-scheme: dark) { svg { ${darkColours} } }
${drawings}
.paper { fill: var(--paper); }
.headline { font-size: 20px; font-weight: 700; }
.hint { fill: var(--soft); font-size: 14px; }
`)

/** The one stylesheet of the report's page; its hash is in the page's policy, so it must stand in the page unchanged. */
export const pageStylesheet = compact(`
:root { ${lightColours}
  --serif: Charter, "Bitstream Charter", "Iowan Old Style", "Source Serif 4", "Noto Serif", Cambria, Georgia, "Liberation Serif", serif;
  --sans: ${sans};
  --gutter: clamp(1.125rem, 4vw, 2.5rem);
}
@media (prefers-color-scheme: dark) { :root { ${darkColours} } }

*, *::before, *::after { box-sizing: border-box; }
html { color-scheme: light dark; -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.0625rem/1.55 var(--serif); overflow-wrap: break-word; }
h1, h2, h3, p, ul, ol, dl, dd, figure { margin: 0; padding: 0; }
ul, ol { list-style: none; }
h1, h2, h3 { line-height: 1.15; text-wrap: balance; letter-spacing: -.011em; }
a { color: inherit; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
code, pre { font: .875rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--wash); padding: .8em 1em; margin: 0; }
data { white-space: nowrap; font-variant-numeric: tabular-nums lining-nums; }
header, main, footer { width: min(69rem, 100% - 2 * var(--gutter)); margin-inline: auto; }

.kicker { font: 700 .8125rem/1.4 var(--sans); color: var(--accent); padding-block: 1.1rem .5rem; display: flex; flex-wrap: wrap; gap: .1rem 1.2rem; justify-content: space-between; }
.kicker span { font-weight: 400; color: var(--soft); }
header { border-block-end: 3px double var(--strong-line); padding-block-end: 1.2rem; }
h1 { font-size: clamp(1.75rem, 3.7vw, 2.6rem); line-height: 1.08; letter-spacing: -.022em; }
.notice { margin-block-start: 1rem; padding: .7rem 1rem; background: var(--bad-wash); border-inline-start: 4px solid var(--bad); font: .9375rem/1.5 var(--sans); }
.notice b { color: var(--bad); }
.notice + .notice { margin-block-start: .5rem; }
.notice.plain { background: var(--wash); border-color: var(--strong-line); }
.notice.plain b { color: inherit; }

.first { display: grid; gap: 1.5rem 3rem; padding-block: 1.5rem 0; }
figure figcaption { font: .9375rem/1.5 var(--sans); color: var(--soft); max-width: 46rem; text-wrap: pretty; }
figure figcaption b { color: var(--ink); }
.chart svg { display: block; max-width: 100%; height: auto; }
.chart .wide { display: none; }
.numbers { display: grid; gap: 0; align-content: start; }
.numbers > div { padding-block: .8rem; border-block-end: 1px solid var(--line); }
.numbers > div:first-child { padding-block-start: 0; }
.numbers > div:last-child { border-block-end: 0; }
.numbers dt { font: 600 .9375rem/1.35 var(--sans); }
.numbers .pair { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 .7rem; font: 700 1.2rem/1.35 var(--sans); letter-spacing: -.02em; }
.numbers .pair > * { min-width: 0; overflow-wrap: anywhere; }
.numbers .pair data { white-space: normal; }
.numbers .old { color: var(--blocking); }
.numbers .new { color: var(--onward); font-size: 1.9rem; line-height: 1.25; }
.numbers .arrow { color: var(--soft); font-weight: 400; }
.numbers .note { font: .8125rem/1.45 var(--sans); color: var(--soft); }

section { padding-block-start: 2.6rem; }
section > h2 { border-block-start: 1px solid var(--strong-line); padding-block: .7rem .4rem; font-size: clamp(1.4rem, 2.6vw, 1.75rem); }
section > p, section > ul.plain, section > dl { max-width: 50rem; }
section > p + * { margin-block-start: 1rem; }
h3 { font-size: 1.1875rem; margin-block: 1.9rem .5rem; }
figure { margin-block-start: 1rem; }
figure > figcaption { margin-block-end: .8rem; }
.first figure { margin-block-start: 0; }
.first figure > figcaption { margin-block: .6rem 0; }
.pairs { display: grid; gap: 1rem 3rem; }
ul.plain { list-style: disc; padding-inline-start: 1.2em; }
ul.plain li + li { margin-block-start: .35em; }
.modes { display: grid; gap: .35rem; margin-block-start: .8rem; }
.modes > div { display: grid; gap: 0 1rem; }
.modes dt { font: 600 .9375rem/1.5 var(--sans); color: var(--mode); }
.modes dd { font: .9375rem/1.5 var(--sans); }
.facts > div { padding-block: .45rem; border-block-end: 1px solid var(--line); display: grid; gap: 0 1.5rem; font: .9375rem/1.5 var(--sans); }
.facts dt { font-weight: 600; }
.facts dd { min-width: 0; }
.facts ul { list-style: disc; padding-inline-start: 1.1em; }

details { margin-block-start: 1rem; }
summary { font: 600 .9375rem/1.5 var(--sans); cursor: pointer; padding-block: .3rem; }
details[open] > summary { margin-block-end: .5rem; }
.table { overflow-x: auto; max-width: 100%; margin-block-end: 1rem; }
table { border-collapse: collapse; font: .875rem/1.4 var(--sans); font-variant-numeric: tabular-nums lining-nums; min-width: min(100%, 34rem); }
caption { text-align: start; font-weight: 600; padding-block-end: .4rem; }
th, td { padding: .35rem 1rem .35rem 0; border-block-end: 1px solid var(--line); text-align: end; vertical-align: baseline; white-space: nowrap; }
:is(th, td):first-child { text-align: start; }
:is(th, td):last-child { padding-inline-end: 0; }
thead th { font-weight: 600; color: var(--soft); vertical-align: bottom; white-space: normal; }
tbody th { font-weight: 600; color: var(--mode); }
td.bad { color: var(--bad); font-weight: 600; }
.spread { color: var(--soft); }
.for-screen-readers { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
footer { margin-block-start: 3rem; padding-block: 1.2rem 2.5rem; font: .875rem/1.6 var(--sans); color: var(--soft); }

@media (min-width: 48rem) {
  .chart .wide { display: block; }
  .chart .narrow { display: none; }
  .modes > div { grid-template-columns: 13rem 1fr; }
  .facts > div { grid-template-columns: 12rem 1fr; }
  section > dl.facts { max-width: 60rem; }
}
@media (min-width: 64rem) {
  .first { grid-template-columns: minmax(0, 1.75fr) minmax(0, 1fr); }
  .pairs { grid-template-columns: repeat(2, minmax(0, 1fr)); }
}
${drawings.replace('svg {', '.chart svg {')}

@media not print { .paper { display: none; } }
@media print {
  :root { ${lightColours} --paper: #fff; }
  @page { margin: 14mm 14mm; }
  html { font-size: 12.5px; }
  body { font-size: 10pt; }
  header, main, footer { width: auto; }
  h1 { font-size: 20pt; }
  .kicker { padding-block-start: 0; }
  .first { grid-template-columns: minmax(0, 1.6fr) minmax(0, 1fr); gap: 1rem 1.5rem; }
  .numbers > div { padding-block: .4rem; }
  .numbers .new { font-size: 1.35rem; }
  .chart .wide { display: block; }
  .chart .narrow { display: none; }
  .pairs { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1rem; }
  section { padding-block-start: 1.4rem; }
  h2, h3, summary, figcaption, caption { break-after: avoid; }
  figure, tr, .facts > div, .notice, .numbers > div { break-inside: avoid; }
  .table { overflow: visible; }
  table { font-size: 8pt; }
  th, td { padding-inline-end: .6rem; white-space: normal; }
  details:not([open]), details > summary, .screen { display: none; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`)

// Comments and indentation are for whoever changes this file.
function compact(css: string): string {
  return css
    .replace(/\/\*.*?\*\//gs, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};]) ?/g, '$1')
    .replace(/([:,]) /g, '$1')
    .trim()
}
