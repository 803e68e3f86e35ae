import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import type { Article, ArticleInput, PreparedArticle } from '../../src/article/article.ts'
import { decidePublication, type StoredPublication } from '../../src/article/publication.ts'
import { InvalidRequestError, OverloadedError, StoreUnavailableError } from '../../src/errors.ts'
import { type RailItem, railLimitMax, storedRailLength } from '../../src/related/related.ts'
import {
  type Change,
  listLimitMax,
  type PutOutcome,
  putTransactionMax,
  type RailRead,
  railExcludeMax,
  railsLease,
  type Store,
} from '../../src/store/store.ts'

/** A store with nothing in it, and what a test needs beside the contract. */
export interface StoreUnderTest extends AsyncDisposable {
  readonly store: Store
  /** Takes everything out of it, so that a case has it to itself. */
  clear(): Promise<void>
  /** One more store on the same data, as another process would open it; closed with this one. */
  another(): Promise<Store>
  /** Ends what serves the store in the middle of its work; null where nothing of the kind can happen. */
  readonly crash: (() => Promise<void>) | null
}

/** What every store promises, whatever it is made of. */
export function storeConformance(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name}: what every store promises`, () => {
    // Opening a store costs more than most cases do. Those that look only at their own ids share one, and those that
    // look at everything share another, emptied for each.
    let shared: StoreUnderTest
    let spare: StoreUnderTest
    before(async () => {
      shared = await open()
      spare = await open()
    })
    after(async () => {
      await shared[Symbol.asyncDispose]()
      await spare[Symbol.asyncDispose]()
    })
    const emptied = async (): Promise<StoreUnderTest> => {
      await spare.clear()
      return spare
    }

    describe('an article that was published', () => {
      it('is read as it was published', async () => {
        const input: ArticleInput = {
          id: nextId(),
          title: 'Ferry returns to Halvern',
          body: 'After eleven weeks the ferry sails again.\n\nThe mayor was aboard.',
          bodyHtml: '<p>After eleven weeks the ferry sails again.</p><p>The mayor was aboard.</p>',
          url: 'https://courier.example/ferry',
          standfirst: 'Eleven weeks of buses are over.',
          byline: 'Ida Marrow',
          section: 'Local',
          tags: ['ferry', 'transport'],
          source: 'Halvern Courier',
          language: 'en',
          image: 'https://courier.example/ferry.jpg',
          publishedAt: iso(now - hour),
          updatedAt: iso(now - hour / 2),
          embargoedUntil: iso(now - hour),
          status: 'published',
          evolvedFrom: 'ferry-0',
          story: 'ferry',
          related: ['ferry-1', 'ferry-2'],
        }
        await putAll(shared.store, [prepared(input)])
        assert.deepEqual(await shared.store.readArticle(input.id, { now }), {
          state: 'found',
          article: { ...input, firstSeenAt: iso(now) },
        })
      })

      it('has no keys that were left out', async () => {
        const id = await publish(shared.store)
        const article = await found(shared.store, id)
        assert.deepEqual(Object.keys(article).sort(), [
          'body',
          'firstSeenAt',
          'id',
          'publishedAt',
          'status',
          'tags',
          'title',
          'updatedAt',
        ])
      })

      it('is not found under an id of another letter case', async () => {
        const id = await publish(shared.store, { id: `${nextId()}-Abc` })
        assert.equal((await shared.store.readArticle(id.toLowerCase(), { now })).state, 'missing')
      })

      for (const [what, text] of oddTexts) {
        it(`keeps ${what}`, async () => {
          const id = await publish(shared.store, { title: text, body: text, section: text, tags: [text] })
          const article = await found(shared.store, id)
          assert.deepEqual([article.title, article.body, article.section, article.tags], [text, text, text, [text]])
          const listed = await shared.store.listArticles({ section: text, limit: 1, now })
          assert.deepEqual(
            listed.articles.map((summary) => summary.id),
            [id],
          )
        })
      }

      it('keeps a body of a million characters', async () => {
        const body = 'The tide table was read aloud. €'.repeat(32_000)
        const id = await publish(shared.store, { body })
        assert.equal((await found(shared.store, id)).body, body)
      })

      it('keeps ids and sections that are names of JavaScript itself', async () => {
        for (const word of ['__proto__', 'constructor', 'toString', '...', '~', '0']) {
          await publish(shared.store, { id: word, section: word })
          const article = await found(shared.store, word)
          assert.deepEqual([article.id, article.section], [word, word])
        }
      })

      it('is there for the next read as soon as it was stored', async () => {
        for (let round = 0; round < 20; round++) {
          const id = await publish(shared.store)
          assert.equal((await shared.store.readArticle(id, { now })).state, 'found')
        }
      })

      it('is not found while it is a draft', async () => {
        const id = await publish(shared.store, { status: 'draft' })
        assert.deepEqual(await shared.store.readArticle(id, { now }), { state: 'missing' })
      })
    })

    describe('the story so far', () => {
      const nearTo = (id: string, score = 0.9) => ({ id, score, reason: { kind: 'topic' as const, terms: [] } })
      const write = async (store: Store, articleId: string, items: readonly RailItem[]) => {
        const holder = nextId()
        const token = await store.takeLease({ name: holder, holder, forMs: hour, now })
        const lease = { name: holder, holder, token: token ?? 0 }
        const rails = [{ articleId, items: JSON.stringify(items) }]
        assert.ok(await store.writeRails({ rails, cursor: 9, lease, now }))
      }
      const idsOfStory = async (store: Store, id: string, at = now) => {
        const read = await store.readStory(id, { now: at })
        return read.state === 'found' ? read.articles.map((article) => article.id) : read.state
      }

      it('has the articles of the rail and of their rails in the order of time, the asked one among them', async () => {
        const { store } = shared
        const [first, asked, third, last] = await Promise.all(
          [3, 2, 1, 0].map((hoursAgo) => publish(store, { publishedAt: iso(now - hoursAgo * hour) })),
        )
        await write(store, asked!, [nearTo(last!), nearTo(first!)])
        await write(store, last!, [nearTo(third!), nearTo(asked!)])
        const read = await store.readStory(asked!, { now })
        assert.ok(read.state === 'found')
        assert.deepEqual(
          read.articles.map(({ id }) => id),
          [first, asked, third, last],
        )
        assert.deepEqual([read.version, read.generatedAt], [9, iso(now)])
      })

      it('never has what is not visible now: withdrawn, under embargo, a draft, another version', async () => {
        const { store } = shared
        const asked = await publish(store)
        const shown = await publish(store)
        const withdrawn = await publish(store)
        const embargoed = await publish(store, { embargoedUntil: iso(now + hour) })
        const draft = await publish(store, { status: 'draft' })
        const version = await publish(store, { evolvedFrom: asked })
        const hidden = [withdrawn, embargoed, draft, version]
        await write(store, asked, [nearTo(shown), ...hidden.map((id) => nearTo(id, 0.8))])
        await write(
          store,
          shown,
          hidden.map((id) => nearTo(id)),
        )
        await store.withdrawArticle(withdrawn, { now })
        assert.deepEqual(new Set(await idsOfStory(store, asked)), new Set([asked, shown]))
        assert.deepEqual(new Set(await idsOfStory(store, asked, now + hour)), new Set([asked, shown, embargoed]))
      })

      it('is the article alone where nothing is near, and is not told of what is not there', async () => {
        const { store } = shared
        const alone = await publish(store)
        assert.deepEqual(await idsOfStory(store, alone), [alone])
        const draft = await publish(store, { status: 'draft' })
        assert.equal(await idsOfStory(store, draft), 'missing')
        assert.equal(await idsOfStory(store, 'never-heard-of'), 'missing')
        await store.withdrawArticle(alone, { now })
        assert.deepEqual(await store.readStory(alone, { now }), { state: 'gone', withdrawnAt: iso(now) })
      })
    })

    describe('an id that nobody published', () => {
      it('is missing', async () => {
        assert.deepEqual(await shared.store.readArticle('never-heard-of', { now }), { state: 'missing' })
        assert.deepEqual(await shared.store.readRail('never-heard-of', { now, limit: 6 }), { state: 'missing' })
      })

      for (const hostile of hostileTexts) {
        it(`is missing and harmless as ${JSON.stringify(hostile)}`, async () => {
          const id = await publish(shared.store)
          assert.deepEqual(await shared.store.readArticle(hostile, { now }), { state: 'missing' })
          assert.deepEqual(await shared.store.readRail(hostile, { now, limit: 6, exclude: [hostile] }), {
            state: 'missing',
          })
          assert.equal((await shared.store.withdrawArticle(hostile, { now })).outcome, 'missing')
          assert.deepEqual((await shared.store.listArticles({ section: hostile, limit: 5, now })).articles, [])
          assert.equal((await shared.store.readArticle(id, { now })).state, 'found')
        })
      }
    })

    describe('a batch', () => {
      it('gives its results in its own order, however long it is', async () => {
        const batch = Array.from({ length: putTransactionMax * 2 + 7 }, () => article())
        const results = await putAll(shared.store, batch)
        assert.deepEqual(
          results.map(({ id }) => id),
          batch.map(({ input }) => input.id),
        )
        assert.ok(results.every(({ outcome }) => outcome === 'created'))
        const seqs = results.map(({ seq }) => seq ?? 0)
        assert.deepEqual(
          seqs,
          seqs.toSorted((one, other) => one - other),
        )
      })

      it('may be empty', async () => {
        assert.deepEqual(await putAll(shared.store, []), [])
      })

      it('may name an article twice: the second is a correction of the first', async () => {
        const id = nextId()
        const results = await putAll(shared.store, [article({ id, title: 'First' }), article({ id, title: 'Second' })])
        assert.deepEqual(
          results.map(({ outcome }) => outcome),
          ['created', 'updated'],
        )
        assert.equal((await found(shared.store, id)).title, 'Second')
      })

      it('is refused whole when an id cannot be public', async () => {
        const good = article()
        for (const id of ['', '.', '..', 'a b', 'a/b', "x' OR '1'='1", 'é', 'x'.repeat(101), 'a\0']) {
          await assert.rejects(putAll(shared.store, [good, article({ id })]), InvalidRequestError)
        }
        assert.equal((await shared.store.readArticle(good.input.id, { now })).state, 'missing')
      })

      it('is refused whole when a time is not in its stored form', async () => {
        for (const time of ['yesterday', '2026-11-02', '2026-11-02T09:30:00Z', '2026-11-02T09:30:00.000+01:00', '']) {
          for (const key of ['publishedAt', 'updatedAt', 'embargoedUntil']) {
            await assert.rejects(putAll(shared.store, [article({ [key]: time })]), InvalidRequestError)
          }
        }
      })
    })

    describe('an article that comes in again', () => {
      it('changes nothing when it is the same', async () => {
        const same = article()
        await putAll(shared.store, [same])
        const seen = await found(shared.store, same.input.id)
        const [again] = await putAll(shared.store, [same], { at: now + hour })
        assert.deepEqual(again, { id: same.input.id, outcome: 'unchanged', seq: null })
        assert.deepEqual(await found(shared.store, same.input.id), seen)
      })

      it('is corrected, and keeps when it was first seen and when it was published', async () => {
        const id = await publish(shared.store, { title: 'Bridge closd' })
        const [result] = await putAll(shared.store, [article({ id, title: 'Bridge closed' })], { at: now + hour })
        assert.equal(result?.outcome, 'updated')
        const corrected = await found(shared.store, id, now + hour)
        assert.deepEqual(
          [corrected.title, corrected.firstSeenAt, corrected.publishedAt, corrected.updatedAt],
          ['Bridge closed', iso(now), iso(now), iso(now + hour)],
        )
      })

      it('loses what a correction leaves out', async () => {
        const id = await publish(shared.store, { byline: 'Ida Marrow', section: 'Local' })
        await publish(shared.store, { id, title: 'Without a byline' })
        const corrected = await found(shared.store, id)
        assert.deepEqual(['byline' in corrected, 'section' in corrected], [false, false])
      })

      it('never overwrites a newer version with an older one', async () => {
        const id = await publish(shared.store, { title: 'Newer', updatedAt: iso(now - 1000) })
        const [result] = await putAll(shared.store, [article({ id, title: 'Older', updatedAt: iso(now - 2000) })])
        assert.deepEqual(result, { id, outcome: 'outdated', seq: null })
        assert.equal((await found(shared.store, id)).title, 'Newer')
      })

      it('disappears when it becomes a draft again', async () => {
        const id = await publish(shared.store)
        await publish(shared.store, { id, status: 'draft' })
        assert.deepEqual(await shared.store.readArticle(id, { now }), { state: 'missing' })
      })

      it('becomes exactly what the rules of publication say, whatever comes in which order', async () => {
        const arrival = fc.record({
          title: fc.constantFrom('One', 'Two'),
          status: fc.constantFrom('published', 'published', 'draft', 'withdrawn'),
          updatedAt: fc.option(fc.constantFrom(-3, -2, -1, 1).map(hoursFromNow), { nil: undefined }),
          publishedAt: fc.option(fc.constantFrom(-4, 0, 2).map(hoursFromNow), { nil: undefined }),
          embargoedUntil: fc.option(fc.constantFrom(-1, 1).map(hoursFromNow), { nil: undefined }),
          republish: fc.boolean(),
        })
        await fc.assert(
          fc.asyncProperty(fc.array(arrival, { minLength: 1, maxLength: 6 }), async (arrivals) => {
            const id = nextId()
            let stored: StoredPublication | null = null
            for (const [step, { republish, ...over }] of arrivals.entries()) {
              const at = now + step * 1000
              const coming = article({ id, ...withoutUndefined(over) })
              const expected = decidePublication(stored, coming, { now: at, republish })
              const [result] = await putAll(shared.store, [coming], { at, republish })
              assert.equal(result?.outcome, expected.outcome)
              const read = await shared.store.readArticle(id, { now: at })
              if ('article' in expected) {
                const visible = expected.article.status === 'published' && expected.visibleFrom <= at
                assert.deepEqual(read, visible ? { state: 'found', article: expected.article } : { state: 'missing' })
                stored = { ...expected.article, fingerprint: coming.fingerprint }
              } else if ('tombstone' in expected) {
                assert.deepEqual(read, { state: 'gone', withdrawnAt: expected.tombstone.withdrawnAt })
                stored = { ...expected.tombstone, status: 'withdrawn', fingerprint: null }
              }
            }
          }),
          { numRuns: 40 },
        )
      })
    })

    describe('an embargo', () => {
      it('hides an article until its very millisecond', async () => {
        const id = await publish(shared.store, { embargoedUntil: iso(now + hour) })
        assert.equal((await shared.store.readArticle(id, { now: now + hour - 1 })).state, 'missing')
        assert.equal((await shared.store.readArticle(id, { now: now + hour })).state, 'found')
      })

      it('holds for an article that says it is published in the future', async () => {
        const id = await publish(shared.store, { publishedAt: iso(now + hour) })
        assert.equal((await shared.store.readArticle(id, { now: now + hour - 1 })).state, 'missing')
        assert.equal((await shared.store.readArticle(id, { now: now + hour })).state, 'found')
      })

      it('does not hold for a publisher whose clock runs a little ahead', async () => {
        const id = await publish(shared.store, { publishedAt: iso(now + 60_000) })
        assert.equal((await shared.store.readArticle(id, { now })).state, 'found')
      })

      it('ends early when a correction leaves it out', async () => {
        const id = await publish(shared.store, { embargoedUntil: iso(now + hour) })
        await publish(shared.store, { id, title: 'Released early' })
        assert.equal((await found(shared.store, id)).title, 'Released early')
      })

      it('keeps an article out of lists, sections and rails until it ends', async () => {
        const section = nextId()
        const neighbour = await publish(shared.store, { section })
        const id = await publish(shared.store, { section, embargoedUntil: iso(now + hour) })
        const shown = async (at: number) => ({
          list: (await shared.store.listArticles({ section, limit: 5, now: at })).articles.map((summary) => summary.id),
          section: (await shared.store.listSections({ now: at })).find((entry) => entry.section === section)?.articles,
          rail: itemsOf(await shared.store.readRail(neighbour, { limit: 6, now: at })).some((item) => item.id === id),
        })
        assert.deepEqual(await shown(now), { list: [neighbour], section: 1, rail: false })
        assert.deepEqual(await shown(now + hour), {
          list: [neighbour, id].toSorted().toReversed(),
          section: 2,
          rail: true,
        })
      })

      it('writes a change row when it ends, once, in the order in which embargoes ended', async () => {
        const { store } = await emptied()
        await publish(store, { id: 'late', embargoedUntil: iso(now + 2000) })
        await publish(store, { id: 'early', embargoedUntil: iso(now + 1000) })
        await publish(store, { id: 'later', embargoedUntil: iso(now + 9000) })
        await publish(store, { id: 'draft', embargoedUntil: iso(now + 1000), status: 'draft' })
        const { lastSeq } = await store.readStatus({ now })
        assert.equal(await store.liftEmbargoes({ now }), 0)
        assert.equal((await store.readStatus({ now })).nextEmbargoEndsAt, now + 1000)
        assert.equal(await store.liftEmbargoes({ now: now + 2000 }), 2)
        assert.equal(await store.liftEmbargoes({ now: now + 2000 }), 0)
        const changes = await store.readChanges({ after: lastSeq, limit: 10, now: now + 2000 })
        assert.deepEqual(
          changes.map((change) => [change.articleId, parsed(change.document)?.id]),
          [
            ['early', 'early'],
            ['late', 'late'],
          ],
        )
        assert.equal((await store.readStatus({ now: now + 2000 })).nextEmbargoEndsAt, now + 9000)
      })

      it('is not announced for an article that was released early or taken down meanwhile', async () => {
        const { store } = await emptied()
        const released = await publish(store, { embargoedUntil: iso(now + 1000) })
        const withdrawn = await publish(store, { embargoedUntil: iso(now + 1000) })
        await publish(store, { id: released, title: 'Released early' })
        await store.withdrawArticle(withdrawn, { now })
        assert.equal(await store.liftEmbargoes({ now: now + 1000 }), 0)
        assert.equal((await store.readStatus({ now })).nextEmbargoEndsAt, null)
      })
    })

    describe('an article that was taken down', () => {
      it('is gone, and says since when', async () => {
        const id = await publish(shared.store)
        assert.deepEqual(await shared.store.withdrawArticle(id, { now: now + 5 }), {
          outcome: 'withdrawn',
          withdrawnAt: iso(now + 5),
        })
        const gone = { state: 'gone', withdrawnAt: iso(now + 5) }
        assert.deepEqual(await shared.store.readArticle(id, { now }), gone)
        assert.deepEqual(await shared.store.readRail(id, { now, limit: 6 }), gone)
      })

      it('keeps the time of its takedown when it is taken down again', async () => {
        const id = await publish(shared.store)
        await shared.store.withdrawArticle(id, { now })
        const again = await shared.store.withdrawArticle(id, { now: now + hour })
        assert.deepEqual(again, { outcome: 'already-withdrawn', withdrawnAt: iso(now) })
      })

      it('stays so when the feed still lists it, corrected or not', async () => {
        const listed = article()
        await putAll(shared.store, [listed])
        await shared.store.withdrawArticle(listed.input.id, { now })
        const corrected = article({ id: listed.input.id, title: 'Corrected', updatedAt: iso(now + hour) })
        for (const coming of [listed, corrected]) {
          const [result] = await putAll(shared.store, [coming], { at: now + 2 * hour })
          assert.deepEqual(result, { id: listed.input.id, outcome: 'tombstoned', seq: null })
        }
        assert.equal((await shared.store.readArticle(listed.input.id, { now })).state, 'gone')
      })

      it('comes back when it is republished on purpose, first seen when it was first seen', async () => {
        const listed = article({ updatedAt: iso(now) })
        await putAll(shared.store, [listed])
        await shared.store.withdrawArticle(listed.input.id, { now })
        const [result] = await putAll(shared.store, [listed], { at: now + hour, republish: true })
        assert.equal(result?.outcome, 'created')
        assert.equal((await found(shared.store, listed.input.id)).firstSeenAt, iso(now))
      })

      it('may be taken down by the publisher, in a batch', async () => {
        const id = await publish(shared.store)
        const [result] = await putAll(shared.store, [article({ id, status: 'withdrawn' })])
        assert.equal(result?.outcome, 'withdrawn')
        assert.equal((await shared.store.readArticle(id, { now })).state, 'gone')
      })

      it('is kept down although the takedown came before the article', async () => {
        const id = nextId()
        await putAll(shared.store, [article({ id, status: 'withdrawn' })])
        const [result] = await putAll(shared.store, [article({ id })])
        assert.equal(result?.outcome, 'tombstoned')
      })

      it('leaves no tombstone when it was never there', async () => {
        const { store } = await emptied()
        assert.deepEqual(await store.withdrawArticle('unheard', { now }), { outcome: 'missing', withdrawnAt: null })
        const status = await store.readStatus({ now })
        assert.deepEqual([status.articles.withdrawn, status.lastSeq], [0, 0])
        assert.equal((await putAll(store, [article({ id: 'unheard' })]))[0]?.outcome, 'created')
      })

      it('is in no list, section, rail or index page from then on, and its own rail is deleted', async () => {
        const { store } = await emptied()
        const [id, other] = [await publish(store, { section: 'Local' }), await publish(store, { section: 'Sport' })]
        const lease = await leaseOf(store)
        const rails = [
          { articleId: id, items: railText([other]) },
          { articleId: other, items: railText([id]) },
        ]
        await store.writeRails({ rails, cursor: 2, lease, now })
        await store.withdrawArticle(id, { now })
        assert.deepEqual(
          {
            newest: await store.readNewestId({ now }),
            list: (await store.listArticles({ limit: 5, now })).articles.map((summary) => summary.id),
            sections: (await store.listSections({ now })).map(({ section }) => section),
            rail: itemsOf(await store.readRail(other, { limit: 5, now })),
            index: (await store.readIndexPage({ afterId: '', limit: 5, now })).map((row) => row.id),
            rails: (await store.readStatus({ now })).rails,
            change: (await store.readChanges({ after: 2, limit: 5, now })).map((change) => change.document),
          },
          { newest: other, list: [other], sections: ['Sport'], rail: [], index: [other], rails: 1, change: [null] },
        )
      })

      it('gets no rail from an index that had not heard of it, nor its old one when it comes back', async () => {
        const { store } = await emptied()
        const listed = article()
        const other = await publish(store)
        await putAll(store, [listed])
        const lease = await leaseOf(store)
        await store.withdrawArticle(listed.input.id, { now })
        await store.writeRails({
          rails: [{ articleId: listed.input.id, items: railText([other]) }],
          cursor: 2,
          lease,
          now,
        })
        assert.equal((await store.readStatus({ now })).rails, 0)
        await putAll(store, [listed], { republish: true })
        const rail = await store.readRail(listed.input.id, { limit: 5, now })
        assert.deepEqual([rail.state === 'found' && rail.basis, rail.state === 'found' && rail.version], ['newest', 0])
      })
    })

    describe('a rail', () => {
      let store: Store
      let lease: Awaited<ReturnType<typeof leaseOf>>
      before(async () => {
        store = shared.store
        lease = await leaseOf(store)
      })

      const write = async (articleId: string, items: string, cursor = 1) =>
        assert.ok(await store.writeRails({ rails: [{ articleId, items }], cursor, lease, now }))

      it('has its items in their order, each with what a reader needs', async () => {
        const id = await publish(store)
        const own = await publish(store, {
          title: 'Own page',
          standfirst: 'In short.',
          section: 'World',
          source: 'Meridian Wire',
          language: 'en',
          image: 'https://wire.example/i.jpg',
          url: 'https://wire.example/own',
        })
        const plain = await publish(store, { title: 'Plain', body: 'The start of the body.' })
        const items: RailItem[] = [
          { id: plain, score: 0.75, reason: { kind: 'story', terms: ['Halvern', 'ferry'] } },
          { id: own, score: 0.5, reason: { kind: 'topic', terms: ['harbour'] } },
        ]
        await write(id, JSON.stringify(items), 17)
        assert.deepEqual(await store.readRail(id, { limit: 6, now }), {
          state: 'found',
          basis: 'related',
          version: 17,
          generatedAt: iso(now),
          items: [
            {
              id: plain,
              url: `/articles/${plain}`,
              title: 'Plain',
              standfirst: 'The start of the body.',
              publishedAt: iso(now),
              section: null,
              source: null,
              language: null,
              image: null,
              reason: 'Same story: Halvern, ferry',
              score: 0.75,
              position: 1,
              pinned: false,
            },
            {
              id: own,
              url: 'https://wire.example/own',
              title: 'Own page',
              standfirst: 'In short.',
              publishedAt: iso(now),
              section: 'World',
              source: 'Meridian Wire',
              language: 'en',
              image: 'https://wire.example/i.jpg',
              reason: 'Same topic: harbour',
              score: 0.5,
              position: 2,
              pinned: false,
            },
          ],
        })
      })

      it('is full although some of its items may not be shown', async () => {
        const id = await publish(store)
        const shown = [await publish(store), await publish(store), await publish(store)]
        const draft = await publish(store, { status: 'draft' })
        const embargoed = await publish(store, { embargoedUntil: iso(now + hour) })
        const withdrawn = await publish(store)
        await store.withdrawArticle(withdrawn, { now })
        await write(id, railText([draft, shown[0], embargoed, withdrawn, 'unheard-of', shown[1], shown[2]]))
        const rail = await store.readRail(id, { limit: 3, now })
        assert.deepEqual(idsOf(rail), shown)
        assert.deepEqual(
          itemsOf(rail).map(({ position }) => position),
          [1, 2, 3],
        )
        assert.deepEqual(idsOf(await store.readRail(id, { limit: 2, now: now + hour })), [shown[0], embargoed])
      })

      it('gives up to the largest rail, and no more than was asked for', async () => {
        const id = await publish(store)
        const ids = await Promise.all(Array.from({ length: storedRailLength }, () => publish(store)))
        await write(id, railText(ids))
        for (const limit of [1, 6, railLimitMax]) {
          assert.deepEqual(idsOf(await store.readRail(id, { limit, now })), ids.slice(0, limit))
        }
      })

      it('leaves out what the reader has seen', async () => {
        const id = await publish(store)
        const ids = [await publish(store), await publish(store), await publish(store)]
        await write(id, railText(ids))
        const rail = await store.readRail(id, { limit: 2, exclude: [ids[0] ?? '', "'); --", '"', ''], now })
        assert.deepEqual(idsOf(rail), ids.slice(1))
      })

      it('never shows the article itself, the version that it replaces, or the one that replaces it', async () => {
        const [first, third, other] = [nextId(), nextId(), await publish(store)]
        await publish(store, { id: first })
        const second = await publish(store, { evolvedFrom: first })
        await publish(store, { id: third, evolvedFrom: second })
        await write(second, railText([first, second, third, other]))
        assert.deepEqual(idsOf(await store.readRail(second, { limit: 6, now })), [other])
      })

      it('shows a correction of one of its items at once', async () => {
        const [id, other] = [await publish(store), await publish(store, { title: 'Old headline' })]
        await write(id, railText([other]))
        await publish(store, { id: other, title: 'New headline' })
        assert.deepEqual(
          itemsOf(await store.readRail(id, { limit: 6, now })).map(({ title }) => title),
          ['New headline'],
        )
      })

      it('is replaced as a whole', async () => {
        const [id, one, two] = [await publish(store), await publish(store), await publish(store)]
        await write(id, railText([one]), 5)
        await write(id, railText([two]), 6)
        const rail = await store.readRail(id, { limit: 6, now })
        assert.deepEqual([idsOf(rail), rail.state === 'found' && rail.version], [[two], 6])
      })

      it('of a draft or an embargoed article is missing', async () => {
        const draft = await publish(store, { status: 'draft' })
        const embargoed = await publish(store, { embargoedUntil: iso(now + hour) })
        assert.deepEqual(await store.readRail(draft, { limit: 6, now }), { state: 'missing' })
        assert.deepEqual(await store.readRail(embargoed, { limit: 6, now }), { state: 'missing' })
      })

      it('is refused when too much is asked for', async () => {
        const id = await publish(store)
        for (const limit of [0, -1, 1.5, railLimitMax + 1, Number.NaN]) {
          await assert.rejects(store.readRail(id, { limit, now }), InvalidRequestError)
        }
        const exclude = Array.from({ length: railExcludeMax + 1 }, (_, index) => `x${index}`)
        await assert.rejects(store.readRail(id, { limit: 6, exclude, now }), InvalidRequestError)
      })

      it('is not written when it is torn or not a rail', async () => {
        const id = await publish(store)
        const item = { id: 'a', score: 0.5, reason: { kind: 'story', terms: ['x'] } }
        const wrong = [
          '',
          '[{"id":"a"',
          '{}',
          'null',
          '[null]',
          '["a"]',
          JSON.stringify([{ ...item, id: 1 }]),
          JSON.stringify([{ ...item, id: '../a' }]),
          JSON.stringify([{ ...item, score: 1.5 }]),
          JSON.stringify([{ ...item, score: '1' }]),
          JSON.stringify([{ ...item, reason: { kind: 'other', terms: [] } }]),
          JSON.stringify([{ ...item, reason: { kind: 'story', terms: [1] } }]),
          JSON.stringify(Array.from({ length: storedRailLength + 1 }, () => item)),
        ]
        const { rails, indexedSeq } = await store.readStatus({ now })
        for (const items of wrong) {
          const writing = store.writeRails({ rails: [{ articleId: id, items }], cursor: 99, lease, now })
          await assert.rejects(writing, InvalidRequestError, items)
        }
        const after = await store.readStatus({ now })
        assert.deepEqual([after.rails, after.indexedSeq], [rails, indexedSeq])
      })
    })

    describe('the filler of a rail with nothing related', () => {
      it('is the newest of the section, then the newest of all, and says so', async () => {
        const { store } = await emptied()
        const at = (minutes: number) => ({ publishedAt: iso(now - minutes * 60_000) })
        const id = await publish(store, { section: 'Sport', ...at(9) })
        const oldSport = await publish(store, { section: 'SPORT', ...at(8) })
        const newSport = await publish(store, { section: 'Sport', ...at(7) })
        const world = await publish(store, { section: 'World', ...at(1) })
        const none = await publish(store, at(2))
        const rail = await store.readRail(id, { limit: 6, now })
        assert.deepEqual(rail.state === 'found' && [rail.basis, rail.version, rail.generatedAt], ['newest', 0, null])
        assert.deepEqual(
          itemsOf(rail).map((item) => [item.id, item.reason, item.score, item.position, item.pinned]),
          [
            [newSport, 'Latest in Sport', 0, 1, false],
            [oldSport, 'Latest in SPORT', 0, 2, false],
            [world, 'Latest', 0, 3, false],
            [none, 'Latest', 0, 4, false],
          ],
        )
        assert.deepEqual(idsOf(await store.readRail(id, { limit: 1, now })), [newSport])
        assert.deepEqual(idsOf(await store.readRail(id, { limit: 2, exclude: [newSport, world], now })), [
          oldSport,
          none,
        ])
        assert.deepEqual(idsOf(await store.readRail(none, { limit: 2, now })), [world, newSport])
      })

      it('stands in when nothing of a stored rail may be shown, with the version of that rail', async () => {
        const { store } = await emptied()
        const [id, other, third] = [await publish(store), await publish(store), await publish(store)]
        const lease = await leaseOf(store)
        await store.writeRails({ rails: [{ articleId: id, items: railText([other]) }], cursor: 3, lease, now })
        await store.withdrawArticle(other, { now })
        const rail = await store.readRail(id, { limit: 6, now })
        assert.deepEqual(rail.state === 'found' && [rail.basis, rail.version, idsOf(rail)], ['newest', 3, [third]])
      })

      it('tells the change that its rail knows of, though the index is not done with all changes', async () => {
        const { store } = await emptied()
        const [id, other] = [await publish(store), await publish(store)]
        const lease = await leaseOf(store)
        const rails = [{ articleId: id, items: railText([other]) }]
        assert.ok(await store.writeRails({ rails, cursor: 1, version: 2, lease, now }))
        const rail = await store.readRail(id, { limit: 6, now })
        assert.equal(rail.state === 'found' && rail.version, 2)
        assert.equal((await store.readStatus({ now })).indexedSeq, 1)
      })

      it('can be followed by id alone: the same changes in the same order, without the articles', async () => {
        const { store } = await emptied()
        const [one, two] = [await publish(store), await publish(store)]
        await store.withdrawArticle(one, { now })
        const idsOf = (changes: ReadonlyArray<{ seq: number; articleId: string }>) =>
          changes.map(({ seq, articleId }) => [seq, articleId])
        const changes = idsOf(await store.readChanges({ after: 0, limit: 10, now }))
        assert.deepEqual(
          changes.map(([, id]) => id),
          [one, two, one],
        )
        assert.deepEqual(idsOf(await store.readChangedIds({ after: 0, limit: 10, now })), changes)
        assert.deepEqual(idsOf(await store.readChangedIds({ after: 0, limit: 2, now })), changes.slice(0, 2))
        assert.deepEqual(await store.readChangedIds({ after: Number(changes.at(-1)?.[0]), limit: 10, now }), [])
      })

      it('is told of in a feed of its own, once under its newest number', async () => {
        const { store } = await emptied()
        const [one, two, three] = [await publish(store), await publish(store), await publish(store)]
        const lease = await leaseOf(store)
        const write = (...ids: string[]) =>
          store.writeRails({ rails: ids.map((articleId) => ({ articleId, items: '[]' })), cursor: 3, lease, now })
        const feed = async (after: number, limit = 10) =>
          (await store.readRailChanges({ after, limit, now })).map(({ seq, articleId }) => [seq, articleId])
        assert.ok(await write(one, two))
        assert.deepEqual(await feed(0), [
          [1, one],
          [2, two],
        ])
        assert.ok(await write(three, one))
        assert.deepEqual(await feed(0), [
          [2, two],
          [3, three],
          [4, one],
        ])
        assert.deepEqual(await feed(2, 1), [[3, three]])
        assert.equal((await store.readStatus({ now })).lastRailSeq, 4)
        await store.withdrawArticle(one, { now })
        assert.ok(await write(two))
        assert.deepEqual(await feed(4), [[5, two]], 'no number is given twice, though the newest rail was deleted')
        assert.deepEqual(await feed(5), [])
      })

      it('never shows the article itself or another version of it', async () => {
        const { store } = await emptied()
        const first = await publish(store, { section: 'Local' })
        const second = await publish(store, { section: 'Local', evolvedFrom: first })
        assert.deepEqual(idsOf(await store.readRail(first, { limit: 6, now })), [])
        assert.deepEqual(idsOf(await store.readRail(second, { limit: 6, now })), [])
      })
    })

    describe('a list of articles', () => {
      it('is empty, and nothing is the newest, in an empty store', async () => {
        const { store } = await emptied()
        assert.equal(await store.readNewestId({ now }), null)
        assert.deepEqual(await store.listArticles({ limit: 10, now }), { articles: [], next: null })
        assert.deepEqual(await store.listSections({ now }), [])
        assert.deepEqual(await store.readChanges({ after: 0, limit: 10, now }), [])
        assert.deepEqual(await store.readIndexPage({ afterId: '', limit: 10, now }), [])
        assert.deepEqual(await store.readStatus({ now }), {
          articles: { visible: 0, hidden: 0, withdrawn: 0 },
          rails: 0,
          lastSeq: 0,
          indexedSeq: 0,
          lastRailSeq: 0,
          railsKeptUntil: null,
          nextEmbargoEndsAt: null,
        })
      })

      it('is newest first, the same moment by id, and starts with the newest article', async () => {
        const { store } = await emptied()
        await publish(store, { id: 'b', publishedAt: iso(now - 1000) })
        await publish(store, { id: 'old', publishedAt: iso(now - 2000) })
        await publish(store, { id: 'a', publishedAt: iso(now - 1000) })
        await publish(store, { id: 'hidden', status: 'draft' })
        const { articles } = await store.listArticles({ limit: 10, now })
        assert.deepEqual(
          articles.map(({ id }) => id),
          ['b', 'a', 'old'],
        )
        assert.equal(await store.readNewestId({ now }), 'b')
      })

      for (const [count, limit] of [
        [7, 3],
        [6, 3],
        [3, 3],
        [5, 100],
      ] as const) {
        it(`of ${count} has each article once when it is read in pages of ${limit}`, async () => {
          const section = nextId()
          const ids = await Promise.all(
            // Pairs share their moment, so that a page often ends in the middle of one.
            Array.from({ length: count }, (_, index) =>
              publish(shared.store, { section, publishedAt: iso(now - Math.floor(index / 2) * 1000) }),
            ),
          )
          const pages = await pagesOf(shared.store, { section, limit })
          assert.deepEqual(pages.flat().toSorted(), ids.toSorted())
          assert.equal(pages.length, Math.ceil(count / limit))
        })
      }

      it('has no gap and no repeat although articles are published and taken down meanwhile', async () => {
        const section = nextId()
        const ids = await Promise.all(
          Array.from({ length: 60 }, (_, index) =>
            publish(shared.store, { section, publishedAt: iso(now - (index % 9) * 1000) }),
          ),
        )
        const doomed = new Set(ids.slice(0, 10))
        const pages = await pagesOf(shared.store, { section, limit: 7 }, async (page) => {
          await publish(shared.store, { section, publishedAt: iso(now + page) })
          const [next] = doomed
          if (next) await shared.store.withdrawArticle(next, { now })
          doomed.delete(next ?? '')
        })
        const seen = pages.flat()
        assert.equal(new Set(seen).size, seen.length)
        const untouched = ids.slice(10)
        assert.deepEqual(
          untouched.filter((id) => !seen.includes(id)),
          [],
        )
      })

      it('starts before a time, whichever way the time is written', async () => {
        const section = nextId()
        const at = Date.parse('2026-10-31T12:00:00.000Z')
        const older = await publish(shared.store, { section, publishedAt: iso(at - 1) })
        await publish(shared.store, { section, publishedAt: iso(at) })
        for (const before of [
          '2026-10-31T12:00:00.000Z',
          '2026-10-31T12:00:00Z',
          '2026-10-31T12:00Z',
          '2026-10-31T13:00:00+01:00',
          '2026-10-31T12:00:00',
          '2026-10-31T13:00+0100',
          '2026-10-31T13:00:00+01',
          '2026-10-31T12:00:00,0Z',
          '20261031T120000Z',
        ]) {
          const { articles } = await shared.store.listArticles({ section, before, limit: 5, now })
          assert.deepEqual(
            articles.map(({ id }) => id),
            [older],
            before,
          )
        }
        assert.deepEqual(
          (await shared.store.listArticles({ section, before: '2026-10-31', limit: 5, now })).articles,
          [],
        )
        assert.equal(
          (await shared.store.listArticles({ section, before: '2026-11-01', limit: 5, now })).articles.length,
          2,
        )
      })

      it('is refused when it starts before something that is no time', async () => {
        for (const before of ['', 'now', '1', '2026-13-01', '~', "2026-10-31'; --", '2026-10-31T25:00:00Z']) {
          await assert.rejects(shared.store.listArticles({ before, limit: 5, now }), InvalidRequestError, before)
        }
      })

      it('is refused when too much is asked for', async () => {
        for (const limit of [0, -1, 2.5, listLimitMax + 1]) {
          await assert.rejects(shared.store.listArticles({ limit, now }), InvalidRequestError)
        }
      })

      it('of a section counts letter case and accents as readers do', async () => {
        const section = `Économie-${nextId()}`
        const id = await publish(shared.store, { section })
        for (const asked of [section.toUpperCase(), section.toLowerCase(), section.normalize('NFD'), ` ${section} `]) {
          const { articles } = await shared.store.listArticles({ section: asked, limit: 5, now })
          assert.deepEqual(
            articles.map((summary) => summary.id),
            [id],
            asked,
          )
        }
      })

      it('counts its sections, the largest first, each spelled as its newest article spells it', async () => {
        const { store } = await emptied()
        await publish(store, { section: 'world', publishedAt: iso(now - 3000) })
        await publish(store, { section: 'World', publishedAt: iso(now - 1000) })
        await publish(store, { section: 'WORLD', publishedAt: iso(now - 2000) })
        await publish(store, { section: 'Sport' })
        await publish(store, { section: 'Hidden', status: 'draft' })
        await publish(store)
        assert.deepEqual(await store.listSections({ now }), [
          { section: 'World', articles: 3 },
          { section: 'Sport', articles: 1 },
        ])
      })

      it('shows a title even of an article that has none', async () => {
        const section = nextId()
        await publish(shared.store, { section, title: '', body: 'Rain all day.' })
        const { articles } = await shared.store.listArticles({ section, limit: 1, now })
        assert.deepEqual(
          articles.map(({ title }) => title),
          ['Rain all day.'],
        )
      })
    })

    describe('the change feed', () => {
      it('has a change for everything that was written, in order, and none for what was not', async () => {
        const { store } = await emptied()
        const same = article({ id: 'a' })
        await putAll(store, [same, article({ id: 'b' })])
        await putAll(store, [same, article({ id: 'b', title: 'Corrected' })])
        await store.withdrawArticle('a', { now })
        await store.withdrawArticle('a', { now })
        await putAll(store, [same])
        const changes = await store.readChanges({ after: 0, limit: 10, now })
        assert.deepEqual(
          changes.map((change) => [change.articleId, parsed(change.document)?.title]),
          [
            ['a', undefined],
            ['b', 'Corrected'],
            ['b', 'Corrected'],
            ['a', undefined],
          ],
        )
        assert.equal((await store.readStatus({ now })).lastSeq, changes.at(-1)?.seq)
      })

      it('names the change in the result of the write', async () => {
        const [result] = await putAll(shared.store, [article()])
        const [change] = await shared.store.readChanges({ after: (result?.seq ?? 0) - 1, limit: 1, now })
        assert.deepEqual([change?.seq, change?.articleId], [result?.seq, result?.id])
      })

      it('is read in parts', async () => {
        const { store } = await emptied()
        const batch = Array.from({ length: 25 }, () => article())
        await putAll(store, batch)
        const changes = await allChanges(store, { limit: 4 })
        assert.deepEqual(
          changes.map(({ articleId }) => articleId),
          batch.map(({ input }) => input.id),
        )
      })

      it('shows no article that readers may not see', async () => {
        const { lastSeq } = await shared.store.readStatus({ now })
        await publish(shared.store, { status: 'draft' })
        await publish(shared.store, { embargoedUntil: iso(now + hour) })
        const changes = await shared.store.readChanges({ after: lastSeq, limit: 10, now })
        assert.deepEqual(
          changes.map((change) => change.document),
          [null, null],
        )
      })

      it('loses nothing to a reader that follows while several stores write', async () => {
        const fresh = await emptied()
        const writers = [fresh.store, await fresh.another(), await fresh.another()]
        const expected = 3 * 40
        const writing = Promise.all(
          writers.map(async (writer) => {
            for (let round = 0; round < 40; round++) await publish(writer)
          }),
        )
        const seen: Change[] = []
        while (seen.length < expected) {
          const changes = await fresh.store.readChanges({ after: seen.at(-1)?.seq ?? 0, limit: 50, now })
          seen.push(...changes)
          if (changes.length === 0) await Promise.race([writing, new Promise((resolve) => setImmediate(resolve))])
        }
        await writing
        assert.equal(new Set(seen.map(({ articleId }) => articleId)).size, expected)
        assert.ok(seen.every((change, index) => index === 0 || change.seq > (seen[index - 1]?.seq ?? 0)))
        assert.ok(seen.every((change) => change.document !== null))
      })
    })

    describe('what an index loads', () => {
      it('is every visible article in the order of ids, with its rail as it was written', async () => {
        const { store } = await emptied()
        for (const id of ['b', 'B', 'a~', 'a.', '10', '9', 'a']) await publish(store, { id })
        await publish(store, { id: 'c', status: 'draft' })
        await publish(store, { id: 'd', embargoedUntil: iso(now + hour) })
        const items = railText(['a'])
        await store.writeRails({ rails: [{ articleId: 'b', items }], cursor: 1, lease: await leaseOf(store), now })
        const rows = []
        for (let afterId = ''; ; ) {
          const page = await store.readIndexPage({ afterId, limit: 3, now })
          if (page.length === 0) break
          rows.push(...page)
          afterId = page.at(-1)?.id ?? ''
        }
        assert.deepEqual(
          rows.map((row) => [row.id, row.railItems]),
          [
            ['10', null],
            ['9', null],
            ['B', null],
            ['a', null],
            ['a.', null],
            ['a~', null],
            ['b', items],
          ],
        )
      })

      it('comes in full pages although the articles are long', async () => {
        const { store } = await emptied()
        const body = 'The inquiry sat for a ninth day. '.repeat(30_000)
        const ids = ['1', '2', '3', '4', '5', '6', '7', '8', '9']
        for (const id of ids) await publish(store, { id, body })
        const page = await store.readIndexPage({ afterId: '', limit: 9, now })
        assert.deepEqual(
          page.map((row) => row.id),
          ids,
        )
        const changes = await allChanges(store, { limit: 9 })
        assert.deepEqual(
          changes.map(({ articleId }) => articleId),
          ids,
        )
      })

      it('is counted by the status whatever became of it', async () => {
        const { store } = await emptied()
        const counted = async () => {
          const { articles, rails } = await store.readStatus({ now })
          return [articles.visible, articles.hidden, articles.withdrawn, rails]
        }
        const id = await publish(store, { status: 'draft' })
        assert.deepEqual(await counted(), [0, 1, 0, 0])
        await publish(store, { id })
        assert.deepEqual(await counted(), [1, 0, 0, 0])
        await publish(store, { id, embargoedUntil: iso(now + hour) })
        assert.deepEqual(await counted(), [0, 1, 0, 0])
        const lease = await leaseOf(store)
        for (const cursor of [1, 2]) {
          await store.writeRails({ rails: [{ articleId: id, items: '[]' }], cursor, lease, now })
          assert.deepEqual(await counted(), [0, 1, 0, 1])
        }
        await store.withdrawArticle(id, { now })
        assert.deepEqual(await counted(), [0, 0, 1, 0])
        await putAll(store, [article({ id })], { republish: true })
        assert.deepEqual(await counted(), [1, 0, 0, 0])
        await store.liftEmbargoes({ now: now + 2 * hour })
        assert.deepEqual(await counted(), [1, 0, 0, 0])
      })

      it('is counted by the status', async () => {
        const { store } = await emptied()
        const [id, other] = [await publish(store), await publish(store)]
        await publish(store, { status: 'draft' })
        await publish(store, { embargoedUntil: iso(now + hour) })
        await store.withdrawArticle(other, { now })
        await store.writeRails({
          rails: [{ articleId: id, items: '[]' }],
          cursor: 4,
          lease: await leaseOf(store),
          now,
        })
        assert.deepEqual(await store.readStatus({ now }), {
          articles: { visible: 1, hidden: 2, withdrawn: 1 },
          rails: 1,
          lastSeq: 5,
          indexedSeq: 4,
          lastRailSeq: 1,
          railsKeptUntil: now + hour,
          nextEmbargoEndsAt: now + hour,
        })
      })
    })

    describe('a lease', () => {
      const take = (store: Store, holder: string, over: { name?: string; at?: number } = {}) =>
        store.takeLease({ name: over.name ?? 'l', holder, forMs: 1000, now: over.at ?? now })

      it('of the rails is told by the status, also once it has run out, until it is given back', async () => {
        const { store } = await emptied()
        const keptUntil = async () => (await store.readStatus({ now: now + hour })).railsKeptUntil
        await take(store, 'another lease', { name: 'l' })
        assert.equal(await keptUntil(), null)
        await take(store, 'leader', { name: railsLease })
        assert.equal(await keptUntil(), now + 1000)
        await take(store, 'leader', { name: railsLease, at: now + 500 })
        assert.equal(await keptUntil(), now + 1500)
        await store.releaseLease({ name: railsLease, holder: 'leader' })
        assert.equal(await keptUntil(), null)
      })

      it('is held by one at a time, and renewed under the same token', async () => {
        const name = nextId()
        const token = await take(shared.store, 'a', { name })
        assert.equal(typeof token, 'number')
        assert.equal(await take(shared.store, 'b', { name }), null)
        assert.equal(await take(shared.store, 'a', { name, at: now + 900 }), token)
        assert.equal(await take(shared.store, 'b', { name, at: now + 1899 }), null)
      })

      it('passes on with a greater token once it has run out', async () => {
        const name = nextId()
        const first = await take(shared.store, 'a', { name })
        const second = await take(shared.store, 'b', { name, at: now + 1000 })
        const third = await take(shared.store, 'a', { name, at: now + 2000 })
        assert.ok(first !== null && second !== null && third !== null && first < second && second < third)
      })

      it('passes on at once when it was given back, and never under an old token', async () => {
        const name = nextId()
        const first = (await take(shared.store, 'a', { name })) ?? 0
        await shared.store.releaseLease({ name, holder: 'b' })
        assert.equal(await take(shared.store, 'b', { name }), null)
        await shared.store.releaseLease({ name, holder: 'a' })
        const second = (await take(shared.store, 'b', { name })) ?? 0
        await shared.store.releaseLease({ name, holder: 'b' })
        const third = (await take(shared.store, 'b', { name })) ?? 0
        assert.ok(first < second && second < third)
      })

      it('is one of many, each by its name', async () => {
        assert.notEqual(await take(shared.store, 'a', { name: nextId() }), null)
        assert.notEqual(await take(shared.store, 'b', { name: nextId() }), null)
      })

      it('goes to exactly one of those who reach for it together', async () => {
        const fresh = await emptied()
        const stores = [fresh.store, await fresh.another()]
        const tokens = await Promise.all(
          Array.from({ length: 20 }, (_, index) => take(stores[index % 2] ?? fresh.store, `holder ${index}`)),
        )
        assert.equal(tokens.filter((token) => token !== null).length, 1)
      })

      it('keeps a former holder from writing rails', async () => {
        const { store } = await emptied()
        const [id, other] = [await publish(store), await publish(store)]
        const writeAs = (holder: string, token: number, at: number) =>
          store.writeRails({
            rails: [{ articleId: id, items: railText([other]) }],
            cursor: 2,
            lease: { name: 'l', holder, token },
            now: at,
          })
        const first = (await take(store, 'a')) ?? 0
        assert.equal(await writeAs('b', first, now), false, 'another holder')
        assert.equal(await writeAs('a', first + 1, now), false, 'another token')
        const second = (await take(store, 'b', { at: now + 1000 })) ?? 0
        assert.equal(await writeAs('a', first, now + 1001), false, 'passed on')
        const untouched = await store.readStatus({ now })
        assert.deepEqual([untouched.rails, untouched.indexedSeq], [0, 0])
        assert.equal(await writeAs('b', second, now + 1001), true)
        const written = await store.readStatus({ now })
        assert.deepEqual([written.rails, written.indexedSeq], [1, 2])
      })

      it('that has run out still counts while nobody has taken it, so that a late renewal costs nothing', async () => {
        const { store } = await emptied()
        const token = (await take(store, 'a')) ?? 0
        const lease = { name: 'l', holder: 'a', token }
        assert.equal(await store.writeRails({ rails: [], cursor: 1, lease, now: now + 5000 }), true)
        assert.equal(await take(store, 'a', { at: now + 6000 }), token)
        await store.releaseLease({ name: 'l', holder: 'a' })
        assert.equal(await store.writeRails({ rails: [], cursor: 2, lease, now: now + 6000 }), false)
        assert.equal((await store.readStatus({ now })).indexedSeq, 1)
      })

      it('of a holder that is gone passes on although the clock was set back by an hour', async () => {
        const name = nextId()
        const first = (await take(shared.store, 'a', { name })) ?? 0
        const second = (await take(shared.store, 'b', { name, at: now - hour })) ?? 0
        assert.ok(second > first)
        assert.equal(await take(shared.store, 'a', { name, at: now - hour }), null)
      })

      it('is not taken by who looked at the clock a moment before its holder did', async () => {
        const name = nextId()
        await take(shared.store, 'a', { name })
        assert.equal(await take(shared.store, 'b', { name, at: now - 1000 }), null)
      })
    })

    describe('many at once', () => {
      it('are all stored and all answered', async () => {
        const ids = await Promise.all(Array.from({ length: 100 }, () => publish(shared.store)))
        const reads = await Promise.all(
          ids.flatMap((id) => [shared.store.readArticle(id, { now }), shared.store.readRail(id, { limit: 6, now })]),
        )
        assert.ok(reads.every(({ state }) => state === 'found'))
      })

      it('agree on who was first, across stores', async () => {
        const fresh = await emptied()
        const stores = [fresh.store, await fresh.another()]
        const batch = Array.from({ length: 30 }, (_, index) => article({ id: `n${index}` }))
        const results = await Promise.all(stores.map((store) => putAll(store, batch)))
        const outcomes = batch.map((_, index) => results.map((result) => result[index]?.outcome).toSorted())
        assert.ok(outcomes.every(([one, other]) => one === 'created' && other === 'unchanged'))
        assert.equal((await fresh.store.readStatus({ now })).lastSeq, 30)
      })

      it('see at once what another store has written', async () => {
        const fresh = await emptied()
        const other = await fresh.another()
        const id = await publish(fresh.store)
        assert.equal((await other.readArticle(id, { now })).state, 'found')
        await other.withdrawArticle(id, { now })
        assert.equal((await fresh.store.readArticle(id, { now })).state, 'gone')
      })

      it('are refused past the bound, at once, and the rest is answered', async () => {
        const id = await publish(shared.store)
        const reads = await Promise.allSettled(
          Array.from({ length: 5000 }, () => shared.store.readArticle(id, { now })),
        )
        const refused = reads.flatMap((read) => (read.status === 'rejected' ? [read.reason] : []))
        assert.ok(refused.length > 0 && refused.every((reason) => reason instanceof OverloadedError))
        const answered = reads.flatMap((read) => (read.status === 'fulfilled' ? [read.value.state] : []))
        assert.ok(answered.length > 0 && answered.every((state) => state === 'found'))
        assert.equal((await shared.store.readArticle(id, { now })).state, 'found')
      })

      it('cannot fill the lane of another: a flood of rails refuses no article', async () => {
        const id = await publish(shared.store)
        const rails = Promise.allSettled(
          Array.from({ length: 3000 }, () => shared.store.readRail(id, { limit: 6, now })),
        )
        assert.equal((await shared.store.readArticle(id, { now })).state, 'found')
        assert.equal(await shared.store.listArticles({ limit: 1, now }).then(({ articles }) => articles.length), 1)
        assert.ok((await rails).some(({ status }) => status === 'rejected'))
      })
    })

    describe('a flood of lists', () => {
      it('holds up neither the change feed, nor the index, nor the question whether the store is ready', async () => {
        const id = await publish(shared.store)
        const lists = Promise.allSettled(Array.from({ length: 3000 }, () => shared.store.listSections({ now })))
        const { lastSeq } = await shared.store.readStatus({ now })
        const [change] = await shared.store.readChanges({ after: lastSeq - 1, limit: 1, now })
        assert.equal(change?.articleId, id)
        assert.equal((await shared.store.readIndexPage({ afterId: '', limit: 1, now })).length, 1)
        assert.ok((await lists).some(({ status }) => status === 'rejected'))
      })
    })

    describe('an asker who gives up', () => {
      const reads: ReadonlyArray<[string, (store: Store, signal: AbortSignal) => Promise<unknown>]> = [
        ['an article', (store, signal) => store.readArticle('x', { now, signal })],
        ['the newest', (store, signal) => store.readNewestId({ now, signal })],
        ['a rail', (store, signal) => store.readRail('x', { now, limit: 6, signal })],
        ['a list', (store, signal) => store.listArticles({ now, limit: 6, signal })],
        ['the sections', (store, signal) => store.listSections({ now, signal })],
        ['changes', (store, signal) => store.readChanges({ now, after: 0, limit: 6, signal })],
        ['an index page', (store, signal) => store.readIndexPage({ now, afterId: '', limit: 6, signal })],
        ['the status', (store, signal) => store.readStatus({ now, signal })],
        ['a write', (store, signal) => store.putArticles([article()], { now, republish: false, signal })],
        ['a takedown', (store, signal) => store.withdrawArticle('x', { now, signal })],
        ['a lift', (store, signal) => store.liftEmbargoes({ now, signal })],
      ]
      for (const [what, read] of reads) {
        it(`of ${what} has the reason of the signal at once`, async () => {
          const reason = new Error('the reader left')
          await assert.rejects(read(shared.store, AbortSignal.abort(reason)), (error) => error === reason)
          const giveUp = new AbortController()
          const reading = read(shared.store, giveUp.signal)
          giveUp.abort(reason)
          await assert.rejects(reading, (error) => error === reason)
        })
      }

      it('does not disturb the others', async () => {
        const id = await publish(shared.store)
        const giveUp = new AbortController()
        const leaving = Array.from({ length: 50 }, () => shared.store.readArticle(id, { now, signal: giveUp.signal }))
        const staying = Array.from({ length: 50 }, () => shared.store.readArticle(id, { now }))
        giveUp.abort()
        const left = await Promise.allSettled(leaving)
        assert.ok(left.every(({ status }) => status === 'rejected'))
        assert.ok((await Promise.all(staying)).every(({ state }) => state === 'found'))
      })
    })

    describe('a store that is closed', () => {
      it('has answered what was asked before, and refuses what comes after', async () => {
        await using fresh = await open()
        const { store } = fresh
        const writing = publish(store, { id: 'last' })
        const reading = store.listSections({ now })
        await store[Symbol.asyncDispose]()
        assert.deepEqual([await writing, await reading.then(Array.isArray)], ['last', true])
        await assert.rejects(store.readArticle('last', { now }), StoreUnavailableError)
        await assert.rejects(publish(store), StoreUnavailableError)
        await store[Symbol.asyncDispose]()
      })

      it('has everything when it is opened again', async () => {
        await using fresh = await open()
        const id = await publish(fresh.store)
        const other = await publish(fresh.store)
        await fresh.store.withdrawArticle(other, { now })
        await fresh.store[Symbol.asyncDispose]()
        const reopened = await fresh.another()
        assert.equal((await reopened.readArticle(id, { now })).state, 'found')
        assert.equal((await reopened.readArticle(other, { now })).state, 'gone')
        assert.equal((await reopened.readStatus({ now })).lastSeq, 3)
      })
    })

    describe('a store whose workers die in the middle of their work', () => {
      it('says so to those who waited, and serves the next', async (context) => {
        await using fresh = await open()
        const { store, crash } = fresh
        if (!crash) return context.skip('nothing of this store can die without it')
        const id = await publish(store)
        const asked = [
          ...Array.from({ length: 50 }, () => store.readArticle(id, { now })),
          ...Array.from({ length: 50 }, () => store.readRail(id, { now, limit: 6 })),
        ]
        const settled = Promise.allSettled(asked)
        await crash()
        for (const read of await settled) {
          if (read.status === 'rejected') assert.ok(read.reason instanceof StoreUnavailableError, String(read.reason))
        }
        assert.equal((await store.readArticle(id, { now })).state, 'found')
        assert.equal((await store.readRail(id, { now, limit: 6 })).state, 'found')
      })

      it('says how much of a long batch it stored before a part of it failed', async () => {
        const { store } = await emptied()
        const batch = Array.from({ length: putTransactionMax + 2 }, () => article())
        // What no store can hold: it stands for a disk that fills up in the middle of a batch.
        batch.push({ ...article(), fingerprint: null as unknown as string })
        await assert.rejects(putAll(store, batch), (error) => {
          assert.ok(error instanceof StoreUnavailableError)
          assert.match(error.message, /^The first 250 of 253 articles were stored, and no more is known to be/)
          return true
        })
        assert.equal((await store.readStatus({ now })).articles.visible, putTransactionMax)
        await assert.rejects(putAll(store, batch.slice(-2)), (error) => {
          assert.ok(error instanceof StoreUnavailableError)
          assert.doesNotMatch(error.message, /were stored/)
          return true
        })
      })

      it('has stored each article with its change or not at all', async (context) => {
        await using fresh = await open()
        const { store, crash } = fresh
        if (!crash) return context.skip('nothing of this store can die without it')
        const batch = Array.from({ length: putTransactionMax * 4 }, () => article())
        const writing = putAll(store, batch).then(
          () => 'stored',
          (error: unknown) => error,
        )
        while ((await store.readStatus({ now })).lastSeq === 0) await new Promise((resolve) => setImmediate(resolve))
        await crash()
        const outcome = await writing
        assert.ok(outcome === 'stored' || outcome instanceof StoreUnavailableError)
        const { articles, lastSeq } = await store.readStatus({ now })
        assert.equal(articles.visible, lastSeq)
        assert.equal(lastSeq % putTransactionMax, 0)
        const again = await putAll(store, batch)
        const outcomes = new Set<PutOutcome>(again.map((result) => result.outcome))
        assert.ok([...outcomes].every((one) => one === 'created' || one === 'unchanged'))
        assert.equal((await store.readStatus({ now })).lastSeq, batch.length)
      })
    })
  })
}

const now = Date.parse('2026-11-02T09:30:00.000Z')
const hour = 3_600_000

const oddTexts: ReadonlyArray<[what: string, text: string]> = [
  ['emoji and joined characters', '🚢 Fähre 👩‍👩‍👧 é n̈'],
  ['a NUL in the middle', 'before\0after'],
  ['a lone surrogate', 'torn \ud83d emoji'],
  ['right-to-left text', 'عاد العبّار إلى الميناء'],
  ['quotes, backslashes and JSON', `"'\\ {"a":[1,null]} \\u0041 \u2028\u2029`],
  ['line ends of every kind', 'one\r\ntwo\rthree\n\nfour\u0085five'],
]

