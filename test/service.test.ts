import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { systemClock } from '../src/concurrency/clock.ts'
import { StoreUnavailableError } from '../src/errors.ts'
import { openService, type Service } from '../src/service.ts'
import { openStore } from '../src/store/open-store.ts'
import { leavesNothingBehind } from './support/leak-check.ts'
import { findMariadb, startMariadb } from './support/mariadb-server.ts'
import { findPostgres, startPostgres } from './support/postgres-server.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

const token = 'a-secret-of-the-newsroom'
const aurelia = [
  {
    id: 'aground',
    title: 'Ferry Aurelia runs aground off Halvern',
    body: 'The ferry Aurelia ran aground off the Halvern lighthouse in thick fog.',
  },
  {
    id: 'lifeboat',
    title: 'Aurelia passengers taken off by lifeboat',
    body: 'Lifeboats took all passengers of the ferry Aurelia to Halvern.',
  },
]
const captain = {
  id: 'captain',
  title: 'Captain of the Aurelia blames the fog',
  body: 'The captain of the ferry Aurelia said thick fog hid the Halvern lighthouse.',
}
const others = Array.from({ length: 40 }, (_, index) => ({
  id: `minutes-${index}`,
  title: `Council minutes number ${index}`,
  body: `Agenda item ${index}: budgets, drains, benches, lamps and permit ${index * 7}.`,
}))

const postgres = findPostgres()
const mariadb = findMariadb()
const stores: ReadonlyArray<{ name: string; skip: string | false; open: () => Promise<OpenedPlace> }> = [
  {
    name: 'SQLite',
    skip: false,
    open: async () => {
      const folder = await temporaryFolder()
      return { url: `sqlite:${folder.file('news.db')}`, close: () => folder[Symbol.asyncDispose]() }
    },
  },
  {
    name: 'PostgreSQL',
    skip: postgres.reason,
    open: async () => {
      const server = await startPostgres()
      return { url: await server.createDatabase(), close: () => server[Symbol.asyncDispose]() }
    },
  },
  {
    name: 'MariaDB',
    skip: mariadb.reason,
    open: async () => {
      const server = await startMariadb()
      return { url: await server.createDatabase(), close: () => server[Symbol.asyncDispose]() }
    },
  },
]

interface OpenedPlace {
  readonly url: string
  readonly close: () => PromiseLike<void>
}

for (const { name, skip, open } of stores) {
  // The whole of it, over HTTP: store, index thread, indexer, manager, pages.
  describe(`a running onward on ${name}`, { timeout: 60_000, skip }, () => aRunningOnward(open))
}

