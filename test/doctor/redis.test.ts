import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../src/concurrency/clock.ts'
import { examineRedis } from '../../src/doctor/examine-redis.ts'
import { freePort } from '../support/database-process.ts'
import { leavesNothingBehind } from '../support/leak-check.ts'
import { findRedis, openPrivateRedis } from '../support/redis-server.ts'
import { checkOf, complaints } from './examine.ts'

describe('the doctor at Redis', { skip: findRedis().reason, timeout: 120_000 }, () => {
  it('finds nothing wrong with a cache that has a limit and lets the oldest go, and writes nothing', async () => {
    await using redis = await openPrivateRedis(['--maxmemory', '64mb', '--maxmemory-policy', 'allkeys-lru'])
    await leavesNothingBehind(async () => {
      const examination = await examine(redis.url)
      assert.deepEqual(complaints(examination), {})
      assert.match(checkOf(examination, 'memory').found, /of 64 MB are in use; .*allkeys-lru/)
    })
    assert.equal(await redis.command('DBSIZE'), ':0')
  })

  it('warns of memory without a limit, and of a limit under which nothing may go', async () => {
    await using unbound = await openPrivateRedis()
    assert.match(checkOf(await examine(unbound.url), 'memory').found, /no limit/)
    await using full = await openPrivateRedis(['--maxmemory', '100kb', '--maxmemory-policy', 'noeviction'])
    const { state, found } = checkOf(await examine(full.url), 'memory')
    assert.equal(state, 'warn')
    assert.match(found, /The memory is full/)
  })

  it('says what is wrong: a password that is wanted or wrong, nobody there, no answer', async () => {
    const port = await freePort()
    await using locked = await openPrivateRedis(['--port', String(port), '--bind', '127.0.0.1'])
    await locked.command('CONFIG SET requirepass opensesame')
    assert.match(checkOf(await examine(`redis://127.0.0.1:${port}`), 'connection').found, /wants a password/)
    assert.match(checkOf(await examine(`redis://:secret@127.0.0.1:${port}`), 'connection').found, /password is wrong/)
    assert.match(
      checkOf(await examine(`redis://:opensesame@127.0.0.1:${port}`), 'connection').found,
      /lets this user in/,
    )
    assert.match(checkOf(await examine('redis://:secret@127.0.0.1:1'), 'connection').found, /Nothing listens there/)
    assert.match(checkOf(await examine('redis+unix:///nowhere/redis.sock'), 'connection').found, /no such socket/)
    assert.match(checkOf(await examine('http://127.0.0.1'), 'address').found, /expected redis:/)
    await using silent = await openPrivateRedis()
    silent.pause()
    try {
      assert.match(checkOf(await examine(silent.url), 'connection').found, /does not answer/)
    } finally {
      silent.resume()
    }
  })
})

async function examine(url: string) {
  const { signal } = new AbortController()
  const examination = await examineRedis(url, { budgetMs: 1000, clock: systemClock, signal })
  assert.doesNotMatch(JSON.stringify(examination), /secret|opensesame/)
  return examination
}