const hostileTexts = [
  "x'; DROP TABLE article; --",
  "' OR '1'='1",
  '" OR ""="',
  '%',
  '_',
  '*',
  '\\',
  '$.id',
  '[]',
  '\0',
  '\ud800',
  'a'.repeat(100_000),
]

let lastId = 0
function nextId(): string {
  lastId += 1
  return `id-${String(lastId).padStart(6, '0')}`
}

type Over = Partial<Record<keyof ArticleInput, unknown>>

function article(over: Over = {}): PreparedArticle {
  const id = typeof over.id === 'string' ? over.id : nextId()
  return prepared({
    title: 'Council meets',
    body: 'It met.',
    tags: [],
    status: 'published',
    ...over,
    id,
  } as ArticleInput)
}

function prepared(input: ArticleInput): PreparedArticle {
  return { input, fingerprint: createHash('sha256').update(JSON.stringify(input)).digest('hex') }
}

async function publish(store: Store, over: Over = {}): Promise<string> {
  const coming = article(over)
  const [result] = await putAll(store, [coming])
  assert.ok(result && ['created', 'updated', 'unchanged'].includes(result.outcome), result?.outcome)
  return coming.input.id
}

function putAll(store: Store, batch: PreparedArticle[], { at = now, republish = false } = {}) {
  return store.putArticles(batch, { now: at, republish })
}

