import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type App, type AppOptions, openApp } from '../../src/app.ts'
import { ArticleGoneError } from '../../src/errors.ts'
import { subscribe } from '../../src/events.ts'
import { findRedis, openPrivateRedis, type PrivateRedis } from '../support/redis-server.ts'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'

const skip = findRedis().reason
const record = (id: string, title = `Ferry Aurelia aground, report ${id}`) => ({
  id,
  title,
  body: `The ferry Aurelia ran aground off the Halvern lighthouse in thick fog. Report ${id}.`,
  publishedAt: '2026-11-02T09:30:00.000Z',
})
const put = (app: App, id: string, title?: string) => app.publisher.publish(id, record(id, title), { republish: true })

/** Reads until the shared cache is asked with this outcome: a copy is written behind its reader. */
async function readUntil(outcome: string, read: () => Promise<unknown>): Promise<void> {
  const outcomes: string[] = []
  const stop = subscribe('shared-read', (event) => outcomes.push(event.outcome))
  const deadline = performance.now() + 10_000
  try {
    while (!outcomes.includes(outcome)) {
      assert.ok(performance.now() < deadline, `the outcomes were ${[...new Set(outcomes)].join()}`)
      await read()
      await sleep(10)
    }
  } finally {
    stop()
  }
}

describe('processes on one store that share a cache', { skip, timeout: 60_000 }, () => {
  let folder: TemporaryFolder
  let redis: PrivateRedis
  let writer: App
  // Without copies in memory, so that each read is one of the shared cache.
  let web: App
  const open = (options: AppOptions = {}) =>
    openApp({ store: `sqlite:${folder.file('news.db')}`, cache: redis.url, cacheBytesMax: 0, ...options })

  before(async () => {
    folder = await temporaryFolder()
    redis = await openPrivateRedis()
    writer = await open()
    web = await open()
    for (const id of ['one', 'two', 'three']) await put(writer, id)
  })

  after(async () => {
    await web?.[Symbol.asyncDispose]()
    await writer?.[Symbol.asyncDispose]()
    await redis?.[Symbol.asyncDispose]()
    await folder?.[Symbol.asyncDispose]()
  })

  it('read what another has read', async () => {
    await readUntil('hit', () => writer.manager.handleRequest({ articleId: 'one' }))
    await readUntil('hit', () => web.manager.handleRequest({ articleId: 'one' }))
    // On a busy machine a rail may come too late for one answer; from the shared cache it is as fresh as from the store.
    for (;;) {
      const { article, related } = await web.manager.handleRequest({ articleId: 'one' })
      assert.equal(article.id, 'one')
      if (related.state === 'fresh') break
    }
  })

  it('so do those that start later, of what was read before', async () => {
    await readUntil('hit', () => writer.manager.openRail('two'))
    await using late = await open()
    await readUntil('hit', () => late.manager.openRail('two'))
  })

  it('are never given by the process that took an article down what was kept of it, not even at once', async () => {
    for (let round = 0; round < 4; round++) {
      await put(writer, 'gone')
      await readUntil('hit', () => writer.manager.openArticle('gone', { rail: false }))
      await writer.publisher.withdraw('gone', {})
      await assert.rejects(writer.manager.openArticle('gone'), ArticleGoneError)
    }
  })

  it('see a correction of another within a second, and refuse what was kept before it', async () => {
    await readUntil('hit', () => web.manager.openArticle('three', { rail: false }))
    await put(writer, 'three', 'Corrected')
    const at = performance.now()
    for (;;) {
      const { article } = await web.manager.openArticle('three', { rail: false })
      if (article.title === 'Corrected') break
      assert.ok(performance.now() - at < 1000)
      await sleep(5)
    }
    // Whatever is kept from now on, nobody who knows of the correction goes back behind it.
    for (let read = 0; read < 50; read++) {
      assert.equal((await web.manager.openArticle('three', { rail: false })).article.title, 'Corrected')
      assert.equal((await writer.manager.openArticle('three', { rail: false })).article.title, 'Corrected')
    }
  })

  it('take what is torn or foreign for nothing, and put something whole in its place', async () => {
    await readUntil('hit', () => web.manager.openArticle('one', { rail: false }))
    const keys = `redis.call('KEYS','*article:one}')`
    const answer = await redis.command(`EVAL "return redis.call('SETRANGE',${keys}[1],40,'torn')" 0`)
    assert.match(answer, /^:/)
    await readUntil('unreadable', () => web.manager.openArticle('one', { rail: false }))
    await readUntil('hit', () => web.manager.openArticle('one', { rail: false }))
    assert.match(await redis.command(`EVAL "return redis.call('SET',${keys}[1],'{}')" 0`), /^\+OK/)
    await readUntil('unreadable', () => web.manager.openArticle('one', { rail: false }))
    assert.equal((await web.manager.openArticle('one', { rail: false })).article.id, 'one')
  })

  it('serve every article while the cache is killed, hung or full under load', async () => {
    let served = 0
    let isOver = false
    const reader = async (number: number) => {
      for (let read = number; !isOver; read++) {
        const { article } = await web.manager.openArticle(['one', 'two', 'three'][read % 3] as string)
        assert.ok(article)
        served++
      }
    }
    const readers = Promise.all(Array.from({ length: 8 }, (_, number) => reader(number)))
    // Looked at below, whatever goes wrong before.
    readers.catch(() => {})
    const servedDuring = async (trouble: () => unknown) => {
      const before = served
      await trouble()
      await Promise.race([
        readers,
        (async () => {
          while (served < before + 200 && !isOver) await sleep(5)
        })(),
      ])
    }
    try {
      await servedDuring(() => redis.pause())
      await servedDuring(() => redis.resume())
      await servedDuring(() => redis.kill())
      await servedDuring(() => redis.start())
      await servedDuring(() => redis.command('CONFIG SET maxmemory 1'))
      await servedDuring(() => redis.command('CONFIG SET maxmemory 0'))
    } finally {
      isOver = true
    }
    // An article that failed, or took longer than its budget, has rejected this one.
    await readers
    await readUntil('hit', () => web.manager.openArticle('one', { rail: false }))
  })
})
