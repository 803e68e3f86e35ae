import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Client } from 'pg'
import { systemClock } from '../../../src/concurrency/clock.ts'
import { openDatabase } from '../../../src/database/open-database.ts'
import type { DatabaseServer } from '../../support/database-process.ts'
import { leavesNothingBehind } from '../../support/leak-check.ts'
import { findMariadb, startMariadb } from '../../support/mariadb-server.ts'
import { findPostgres, startPostgres } from '../../support/postgres-server.ts'
import { followTable, reader, shown, take } from './table-source.ts'

const mapping = {
  table: 'articles',
  columns: {
    id: 'id',
    title: 'headline',
    body: ['lead', 'text'],
    summary: 'lead',
    publishedAt: 'published_at',
    updatedAt: 'updated_at',
    section: ['desk', 'department'],
    tags: 'keywords',
    authors: 'writers',
    url: 'https://news.example/{department}/{id}',
    image: 'picture',
    status: 'state',
  },
  since: 'updated_at',
  where: { kind: 'story' },
  statuses: { published: ['live'], withdrawn: ['killed'], draft: ['new'] },
}

const schema = {
  postgres: `CREATE TABLE articles (id bigint PRIMARY KEY, kind text, headline text, lead text, text text,
    published_at timestamp, updated_at timestamptz, desk text, department text, keywords text[], writers jsonb,
    picture text, state text)`,
  mysql: `CREATE TABLE articles (id BIGINT PRIMARY KEY, kind VARCHAR(20), headline TEXT, lead TEXT, text LONGTEXT,
    published_at TIMESTAMP, updated_at DATETIME(3), desk TEXT, department TEXT, keywords TEXT, writers JSON,
    picture TEXT, state VARCHAR(20)) CHARACTER SET latin1`,
}