async function found(store: Store, id: string, at = now) {
  const read = await store.readArticle(id, { now: at })
  assert.ok(read.state === 'found', `${id} is ${read.state}`)
  return read.article
}

async function leaseOf(store: Store) {
  const lease = { name: 'indexer', holder: 'the test' }
  const token = await store.takeLease({ ...lease, forMs: hour, now })
  assert.ok(token !== null)
  return { ...lease, token }
}

/** What a feed hands on as text. */
function parsed(document: string | null): Article | null {
  return document === null ? null : (JSON.parse(document) as Article)
}

function railText(ids: ReadonlyArray<string | undefined>): string {
  const items = ids.map((id = ''): RailItem => ({ id, score: 0.5, reason: { kind: 'story', terms: ['Halvern'] } }))
  return JSON.stringify(items)
}

function itemsOf(rail: RailRead) {
  assert.ok(rail.state === 'found', rail.state)
  return rail.items
}

function idsOf(rail: RailRead): string[] {
  return itemsOf(rail).map(({ id }) => id)
}

async function pagesOf(
  store: Store,
  query: { section: string; limit: number },
  betweenPages: (page: number) => Promise<void> = async () => {},
): Promise<string[][]> {
  const pages: string[][] = []
  for (let before: string | undefined; ; ) {
    const { articles, next } = await store.listArticles({ ...query, ...(before === undefined ? {} : { before }), now })
    pages.push(articles.map(({ id }) => id))
    if (next === null) return pages
    before = next
    await betweenPages(pages.length)
  }
}

async function allChanges(store: Store, { limit }: { limit: number }): Promise<Change[]> {
  const all: Change[] = []
  for (;;) {
    const changes = await store.readChanges({ after: all.at(-1)?.seq ?? 0, limit, now })
    if (changes.length === 0) return all
    all.push(...changes)
  }
}

function withoutUndefined(over: Over): Over {
  return Object.fromEntries(Object.entries(over).filter(([, value]) => value !== undefined))
}

function hoursFromNow(hours: number): string {
  return iso(now + hours * hour)
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
