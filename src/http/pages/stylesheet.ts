/**
 * The one stylesheet of every page, as it stands inside `<style>`.
 *
 * It is part of each page, so that the first bytes can be drawn without asking for anything more; its hash is in the
 * content security policy, so it must reach the page unchanged. Directions are logical (start, end): pages in Arabic and
 * Hebrew mirror themselves.
 */
export const stylesheet = compact(`
/* Colours. Every pair of text and paper has a contrast of at least 4.5 to 1, in both schemes. */
:root {
  --paper: #fffdf8; --ink: #1b1a18; --soft: #5d5a54; --line: #d9d4c9; --strong-line: #1b1a18;
  --accent: #8c1d2f; --wash: #f4f0e7; --focus: #1a5fb4;
  --serif: Charter, "Bitstream Charter", "Iowan Old Style", "Source Serif 4", "Noto Serif", Cambria, Georgia, "Liberation Serif", serif;
  --sans: "Inter", "Helvetica Neue", "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif;
  --gutter: clamp(1.125rem, 4vw, 2.5rem);
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16171a; --ink: #e9e6df; --soft: #a8a399; --line: #35363b; --strong-line: #8b877e;
    --accent: #f0a09c; --wash: #1f2125; --focus: #8ab8ff;
  }
  img { filter: brightness(.9); }
}

/* Ground. */
*, *::before, *::after { box-sizing: border-box; }
html { color-scheme: light dark; -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scrollbar-gutter: stable; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.0625rem/1.55 var(--serif); overflow-wrap: break-word; }
h1, h2, h3, p, ul, ol, figure { margin: 0; padding: 0; font-weight: inherit; font-size: inherit; }
ul, ol { list-style: none; }
img { display: block; max-width: 100%; height: auto; }
a { color: inherit; text-decoration-thickness: 1px; text-underline-offset: .18em; }
a:hover { color: var(--accent); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 2px; }
main:focus { outline: none; }
h1, h2, h3 { font-weight: 700; line-height: 1.15; text-wrap: balance; letter-spacing: -.011em; }
h1 a, h2 a, h3 a { text-decoration: none; }
h1 a:hover, h2 a:hover, h3 a:hover { text-decoration: underline; }
.caps { letter-spacing: .015em; }
.for-screen-readers { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; inset-inline-start: 1rem; top: -4rem; z-index: 1; padding: .5rem 1rem; background: var(--ink); color: var(--paper); font: 600 1rem/1.5 var(--sans); }
.skip:focus { top: .5rem; color: var(--paper); }

/* Masthead. */
.masthead, main, .colophon { max-width: 76rem; margin-inline: auto; padding-inline: var(--gutter); }
.masthead { padding-block-start: 1.1rem; }
.masthead-line { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: .1rem 1.5rem; padding-block-end: .7rem; }
.site-name { font-weight: 700; font-size: 1.5rem; line-height: 1.1; letter-spacing: -.02em; }
.site-name a { text-decoration: none; }
.today { font: .8125rem/1.4 var(--sans); color: var(--soft); }
.sections { border-block: 1px solid var(--line); border-block-start: 3px double var(--strong-line); overflow-x: auto; scrollbar-width: none; }
.sections ul { display: flex; gap: 1.5rem; white-space: nowrap; }
.sections a { display: block; padding-block: .6rem .5rem; border-block-end: 2px solid transparent; font: 600 .875rem/1.4 var(--sans); text-decoration: none; }
.sections a:hover, .sections [aria-current] { color: var(--accent); border-color: currentColor; }
.sections :focus-visible { outline-offset: -3px; }
.masthead-line:last-child { border-block-end: 3px double var(--strong-line); }
.page-front .masthead-line { flex-direction: column; align-items: center; text-align: center; padding-block: .6rem 1.1rem; }
.page-front .site-name { font-size: clamp(2.25rem, 7.5vw, 4rem); letter-spacing: -.03em; }
main { padding-block: 1.75rem 3.5rem; }

/* Small type that comes again and again. */
.kicker { font: 700 .8125rem/1.4 var(--sans); color: var(--accent); margin-block-end: .3rem; }
.kicker a { text-decoration: none; }
.kicker a:hover { text-decoration: underline; }
.meta { font: .8125rem/1.5 var(--sans); color: var(--soft); }
.summary { color: var(--soft); text-wrap: pretty; }
.picture { width: 100%; aspect-ratio: 3 / 2; object-fit: cover; background: var(--wash); }
.rule { border-block-start: 3px double var(--strong-line); padding-block-start: .65rem; font: 700 .9375rem/1.4 var(--sans); letter-spacing: 0; }

/* Front and section pages. */
.section-head { padding-block-end: 1.1rem; margin-block-end: 1.5rem; border-block-end: 1px solid var(--line); }
.section-head h1 { font-size: clamp(2rem, 5vw, 2.75rem); }
.card > .picture { margin-block-end: .8rem; }
.card > .summary { margin-block-start: .4rem; }
.card > .meta { margin-block-start: .45rem; }
.lead h2 { font-size: clamp(1.95rem, 4.4vw, 3.25rem); line-height: 1.06; letter-spacing: -.022em; }
.lead h2.long { font-size: clamp(1.6rem, 3.2vw, 2.25rem); line-height: 1.12; }
.lead h2.caps { font-size: clamp(1.6rem, 3.4vw, 2.5rem); letter-spacing: -.005em; }
.lead .summary { font-size: clamp(1.0625rem, 1.6vw, 1.25rem); line-height: 1.5; max-width: 38em; margin-block-start: .7rem; }
.second { padding-block: 1.1rem; border-block-start: 1px solid var(--line); }
.second h2 { font-size: 1.3125rem; line-height: 1.2; }
.second h2.long, .second h2.caps { font-size: 1.125rem; }
.second .summary { font-size: .9688rem; line-height: 1.5; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; }
.top { margin-block-end: 2.5rem; }
.lead { padding-block-end: 1.6rem; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); column-gap: 2.5rem; }
.brief { padding-block: 1.15rem 1.25rem; border-block-end: 1px solid var(--line); }
.brief::after { content: ""; display: block; clear: both; }
.brief > .picture { float: inline-end; width: 6.5rem; aspect-ratio: 1; margin: .2rem 0 .5rem; margin-inline-start: 1rem; }
.brief h3 { font-size: 1.1875rem; line-height: 1.22; }
.brief h3.long, .brief h3.caps { font-size: 1.0313rem; line-height: 1.3; }
.brief .summary { font-size: .9375rem; line-height: 1.5; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; }
.empty { font-size: 1.25rem; color: var(--soft); padding-block: 3rem; }
.empty a { color: var(--ink); }
.paging { display: flex; justify-content: space-between; gap: 1rem; margin-block-start: 2rem; }
.paging a, .button { display: inline-block; padding: .6rem 1.1rem; border: 1px solid var(--strong-line); font: 600 .9375rem/1.4 var(--sans); text-decoration: none; }
.paging a:hover, .button:hover { background: var(--ink); border-color: var(--ink); color: var(--paper); }
.paging .older { margin-inline-start: auto; }
@media (min-width: 62rem) {
  .top { display: grid; grid-template-columns: minmax(0, 1.85fr) minmax(0, 1fr); column-gap: 2.5rem; }
  .top:has(> :only-child) { grid-template-columns: minmax(0, 52rem); }
  .top > div:first-child:not(:has(.under)) .lead { padding-block-end: 0; }
  .under { display: grid; grid-template-columns: 1fr 1fr; column-gap: 2.5rem; border-block-start: 1px solid var(--line); }
  .under .second { border: 0; padding-block-end: 0; }
  .beside { border-inline-start: 1px solid var(--line); padding-inline-start: 2.5rem; }
  .beside > :first-child { border-block-start: 0; padding-block-start: 0; }
  .beside > :last-child { padding-block-end: 0; }
}

/* An article. */
.story { max-width: 38rem; min-width: 0; }
.story-head h1 { font-size: clamp(2rem, 5.2vw, 3rem); line-height: 1.08; letter-spacing: -.022em; }
.story-head h1.long { font-size: clamp(1.55rem, 3.6vw, 2rem); line-height: 1.18; letter-spacing: -.012em; }
.story-head h1.caps { font-size: clamp(1.6rem, 3.8vw, 2.25rem); line-height: 1.14; letter-spacing: 0; }
.standfirst { font-size: 1.25rem; line-height: 1.45; color: var(--soft); margin-block-start: .85rem; text-wrap: pretty; }
.dateline { margin-block: 1.1rem 1.6rem; padding-block: .7rem; border-block: 1px solid var(--line); font: .875rem/1.55 var(--sans); color: var(--soft); }
.dateline p { display: flex; flex-wrap: wrap; column-gap: 1.1em; }
.for-screen-readers + .dateline { margin-block-start: 0; }
.byline { font-weight: 600; color: var(--ink); }
.story > .picture { margin-block-end: 1.6rem; aspect-ratio: 3 / 2; }
.story > .picture img { width: 100%; height: 100%; object-fit: cover; }
.text { font-size: clamp(1.125rem, 1.05rem + .3vw, 1.25rem); line-height: 1.58; max-width: 60ch; hyphens: auto; hyphenate-limit-chars: 8 4 4; }
.text > * + * { margin-block-start: 1.05em; }
.text-alone > p:first-child { font-size: 1.18em; line-height: 1.5; }
.text a { color: var(--accent); }
.text :is(h2, h3, h4) { font-size: 1.25em; line-height: 1.25; margin-block-start: 1.6em; hyphens: none; }
.text :is(h3, h4) { font-size: 1.08em; }
.text blockquote { margin-inline: 0; padding-inline-start: 1.2em; border-inline-start: 3px solid var(--accent); font-style: italic; }
.text :is(ul, ol) { padding-inline-start: 1.3em; list-style: disc; }
.text ol { list-style: decimal; }
.text li + li { margin-block-start: .35em; }
.text figure { margin-block: 1.6em; }
.text figcaption, .text small { font: .875rem/1.5 var(--sans); color: var(--soft); }
.text table { width: 100%; border-collapse: collapse; font: .9em/1.4 var(--sans); font-variant-numeric: tabular-nums lining-nums; overflow-wrap: anywhere; }
.text :is(th, td) { padding: .4em .6em .4em 0; border-block-end: 1px solid var(--line); text-align: start; vertical-align: top; }
.text pre { overflow-x: auto; padding: .8em 1em; background: var(--wash); font: .8em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; hyphens: none; }
.text code { font: .88em ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
.text hr { border: 0; border-block-start: 1px solid var(--line); margin-block: 2em; }
.figures { padding: .75em 1em; background: var(--wash); border-inline-start: 3px solid var(--line); font: .84em/1.5 var(--sans); font-variant-numeric: tabular-nums lining-nums; hyphens: none; }
.figures p + p { margin-block-start: .2em; }
.story-foot { margin-block-start: 2.2rem; padding-block-start: .9rem; border-block-start: 1px solid var(--line); font: .875rem/1.6 var(--sans); color: var(--soft); }
.tags b { font-weight: 600; color: var(--ink); margin-inline-end: .35rem; }
.tags span { display: inline-block; padding-inline: .55em; margin-block: .15rem; background: var(--wash); border-radius: 2px; }
.original { margin-block-start: .4rem; }

/* The rail. Its column is kept free before it has come, so that the article does not move when it does. */
.onward-rail { border-block-start: 3px double var(--strong-line); padding-block-start: .65rem; margin-block-start: 2.5rem; min-width: 0; }
.onward-rail h2 { font: 700 .9375rem/1.4 var(--sans); letter-spacing: 0; }
.onward-rail li { padding-block: .95rem; border-block-end: 1px solid var(--line); }
.onward-rail li:last-child { border-block-end: 0; }
.onward-rail li::after { content: ""; display: block; clear: both; }
.onward-rail img { float: inline-end; width: 6rem; height: 4.5rem; object-fit: cover; margin-inline-start: .9rem; background: var(--wash); }
.onward-rail h3 { font-size: 1.0938rem; line-height: 1.25; }
.onward-rail h3:is(.long, .caps) { font-size: .9688rem; line-height: 1.32; }
.rail-reason, .rail-pick, .rail-note { font: .8125rem/1.5 var(--sans); color: var(--soft); }
.rail-reason { margin-block-start: .3rem; color: var(--ink); }
.rail-pick { margin-block-start: .3rem; font-weight: 600; color: var(--accent); }
.rail-note { margin-block-start: .35rem; }
.rail-way-on { margin-block-start: .8rem; font: 600 .9375rem/1.5 var(--sans); }
.onward-rail .meta { margin-block-start: .15rem; }
@media (min-width: 62rem) {
  .page-article :is(.masthead, main, .colophon) { max-width: 71rem; }
  .page-article main { display: grid; grid-template-columns: minmax(0, 38rem) minmax(16rem, 21rem); column-gap: 4.5rem; justify-content: space-between; align-items: start; padding-block-start: 2.5rem; }
  .page-article .onward-rail { grid-column: 2; grid-row: 1; margin-block-start: 0; }
  .page-article .story { grid-column: 1; grid-row: 1; }
}

/* An error. */
.error { max-width: 38rem; padding-block: clamp(1.5rem, 8vh, 5rem); }
.error h1 { font-size: clamp(2rem, 5vw, 2.75rem); }
.error > * + * { margin-block-start: 1rem; }
.error-status { font: 700 .875rem/1.4 var(--sans); color: var(--accent); }
.error > h1 { margin-block-start: .2rem; }

/* The foot of the page. */
.colophon { padding-block-end: 2.5rem; font: .875rem/1.6 var(--sans); color: var(--soft); }
.colophon-line { border-block-start: 1px solid var(--line); padding-block-start: 1.2rem; display: flex; flex-wrap: wrap; justify-content: space-between; gap: .4rem 2rem; }
.colophon nav { flex-basis: 100%; margin-block-end: .6rem; }
.colophon ul { display: flex; flex-wrap: wrap; gap: .2rem 1.25rem; }
@media (prefers-reduced-motion: no-preference) { .skip { transition: top .12s; } html:focus-within { scroll-behavior: smooth; } }
@media (forced-colors: active) { .sections [aria-current] { border-color: Highlight; } }

/* Paper: the text, where it came from, and nothing to click. */
@media print {
  :root { --paper: #fff; --ink: #000; --soft: #333; --line: #999; --strong-line: #000; --accent: #000; --wash: #fff; }
  @page { margin: 18mm 20mm; }
  body { font-size: 10.5pt; }
  .skip, .sections, .paging, .colophon, .onward-rail { display: none; }
  .masthead, main { max-width: none; padding-inline: 0; }
  .masthead { border-block-end: 1pt solid #000; padding-block-start: 0; }
  .page-front .masthead-line { padding-block: 0 .5rem; }
  .page-article main { display: block; padding-block: 1rem 0; }
  .story { max-width: none; }
  .story-head h1, .story-head h1:is(.long, .caps) { font-size: 20pt; }
  .standfirst { font-size: 12pt; }
  .text { font-size: 10.5pt; line-height: 1.5; max-width: none; orphans: 3; widows: 3; }
  .text a[href^="http"]::after, .original a::after { content: " (" attr(href) ")"; font-size: .85em; overflow-wrap: anywhere; }
  h1, h2, h3, .kicker { break-after: avoid; }
  .card, .figures, .text :is(figure, blockquote, tr) { break-inside: avoid; }
  .picture, .text img { max-height: 10cm; object-fit: contain; }
  img { filter: none; }
}
`)

/** The {@link stylesheet} as it is sent: three quarters of a page's bytes, and the same on every page. */
export const stylesheetBytes: Buffer = Buffer.from(stylesheet)

// Comments and indentation are for whoever changes this file; every reader would pay for them.
function compact(css: string): string {
  return css
    .replace(/\/\*.*?\*\//gs, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};]) ?/g, '$1')
    .replace(/([:,]) /g, '$1')
    .trim()
}
