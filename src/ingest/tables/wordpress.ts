import type { Database, Row } from '../../database/database.ts'
import { companions } from './companions.ts'
import { quoted, type SourceTable, type TableArticle, textIn } from './source-table.ts'

/**
 * WordPress's posts, with their categories, tags, authors, and pictures. Pages, attachments, menus and revisions are left
 * out; what lies in the trash is taken down; drafts, private and password-protected posts come as drafts.
 *
 * @param options.prefix what the names of its tables begin with
 * @param options.siteUrl instead of the one that WordPress has in its options
 */
export function wordpressTable(options: {
  readonly schema: string | null
  readonly prefix: string
  readonly idPrefix: string
  readonly siteUrl: string | null
}): SourceTable {
  const { schema, prefix, idPrefix } = options
  const nameIn = (database: Database) => (table: string) => quoted({ schema, name: `${prefix}${table}` }, database)
  return {
    table: { schema, name: `${prefix}posts` },
    columns: [
      'ID',
      'post_modified_gmt',
      'post_type',
      'post_status',
      'post_title',
      'post_name',
      'post_content',
      'post_excerpt',
      'post_author',
      'post_date',
      'post_date_gmt',
      'post_password',
      'guid',
    ],
    texts: ['post_content'],
    id: 'ID',
    since: 'post_modified_gmt',
    where: [
      { column: 'post_type', values: ['post'] },
      // Not `auto-draft`, which WordPress makes of every look at an empty page for a new post, nor what a plugin calls its own.
      { column: 'post_status', values: ['publish', 'future', 'draft', 'pending', 'private', 'trash'] },
    ],
    idPrefix,
    async articlesOf(rows, database, signal) {
      const name = nameIn(database)
      const ids = rows.map((row) => BigInt(String(row.ID)))
      const terms = await companions(database, {
        text: `SELECT l.object_id AS owner, x.taxonomy AS taxonomy, t.name AS name, t.slug AS slug
          FROM ${name('term_relationships')} AS l
          JOIN ${name('term_taxonomy')} AS x ON x.term_taxonomy_id = l.term_taxonomy_id
          JOIN ${name('terms')} AS t ON t.term_id = x.term_id
          WHERE x.taxonomy IN ('category', 'post_tag') AND l.object_id IN (:owners)
          ORDER BY l.object_id, l.term_order, t.term_id`,
        owners: ids,
        signal,
      })
      const authors = await companions(database, {
        text: `SELECT ID AS owner, display_name AS name FROM ${name('users')} WHERE ID IN (:owners)`,
        owners: [...new Set(rows.map((row) => BigInt(String(row.post_author))))],
        signal,
      })
      const pictures = await companions(database, {
        text: `SELECT m.post_id AS owner, a.guid AS guid FROM ${name('postmeta')} AS m
          JOIN ${name('posts')} AS a ON a.ID = CAST(m.meta_value AS UNSIGNED)
          WHERE m.meta_key = '_thumbnail_id' AND m.post_id IN (:owners) ORDER BY m.post_id, m.meta_id`,
        owners: ids,
        signal,
      })
      const settings = await readSettings(database, name('options'), signal)
      const site = options.siteUrl === null ? settings : { ...settings, home: options.siteUrl }
      return rows.map((row) =>
        articleOf(row, {
          terms: terms.get(String(row.ID)) ?? [],
          author: textIn(authors.get(String(row.post_author))?.[0] ?? {}, 'name'),
          picture: textIn(pictures.get(String(row.ID))?.[0] ?? {}, 'guid'),
          site,
        }),
      )
    },
  }
}

interface Site {
  readonly home: string | undefined
  readonly permalinks: string | undefined
}

async function readSettings(database: Database, options: string, signal: AbortSignal | undefined): Promise<Site> {
  const rows = await database.query(
    `SELECT option_name AS name, option_value AS value FROM ${options}
     WHERE option_name IN ('home', 'permalink_structure')`,
    [],
    signal,
  )
  const value = (name: string) => textIn(rows.find((row) => row.name === name) ?? {}, 'value')
  return { home: value('home')?.replace(/\/+$/, ''), permalinks: value('permalink_structure') }
}

function articleOf(
  row: Row,
  known: { terms: readonly Row[]; author: string | undefined; picture: string | undefined; site: Site },
): TableArticle {
  const { terms, author, picture, site } = known
  const ofKind = (taxonomy: string) =>
    terms.filter((term) => term.taxonomy === taxonomy).map((term) => textIn(term, 'name'))
  const categories = ofKind('category').filter((name) => name !== 'Uncategorized')
  const url = permalink(row, site)
  return {
    entry: {
      links: [url, textIn(row, 'guid')],
      title: textIn(row, 'post_title'),
      content: textIn(row, 'post_content'),
      contentIs: 'html',
      summary: textIn(row, 'post_excerpt'),
      authors: [author],
      categories: [...categories, ...ofKind('post_tag')],
      section: categories[0] ?? '',
      images: [picture],
      published: [unlessZero(textIn(row, 'post_date_gmt'))],
      updated: [unlessZero(textIn(row, 'post_modified_gmt'))],
      status: statusOf(row),
    },
    baseUrl: url ?? site.home,
    hasBareParagraphs: true,
  }
}

/** `future`: scheduled; its time of publication keeps it back until then. */
function statusOf(row: Row): 'published' | 'draft' | 'withdrawn' {
  const status = textIn(row, 'post_status')
  if (status === 'trash') return 'withdrawn'
  const isPublic = status === 'publish' || status === 'future'
  return isPublic && textIn(row, 'post_password') === undefined ? 'published' : 'draft'
}

/** `0000-00-00 00:00:00`: not yet. */
function unlessZero(time: string | undefined): string | undefined {
  return time?.startsWith('0000') ? undefined : time
}

/**
 * Where WordPress shows the post, by the site's own rule for addresses. Rules with categories or authors in them are left
 * to WordPress, which leads from `/?p=ID` to wherever the post is.
 */
function permalink(row: Row, { home, permalinks }: Site): string | undefined {
  if (home === undefined) return undefined
  const id = String(row.ID)
  const plain = `${home}/?p=${id}`
  const slug = textIn(row, 'post_name')
  const [, year = '', month = '', day = '', hour = '', minute = '', second = ''] =
    /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)/.exec(textIn(row, 'post_date') ?? '') ?? []
  // In the site's own time, as WordPress builds them.
  const parts: Readonly<Record<string, string>> = {
    '%year%': year,
    '%monthnum%': month,
    '%day%': day,
    '%hour%': hour,
    '%minute%': minute,
    '%second%': second,
    '%post_id%': id,
    '%postname%': slug ?? '',
  }
  if (permalinks === undefined || slug === undefined) return plain
  const tags = permalinks.match(/%[a-z_]+%/g) ?? []
  if (!tags.every((tag) => Object.hasOwn(parts, tag))) return plain
  return `${home}${permalinks.replace(/%[a-z_]+%/g, (tag) => parts[tag] ?? '')}`
}
