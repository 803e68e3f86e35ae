import type { Row } from '../../database/database.ts'
import { companions } from './companions.ts'
import { quoted, type SourceTable, type TableArticle, textIn } from './source-table.ts'

/**
 * Ghost's posts, with their tags and authors. Pages are left out; what only members may read, and what was only sent by mail,
 * comes as a draft, since onward shows everything to everybody.
 *
 * @param options.siteUrl Ghost keeps the address of its site in its configuration and not in its tables
 */
export function ghostTable(options: {
  readonly schema: string | null
  readonly idPrefix: string
  readonly siteUrl: string | null
}): SourceTable {
  const { schema, idPrefix, siteUrl } = options
  return {
    table: { schema, name: 'posts' },
    columns: [
      'id',
      'updated_at',
      'type',
      'title',
      'slug',
      'html',
      'custom_excerpt',
      'feature_image',
      'status',
      'visibility',
      'published_at',
    ],
    texts: ['html'],
    id: 'id',
    since: 'updated_at',
    where: [{ column: 'type', values: ['post'] }],
    idPrefix,
    async articlesOf(rows, database, signal) {
      const ids = rows.map((row) => String(row.id))
      const name = (table: string) => quoted({ schema, name: table }, database)
      // Ghost's tags that begin with # are for its own use, and say so.
      const tags = await companions(database, {
        text: `SELECT l.post_id AS owner, t.name AS name FROM ${name('posts_tags')} AS l
          JOIN ${name('tags')} AS t ON t.id = l.tag_id
          WHERE t.visibility = 'public' AND l.post_id IN (:owners) ORDER BY l.post_id, l.sort_order`,
        owners: ids,
        signal,
      })
      const authors = await companions(database, {
        text: `SELECT l.post_id AS owner, u.name AS name FROM ${name('posts_authors')} AS l
          JOIN ${name('users')} AS u ON u.id = l.author_id
          WHERE l.post_id IN (:owners) ORDER BY l.post_id, l.sort_order`,
        owners: ids,
        signal,
      })
      return rows.map((row) =>
        articleOf(row, { siteUrl, tags: tags.get(String(row.id)), authors: authors.get(String(row.id)) }),
      )
    },
  }
}

function articleOf(
  row: Row,
  known: { siteUrl: string | null; tags: readonly Row[] | undefined; authors: readonly Row[] | undefined },
): TableArticle {
  const { siteUrl } = known
  const slug = textIn(row, 'slug')
  // What Ghost writes in place of its own address in everything that it stores.
  const here = (text: string | undefined) => text?.replaceAll('__GHOST_URL__', siteUrl ?? '')
  const tags = (known.tags ?? []).map((tag) => textIn(tag, 'name')).filter((tag) => tag !== undefined)
  const url = siteUrl === null || slug === undefined ? undefined : `${siteUrl}/${encodeURIComponent(slug)}/`
  return {
    entry: {
      links: [url],
      title: textIn(row, 'title'),
      titleIs: 'text',
      content: here(textIn(row, 'html')),
      contentIs: 'html',
      summary: textIn(row, 'custom_excerpt'),
      authors: (known.authors ?? []).map((author) => textIn(author, 'name')),
      categories: tags,
      // Ghost calls the first its primary tag, which themes show as the section.
      section: tags[0] ?? '',
      images: [here(textIn(row, 'feature_image'))],
      published: [textIn(row, 'published_at')],
      updated: [textIn(row, 'updated_at')],
      status: isPublic(row) ? 'published' : 'draft',
    },
    baseUrl: url ?? siteUrl ?? undefined,
  }
}

/** `scheduled`: its time of publication keeps it back until then. */
function isPublic(row: Row): boolean {
  const status = textIn(row, 'status')
  return (status === 'published' || status === 'scheduled') && (textIn(row, 'visibility') ?? 'public') === 'public'
}
