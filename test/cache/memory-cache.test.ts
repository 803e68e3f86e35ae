import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MemoryCache } from '../../src/cache/memory-cache.ts'

const about = (bytes: number, ...shows: string[]) => ({ bytes, shows })

describe('a cache in memory', () => {
  it('gives what was set, and nothing for what was not', () => {
    const cache = new MemoryCache<string>({ bytesMax: 100 })
    cache.set('a', 'rail', about(10, '1'))
    assert.equal(cache.get('a'), 'rail')
    assert.equal(cache.get('b'), undefined)
    assert.deepEqual([cache.size, cache.bytes], [1, 10])
  })

  it('never holds more bytes than it may: the least recently used go first', () => {
    const cache = new MemoryCache<string>({ bytesMax: 100 })
    for (const key of ['a', 'b', 'c']) cache.set(key, key, about(30, key))
    cache.get('a')
    cache.set('d', 'd', about(40, 'd'))
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].map((key) => cache.get(key)),
      ['a', undefined, 'c', 'd'],
    )
    assert.equal(cache.bytes, 100)
  })

  it('does not keep what is larger than all of it, and nothing else goes for that', () => {
    const cache = new MemoryCache<string>({ bytesMax: 100 })
    cache.set('a', 'a', about(60, '1'))
    cache.set('b', 'b', about(101, '2'))
    assert.deepEqual([cache.get('a'), cache.get('b')], ['a', undefined])
    assert.deepEqual([cache.bytes, cache.idsShown], [60, 1])
  })

  it('does not keep the older self of what has become too large', () => {
    const cache = new MemoryCache<string>({ bytesMax: 100 })
    cache.set('a', 'old', about(10, '1'))
    cache.set('a', 'new', about(101, '2'))
    assert.equal(cache.get('a'), undefined)
    assert.deepEqual([cache.size, cache.bytes, cache.idsShown], [0, 0, 0])
  })

  it('keeps nothing at all when it may hold 0 bytes', () => {
    const cache = new MemoryCache<string>({ bytesMax: 0 })
    cache.set('a', 'a', about(0, '1'))
    cache.delete('a')
    cache.evictShowing(['1'])
    cache.clear()
    assert.equal(cache.get('a'), undefined)
    assert.deepEqual([cache.size, cache.bytes, cache.idsShown], [0, 0, 0])
  })

  it('takes an estimate of a fraction or of nothing for a byte at least', () => {
    const cache = new MemoryCache<string>({ bytesMax: 100 })
    cache.set('a', 'a', about(0))
    cache.set('b', 'b', about(1.2))
    assert.equal(cache.bytes, 3)
  })
})

describe('what shows an article', () => {
  it('goes when the article goes, under whatever key it is kept', () => {
    const cache = new MemoryCache<string>({ bytesMax: 100 })
    cache.set('rail of 1', 'a', about(1, '1', '2', '3'))
    cache.set('rail of 2', 'b', about(1, '2', '4'))
    cache.set('rail of 5', 'c', about(1, '5'))
    cache.evictShowing(['3', '4', 'unknown'])
    assert.deepEqual(
      ['rail of 1', 'rail of 2', 'rail of 5'].map((key) => cache.get(key)),
      [undefined, undefined, 'c'],
    )
    assert.equal(cache.idsShown, 1)
  })

  it('is known by what it shows now, and not by what it showed before', () => {
    const cache = new MemoryCache<string>({ bytesMax: 100 })
    cache.set('a', 'old', about(1, '1', '2'))
    cache.set('a', 'new', about(1, '2', '3'))
    cache.evictShowing(['1'])
    assert.equal(cache.get('a'), 'new')
    cache.evictShowing(['2'])
    assert.equal(cache.get('a'), undefined)
    assert.equal(cache.idsShown, 0)
  })

  it('may name an id twice', () => {
    const cache = new MemoryCache<string>({ bytesMax: 100 })
    cache.set('a', 'a', about(1, '1', '1'))
    cache.evictShowing(['1'])
    assert.deepEqual([cache.size, cache.idsShown], [0, 0])
  })

  const waysToGo: Record<string, (cache: MemoryCache<string>) => void> = {
    'is deleted': (cache) => {
      for (let n = 0; n < 5; n++) cache.delete(`${n}`)
    },
    'is pushed out': (cache) => cache.set('large', 'large', about(100)),
    'is replaced': (cache) => {
      for (let n = 0; n < 5; n++) cache.set(`${n}`, 'other', about(1))
    },
    'is cleared away': (cache) => cache.clear(),
  }
  for (const [how, go] of Object.entries(waysToGo)) {
    it(`leaves no trace of its ids when it ${how}`, () => {
      const cache = new MemoryCache<string>({ bytesMax: 100 })
      for (let n = 0; n < 5; n++) cache.set(`${n}`, 'value', about(20, `${n}`, 'shared'))
      assert.equal(cache.idsShown, 6)
      go(cache)
      assert.equal(cache.idsShown, 0)
    })
  }

  it('leaves no trace of its ids after any number of changes', () => {
    const cache = new MemoryCache<string>({ bytesMax: 500 })
    for (let n = 0; n < 10_000; n++) {
      cache.set(`${n % 37}`, 'value', about((n * 7) % 90, `${n % 11}`, `${n % 13}`, `${n}`))
      if (n % 3 === 0) cache.evictShowing([`${n % 13}`])
    }
    assert.ok(cache.bytes <= 500)
    assert.ok(cache.idsShown <= cache.size * 3)
    cache.clear()
    assert.equal(cache.idsShown, 0)
  })

  it('keeps what was asked for again when a flood of what is asked for once comes by', () => {
    const cache = new MemoryCache<number>({ bytesMax: 100 })
    for (let key = 0; key < 5; key++) cache.set(`hot ${key}`, key, { bytes: 10, shows: [] })
    for (let key = 0; key < 5; key++) cache.get(`hot ${key}`)
    for (let key = 0; key < 1000; key++) cache.set(`cold ${key}`, key, { bytes: 10, shows: [`${key}`] })
    for (let key = 0; key < 5; key++) assert.equal(cache.get(`hot ${key}`), key)
    assert.deepEqual([cache.size, cache.bytes, cache.idsShown], [10, 100, 5])
  })

  it('lets what was asked for again go too, when more of it comes than there is room for', () => {
    const cache = new MemoryCache<number>({ bytesMax: 100 })
    for (let key = 0; key < 50; key++) {
      cache.set(`${key}`, key, { bytes: 10, shows: [] })
      cache.get(`${key}`)
    }
    assert.equal(cache.get('0'), undefined)
    assert.equal(cache.get('49'), 49)
    assert.ok(cache.size <= 10 && cache.bytes <= 100)
  })

  it('keeps what is set again where it was', () => {
    const cache = new MemoryCache<number>({ bytesMax: 100 })
    cache.set('hot', 1, { bytes: 10, shows: [] })
    cache.get('hot')
    cache.set('hot', 2, { bytes: 10, shows: [] })
    for (let key = 0; key < 100; key++) cache.set(`cold ${key}`, key, { bytes: 10, shows: [] })
    assert.equal(cache.get('hot'), 2)
  })
})
