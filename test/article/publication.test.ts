import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { ArticleInput, PreparedArticle } from '../../src/article/article.ts'
import { clockSkewMsDefault, decidePublication, type StoredPublication } from '../../src/article/publication.ts'

describe('what becomes of an article that comes in', () => {
  it('is created when nothing is stored, and is first seen now', () => {
    const decided = decide(null, {})
    assert.ok(decided.outcome === 'created')
    assert.equal(decided.article.firstSeenAt, iso(now))
  })

  it('is unchanged when it is the same input, whenever it comes', () => {
    for (const status of ['published', 'draft'] as const) {
      const same = { ...stored, status, fingerprint: 'same' }
      assert.deepEqual(decide(same, { updatedAt: iso(now - 99 * hour) }, { fingerprint: 'same' }), {
        outcome: 'unchanged',
      })
    }
  })

  it('is outdated when it says that it is older than what is stored', () => {
    assert.deepEqual(decide(stored, { updatedAt: iso(storedUpdatedAt - 1) }), { outcome: 'outdated' })
    assert.equal(decide(stored, { updatedAt: iso(storedUpdatedAt) }).outcome, 'updated')
    assert.equal(decide(stored, {}).outcome, 'updated')
  })

  it('is outdated, too, when it is an old takedown of what was published again since', () => {
    const takedown = { status: 'withdrawn', updatedAt: iso(storedUpdatedAt - 1) } as const
    assert.deepEqual(decide(stored, takedown), { outcome: 'outdated' })
    assert.equal(decide(stored, { status: 'withdrawn' }).outcome, 'withdrawn')
  })

  it('is tombstoned under whatever input, unless it is republished', () => {
    for (const over of [{}, { updatedAt: iso(now + hour) }, { status: 'draft' }, { status: 'withdrawn' }] as const) {
      assert.deepEqual(decide(tombstone, over), { outcome: 'tombstoned' })
    }
    assert.equal(decide(tombstone, {}, { republish: true }).outcome, 'created')
    assert.equal(decide(tombstone, { status: 'withdrawn' }, { republish: true }).outcome, 'tombstoned')
  })

  it('comes back by a republish although the input says that it is old', () => {
    assert.equal(decide(tombstone, { updatedAt: iso(storedUpdatedAt - hour) }, { republish: true }).outcome, 'created')
  })

  it('is not forced past a newer version by a republish', () => {
    assert.equal(decide(stored, { updatedAt: iso(storedUpdatedAt - 1) }, { republish: true }).outcome, 'outdated')
  })

  it('leaves a tombstone that has the times and none of the text', () => {
    const decided = decide(stored, { status: 'withdrawn', title: 'Secret', body: 'Secret' })
    assert.deepEqual(decided, {
      outcome: 'withdrawn',
      tombstone: {
        withdrawnAt: iso(now),
        publishedAt: stored.publishedAt,
        updatedAt: iso(now),
        firstSeenAt: stored.firstSeenAt,
      },
    })
  })
})

describe('the times of an article', () => {
  it('that gives none are now when it is new', () => {
    assert.deepEqual(timesOf(decide(null, {})), { publishedAt: iso(now), updatedAt: iso(now), firstSeenAt: iso(now) })
  })

  it('keep the stored publication when a correction gives none', () => {
    assert.equal(timesOf(decide(stored, {})).publishedAt, stored.publishedAt)
    assert.equal(timesOf(decide(tombstone, {}, { republish: true })).publishedAt, stored.publishedAt)
  })

  it('begin with its publication and not with its draft', () => {
    const draft = { ...stored, status: 'draft' } as const
    assert.equal(timesOf(decide(draft, { status: 'published' })).publishedAt, iso(now))
    assert.equal(timesOf(decide(draft, { status: 'draft' })).publishedAt, stored.publishedAt)
  })

  it('take the first publication for the last update, but none that is still to come', () => {
    assert.equal(timesOf(decide(null, { publishedAt: iso(now - hour) })).updatedAt, iso(now - hour))
    assert.equal(timesOf(decide(null, { publishedAt: iso(now + hour) })).updatedAt, iso(now))
  })

  it('take a correction without a time to be of now, and never of before the stored version', () => {
    assert.equal(timesOf(decide(stored, {})).updatedAt, iso(now))
    const ahead = { ...stored, updatedAt: iso(now + 1000) }
    assert.equal(timesOf(decide(ahead, {})).updatedAt, iso(now + 1000))
  })

  it('never go back although the clock was set back', () => {
    const ahead = { ...stored, updatedAt: iso(now + 1000) }
    assert.equal(timesOf(decide(ahead, { updatedAt: iso(now + 2000) })).updatedAt, iso(now + 1000))
  })

  it('of an update in the future are now, so that true corrections are not outdated until then', () => {
    const first = timesOf(decide(null, { updatedAt: iso(now + 400 * 24 * hour) }))
    assert.equal(first.updatedAt, iso(now))
    const next = decidePublication({ ...stored, ...first }, coming({ updatedAt: iso(now + 1000) }), {
      now: now + 2000,
      republish: false,
    })
    assert.equal(next.outcome, 'updated')
  })
})