function aRunningOnward(open: () => Promise<OpenedPlace>): void {
  let place: OpenedPlace
  let service: Service

  before(async () => {
    place = await open()
    service = await openService({ store: place.url, port: 0, token, logLevel: 'silent' })
    const lines = [...aurelia, ...others].map((article) => JSON.stringify(published(article))).join('\n')
    const stored = await send('POST', '/v1/articles', lines, 'application/jsonl')
    assert.equal(stored.status, 200)
    await until(async () => (await relatedIds('aground')).includes('lifeboat'))
  })

  after(async () => {
    await service[Symbol.asyncDispose]()
    await place.close()
  })

  it('puts a new article into the rail of an old one, and takes it out again with its takedown', async () => {
    assert.equal((await send('PUT', '/v1/articles/captain', JSON.stringify(published(captain)))).status, 201)
    await until(async () => (await relatedIds('aground')).includes('captain'))
    assert.match(await text('/articles/aground'), /Captain of the Aurelia blames the fog/)

    assert.equal((await send('DELETE', '/v1/articles/captain')).status, 200)
    // Not sooner or later, but from this answer on: the rail is read joined with its articles.
    assert.ok(!(await relatedIds('aground')).includes('captain'))
    for (const path of ['/articles/aground', '/fragments/articles/aground/related', '/', '/v1/articles']) {
      assert.doesNotMatch(await text(path), /Captain of the Aurelia/, path)
    }
    for (const path of ['/articles/captain', '/v1/articles/captain', '/v1/articles/captain/related']) {
      assert.equal((await fetch(new URL(path, service.url))).status, 410, path)
    }

    assert.equal((await send('PUT', '/v1/articles/captain', JSON.stringify(published(captain)))).status, 410)
    assert.equal(
      (await send('PUT', '/v1/articles/captain?republish=true', JSON.stringify(published(captain)))).status,
      201,
    )
    await until(async () => (await relatedIds('aground')).includes('captain'))
  })

  it('says what the scores of a rail are made of', async () => {
    const answer = await fetch(new URL('/v1/articles/aground/related?explain=1', service.url))
    assert.equal(answer.status, 200)
    const { items } = (await answer.json()) as {
      items: Array<{
        id: string
        score: number
        parts: { score: number; text: number; time: number; terms: Array<{ term: string }> }
      }>
    }
    const { score, parts } = items.find(({ id }) => id === 'lifeboat')!
    assert.ok(Math.abs(parts.score - score) < 1e-3, `${parts.score} is told of ${score}`)
    assert.ok(Math.abs(parts.text * parts.time - parts.score) < 1e-3)
    assert.ok(parts.terms.some(({ term }) => /aurelia/i.test(term)))
  })

  it('tells the story so far in the order of time, without what is not visible', async () => {
    const storyOf = async (id: string) => {
      const answer = await fetch(new URL(`/v1/articles/${id}/story`, service.url))
      assert.equal(answer.status, 200)
      const { articles } = (await answer.json()) as { articles: Array<{ id: string; isAsked: boolean }> }
      assert.deepEqual(
        articles.filter((article) => article.isAsked).map((article) => article.id),
        [id],
      )
      return articles.map((article) => article.id)
    }
    const captainsLog = {
      ...published(captain),
      id: 'log',
      title: 'Log of the ferry Aurelia shows a late turn off Halvern',
      body: 'Her log shows that the Aurelia turned late in the fog before she ran aground off the Halvern lighthouse.',
      publishedAt: '2026-11-03T08:00:00.000Z',
    }
    const inquiry = {
      ...captainsLog,
      id: 'inquiry',
      title: 'Inquiry into the Aurelia: captain and fog',
      embargoedUntil: '2099-01-01T00:00:00Z',
    }
    assert.equal((await send('PUT', '/v1/articles/log', JSON.stringify(captainsLog))).status, 201)
    assert.equal((await send('PUT', '/v1/articles/inquiry', JSON.stringify(inquiry))).status, 201)
    await until(async () => (await storyOf('aground')).includes('log'))
    const story = await storyOf('aground')
    assert.equal(story.at(-1), 'log')
    assert.ok(story.includes('lifeboat') && !story.includes('inquiry'))
    assert.equal((await send('DELETE', '/v1/articles/log')).status, 200)
    assert.ok(!(await storyOf('aground')).includes('log'))
    assert.equal((await fetch(new URL('/v1/articles/inquiry/story', service.url))).status, 404)
    assert.equal((await fetch(new URL('/v1/articles/log/story', service.url))).status, 410)
  })

  it('shows a correction in the rails of others', async () => {
    const corrected = {
      ...published(aurelia[1]),
      title: 'Aurelia: all 212 taken off by lifeboat',
      updatedAt: new Date().toISOString(),
    }
    assert.equal((await send('PUT', '/v1/articles/lifeboat', JSON.stringify(corrected))).status, 200)
    assert.doesNotMatch(await text('/articles/aground'), new RegExp(`<h3[^>]*><a[^>]*>${aurelia[1]?.title}`))
    // On a busy machine a rail may come too late for one page.
    await until(async () => /all 212 taken off by lifeboat/.test(await text('/articles/aground')))
  })

  it('answers its health, its metrics and a description of itself', async () => {
    assert.equal((await fetch(new URL('/healthz', service.url))).status, 200)
    assert.equal((await fetch(new URL('/readyz', service.url))).status, 200)
    assert.match(await text('/metrics'), /onward_article_reads_total\{outcome="found"\} \d+/)
    assert.match(await text('/openapi.json'), /"openapi"/)
  })

  async function relatedIds(id: string): Promise<string[]> {
    const answer = await fetch(new URL(`/v1/articles/${id}`, service.url))
    const { relatedArticles, related } = (await answer.json()) as {
      relatedArticles: Array<{ id: string }>
      related: { basis: string }
    }
    return related.basis === 'related' ? relatedArticles.map((item) => item.id) : []
  }

  async function text(path: string): Promise<string> {
    return await (await fetch(new URL(path, service.url))).text()
  }

  function send(method: string, path: string, body?: string, type = 'application/json'): Promise<Response> {
    const headers = { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': type }) }
    return fetch(new URL(path, service.url), { method, headers, ...(body === undefined ? {} : { body }) })
  }
}

describe('a service', { timeout: 60_000 }, () => {
  it('that hears nothing of changes says so, and serves no copy before the store was asked, until it hears again', async () => {
    await using folder = await temporaryFolder()
    await using store = await openStore(`sqlite:${folder.file('news.db')}`, { clock: systemClock })
    let isSilent = false
    let articlesRead = 0
    // A private field is found on the store itself only, so that its functions are bound to it.
    const partial = new Proxy(store, {
      get(target, name) {
        if (name === 'readChangedIds' && isSilent) return () => Promise.reject(new StoreUnavailableError('Silent.'))
        if (name === 'readArticle') articlesRead++
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    await using service = await openService({
      store: partial,
      port: 0,
      token,
      logLevel: 'silent',
      feedSilenceMs: 1000,
      articleFreshMs: 600_000,
    })
    await service.app.publisher.publish('captain', published(captain), { republish: false })
    const ready = async () => {
      const answer = await fetch(new URL('/readyz', service.url))
      const { checks } = (await answer.json()) as { checks: Record<string, { ok: boolean }> }
      return [answer.status, checks.feed?.ok]
    }
    await until(async () => (await ready())[1] === true)
    isSilent = true
    await until(async () => (await ready())[1] === false)
    assert.deepEqual(await ready(), [503, false])
    articlesRead = 0
    for (let read = 0; read < 3; read++) await service.app.manager.openArticle('captain', { rail: false })
    assert.equal(articlesRead, 3)
    isSilent = false
    await until(async () => (await ready())[0] === 200)
  })

  it('closes all that it opened, while readers are being served', () =>
    leavesNothingBehind(async () => {
      await using folder = await temporaryFolder()
      const service = await openService({
        store: `sqlite:${folder.file('news.db')}`,
        port: 0,
        logLevel: 'silent',
        rehearse: 'rail=hang',
      })
      const readers = Array.from({ length: 20 }, () =>
        fetch(service.url).then(
          (answer) => answer.text(),
          () => 'cut',
        ),
      )
      await service[Symbol.asyncDispose]()
      await Promise.all(readers)
    }))

  it('that cannot have its store leaves nothing open, and says what is wrong', () =>
    leavesNothingBehind(async () => {
      await using folder = await temporaryFolder()
      const file = folder.file('not-a-database.db')
      await writeFile(file, 'These are minutes of the council, and no database.'.repeat(100))
      await assert.rejects(openService({ store: `sqlite:${file}`, port: 0, logLevel: 'silent' }), /not-a-database\.db/)
    }))
})

function published(article: object | undefined) {
  return { ...article, section: 'Local', language: 'en', publishedAt: '2026-11-02T10:00:00.000Z' }
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve))
}
