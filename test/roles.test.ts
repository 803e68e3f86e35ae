import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ArticleManager } from '../src/article-manager.ts'
import { systemClock } from '../src/concurrency/clock.ts'
import { waitUntilIndexed } from '../src/indexer/wait-until-indexed.ts'
import { openService, type Service } from '../src/service.ts'
import { railsLease } from '../src/store/store.ts'
import { onward } from './cli/run-onward.ts'
import { leavesNothingBehind } from './support/leak-check.ts'
import { preparedStoryArticle, storySize } from './support/story-articles.ts'
import { type TemporaryFolder, temporaryFolder } from './support/temporary-folder.ts'

describe('a process with a role', { timeout: 240_000 }, () => {
  it('web serves readers and never keeps the rails, which an indexer on the same store does', async () => {
    await using folder = await temporaryFolder()
    await using web = await open(folder, 'web')
    await publishStory(web)
    assert.equal(web.app.indexer.leads, false)
    assert.equal((await web.app.store.readStatus({ now: Date.now() })).railsKeptUntil, null)

    await using indexer = await open(folder, 'indexer')
    await waitUntilIndexed(web.app.store, { clock: systemClock })
    assert.equal(indexer.app.indexer.leads, true)
    const { relatedArticles } = await web.app.manager.handleRequest({ articleId: 'story-0' })
    assert.deepEqual(relatedArticles.map(({ id }) => id).toSorted(), ['story-1', 'story-2', 'story-3'])
    assert.equal((await get(web, '/articles/story-0')).status, 200)
  })

  it('web says why it cannot explain scores, and an indexer explains them', async () => {
    await using folder = await temporaryFolder()
    await using web = await open(folder, 'web')
    await publishStory(web)
    await using indexer = await open(folder, 'indexer')
    await waitUntilIndexed(web.app.store, { clock: systemClock })
    const path = '/v1/articles/story-0/related?explain=1'
    const refused = await get(web, path)
    assert.equal(refused.status, 503)
    assert.match(refused.body, /"code":"EXPLANATION_UNAVAILABLE"/)
    assert.match(refused.body, /serves readers and keeps no rails \(role web\)/)
    const explained = await get(indexer, path)
    assert.equal(explained.status, 200)
    assert.match(explained.body, /"parts":\{/)
  })

  it('indexer shows no pages, and says so in a way that no crawler takes for the end of an article', async () => {
    await using folder = await temporaryFolder()
    await using indexer = await open(folder, 'indexer')
    await publishStory(indexer)
    for (const path of ['/', '/articles/story-0', '/fragments/articles/story-0/related']) {
      const answer = await get(indexer, path)
      assert.equal(answer.status, 503, path)
      assert.equal(answer.headers.get('retry-after'), '1')
    }
    for (const path of ['/healthz', '/readyz', '/metrics', '/v1/articles/story-0']) {
      assert.equal((await get(indexer, path)).status, 200, path)
    }
  })

  it('is told by /readyz and by a metric, with whether it keeps the rails', async () => {
    await using folder = await temporaryFolder()
    for (const [role, keeps, detail] of [
      ['web', 0, /^web: serves readers and keeps no rails$/],
      ['indexer', 1, /^indexer: keeps the rails$/],
      ['all', 1, /^all: keeps the rails$/],
    ] as const) {
      await using service = await open(folder, role)
      if (keeps === 1) while (!service.app.indexer.leads) await turn()
      assert.match((await checksOf(service)).role?.detail ?? '', detail)
      const { body } = await get(service, '/metrics')
      assert.match(body, new RegExp(`^onward_role_info\\{role="${role}"\\} 1$`, 'm'))
      assert.match(body, new RegExp(`^onward_keeps_rails ${keeps}$`, 'm'))
    }
  })

  it('stands by while another leads, and leads once that one has gone', async () => {
    await using folder = await temporaryFolder()
    const leader = await open(folder, 'indexer')
    while (!leader.app.indexer.leads) await turn()
    await using standby = await open(folder, 'indexer')
    assert.match((await checksOf(standby)).role?.detail ?? '', /stands by/)
    await leader[Symbol.asyncDispose]()
    while (!standby.app.indexer.leads) await turn()
    assert.match((await checksOf(standby)).role?.detail ?? '', /keeps the rails/)
  })

  it('says when nobody keeps the rails for longer than is tolerated, stays in service, and takes it back', async () => {
    await using folder = await temporaryFolder()
    await using web = await open(folder, 'web', { railsUnkeptMs: 0 })
    await checksOf(web)
    let rails = (await checksOf(web)).rails
    while (rails?.ok) rails = (await checksOf(web)).rails
    assert.match(rails?.detail ?? '', /nobody has kept the rails for \d+ s: start a process with --role indexer or all/)
    assert.equal((await get(web, '/readyz')).status, 200)
    await using indexer = await open(folder, 'indexer')
    while (!indexer.app.indexer.leads) await turn()
    assert.equal((await checksOf(web)).rails?.ok, true)
  })

  it('counts from the end of the lease where whoever kept the rails went without giving it back', async () => {
    await using folder = await temporaryFolder()
    await using web = await open(folder, 'web', { railsUnkeptMs: 30_000 })
    const take = (now: number) => web.app.store.takeLease({ name: railsLease, holder: 'gone', forMs: 1000, now })
    await take(Date.now() - 20_000)
    assert.equal((await checksOf(web)).rails?.ok, true)
    await using other = await open(folder, 'web', { railsUnkeptMs: 10_000 })
    assert.match((await checksOf(other)).rails?.detail ?? '', /for (19|2\d) s/)
  })

  it('leaves nothing behind', () =>
    leavesNothingBehind(async () => {
      await using folder = await temporaryFolder()
      for (const role of ['web', 'indexer'] as const) {
        await using service = await open(folder, role)
        await get(service, '/readyz')
      }
    }))

  it('web needs a store that somebody else keeps the rails of', async () => {
    await assert.rejects(ArticleManager.open({ store: null, role: 'web' }), /The role web needs a store/)
  })

  it('is refused on the command line where it makes no sense, and taken from the environment', async () => {
    await using folder = await temporaryFolder()
    for (const [given, env, expected] of [
      [['--role', 'indexer', '--workers', '2'], {}, /--role indexer takes no --workers/],
      [['--sample'], { ONWARD_ROLE: 'web' }, /would have none/],
      [['--role', 'editor'], {}, /The option role is "editor"; expected one of all, web, indexer/],
    ] as const) {
      const { code, err } = await onward(['serve', '--port', '0', ...given], folder, { env })
      assert.equal(code, 2, err)
      assert.match(err, expected)
    }
  })
})

function open(folder: TemporaryFolder, role: 'web' | 'indexer' | 'all', over: { railsUnkeptMs?: number } = {}) {
  return openService({ store: `sqlite:${folder.file('news.db')}`, role, port: 0, logLevel: 'silent', ...over })
}

async function publishStory({ app }: Service): Promise<void> {
  const story = Array.from({ length: storySize * 3 }, (_, number) => preparedStoryArticle(number))
  await app.store.putArticles(story, { now: Date.now(), republish: false })
}

async function get(service: Service, path: string) {
  const answer = await fetch(new URL(path, service.url))
  return { status: answer.status, headers: answer.headers, body: await answer.text() }
}

async function checksOf(service: Service) {
  const { body } = await get(service, '/readyz')
  return (JSON.parse(body) as { checks: Record<string, { ok: boolean; detail: string }> }).checks
}

/** A turn of the event loop; the test's own timeout bounds how many there are. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