for (const { kind, name, missing, start } of [
  { kind: 'postgres' as const, name: 'PostgreSQL', missing: findPostgres().reason, start: startPostgres },
  { kind: 'mysql' as const, name: 'MariaDB', missing: findMariadb().reason, start: startMariadb },
]) {
  describe(`a table of one's own in ${name}`, { skip: missing, timeout: 240_000 }, () => {
    let server: DatabaseServer
    before(async () => {
      server = await start()
      // What has no zone is read as UTC, and what has one by it, whatever the server's own is.
      if (kind === 'mysql') await server.admin("SET GLOBAL time_zone = '-05:00'")
    })
    after(() => server[Symbol.asyncDispose]())

    /** A database with the table, and what runs SQL in it. */
    async function cms(): Promise<{ url: string; run: (text: string) => Promise<void> }> {
      const url = await server.createDatabase()
      const run = kind === 'postgres' ? inPostgres(url) : (text: string) => server.admin(`USE ${nameOf(url)}; ${text}`)
      await run(schema[kind])
      return { url, run }
    }

    const row = (id: string, more: Record<string, string> = {}): string => {
      const values: Record<string, string> = {
        id,
        kind: 'story',
        headline: `Headline ${id}`,
        text: `What article ${id} says at some length.`,
        published_at: '2026-11-02 09:30:00',
        updated_at: '2026-11-02 10:00:00.250',
        state: 'live',
        ...more,
      }
      const quotedValues = Object.values(values).map((value) => `'${value.replaceAll("'", "''")}'`)
      return `INSERT INTO articles (${Object.keys(values).join(', ')}) VALUES (${quotedValues.join(', ')});`
    }

    it('becomes articles, times in UTC, ids as they are', async () => {
      const { url, run } = await cms()
      const id = '9007199254740993'
      const list = kind === 'postgres' ? '{harbour,ferries}' : 'harbour, ferries'
      const about = {
        lead: 'A lead with 7 é.',
        department: 'local news',
        keywords: list,
        writers: '["Ann Ash","Ben Birch"]',
      }
      await run(
        row(id, { ...about, picture: '/pictures/1.jpg' }) + row('9007199254740992') + row('3', { kind: 'page' }),
      )
      const { articles, summary } = await take(reader(url, { ...mapping, idPrefix: 'a-' }))
      assert.deepEqual([...articles.keys()], ['a-9007199254740992', `a-${id}`])
      const article = articles.get(`a-${id}`)
      assert.deepEqual(
        { ...article, language: null },
        {
          id: `a-${id}`,
          title: `Headline ${id}`,
          body: `A lead with 7 é.\n\nWhat article ${id} says at some length.`,
          standfirst: 'A lead with 7 é.',
          byline: 'Ann Ash, Ben Birch',
          section: 'local news',
          tags: ['harbour', 'ferries'],
          url: `https://news.example/local%20news/${id}`,
          image: 'https://news.example/pictures/1.jpg',
          publishedAt: kind === 'mysql' ? '2026-11-02T14:30:00.000Z' : '2026-11-02T09:30:00.000Z',
          updatedAt: '2026-11-02T10:00:00.250Z',
          language: null,
          status: 'published',
        },
      )
      assert.deepEqual([summary.sources, summary.records, summary.failed.length], [1, 2, 0])
    })

    it('is read where its columns have the values that the mapping names', async () => {
      const { url, run } = await cms()
      await run(
        row('1') + row('2', { kind: 'brief' }) + row('3', { kind: 'page' }) + row('4') + row('5', { desk: 'sport' }),
      )
      const where = { kind: ['story', 'brief'], desk: null, id: [1, 2, 3, 5] }
      assert.deepEqual([...(await take(reader(url, { ...mapping, where }))).articles.keys()], ['1', '2'])
      const desks = { desk: ['sport', null], kind: 'story' }
      assert.deepEqual([...(await take(reader(url, { ...mapping, where: desks }))).articles.keys()], ['1', '4', '5'])
    })

    it('is read to its end in batches, whatever its ids are', async () => {
      const { url, run } = await cms()
      await run(Array.from({ length: 731 }, (_, index) => row(String(index * 3 - 100))).join('\n'))
      const batches: number[] = []
      const table = reader(url, mapping)
      for await (const batch of table.read({ onRows: (rows) => batches.push(-rows) })) batches.push(batch.length)
      assert.equal(batches[0], -731)
      assert.equal(
        batches.slice(1).reduce((sum, count) => sum + count, 0),
        731,
      )
      assert.ok(Math.max(...batches) <= 200 && batches.length > 4, String(batches))
    })

    it('gives up what is no article, and names the table and the row', async () => {
      const { url, run } = await cms()
      await run(row('1', { headline: '', text: '' }) + row('2') + row('4', { text: 'x'.repeat(2_100_000) }))
      const { articles, rejected } = await take(reader(url, mapping))
      assert.deepEqual([...articles.keys()], ['2'])
      assert.deepEqual(
        rejected.map(({ source, id, problems }) => [source.replace(/^.*#/, ''), id, problems[0]?.path]),
        [
          ['articles', '1', 'title'],
          ['articles', '4', 'body'],
        ],
      )
    })

    it('is followed: a correction, a takedown, a new article, and one that was committed late; nothing else is stored again', async () => {
      const { url, run } = await cms()
      await run(row('1') + row('2') + row('3', { state: 'new' }) + row('5', { headline: '', text: '' }))
      const rejected: string[] = []
      await followTable(
        reader(url, mapping),
        [
          async (round, store) => {
            assert.deepEqual([round.outcomes.created, round.rejected], [3, 1])
            assert.deepEqual([await shown(store, '1'), await shown(store, '3')], ['Headline 1', 'missing'])
            await run(`UPDATE articles SET headline = 'Corrected', updated_at = '2026-11-02 10:05:00' WHERE id = 1`)
          },
          async (round, store) => {
            assert.deepEqual([round.outcomes.updated, round.outcomes.created, round.outcomes.unchanged], [1, 0, 2])
            assert.equal(await shown(store, '1'), 'Corrected')
            // An older time than the latest, as of a transaction that took three minutes.
            await run(row('4', { updated_at: '2026-11-02 10:02:00' }))
            await run(`UPDATE articles SET state = 'killed', updated_at = '2026-11-02 10:05:00' WHERE id = 2`)
          },
          async (round, store) => {
            assert.deepEqual([round.outcomes.withdrawn, round.outcomes.created], [1, 1])
            assert.deepEqual([await shown(store, '2'), await shown(store, '4')], ['gone', 'Headline 4'])
            await run(row('9', { updated_at: '2037-01-01 00:00:00' }))
          },
          async (round, store) => {
            assert.equal(await shown(store, '9'), 'Headline 9')
            assert.equal(round.outcomes.created, 1)
            // A row of the year 2037 hides nothing that was changed since the latest that is not of the future.
            await run(row('10', { updated_at: '2026-11-02 10:06:00' }))
          },
          async (_, store) => assert.equal(await shown(store, '10'), 'Headline 10'),
        ],
        { onRejected: ({ id }) => rejected.push(String(id)) },
      )
      assert.deepEqual(rejected, ['5'], 'a row that is read again is rejected again, and told once')
    })

    it('goes on where it was when its server dies in the middle', async () => {
      const { url, run } = await cms()
      await run(Array.from({ length: 400 }, (_, index) => row(String(1000 + index))).join('\n'))
      const table = reader(url, mapping)
      const seen = new Set<string>()
      const reading = async () => {
        for await (const batch of table.read({})) {
          for (const { articleId } of batch) seen.add(articleId)
          if (seen.size < 400) await server.kill()
        }
      }
      await assert.rejects(reading(), (error: Error) => {
        assert.match(error.message, /#articles: .*(?:cut|Nothing listens|failed|shut down)/)
        assert.doesNotMatch(error.message, /secret/)
        return true
      })
      assert.ok(seen.size >= 50 && seen.size < 400)
      const before = seen.size
      await server.restart()
      const again: string[] = []
      for await (const batch of table.read({})) again.push(...batch.map(({ articleId }) => articleId))
      assert.equal(new Set([...seen, ...again]).size, 400)
      assert.ok(again.length < 400, `what was read before (${before}) is not all read again`)
    })

    it('is left at once when it is told to stop, though the server does not answer', async () => {
      const { url, run } = await cms()
      await run(row('1') + row('2'))
      const table = reader(url, mapping)
      await leavesNothingBehind(async () => {
        const stop = new AbortController()
        const reason = new Error('stopped')
        const reading = (async () => {
          for await (const _ of table.read({ signal: stop.signal })) {
            server.pause()
            setImmediate(() => stop.abort(reason))
          }
        })()
        try {
          await assert.rejects(reading, reason)
        } finally {
          server.resume()
        }
      })
    })

    it('is read by sessions that cannot write', async () => {
      const { url } = await cms()
      const settings = { whose: 'The URL', name: 'test', connectMs: 5000, statementMs: 5000, clock: systemClock }
      await using database = await openDatabase(url, settings)
      await assert.rejects(database.query('DELETE FROM articles'), /read[ -]only/i)
    })

    it('says which columns there are when one is named that is not', async () => {
      const { url } = await cms()
      const { summary } = await take(reader(url, { ...mapping, columns: { ...mapping.columns, title: 'titel' } }))
      assert.match(summary.failed[0]?.message ?? '', /#articles has no column "titel"\. It has: id, kind, headline/)
    })

    it('says that it is not there, or that changes cannot be followed by a column', async () => {
      const { url } = await cms()
      const absent = await take(reader(url, { ...mapping, table: 'storys' }))
      assert.match(absent.summary.failed[0]?.message ?? '', /no table storys, or the user may not read it/)
      const textual = await take(reader(url, { ...mapping, since: 'state' }))
      assert.match(textual.summary.failed[0]?.message ?? '', /cannot be followed by the column state, which is/)
    })

    it('says what to grant to a user who may not read it', async () => {
      const { url, run } = await cms()
      const user = `looker${nameOf(url)}`
      await server.admin(
        kind === 'postgres'
          ? `CREATE ROLE ${user} LOGIN`
          : `CREATE USER ${user}@'%' IDENTIFIED BY 'secret'; CREATE TABLE ${nameOf(url)}.other (id INT); GRANT SELECT ON ${nameOf(url)}.other TO ${user}@'%'`,
      )
      const theirs = reader(url.replace('//onward', `//${user}`), mapping)
      const { summary } = await take(theirs)
      assert.match(summary.failed[0]?.message ?? '', /may not read .*GRANT SELECT ON articles TO/)
      assert.doesNotMatch(summary.failed[0]?.message ?? '', /secret/)
      await run(row('1'))
      await run(kind === 'postgres' ? `GRANT SELECT ON articles TO ${user}` : `GRANT SELECT ON articles TO ${user}@'%'`)
      assert.deepEqual([...(await take(theirs)).articles.keys()], ['1'])
    })
  })
}

function inPostgres(url: string) {
  return async (text: string): Promise<void> => {
    const client = new Client({ connectionString: url })
    await client.connect()
    try {
      await client.query(text)
    } finally {
      await client.end()
    }
  }
}

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1)
}
