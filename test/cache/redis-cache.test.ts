import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openRedisCache, redisLocation } from '../../src/cache/redis-cache.ts'
import type { SharedCache } from '../../src/cache/shared-cache.ts'
import { systemClock } from '../../src/concurrency/clock.ts'
import { InvalidOptionError } from '../../src/errors.ts'
import { leavesNothingBehind } from '../support/leak-check.ts'
import { findRedis, openPrivateRedis, type PrivateRedis } from '../support/redis-server.ts'

const budgetMs = 50
const text = (bytes: Buffer) => bytes.toString()
const none = {}

function open(redis: PrivateRedis, options: { storeName?: string } = {}): Promise<SharedCache> {
  return openRedisCache({
    url: redis.url,
    prefix: 'onward',
    storeName: 'sqlite:news.db',
    budgetMs,
    clock: systemClock,
    random: Math.random,
    ...options,
  })
}

/** Asks again until the answer is of this state: a connection comes up, and a breaker closes, in its own time. */
async function until(cache: SharedCache, state: string, key = 'probe'): Promise<void> {
  const deadline = performance.now() + 15_000
  for (;;) {
    const found = await cache.lookUp(key, text, none)
    if (found.state !== 'hit' && found.lease !== null) cache.giveBack(key, found.lease)
    if (found.state === state) return
    assert.ok(performance.now() < deadline, `it is ${found.state} and not ${state}`)
    await sleep(10)
  }
}

/** Loads nothing: gives the value to be kept, as who has the task would. */
async function keep(cache: SharedCache, key: string, value: string, keepMs = 60_000): Promise<void> {
  const found = await cache.lookUp(key, () => null, none)
  assert.ok(found.state !== 'hit')
  cache.keep(key, Buffer.from(value), { keepMs, lease: found.lease })
}

describe('the URL of a cache', () => {
  it('is told without its user and password, and not at all when it is malformed', () => {
    assert.equal(redisLocation('redis://app:secret@cache.example:6379/2'), 'redis://cache.example:6379/2')
    for (const url of ['redis//:secret@host', 'http://:secret@host', 'secret']) {
      assert.throws(
        () => redisLocation(url),
        (error) => error instanceof InvalidOptionError && !error.message.includes('secret'),
      )
    }
  })
})

