import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Archive } from '../../src/report/archive.ts'
import { openSite } from '../../src/report/open-site.ts'
import { type ModeName, modeNames } from '../../src/report/report.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'
import { smallArchive } from './archives.ts'

describe('the ways to serve a page', { timeout: 120_000 }, () => {
  let folder: TemporaryFolder
  let archive: Archive
  before(async () => {
    folder = await temporaryFolder()
    archive = await smallArchive(folder)
  })
  after(() => folder[Symbol.asyncDispose]())

  async function open(mode: ModeName) {
    const store = await archive.freshStore(new AbortController().signal)
    return await openSite({ mode, store, token: 'a-token-for-tests-alone' })
  }

  async function page(url: string, id: string) {
    const response = await fetch(`${url}/articles/${id}`)
    const html = await response.text()
    return { status: response.status, html, rail: /data-related-state="([a-z]+)"/.exec(html)?.[1] }
  }

  for (const mode of modeNames) {
    it(`${mode}: an article with its related articles, other routes, and what is published`, async () => {
      await using site = await open(mode)
      const [id = ''] = archive.ids
      const { status, html, rail } = await page(site.url, id)
      assert.equal(status, 200)
      assert.match(html, /<\/article>[\s\S]*<aside/)
      assert.equal(rail, 'fresh')
      const related = [...html.slice(html.indexOf('<aside')).matchAll(/href="\/articles\/(g\d+)"/g)]
      // onward shows nothing below its floor; a full-text query always finds six.
      assert.ok(mode.startsWith('onward') ? related.length >= 1 && related.length <= 6 : related.length === 6)
      assert.ok(related.every(([, other]) => other !== id))
      assert.equal((await page(site.url, 'nothing-of-that-name')).status, 404)
      assert.equal((await fetch(`${site.url}/healthz`)).status, 200)

      const published = await fetch(`${site.url}/v1/articles/news`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', authorization: 'Bearer a-token-for-tests-alone' },
        body: JSON.stringify({ id: 'news', title: 'What is new', body: 'It happened a moment ago.' }),
      })
      assert.equal(published.status, 201)
      assert.match((await page(site.url, 'news')).html, /What is new/)
    })
  }

  it('a database that is gone: the befores fail, onward serves what it has shown before', async () => {
    for (const mode of ['blocking', 'sequential', 'concurrent', 'capped'] as const) {
      await using site = await open(mode)
      assert.equal((await page(site.url, archive.ids[0] ?? '')).status, 200)
      site.fault.plan('database-gone', Date.now(), Date.now() + 60_000)
      assert.equal((await page(site.url, archive.ids[0] ?? '')).status, 500, mode)
      site.fault.plan('database-gone', 0, Date.now())
      assert.equal((await page(site.url, archive.ids[0] ?? '')).status, 200, `${mode} afterwards`)
    }
    await using site = await open('onward')
    await page(site.url, archive.ids[0] ?? '')
    site.fault.plan('database-gone', Date.now(), Date.now() + 60_000)
    assert.equal((await page(site.url, archive.ids[0] ?? '')).status, 200)
    assert.equal((await page(site.url, archive.ids[1] ?? '')).status, 503)
  })

  it('a related query that hangs: the befores hold the page until it is over, and onward does without', async () => {
    for (const mode of ['blocking', 'sequential', 'concurrent'] as const) {
      await using site = await open(mode)
      const until = Date.now() + 400
      site.fault.plan('rail-hangs', Date.now(), until)
      assert.equal((await page(site.url, archive.ids[0] ?? '')).rail, 'fresh')
      assert.ok(Date.now() >= until, mode)
    }
    await using site = await open('onward')
    const until = Date.now() + 60_000
    site.fault.plan('rail-hangs', Date.now(), until)
    const { status, rail } = await page(site.url, archive.ids[0] ?? '')
    assert.equal(status, 200)
    assert.notEqual(rail, 'fresh')
    assert.ok(Date.now() < until)
  })

  it('capped gives up on the related articles after two seconds, and shows the page', async () => {
    await using site = await open('capped')
    const begun = Date.now()
    site.fault.plan('rail-hangs', begun, begun + 2600)
    // By one of the pool's free connections: the one that hangs is not given up.
    const { status, rail } = await page(site.url, archive.ids[0] ?? '')
    assert.equal(status, 200)
    assert.equal(rail, 'late')
    assert.ok(Date.now() < begun + 2600)
  })
})