describe('when an article is visible', () => {
  const visibleFrom = (over: Partial<ArticleInput>, was: StoredPublication | null = null) => {
    const decided = decide(was, over)
    return 'visibleFrom' in decided ? decided.visibleFrom : null
  }

  it('is from the start when nothing holds it back', () => {
    assert.equal(visibleFrom({}), 0)
    assert.equal(visibleFrom({ publishedAt: iso(now - hour) }), 0)
  })

  it('is from the end of its embargo', () => {
    assert.equal(visibleFrom({ embargoedUntil: iso(now + hour) }), now + hour)
  })

  it('is from its publication when that is further ahead than a clock may be wrong', () => {
    assert.equal(visibleFrom({ publishedAt: iso(now + clockSkewMsDefault) }), 0)
    assert.equal(visibleFrom({ publishedAt: iso(now + clockSkewMsDefault + 1) }), now + clockSkewMsDefault + 1)
  })

  it('is from the later of the two', () => {
    const both = { embargoedUntil: iso(now + hour), publishedAt: iso(now + 2 * hour) }
    assert.equal(visibleFrom(both), now + 2 * hour)
    assert.equal(visibleFrom({ ...both, embargoedUntil: iso(now + 3 * hour) }), now + 3 * hour)
  })

  it('is held by a stored publication to come, when a correction gives none', () => {
    assert.equal(visibleFrom({}, { ...stored, publishedAt: iso(now + hour) }), now + hour)
  })
})

describe('whatever comes in, in whatever order', () => {
  it('first seen never changes, an update never goes back, and only a republish brings an article back', () => {
    const inputs = fc.array(
      fc.record({
        fingerprint: fc.constantFrom('a', 'b', 'c'),
        status: fc.constantFrom('published' as const, 'draft' as const, 'withdrawn' as const),
        updatedAt: fc.option(fc.integer({ min: now - 9 * hour, max: now + 9 * hour }), { nil: undefined }),
        publishedAt: fc.option(fc.integer({ min: now - 9 * hour, max: now + 9 * hour }), { nil: undefined }),
        republish: fc.boolean(),
        clockMoves: fc.integer({ min: -hour, max: hour }),
      }),
      { minLength: 1, maxLength: 12 },
    )
    fc.assert(
      fc.property(inputs, (arrivals) => {
        let state: StoredPublication | null = null
        let clock = now
        for (const { fingerprint, status, updatedAt, publishedAt, republish, clockMoves } of arrivals) {
          clock += clockMoves
          const input = coming(
            {
              status,
              ...(updatedAt === undefined ? {} : { updatedAt: iso(updatedAt) }),
              ...(publishedAt === undefined ? {} : { publishedAt: iso(publishedAt) }),
            },
            fingerprint,
          )
          const decided = decidePublication(state, input, { now: clock, republish })
          const next: StoredPublication | null =
            'article' in decided
              ? { ...decided.article, fingerprint }
              : 'tombstone' in decided
                ? { ...decided.tombstone, status: 'withdrawn', fingerprint: null }
                : state
          assert.ok(next)
          if (state) {
            assert.equal(next.firstSeenAt, state.firstSeenAt)
            if (state.status === 'withdrawn' && !republish) assert.equal(next, state)
            if (state.status !== 'withdrawn') assert.ok(next.updatedAt >= state.updatedAt)
          }
          const again = decidePublication(next, input, { now: clock, republish: false })
          assert.ok(['unchanged', 'outdated', 'tombstoned'].includes(again.outcome), 'the same again changes nothing')
          state = next
        }
      }),
    )
  })
})

const now = Date.parse('2026-11-02T09:30:00.000Z')
const hour = 3_600_000
const storedUpdatedAt = now - 2 * hour

const stored: StoredPublication = {
  status: 'published',
  fingerprint: 'stored',
  publishedAt: iso(now - 3 * hour),
  updatedAt: iso(storedUpdatedAt),
  firstSeenAt: iso(now - 3 * hour),
}

const tombstone: StoredPublication = { ...stored, status: 'withdrawn', fingerprint: null }

function coming(over: Partial<ArticleInput>, fingerprint = 'coming'): PreparedArticle {
  return { input: { id: 'a', title: 'Title', body: 'Body', tags: [], status: 'published', ...over }, fingerprint }
}

function decide(
  was: StoredPublication | null,
  over: Partial<ArticleInput>,
  { fingerprint = 'coming', republish = false } = {},
) {
  return decidePublication(was, coming(over, fingerprint), { now, republish })
}

function timesOf(decided: ReturnType<typeof decide>) {
  assert.ok('article' in decided, decided.outcome)
  const { publishedAt, updatedAt, firstSeenAt } = decided.article
  return { publishedAt, updatedAt, firstSeenAt }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
