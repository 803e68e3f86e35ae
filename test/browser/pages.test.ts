import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { findChromium, launchChromium } from '../support/chromium.ts'
import { axeSource, seriousProblems } from './axe.ts'
import { holdRails, openPatientSite, openSampleSite, type SampleSite } from './sites.ts'

const phone = { width: 390, height: 844 }
const desktop = { width: 1280, height: 900 }
const pages = { front: '/', section: '/sections/Local', article: '/articles/1', error: '/articles/unknown' }

suite('the pages in a browser', { skip: findChromium().reason }, () => {
  let browser: Browser
  let site: SampleSite
  before(async () => {
    ;[browser, site] = await Promise.all([launchChromium(), openSampleSite()])
  })
  after(async () => {
    await browser?.close()
    await site?.[Symbol.asyncDispose]()
  })

  test('an article and its related articles are there without JavaScript', async () => {
    await using patient = await openPatientSite({ store: site.store })
    await using context = await browser.newContext({ javaScriptEnabled: false, viewport: phone })
    const page = await context.newPage()
    await page.goto(`${patient.origin}/articles/1`)
    assert.ok(await page.locator('article h1').isVisible())
    assert.ok((await page.locator('article .text').innerText()).length > 500)
    const items = page.locator('aside.onward-rail[data-related-state="fresh"] li')
    assert.ok((await items.count()) > 0)
    for (const reason of await items.locator('.rail-reason').allInnerTexts()) assert.match(reason, /\S+: \S+/)
    await items.locator('a').first().click()
    assert.match(page.url(), /\/articles\/(?!1$)/)
    assert.ok(await page.locator('article h1').isVisible())
  })

  test('no page breaks its content policy, reports an error or asks anybody else for anything', async () => {
    await using context = await browser.newContext({ viewport: desktop })
    const page = await context.newPage()
    const troubles: string[] = []
    page.on('pageerror', (error) => troubles.push(error.message))
    page.on('console', (message) => {
      // That the error page is a 404 is told here too, and is what was asked for.
      const isOwnStatus = message.location().url === site.origin + pages.error
      if (['error', 'warning'].includes(message.type()) && !isOwnStatus) troubles.push(message.text())
    })
    page.on('request', (request) => {
      const isOwn = request.url().startsWith(`${site.origin}/`) || request.url().startsWith('data:')
      if (!isOwn) troubles.push(`asks for ${request.url()}`)
    })
    await page.addInitScript(
      `addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => console.error(violatedDirective, blockedURI))`,
    )
    for (const [name, path] of Object.entries(pages)) {
      const response = await page.goto(site.origin + path)
      assert.equal(response?.status(), name === 'error' ? 404 : 200)
      assert.match(response?.headers()['content-security-policy'] ?? '', /default-src 'none'/)
      const paper = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
      assert.notEqual(paper, 'rgba(0, 0, 0, 0)', `the ${name} page has its style`)
    }
    assert.deepEqual(troubles, [])
  })

  for (const [name, path] of Object.entries(pages)) {
    test(`nothing that axe finds on the ${name} page is serious, and it never scrolls sideways`, async () => {
      // The policy is lifted for axe alone, which runs inside the page.
      await using context = await browser.newContext({ bypassCSP: true, reducedMotion: 'reduce' })
      const page = await context.newPage()
      await page.goto(site.origin + path)
      await page.evaluate(axeSource)
      const found: string[] = []
      for (const viewport of [phone, desktop]) {
        await page.setViewportSize(viewport)
        const overflow = await page.evaluate<number>(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        )
        if (overflow > 0) found.push(`${viewport.width} px: ${overflow} px too wide`)
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme })
          const problems = await seriousProblems(page)
          found.push(...problems.map((problem) => `${viewport.width} px, ${colorScheme}: ${problem}`))
        }
      }
      assert.deepEqual(found, [])
    })
  }

  test('with the keyboard alone the way past the navigation is the first stop, and each stop is seen', async () => {
    await using patient = await openPatientSite({ store: site.store })
    await using context = await browser.newContext({ viewport: desktop, reducedMotion: 'reduce' })
    const page = await context.newPage()
    await page.goto(`${patient.origin}/articles/1`)
    await page.keyboard.press('Tab')
    const skip = page.locator('.skip')
    assert.ok(await isFocused(page, '.skip'))
    assert.match(await skip.innerText(), /Skip to the article/)
    const box = await skip.boundingBox()
    assert.ok(box && box.y >= 0 && box.x >= 0, `it is on the screen: ${JSON.stringify(box)}`)
    await page.keyboard.press('Enter')
    assert.ok(await isFocused(page, '#main'))
    const links = await page.locator('main a:visible').count()
    assert.ok(links > 1)
    for (let stop = 1; stop <= links; stop++) {
      await page.keyboard.press('Tab')
      assert.ok(
        await page.evaluate(`document.activeElement.closest('main') !== null`),
        `stop ${stop} is in the article or its rail`,
      )
      assert.ok((await page.evaluate<number>(outlineWidth)) >= 2, `stop ${stop} is outlined`)
    }
    assert.ok(
      await page.evaluate(`document.activeElement.closest('aside.onward-rail') !== null`),
      'the rail is reached',
    )
  })

  test('an article is painted while its rail hangs and the response is still open', async () => {
    await using patient = await openPatientSite({ store: site.store, rehearse: 'rail=hang' })
    await using context = await browser.newContext({ viewport: desktop })
    const page = await context.newPage()
    let finished = false
    page.on('requestfinished', () => {
      finished = true
    })
    await page.goto(`${patient.origin}/articles/1`, { waitUntil: 'commit' })
    await page.locator('article .story-foot').waitFor()
    // Not waitForFunction: it compiles text in the page, which the page's own policy forbids.
    const painted = `performance.getEntriesByName('first-contentful-paint').length`
    while ((await page.evaluate(painted)) !== 1) await page.evaluate('new Promise(requestAnimationFrame)')
    assert.ok((await page.locator('article .text').innerText()).length > 500)
    assert.equal(await page.locator('aside').count(), 0)
    assert.equal(await page.evaluate('document.readyState'), 'loading')
    assert.equal(finished, false)
  })

  test('an article does not move when its rail comes late', async () => {
    const { store, release } = holdRails(site.store)
    await using patient = await openPatientSite({ store })
    await using context = await browser.newContext({ viewport: desktop })
    const page = await context.newPage()
    await page.goto(`${patient.origin}/articles/1`, { waitUntil: 'commit' })
    const end = page.locator('article .story-foot')
    await end.waitFor()
    const before = await end.boundingBox()
    assert.equal(await page.locator('aside').count(), 0, 'the rail is not there yet')
    release()
    await page.waitForLoadState('load')
    assert.ok((await page.locator('aside.onward-rail li').count()) > 0)
    assert.deepEqual(await end.boundingBox(), before)
  })

  test('on paper there is the article, and nothing to click', async () => {
    await using context = await browser.newContext({ viewport: desktop })
    const page = await context.newPage()
    await page.goto(`${site.origin}/articles/1`)
    await page.emulateMedia({ media: 'print' })
    assert.ok(await page.locator('article .text').isVisible())
    assert.ok(await page.locator('article h1').isVisible())
    for (const hidden of ['nav.sections', '.skip', '.colophon', '.onward-rail']) {
      assert.equal(await page.locator(hidden).isVisible(), false, hidden)
    }
  })

  async function isFocused(page: Page, selector: string): Promise<boolean> {
    return page.evaluate<boolean>(`document.activeElement === document.querySelector('${selector}')`)
  }
})

const outlineWidth = `(() => {
  const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement)
  return outlineStyle === 'none' ? 0 : parseFloat(outlineWidth)
})()`
