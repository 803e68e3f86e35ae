import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { DatabaseServer } from '../../support/database-process.ts'
import { findMariadb, startMariadb } from '../../support/mariadb-server.ts'
import { followTable, reader, shown, take } from './table-source.ts'

describe('content systems whose tables are known', { skip: findMariadb().reason, timeout: 240_000 }, () => {
  let server: DatabaseServer
  before(async () => {
    server = await startMariadb()
  })
  after(() => server[Symbol.asyncDispose]())

  async function database(tables: string): Promise<{ url: string; run: (text: string) => Promise<void> }> {
    const url = await server.createDatabase()
    const run = (text: string) => server.admin(`USE ${new URL(url).pathname.slice(1)}; SET sql_mode = ''; ${text}`)
    await run(tables)
    return { url, run }
  }

  describe('WordPress', () => {
    it("gives its posts, with what other tables know of them, and nobody's drafts", async () => {
      const { url, run } = await database(wordpress('wp_'))
      await run(
        post({ ID: 1, post_title: 'The harbour &amp; the ferry', post_name: 'harbour', post_excerpt: 'In short.' }),
      )
      await run(post({ ID: 2, post_status: 'draft', post_date_gmt: zero, post_modified_gmt: zero, post_name: '' }))
      await run(
        post({ ID: 3, post_password: 'x' }) +
          post({ ID: 4, post_type: 'page' }) +
          post({ ID: 5, post_status: 'trash' }),
      )
      await run(
        post({ ID: 6, post_status: 'future', post_date_gmt: '2037-01-01 00:00:00' }) +
          post({ ID: 7, post_status: 'auto-draft' }),
      )
      await run(post({ ID: 8, post_type: 'attachment', post_status: 'inherit', guid: 'https://news.example/up/1.jpg' }))
      await run(`
        INSERT INTO wp_users VALUES (9, 'ann', '$P$secret', 'Ann Ash');
        INSERT INTO wp_postmeta VALUES (1, 1, '_thumbnail_id', '8'), (2, 1, '_edit_lock', '1:1');
        INSERT INTO wp_terms VALUES (1, 'Uncategorized', 'uncategorized'), (2, 'Local', 'local'), (3, 'ferries', 'ferries'), (4, 'quote', 'quote');
        INSERT INTO wp_term_taxonomy VALUES (1, 1, 'category'), (2, 2, 'category'), (3, 3, 'post_tag'), (4, 4, 'post_format');
        INSERT INTO wp_term_relationships VALUES (1, 1, 0), (1, 2, 1), (1, 3, 0), (1, 4, 0);
        INSERT INTO wp_options VALUES (1, 'home', 'https://news.example'), (2, 'permalink_structure', '/%year%/%monthnum%/%postname%/')`)
      const { articles, rejected, summary } = await take(reader(url, { builtIn: 'wordpress' }))
      assert.deepEqual(rejected, [])
      assert.deepEqual(summary.failed, [])
      assert.deepEqual(
        [...articles.values()].map(({ id, status }) => [id, status]),
        [
          ['1', 'published'],
          ['2', 'draft'],
          ['3', 'draft'],
          ['5', 'withdrawn'],
          ['6', 'published'],
        ],
      )
      assert.deepEqual(
        { ...articles.get('1'), language: null },
        {
          id: '1',
          title: 'The harbour & the ferry',
          body: 'First.\n\nSecond.',
          bodyHtml: '<p>First.</p>\n<p>Second.</p>',
          url: 'https://news.example/2026/11/harbour/',
          standfirst: 'In short.',
          byline: 'Ann Ash',
          section: 'Local',
          tags: ['Local', 'ferries'],
          image: 'https://news.example/up/1.jpg',
          publishedAt: '2026-11-02T09:30:00.000Z',
          updatedAt: '2026-11-02T10:00:00.000Z',
          language: null,
          status: 'published',
        },
      )
      assert.equal(articles.get('6')?.publishedAt, '2037-01-01T00:00:00.000Z')
    })

    it('is followed: a post that is corrected, and one that goes to the trash', async () => {
      const { url, run } = await database(wordpress('blog_'))
      await run(post({ ID: 1 }, 'blog_') + post({ ID: 2 }, 'blog_'))
      await followTable(reader(url, { builtIn: 'wordpress', prefix: 'blog_' }), [
        async (round) => {
          assert.equal(round.outcomes.created, 2)
          await run(
            "UPDATE blog_posts SET post_title = 'Corrected', post_modified_gmt = '2026-11-02 10:01:00' WHERE ID = 1",
          )
          await run(
            "UPDATE blog_posts SET post_status = 'trash', post_modified_gmt = '2026-11-02 10:01:00' WHERE ID = 2",
          )
        },
        async (round, store) => {
          assert.deepEqual([round.outcomes.updated, round.outcomes.withdrawn], [1, 1])
          assert.deepEqual([await shown(store, '1'), await shown(store, '2')], ['Corrected', 'gone'])
        },
      ])
    })

    it('leaves addresses to WordPress that cannot be told from the post', async () => {
      const { url, run } = await database(wordpress('wp_'))
      await run(`${post({ ID: 41, post_name: '%e3%83%ab' })}
        INSERT INTO wp_options VALUES (1, 'home', 'https://news.example/'), (2, 'permalink_structure', '/%category%/%postname%/')`)
      const addressOf = async (mapping: object) =>
        (await take(reader(url, { builtIn: 'wordpress', ...mapping }))).articles.get('41')?.url
      assert.equal(await addressOf({}), 'https://news.example/?p=41')
      await run("UPDATE wp_options SET option_value = '/%post_id%-%postname%' WHERE option_id = 2")
      assert.equal(await addressOf({}), 'https://news.example/41-%e3%83%ab')
      assert.equal(await addressOf({ siteUrl: 'https://www.example' }), 'https://www.example/41-%e3%83%ab')
    })

    it('can be read by a user who has the grants of the guide, and says what one lacks who has not', async () => {
      const { url, run } = await database(wordpress('wp_'))
      await run(post({ ID: 1 }))
      const name = new URL(url).pathname.slice(1)
      const grants = ['posts', 'postmeta', 'terms', 'term_taxonomy', 'term_relationships'].map(
        (table) => `GRANT SELECT ON ${name}.wp_${table} TO wp_reader@'%';`,
      )
      await server.admin(`CREATE USER wp_reader@'%' IDENTIFIED BY 'secret'; ${grants.join(' ')}
        GRANT SELECT (ID, display_name) ON ${name}.wp_users TO wp_reader@'%'`)
      const theirs = reader(url.replace('//onward:', '//wp_reader:'), { builtIn: 'wordpress' })
      const { summary } = await take(theirs)
      assert.match(
        summary.failed[0]?.message ?? '',
        /may not read all that is needed: SELECT.*wp_options.*has the grants/,
      )
      await server.admin(`GRANT SELECT (option_name, option_value) ON ${name}.wp_options TO wp_reader@'%'`)
      assert.deepEqual([...(await take(theirs)).articles.keys()], ['1'])
    })

    it('says which of its tables is not there', async () => {
      const { url, run } = await database(wordpress('wp_'))
      await run(`${post({ ID: 1 })} DROP TABLE wp_terms`)
      const { summary } = await take(reader(url, { builtIn: 'wordpress' }))
      assert.match(summary.failed[0]?.message ?? '', /#wp_posts: .*wp_terms.*doesn't exist/)
    })
  })

  describe('Ghost', () => {
    it('gives its public posts, with their tags and authors', async () => {
      const { url, run } = await database(ghost)
      await run(ghostPost('a1', { custom_excerpt: 'In short.', feature_image: '__GHOST_URL__/content/images/1.png' }))
      await run(ghostPost('a2', { status: 'draft', published_at: null }) + ghostPost('a3', { visibility: 'members' }))
      await run(
        ghostPost('a4', { status: 'sent' }) +
          ghostPost('a5', { type: 'page' }) +
          ghostPost('a6', { status: 'scheduled' }),
      )
      await run(`
        INSERT INTO tags VALUES ('t1', 'Local', 'public'), ('t2', 'ferries', 'public'), ('t3', '#hidden', 'internal');
        INSERT INTO posts_tags VALUES ('l1', 'a1', 't2', 1), ('l2', 'a1', 't1', 0), ('l3', 'a1', 't3', 2);
        INSERT INTO users VALUES ('u1', 'Ann Ash'), ('u2', 'Ben Birch');
        INSERT INTO posts_authors VALUES ('b1', 'a1', 'u2', 1), ('b2', 'a1', 'u1', 0)`)
      const { articles, rejected, summary } = await take(
        reader(url, { builtIn: 'ghost', siteUrl: 'https://news.example/' }),
      )
      assert.deepEqual([rejected, summary.failed], [[], []])
      assert.deepEqual(
        [...articles.values()].map(({ id, status }) => `${id} ${status}`),
        ['a1 published', 'a2 draft', 'a3 draft', 'a4 draft', 'a6 published'],
      )
      assert.deepEqual(
        { ...articles.get('a1'), bodyHtml: null, language: null },
        {
          id: 'a1',
          title: 'Post <a1> & more',
          body: 'What it says.',
          bodyHtml: null,
          url: 'https://news.example/post-a1/',
          standfirst: 'In short.',
          byline: 'Ann Ash, Ben Birch',
          section: 'Local',
          tags: ['Local', 'ferries'],
          image: 'https://news.example/content/images/1.png',
          publishedAt: '2026-11-02T09:30:00.000Z',
          updatedAt: '2026-11-02T10:00:00.000Z',
          language: null,
          status: 'published',
        },
      )
      assert.match(articles.get('a1')?.bodyHtml ?? '', /href="https:\/\/news\.example\/other\/"/)
    })

    it('is followed: a post that is taken back becomes a draft, and is not shown', async () => {
      const { url, run } = await database(ghost)
      await run(ghostPost('a1') + ghostPost('a2'))
      await followTable(reader(url, { builtIn: 'ghost' }), [
        async (_, store) => {
          assert.equal(await shown(store, 'a1'), 'Post <a1> & more')
          await run("UPDATE posts SET status = 'draft', updated_at = '2026-11-02 10:01:00' WHERE id = 'a1'")
        },
        async (round, store) => {
          assert.equal(round.outcomes.updated, 1)
          assert.deepEqual([await shown(store, 'a1'), await shown(store, 'a2')], ['missing', 'Post <a2> & more'])
        },
      ])
    })
  })
})

const zero = '0000-00-00 00:00:00'

/** The tables of WordPress 6 that are read, without the columns that are not. */
function wordpress(prefix: string): string {
  return `
    CREATE TABLE ${prefix}posts (
      ID bigint(20) unsigned NOT NULL AUTO_INCREMENT, post_author bigint(20) unsigned NOT NULL DEFAULT 0,
      post_date datetime NOT NULL DEFAULT '${zero}', post_date_gmt datetime NOT NULL DEFAULT '${zero}',
      post_content longtext NOT NULL, post_title text NOT NULL, post_excerpt text NOT NULL,
      post_status varchar(20) NOT NULL DEFAULT 'publish', post_password varchar(255) NOT NULL DEFAULT '',
      post_name varchar(200) NOT NULL DEFAULT '', post_modified_gmt datetime NOT NULL DEFAULT '${zero}',
      guid varchar(255) NOT NULL DEFAULT '', post_type varchar(20) NOT NULL DEFAULT 'post',
      PRIMARY KEY (ID), KEY type_status_date (post_type, post_status, post_date, ID)
    ) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;
    CREATE TABLE ${prefix}postmeta (meta_id bigint(20) unsigned PRIMARY KEY, post_id bigint(20) unsigned, meta_key varchar(255), meta_value longtext);
    CREATE TABLE ${prefix}users (ID bigint(20) unsigned PRIMARY KEY, user_login varchar(60), user_pass varchar(255), display_name varchar(250));
    CREATE TABLE ${prefix}terms (term_id bigint(20) unsigned PRIMARY KEY, name varchar(200), slug varchar(200));
    CREATE TABLE ${prefix}term_taxonomy (term_taxonomy_id bigint(20) unsigned PRIMARY KEY, term_id bigint(20) unsigned, taxonomy varchar(32));
    CREATE TABLE ${prefix}term_relationships (object_id bigint(20) unsigned, term_taxonomy_id bigint(20) unsigned, term_order int(11), PRIMARY KEY (object_id, term_taxonomy_id));
    CREATE TABLE ${prefix}options (option_id bigint(20) unsigned PRIMARY KEY, option_name varchar(191) UNIQUE, option_value longtext)`
}

function post(more: Record<string, string | number>, prefix = 'wp_'): string {
  return insert(`${prefix}posts`, {
    post_author: 9,
    post_date: '2026-11-02 10:30:00',
    post_date_gmt: '2026-11-02 09:30:00',
    post_content: 'First.\n\nSecond.',
    post_title: `Post ${more.ID}`,
    post_excerpt: '',
    post_name: `post-${more.ID}`,
    post_modified_gmt: '2026-11-02 10:00:00',
    guid: `https://news.example/?p=${more.ID}`,
    ...more,
  })
}

/** The tables of Ghost 5 that are read, without the columns that are not. */
const ghost = `
  CREATE TABLE posts (
    id varchar(24) PRIMARY KEY, title varchar(2000) NOT NULL, slug varchar(191) NOT NULL, html longtext, feature_image varchar(2000),
    type varchar(50) NOT NULL DEFAULT 'post', status varchar(50) NOT NULL DEFAULT 'draft', visibility varchar(50) NOT NULL DEFAULT 'public',
    updated_at datetime, published_at datetime, custom_excerpt varchar(2000)
  ) DEFAULT CHARSET = utf8mb4;
  CREATE TABLE tags (id varchar(24) PRIMARY KEY, name varchar(191) NOT NULL, visibility varchar(50) NOT NULL);
  CREATE TABLE posts_tags (id varchar(24) PRIMARY KEY, post_id varchar(24), tag_id varchar(24), sort_order int unsigned);
  CREATE TABLE users (id varchar(24) PRIMARY KEY, name varchar(191) NOT NULL);
  CREATE TABLE posts_authors (id varchar(24) PRIMARY KEY, post_id varchar(24), author_id varchar(24), sort_order int unsigned)`

function ghostPost(id: string, more: Record<string, string | null> = {}): string {
  return insert('posts', {
    id,
    title: `Post <${id}> & more`,
    slug: `post-${id}`,
    html: '<p>What <a href="__GHOST_URL__/other/">it</a> says.</p>',
    status: 'published',
    updated_at: '2026-11-02 10:00:00',
    published_at: '2026-11-02 09:30:00',
    ...more,
  })
}

function insert(table: string, row: Readonly<Record<string, string | number | null>>): string {
  const values = Object.values(row).map((value) =>
    value === null ? 'NULL' : `'${String(value).replaceAll("'", "''").replaceAll('\n', '\\n')}'`,
  )
  return `INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${values.join(', ')});`
}