const skip = findRedis().reason
describe('a cache that processes share', { skip, timeout: 60_000 }, () => {
  let redis: PrivateRedis

  before(async () => {
    redis = await openPrivateRedis()
  })

  after(async () => {
    await redis[Symbol.asyncDispose]()
  })

  it('gives one process what another has kept', async () => {
    await using ours = await open(redis)
    await using theirs = await open(redis)
    await Promise.all([until(ours, 'miss'), until(theirs, 'miss')])
    await keep(theirs, 'a', 'value')
    await until(ours, 'hit', 'a')
    assert.deepEqual(await ours.lookUp('a', text, none), { state: 'hit', value: 'value' })
  })

  it('keeps the values of two stores apart', async () => {
    await using ours = await open(redis)
    await using others = await open(redis, { storeName: 'sqlite:sport.db' })
    await Promise.all([until(ours, 'miss'), until(others, 'miss')])
    await keep(others, 'b', 'value')
    await until(others, 'hit', 'b')
    assert.equal((await ours.lookUp('b', text, none)).state, 'miss')
  })

  it('gives the task of loading to one, and makes the others wait for what he brings', async () => {
    await using ours = await open(redis)
    await using theirs = await open(redis)
    await Promise.all([until(ours, 'miss'), until(theirs, 'miss')])
    const mine = await ours.lookUp('c', text, none)
    assert.ok(mine.state === 'miss' && mine.lease !== null)
    const waiting = theirs.lookUp('c', text, none)
    ours.keep('c', Buffer.from('value'), { keepMs: 60_000, lease: mine.lease })
    assert.deepEqual(await waiting, { state: 'hit', value: 'value' })
  })

  it('lets the others load it themselves when he who has the task brings nothing', async () => {
    await using ours = await open(redis)
    await using theirs = await open(redis)
    await Promise.all([until(ours, 'miss'), until(theirs, 'miss')])
    const mine = await ours.lookUp('d', text, none)
    assert.ok(mine.state === 'miss' && mine.lease !== null)
    assert.deepEqual(await theirs.lookUp('d', text, none), { state: 'waited', lease: null })
    ours.giveBack('d', mine.lease)
    await until(theirs, 'miss', 'd')
  })

  it('gives the task again for a value that is refused, and puts what is brought in its place', async () => {
    await using ours = await open(redis)
    await until(ours, 'miss')
    await keep(ours, 'e', 'old')
    await until(ours, 'hit', 'e')
    const refused = await ours.lookUp('e', (bytes) => (text(bytes) === 'old' ? null : text(bytes)), none)
    assert.ok(refused.state === 'refused' && refused.lease !== null)
    ours.keep('e', Buffer.from('new'), { keepMs: 60_000, lease: refused.lease })
    const found = await ours.lookUp('e', (bytes) => (text(bytes) === 'old' ? null : text(bytes)), none)
    assert.deepEqual(found, { state: 'hit', value: 'new' })
  })

  it('tells the others, and not who announces, that there is something new', async () => {
    await using ours = await open(redis)
    await using theirs = await open(redis)
    const heard = { ours: 0, theirs: 0 }
    ours.onAnnounced(() => heard.ours++)
    theirs.onAnnounced(() => heard.theirs++)
    // Each is told by itself, when it begins to listen, that it may have missed something.
    while (heard.ours === 0 || heard.theirs === 0) await sleep(5)
    await until(ours, 'miss')
    ours.announce()
    while (heard.theirs < 2) await sleep(5)
    assert.deepEqual(heard, { ours: 1, theirs: 2 })
  })

  it('rejects with the reason of whoever left, and with nothing else', async () => {
    await using ours = await open(redis)
    await until(ours, 'miss')
    const stop = new AbortController()
    const asking = ours.lookUp('f', text, { signal: stop.signal })
    stop.abort(new Error('He left.'))
    await assert.rejects(asking, /He left/)
  })

  it('leaves nothing behind, whether the server answers or is away', async () => {
    await leavesNothingBehind(async () => {
      const cache = await open(redis)
      await until(cache, 'miss')
      cache.announce()
      await cache[Symbol.asyncDispose]()
      const nowhere = await openRedisCache({
        url: 'redis+unix:///nowhere/redis.sock',
        prefix: 'onward',
        storeName: '',
        budgetMs,
        clock: systemClock,
        random: Math.random,
      })
      assert.equal((await nowhere.lookUp('a', text, none)).state, 'unavailable')
      await nowhere[Symbol.asyncDispose]()
    })
  })
})

describe('a shared cache in trouble', { skip, timeout: 60_000 }, () => {
  it('is given up after its budget when it hangs, then not asked at all, and used again when it answers', async () => {
    await using redis = await openPrivateRedis()
    await using cache = await open(redis)
    await until(cache, 'miss')
    redis.pause()
    const answers = await Promise.all(Array.from({ length: 50 }, () => cache.lookUp('a', text, none)))
    assert.ok(answers.every(({ state }) => state === 'unavailable'))
    // Its breaker is open: nothing is waited for, and so what comes first is the next turn of the event loop.
    const first = await Promise.race([
      cache.lookUp('a', text, none).then(({ state }) => state),
      new Promise((resolve) => setImmediate(resolve, 'waited')),
    ])
    assert.equal(first, 'unavailable')
    redis.resume()
    await until(cache, 'miss')
  })

  it('is used again after it was killed and started anew, empty', async () => {
    await using redis = await openPrivateRedis()
    await using cache = await open(redis)
    await until(cache, 'miss')
    await keep(cache, 'a', 'value')
    await until(cache, 'hit', 'a')
    await redis.kill()
    assert.equal((await cache.lookUp('a', text, none)).state, 'unavailable')
    cache.keep('a', Buffer.from('value'), { keepMs: 1000, lease: null })
    await redis.start()
    await until(cache, 'miss', 'a')
  })

  it('gives what it has when its memory is full, and what it has not everybody may load', async () => {
    await using redis = await openPrivateRedis(['--maxmemory-policy', 'noeviction'])
    await using cache = await open(redis)
    await until(cache, 'miss')
    await keep(cache, 'a', 'value')
    await until(cache, 'hit', 'a')
    assert.equal(await redis.command('CONFIG SET maxmemory 1'), '+OK')
    assert.deepEqual(await cache.lookUp('a', text, none), { state: 'hit', value: 'value' })
    for (let asked = 0; asked < 10; asked++) {
      assert.equal((await cache.lookUp('b', text, none)).state, 'miss')
      await keep(cache, 'b', 'value')
    }
    assert.equal((await cache.lookUp('b', text, none)).state, 'miss')
  })
})
