/**
 * Makes the images of the documents from the sample newsroom: node docs/images/make.ts
 *
 * It needs Chromium (see test/support/chromium.ts). Ages in them count from today.
 */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { openSampleSite } from '../../test/browser/sites.ts'
import { launchChromium } from '../../test/support/chromium.ts'

const images = {
  'article.png': { path: '/articles/1', height: 900 },
  'front.png': { path: '/', height: 1000 },
}

await using stack = new AsyncDisposableStack()
const site = stack.use(await openSampleSite())
const browser = await launchChromium()
stack.defer(() => browser.close())
for (const [name, { path, height }] of Object.entries(images)) {
  const page = await browser.newPage({ viewport: { width: 1280, height }, deviceScaleFactor: 1, colorScheme: 'light' })
  await page.goto(site.origin + path, { waitUntil: 'load' })
  const file = join(import.meta.dirname, name)
  await page.screenshot({ path: file })
  await page.close()
  process.stdout.write(`${name} ${Math.round((await stat(file)).size / 1024)} KiB\n`)
}
