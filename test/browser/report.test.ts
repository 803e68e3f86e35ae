import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { after, before, suite, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { renderReportChart } from '../../src/report/render/report-chart.ts'
import { renderReportHtml } from '../../src/report/render/report-html.ts'
import { modeNames, type Report } from '../../src/report/report.ts'
import { awkwardReports } from '../report/render/awkward-reports.ts'
import { reportFixture } from '../report/report-fixture.ts'
import { findChromium, launchChromium } from '../support/chromium.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'
import { axeSource, seriousProblems } from './axe.ts'

const phone = { width: 390, height: 844 }
const desktop = { width: 1280, height: 800 }
const whole = reportFixture({}, modeNames)

suite('report.html in a browser', { skip: findChromium().reason }, () => {
  let browser: Browser
  let folder: TemporaryFolder
  before(async () => {
    ;[browser, folder] = await Promise.all([launchChromium(), temporaryFolder()])
  })
  after(async () => {
    await browser?.close()
    await folder?.[Symbol.asyncDispose]()
  })

  /** The page as somebody opens it who was sent the file. */
  async function opened(report: Report, options: BrowserContextOptions) {
    const file = folder.file('report.html')
    await writeFile(file, renderReportHtml(report))
    const context = await browser.newContext(options)
    const page = await context.newPage()
    const troubles: string[] = []
    page.on('console', (message) => troubles.push(message.text()))
    page.on('pageerror', (error) => troubles.push(error.message))
    page.on('request', (request) => {
      if (!/^(?:file|data):/.test(request.url())) troubles.push(`asks for ${request.url()}`)
    })
    await page.goto(pathToFileURL(file).href)
    return { page, troubles, [Symbol.asyncDispose]: () => context.close() }
  }

  const awkward = awkwardReports()
  for (const [name, report] of Object.entries({
    'a whole report': whole,
    // Of the awkward ones those that are laid out differently; what they say is tested without a browser.
    'an empty report': awkward['a report without a measurement'],
    'a report in which everything failed': awkward['a report in which everything failed'],
    'a report of huge values': awkward['a report of huge values'],
    'a report of tiny values': awkward['a report of tiny values'],
  })) {
    assert.ok(report)
    test(`${name} is drawn without a complaint, asks nobody for anything and never scrolls sideways`, async () => {
      for (const viewport of [phone, desktop]) {
        await using tab = await opened(report, { viewport, offline: true })
        assert.deepEqual(tab.troubles, [])
        assert.ok(await tab.page.locator('h1').isVisible())
        assert.equal(await overflow(tab.page), 0, `${viewport.width} px`)
        const paper = await tab.page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
        assert.notEqual(paper, 'rgba(0, 0, 0, 0)', 'it has its style')
      }
    })
  }

  test('the first screen holds the sentence, the picture and the four numbers, without JavaScript', async () => {
    await using tab = await opened(whole, { viewport: desktop, javaScriptEnabled: false })
    for (const what of ['h1', '.first .chart .wide svg', '.numbers .note >> nth=3']) {
      const box = await tab.page.locator(what).boundingBox()
      assert.ok(box && box.y >= 0 && box.y + box.height <= desktop.height, `${what}: ${JSON.stringify(box)}`)
    }
    assert.equal(await tab.page.locator('.numbers dt').count(), 4)
  })

  // Contrast is the scheme's matter and order the width's: two of the four say it all.
  for (const { viewport, colorScheme } of [
    { viewport: phone, colorScheme: 'dark' },
    { viewport: desktop, colorScheme: 'light' },
  ] as const) {
    test(`nothing that axe finds at ${viewport.width} px in ${colorScheme} is serious`, async () => {
      // The policy is lifted for axe alone, which runs inside the page.
      await using tab = await opened(reportFixture(), { viewport, colorScheme, bypassCSP: true })
      await tab.page.evaluate(`for (const one of document.querySelectorAll('details')) one.open = true`)
      await tab.page.evaluate(axeSource)
      assert.deepEqual(await seriousProblems(tab.page), [])
    })
  }

  test('each drawing is shown in one of its two cuts, in letters that can be read', async () => {
    for (const viewport of [phone, desktop]) {
      await using tab = await opened(whole, { viewport })
      const sizes = await tab.page.evaluate<{ total: number; shown: number; smallest: number }>(`(() => {
        const drawings = [...document.querySelectorAll('.chart svg')]
        const shown = drawings.filter((one) => one.getBoundingClientRect().width > 0)
        const scale = (one) => one.getBoundingClientRect().width / one.viewBox.baseVal.width
        return { total: drawings.length, shown: shown.length, smallest: Math.min(...shown.map(scale)) * 12 }
      })()`)
      assert.equal(sizes.shown * 2, sizes.total)
      assert.ok(sizes.smallest >= 11, `${sizes.smallest} px at ${viewport.width}`)
    }
  })

  test('no text of a drawing is cut off at its edge', async () => {
    for (const viewport of [phone, desktop]) {
      await using tab = await opened(whole, { viewport })
      const cut = await tab.page.evaluate<string[]>(`[...document.querySelectorAll('.chart svg')]
        .filter((one) => one.getBoundingClientRect().width > 0)
        .flatMap((one) => {
          const paper = one.getBoundingClientRect()
          return [...one.querySelectorAll('text')]
            .filter((text) => {
              const { left, right, top, bottom } = text.getBoundingClientRect()
              return left < paper.left - 1 || right > paper.right + 1 || top < paper.top - 1 || bottom > paper.bottom + 1
            })
            .map((text) => one.querySelector('title').textContent + ': ' + text.textContent)
        })`)
      assert.deepEqual(cut, [], `${viewport.width} px`)
    }
  })

  test('on paper it is light, has the wide drawings, and leaves out what cannot be opened there', async () => {
    await using tab = await opened(whole, { viewport: desktop, colorScheme: 'dark' })
    await tab.page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    assert.equal(await tab.page.evaluate('getComputedStyle(document.body).backgroundColor'), 'rgb(255, 255, 255)')
    assert.ok(await tab.page.locator('#picture-wide-title').locator('..').isVisible())
    assert.equal(await tab.page.locator('details:not([open]) >> nth=0').isVisible(), false)
    assert.ok(await tab.page.locator('details[open] table >> nth=0').isVisible())
    assert.ok(await tab.page.locator('footer .paper').isVisible())
  })

  test('chart.svg is drawn as an image, in light and in dark', async () => {
    const file = folder.file('chart.svg')
    await writeFile(file, renderReportChart(whole))
    await writeFile(folder.file('readme.html'), '<!doctype html><img src="chart.svg" alt="">')
    const pixels: Buffer[] = []
    for (const colorScheme of ['light', 'dark'] as const) {
      await using context = await browser.newContext({ viewport: desktop, colorScheme })
      const page = await context.newPage()
      await page.goto(pathToFileURL(folder.file('readme.html')).href)
      assert.ok((await page.evaluate<number>(`document.querySelector('img').naturalWidth`)) > 700, 'it is a picture')
      pixels.push(await page.locator('img').screenshot())
    }
    assert.ok(pixels[0] && pixels[1] && !pixels[0].equals(pixels[1]), 'dark is not light')
  })
})

async function overflow(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')
}
