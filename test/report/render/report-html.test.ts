import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { suite, test } from 'node:test'
import { renderReportHtml } from '../../../src/report/render/report-html.ts'
import { type ModeName, modeNames, type Report } from '../../../src/report/report.ts'
import { reportFixture } from '../report-fixture.ts'
import { awkwardReports, changed } from './awkward-reports.ts'
import { unfoundedClaims } from './claims.ts'

suite('report.html', () => {
  test('opens with one sentence, one picture and four numbers', () => {
    const { summary } = reportFixture()
    const page = renderReportHtml(reportFixture())
    assert.equal(
      textOf(/<h1>(.*?)<\/h1>/s.exec(page)?.[1]),
      'With onward the site keeps up with at least 3,000 readers a second instead of 3.',
    )
    const first = page.slice(page.indexOf('class="first"'), page.indexOf('<section'))
    assert.equal(first.match(/<figure>/g)?.length, 1)
    assert.deepEqual(
      [...first.matchAll(/<dt>(.*?)<\/dt><dd><p class="pair">(.*?)<\/p>/gs)].map(
        ([, label, pair]) => `${label}: ${textOf(pair)}`,
      ),
      [
        'Readers a second before pages slow down: Before: blocking: 3→After: onward: at least 3,000',
        'The slowest 1 in 100 pages: Before: blocking: failed→After: onward: 8 ms',
        'What every other page of the site felt: Before: blocking: 4 s→After: onward: 4 ms',
        `Pages read before that failed all the same: Before: blocking: ${summary.failedReadBefore?.blocking}→After: onward: 0`,
      ],
    )
  })

  for (const [name, report] of Object.entries({
    'a whole report': reportFixture({}, modeNames),
    ...awkwardReports(),
  })) {
    test(`of ${name} claims nothing that the JSON does not carry`, () => {
      assert.deepEqual(unfoundedClaims(renderReportHtml(report), report), [])
    })

    test(`of ${name} is one file that asks nobody for anything, and has no hole where a figure should be`, () => {
      const page = renderReportHtml(report)
      assert.doesNotMatch(
        page,
        /<script|<link(?! rel="icon" href="data:,")|<img|<iframe|@import|url\(|\son\w+=|\sstyle=/i,
      )
      assert.doesNotMatch(page.replaceAll('xmlns="http://www.w3.org/2000/svg"', ''), /https?:/)
      assert.doesNotMatch(page, /NaN|undefined|Infinity|\bnull\b|\[object/)
      const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id)
      assert.deepEqual(ids, [...new Set(ids)])
      for (const [, named = ''] of page.matchAll(/aria-labelledby="([^"]*)"/g)) {
        for (const id of named.split(' ')) assert.ok(ids.includes(id), `${id} is there`)
      }
      assert.deepEqual([...page.matchAll(/<h1/g)].length, 1)
    })
  }

  test('a figure that was changed on its way into the page is found out', () => {
    const report = reportFixture()
    const page = renderReportHtml(report)
    const planted = (from: string | RegExp, to: string) => {
      const changedPage = page.replace(from, to)
      assert.notEqual(changedPage, page, 'it is planted')
      return unfoundedClaims(changedPage, report).length
    }
    assert.equal(planted('<data value="3000">3,000</data>', '<data value="3000">30,000</data>'), 1)
    assert.equal(planted('<data value="3000">3,000</data>', '<data value="30007">30,007</data>'), 1)
    assert.equal(planted('What each step contributes', 'What 12 steps contribute'), 1)
    assert.equal(planted(/(?<=data-value="3" [^>]*>)3 a second/, '33 a second'), 1)
    assert.equal(planted(/(<title id="page-p99-rate-wide-title">[^<]*?at )\d+/, '$14117'), 1)
  })

  test('lets its own style in by its hash, and nothing else', () => {
    const page = renderReportHtml(reportFixture())
    const style = /<style>(.*?)<\/style>/s.exec(page)?.[1] ?? ''
    const hash = createHash('sha256').update(style).digest('base64')
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1] ?? ''
    assert.ok(page.indexOf('http-equiv') < page.indexOf('<style>'), 'the policy comes before what it governs')
    assert.deepEqual(policy.split('; '), [
      "default-src 'none'",
      `style-src 'sha256-${hash}'`,
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
    ])
  })

  test('names and descriptions that hold markup stay words', () => {
    const evil = '"><script>alert(1)</script><b onclick=x>'
    const report = reportFixture({ command: evil, partial: { reason: evil, missing: [evil] } })
    const page = renderReportHtml({
      ...report,
      data: { ...report.data, name: evil },
      machine: { ...report.machine, line: evil, platform: evil },
      incidents: report.incidents.map((incident) => ({ ...incident, title: evil })),
    })
    assert.doesNotMatch(page, /<script|<b onclick/)
    assert.ok(page.split(/&(?:lt|#60);script/).length > 5)
  })

  test('a report that was broken off says so before anything else, and what is missing', () => {
    const partial = { reason: 'Stopped by Ctrl-C.', missing: ['onward at 40 pages a second', 'all incidents'] }
    const page = renderReportHtml(reportFixture({ partial, incidents: [] }))
    const notice = page.indexOf('This report is incomplete.')
    assert.ok(notice > 0 && notice < page.indexOf('<main>'))
    assert.match(page, /Stopped by Ctrl-C\. Not measured: onward at 40 pages a second; all incidents\./)
    assert.match(page, /no incident was rehearsed/)
    assert.doesNotMatch(renderReportHtml(reportFixture()), /incomplete/)
  })

  test('says at the top where the load generator was the limit', () => {
    const limited = renderReportHtml(reportFixture())
    assert.match(
      textOf(limited.slice(0, limited.indexOf('<main>'))),
      /load generator was the limit, not the site: the ladder of “onward”/,
    )
    const kept = renderReportHtml(
      changed(reportFixture(), (mode) => ({
        ...mode,
        ladder: mode.ladder && { ...mode.ladder, endedByGenerator: false },
      })),
    )
    assert.doesNotMatch(kept, /Here the load generator/)
    assert.match(textOf(kept), /kept its schedule and was never the limit/)
  })

  test('says at the top that the machine was busy before the load came', () => {
    const { machine } = reportFixture()
    const page = (loadAverage: number) =>
      textOf(renderReportHtml(reportFixture({ machine: { ...machine, cores: 2, loadAverage } })))
    assert.match(page(1.5), /The machine had other work to do: before the start its load average was 1\.5 on 2 cores/)
    assert.doesNotMatch(page(0.2), /other work to do/)
  })

  test('with one run it says that there is no spread, and shows none', () => {
    const page = renderReportHtml(awkwardReports()['a report of one run'] as Report)
    assert.match(textOf(page), /With one run there is no spread/)
    assert.doesNotMatch(page, /class="whisker"/)
    assert.match(renderReportHtml(reportFixture()), /class="whisker"/)
  })

  test('it tells how far the climbs to the highest rate lie apart, in figures and as whiskers', () => {
    const page = renderReportHtml(reportFixture())
    assert.match(textOf(page), /3,000 \(1,500 to 3,000\)/)
    assert.match(textOf(page), /The search is made 3 times/)
    const drawing = page.split('<svg ').find((one) => one.includes('Highest rate that each way'))
    assert.match(drawing ?? '', /class="whisker"/)
  })

  test('a percentile that falls on failed pages is written as failed, never as a gap or a number', () => {
    const page = renderReportHtml(reportFixture())
    const row = /<tr class="m-blocking">(?:(?!<\/tr>).)*<\/tr>/s.exec(page)?.[0] ?? ''
    assert.match(row, /<td class="bad">failed/)
    assert.match(page, /class="failed-band"/)
  })

  test('behind every drawing there is a table, and every drawing says what it shows', () => {
    const page = renderReportHtml(reportFixture({}, modeNames))
    for (const section of page.split('<section').slice(1)) {
      if (section.includes('<svg')) assert.match(section, /<table>/)
    }
    const drawings = [...page.matchAll(/<svg [^>]*>\s*<title[^>]*>([^<]+)<\/title>\s*<desc[^>]*>([^<]+)<\/desc>/g)]
    assert.ok(drawings.length > 10)
    assert.equal(drawings.length, page.split('<svg ').length - 1)
  })

  test('a mode is told by its marker and dash as well as by its colour', () => {
    const page = renderReportHtml(reportFixture({}, modeNames))
    const legend = (mode: ModeName) =>
      new RegExp(`<g class="m-${mode}"><path class="line"[^>]*/><path class="mark" [^>]* d="([^"]*)"/>`).exec(page)?.[1]
    const shapes = modeNames.map(legend)
    assert.ok(shapes.every((shape) => shape !== undefined))
    assert.equal(new Set(shapes).size, modeNames.length)
  })
})

function textOf(markup = ''): string {
  return markup
    .replace(/<[^>]*>/g, '')
    .replaceAll('\u00a0', ' ')
    .replaceAll('&quot;', '"')
}
