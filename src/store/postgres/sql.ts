import type { StatementName } from '../sql/dialect.ts'
import { railsLease } from '../store.ts'

/**
 * Every statement, as it is prepared: its name here is its name on the server. A visible article is one with
 * `status = 'published' AND visible_from <= now`; the first half is written out in each so that the partial indexes apply.
 */
export const sql = {
  article: `
    SELECT status, visible_from, withdrawn_at, document FROM article WHERE id = $1`,

  newestId: `
    SELECT id FROM article WHERE status = 'published' AND visible_from <= $1
    ORDER BY published_at DESC, id DESC LIMIT 1`,

  // One statement sees one moment: the rail's version and its items belong together. A row for each item; where there is
  // none, one row with nulls in their place. $1 id, $2 now, $3 limit, $4 exclude
  rail: `
    SELECT a.status, a.visible_from, a.withdrawn_at, a.section_key, a.evolved_from, r.version, r.generated_at,
      t.item, t.summary
    FROM article AS a LEFT JOIN rail AS r ON r.article_id = a.id LEFT JOIN LATERAL (
      SELECT j.item, j.place, x.summary
      FROM unnest(r.ids, r.items) WITH ORDINALITY AS j (id, item, place) JOIN article AS x ON x.id = j.id
      WHERE x.status = 'published' AND x.visible_from <= $2
        AND x.id <> a.id AND x.id IS DISTINCT FROM a.evolved_from AND x.evolved_from IS DISTINCT FROM a.id
        AND x.id <> ALL ($4::text[])
      ORDER BY j.place LIMIT $3
    ) AS t ON true
    WHERE a.id = $1 ORDER BY t.place`,

  // $1 id, $2 evolved_from, $3 now, $4 exclude, $5 limit, $6 section_key
  newestInSection: `
    SELECT id, summary FROM article
    WHERE status = 'published' AND section_key = $6 AND visible_from <= $3
      AND id <> $1 AND id IS DISTINCT FROM $2 AND evolved_from IS DISTINCT FROM $1 AND id <> ALL ($4::text[])
    ORDER BY published_at DESC, id DESC LIMIT $5`,

  newestOfAll: `
    SELECT id, summary FROM article
    WHERE status = 'published' AND visible_from <= $3
      AND id <> $1 AND id IS DISTINCT FROM $2 AND evolved_from IS DISTINCT FROM $1 AND id <> ALL ($4::text[])
    ORDER BY published_at DESC, id DESC LIMIT $5`,

  storyHead: `
    SELECT a.status, a.visible_from, a.withdrawn_at, a.evolved_from, a.published_at, a.summary, r.version, r.generated_at
    FROM article AS a LEFT JOIN rail AS r ON r.article_id = a.id
    WHERE a.id = $1`,

  // The rail of $1, and the rails of what stands in it, without versions of $1. $2 evolved_from, $3 now
  storyItems: `
    WITH rails AS (
      SELECT article_id, ids, items FROM rail WHERE article_id = $1
      UNION ALL
      SELECT r.article_id, r.ids, r.items FROM rail AS r
      WHERE r.article_id <> $1 AND r.article_id IN (SELECT unnest(ids) FROM rail WHERE article_id = $1)
    )
    SELECT rails.article_id AS rail_of, x.id, x.published_at, x.summary, j.item
    FROM rails CROSS JOIN unnest(rails.ids, rails.items) WITH ORDINALITY AS j (id, item, place)
      JOIN article AS x ON x.id = j.id
    WHERE x.status = 'published' AND x.visible_from <= $3
      AND x.id <> $1 AND x.id IS DISTINCT FROM $2 AND x.evolved_from IS DISTINCT FROM $1
    ORDER BY rails.article_id, j.place`,

  // $1 published_at, $2 id, $3 now, $4 limit, $5 section_key
  list: `
    SELECT id, published_at, summary FROM article
    WHERE status = 'published' AND (published_at, id) < ($1, $2) AND visible_from <= $3
    ORDER BY published_at DESC, id DESC LIMIT $4`,
  listInSection: `
    SELECT id, published_at, summary FROM article
    WHERE status = 'published' AND section_key = $5 AND (published_at, id) < ($1, $2) AND visible_from <= $3
    ORDER BY published_at DESC, id DESC LIMIT $4`,

  // The section is spelled as its newest article spells it.
  sections: `
    SELECT (array_agg(section ORDER BY published_at DESC, id DESC))[1] AS section, count(*) AS articles
    FROM article WHERE status = 'published' AND section_key IS NOT NULL AND visible_from <= $1
    GROUP BY section_key ORDER BY articles DESC, section_key`,

  // $1 after, $2 limit, $3 now
  changes: `
    SELECT c.seq, c.article_id,
      CASE WHEN a.status = 'published' AND a.visible_from <= $3 THEN a.document END AS document
    FROM (SELECT seq, article_id FROM change WHERE seq > $1 ORDER BY seq LIMIT $2) AS c
      LEFT JOIN article AS a ON a.id = c.article_id
    ORDER BY c.seq`,
  changedIds: `SELECT seq, article_id FROM change WHERE seq > $1 ORDER BY seq LIMIT $2`,
  railChanges: `SELECT written, article_id FROM rail WHERE written > $1 ORDER BY written LIMIT $2`,

  // $1 after, $2 limit, $3 now
  indexPage: `
    SELECT a.id, a.document, '[' || array_to_string(r.items, ',') || ']' AS items
    FROM article AS a LEFT JOIN rail AS r ON r.article_id = a.id
    WHERE a.id > $1 AND a.status = 'published' AND a.visible_from <= $3
    ORDER BY a.id LIMIT $2`,

  status: `
    SELECT
      (SELECT number FROM tally WHERE name = 'published') AS published,
      (SELECT number FROM tally WHERE name = 'draft') AS drafts,
      (SELECT number FROM tally WHERE name = 'withdrawn') AS withdrawn,
      (SELECT number FROM tally WHERE name = 'rail') AS rails,
      (SELECT count(*) FROM article WHERE status = 'published' AND lifted = 0 AND visible_from > $1) AS embargoed,
      (SELECT seq FROM cursor WHERE name = 'change') AS last_seq,
      (SELECT seq FROM cursor WHERE name = 'index') AS indexed_seq,
      (SELECT seq FROM cursor WHERE name = 'rail') AS last_rail_seq,
      (SELECT expires_at FROM lease WHERE name = '${railsLease}' AND holder IS NOT NULL) AS rails_kept_until,
      (SELECT min(visible_from) FROM article WHERE status = 'published' AND lifted = 0) AS next_embargo_ends_at`,

  // The write lock, which every writer takes before anything else, and the number of the last change.
  lockWriters: `SELECT seq FROM cursor WHERE name = 'change' FOR UPDATE`,
  moveCursor: `UPDATE cursor SET seq = $2 WHERE name = $1`,
  cursor: `SELECT seq FROM cursor WHERE name = $1`,
  count: `UPDATE tally SET number = number + $2 WHERE name = $1`,

  stored: `
    SELECT id, status, fingerprint, published_at, updated_at, first_seen_at, withdrawn_at
    FROM article WHERE id = ANY ($1::text[])`,

  put: `
    INSERT INTO article (id, status, visible_from, lifted, published_at, updated_at, first_seen_at, withdrawn_at,
      evolved_from, section, section_key, fingerprint, summary, document)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::smallint[], $5::text[], $6::text[], $7::text[],
      $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[])
    ON CONFLICT (id) DO UPDATE SET
      status = excluded.status, visible_from = excluded.visible_from, lifted = excluded.lifted,
      published_at = excluded.published_at, updated_at = excluded.updated_at, withdrawn_at = excluded.withdrawn_at,
      evolved_from = excluded.evolved_from, section = excluded.section, section_key = excluded.section_key,
      fingerprint = excluded.fingerprint, summary = excluded.summary, document = excluded.document`,

  countRails: `SELECT count(*) AS rails FROM rail WHERE article_id = ANY ($1::text[])`,
  deleteRails: `DELETE FROM rail WHERE article_id = ANY ($1::text[])`,

  // $1 numbers, $2 ids, $3 now
  addChanges: `
    INSERT INTO change (seq, article_id, at)
    SELECT c.seq, c.id, $3::bigint FROM unnest($1::bigint[], $2::text[]) AS c (seq, id)`,

  // In the order in which the embargoes ended.
  embargoesEnded: `
    SELECT id FROM article WHERE status = 'published' AND lifted = 0 AND visible_from <= $1 ORDER BY visible_from, id`,
  markLifted: `UPDATE article SET lifted = 1 WHERE id = ANY ($1::text[])`,

  // Whether it has run out does not matter while nobody has taken it: the token would be another then. Until the end of the
  // transaction nobody can.
  holdsLease: `SELECT 1 FROM lease WHERE name = $1 AND holder = $2 AND token = $3 FOR SHARE`,

  // An article that was taken down while its rail was worked out gets none.
  // $1 ids of articles, $2 items of each rail as a JSON array of [id, item as JSON text], $3 numbers, $4 version, $5 generated_at
  putRails: `
    INSERT INTO rail (article_id, version, generated_at, ids, items, written)
    SELECT a.id, $4::bigint, $5::text,
      ARRAY (SELECT item ->> 0 FROM json_array_elements(w.items::json) AS item),
      ARRAY (SELECT item ->> 1 FROM json_array_elements(w.items::json) AS item), w.number
    FROM unnest($1::text[], $2::text[], $3::bigint[]) AS w (id, items, number)
      JOIN article AS a ON a.id = w.id AND a.status <> 'withdrawn'
    ON CONFLICT (article_id) DO UPDATE SET
      version = excluded.version, generated_at = excluded.generated_at, ids = excluded.ids, items = excluded.items,
      written = excluded.written`,

  // $1 name, $2 holder, $3 for_ms, $4 now. The token grows whenever the holder changes; what a former holder still sends carries the old one.
  // A lease that ends further ahead than twice its length was taken before a clock was set back.
  takeLease: `
    INSERT INTO lease AS l (name, holder, token, expires_at, for_ms) VALUES ($1, $2, 1, $4::bigint + $3::bigint, $3::bigint)
    ON CONFLICT (name) DO UPDATE SET
      token = l.token + CASE WHEN l.holder IS DISTINCT FROM excluded.holder THEN 1 ELSE 0 END,
      holder = excluded.holder, expires_at = excluded.expires_at, for_ms = excluded.for_ms
    WHERE l.holder IS NULL OR l.holder = excluded.holder OR l.expires_at <= $4 OR l.expires_at > $4 + 2 * l.for_ms`,
  leaseToken: `SELECT token FROM lease WHERE name = $1 AND holder = $2`,
  releaseLease: `UPDATE lease SET holder = NULL, expires_at = 0 WHERE name = $1 AND holder = $2`,
} satisfies Record<StatementName, string>
