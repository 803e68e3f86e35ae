import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { openStore } from '../../src/store/open-store.ts'
import { examples, type Newsroom, openNewsroom, startExample } from './sites.ts'

suite('the site before and after', () => {
  let newsroom: Newsroom
  before(async () => {
    newsroom = await openNewsroom()
  })
  after(() => newsroom[Symbol.asyncDispose]())

  test('differs by at most 20 lines, all in one file that both have, and by as many as the guide says', () => {
    const filesOf = (site: string) => readdirSync(join(examples, site))
    assert.deepEqual(
      filesOf('after').filter((file) => !existsSync(join(examples, 'before', file))),
      [],
      'files that had to be added',
    )
    const changed = new Map(filesOf('after').map((file) => [file, linesChanged('before', 'after', file)]))
    assert.equal(changed.get('server.ts'), 0)
    const lines = changed.get('site.ts') ?? Number.NaN
    assert.ok(lines > 0 && lines <= 20, `${lines} lines`)
    const guide = readFileSync(new URL('../../docs/drop-in.md', import.meta.url), 'utf8')
    assert.match(guide, new RegExp(`is ${lines} lines, and`))
  })

  test('serves the same article, front page and other routes', async () => {
    await using oldSite = await startExample('before', newsroom)
    await using newSite = await startExample('after', newsroom, patient)
    const [oldPage, newPage] = await Promise.all([
      textOf(`${oldSite.origin}articles/1`),
      textOf(`${newSite.origin}articles/1`),
    ])
    assert.match(oldPage, /<article><h1>[^<]+<\/h1><p>[^<]{200,}/)
    assert.equal(articleOf(newPage), articleOf(oldPage))
    for (const [site, page] of Object.entries({ oldPage, newPage })) {
      const links: string[] = page.split('<aside>')[1]?.match(/href="\/articles\/[^"]+"/g) ?? []
      assert.ok(links.length > 0 && !links.includes('href="/articles/1"'), `${site}: ${links}`)
    }
    for (const path of ['', 'about']) {
      assert.equal(await textOf(newSite.origin + path), await textOf(oldSite.origin + path), path)
    }
  })

  test('answers 404 for what does not exist and for ids that cannot exist, in the same words', async () => {
    await using oldSite = await startExample('before', newsroom)
    await using newSite = await startExample('after', newsroom)
    for (const id of ['unknown', 'a%20b', '%E2%82%AC', `${'9'.repeat(200)}`]) {
      const answers = await Promise.all(
        [oldSite, newSite].map(async ({ origin }) => {
          const response = await fetch(`${origin}articles/${id}`)
          return { status: response.status, text: await response.text() }
        }),
      )
      assert.equal(answers[0]?.status, 404, id)
      assert.deepEqual(answers[1], answers[0], id)
    }
  })

  test('answers 410 afterwards for an article that was taken down while the site runs, and links to it no more', async () => {
    await using site = await startExample('after', newsroom, patient)
    const page = await textOf(`${site.origin}articles/7`)
    const [, id = ''] = /<aside>.*?href="\/articles\/([^"]+)"/s.exec(page) ?? []
    const title = /<h1>([^<]+)/.exec(await textOf(`${site.origin}articles/${id}`))?.[1] ?? ''
    await using store = await openStore(newsroom.store)
    await store.withdrawArticle(id, { now: Date.now() })
    // Another process took it down: the site keeps copies, and hears of it by following the store's feed.
    const deadline = AbortSignal.timeout(10_000)
    let response = await fetch(`${site.origin}articles/${id}`)
    while (response.status !== 410 && !deadline.aborted) response = await fetch(`${site.origin}articles/${id}`)
    assert.equal(response.status, 410)
    assert.ok(title.length > 0 && !(await response.text()).includes(title))
    assert.ok(!(await textOf(`${site.origin}articles/7`)).includes(`"/articles/${id}"`))
  })

  for (const outage of ['rail=hang', 'rail=fail']) {
    test(`answers articles afterwards while its related articles are in trouble: ${outage}`, async () => {
      await using sound = await startExample('before', newsroom)
      await using site = await startExample('after', newsroom, { ONWARD_REHEARSE: outage })
      const pages = await Promise.all(['1', '2', '3'].map((id) => textOf(`${site.origin}articles/${id}`)))
      assert.equal(articleOf(pages[0] ?? ''), articleOf(await textOf(`${sound.origin}articles/1`)))
      for (const page of pages) assert.match(page, /<article><h1>[^<]+<\/h1>/)
    })
  }

  test('ends by itself when it is told to stop, with a reader still connected, and is quick about it', async () => {
    for (const name of ['before', 'after'] as const) {
      await using site = await startExample(name, newsroom)
      // fetch keeps its connection open for the next request.
      await textOf(`${site.origin}articles/1`)
      assert.equal(await site.stop(), 0, `${name}: exit code`)
    }
  })
})

/** Where the related articles themselves are looked at: a busy machine must not make them late. */
const patient = { ONWARD_RAIL_BUDGET_MS: '20000', ONWARD_AFTER_ARTICLE_MS: '20000' }

async function textOf(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(20_000) })
  assert.equal(response.status, 200, url)
  return response.text()
}

/** Through `</article>`: white space counts as one, since stores keep paragraphs in their own way. */
function articleOf(page: string): string {
  const end = page.indexOf('</article>')
  assert.notEqual(end, -1, 'the page has an article')
  return page.slice(0, end).replace(/\s+/g, ' ')
}

/** As `diff` counts: the lines that were added, or those that were taken away, whichever are more. */
function linesChanged(from: string, to: string, file: string): number {
  const [old, changed] = [from, to].map((site) => readFileSync(join(examples, site, file), 'utf8').split('\n')) as [
    string[],
    string[],
  ]
  return Math.max(old.length, changed.length) - longestCommonSubsequence(old, changed)
}

function longestCommonSubsequence(a: readonly string[], b: readonly string[]): number {
  let above: number[] = Array(b.length + 1).fill(0)
  for (const line of a) {
    const row = [0]
    for (const [index, other] of b.entries()) {
      row.push(line === other ? (above[index] ?? 0) + 1 : Math.max(above[index + 1] ?? 0, row[index] ?? 0))
    }
    above = row
  }
  return above.at(-1) ?? 0
}
