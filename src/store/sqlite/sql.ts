import { railsLease } from '../store.ts'

/**
 * Every statement, as it is run. A visible article is one with `status = 'published' AND visible_from <= :now`; the
 * first half is written out in each so that the partial indexes apply.
 */
export const readSql = {
  article: `
    SELECT status, visible_from, withdrawn_at, document FROM article WHERE id = :id`,

  newestId: `
    SELECT id FROM article
    WHERE status = 'published' AND visible_from <= :now
    ORDER BY published_at DESC, id DESC LIMIT 1`,

  railHead: `
    SELECT a.status, a.visible_from, a.withdrawn_at, a.section_key, a.evolved_from, a.published_at, a.summary,
      r.version, r.generated_at
    FROM article AS a LEFT JOIN rail AS r ON r.article_id = a.id
    WHERE a.id = :id`,

  // CROSS JOIN nests the loops as they are written: item by item in the order of the array, until the rail is full.
  // ORDER BY j.key would read all the articles of the stored rail before it gives the first: 210 us in place of 90.
  railItems: `
    SELECT j.value AS item, a.summary
    FROM rail AS r CROSS JOIN json_each(r.items) AS j CROSS JOIN article AS a ON a.id = j.value ->> '$.id'
    WHERE r.article_id = :id
      AND a.status = 'published' AND a.visible_from <= :now
      AND a.id <> :id AND a.id IS NOT :evolvedFrom AND a.evolved_from IS NOT :id
      AND a.id NOT IN (SELECT value FROM json_each(:exclude))
    LIMIT :limit`,

  // Of a rail that may be another article's: no version of :id, which the story is asked of.
  storyItems: `
    SELECT a.id, a.published_at, a.summary, j.value ->> '$.score' AS score
    FROM rail AS r CROSS JOIN json_each(r.items) AS j CROSS JOIN article AS a ON a.id = j.value ->> '$.id'
    WHERE r.article_id = :railOf
      AND a.status = 'published' AND a.visible_from <= :now
      AND a.id <> :id AND a.id IS NOT :evolvedFrom AND a.evolved_from IS NOT :id`,

  newestInSection: `
    SELECT id, summary FROM article
    WHERE status = 'published' AND section_key = :sectionKey AND visible_from <= :now
      AND id <> :id AND id IS NOT :evolvedFrom AND evolved_from IS NOT :id
      AND id NOT IN (SELECT value FROM json_each(:exclude))
    ORDER BY published_at DESC, id DESC LIMIT :limit`,

  newestOfAll: `
    SELECT id, summary FROM article
    WHERE status = 'published' AND visible_from <= :now
      AND id <> :id AND id IS NOT :evolvedFrom AND evolved_from IS NOT :id
      AND id NOT IN (SELECT value FROM json_each(:exclude))
    ORDER BY published_at DESC, id DESC LIMIT :limit`,

  list: `
    SELECT id, published_at, summary FROM article
    WHERE status = 'published' AND (published_at, id) < (:publishedAt, :id) AND visible_from <= :now
    ORDER BY published_at DESC, id DESC LIMIT :limit`,

  listInSection: `
    SELECT id, published_at, summary FROM article
    WHERE status = 'published' AND section_key = :sectionKey AND (published_at, id) < (:publishedAt, :id)
      AND visible_from <= :now
    ORDER BY published_at DESC, id DESC LIMIT :limit`,

  // The section is spelled as its newest article spells it: with max() SQLite takes the bare column from that row.
  sections: `
    SELECT section, count(*) AS articles, max(published_at)
    FROM article INDEXED BY article_newest_in_section
    WHERE status = 'published' AND section_key IS NOT NULL AND visible_from <= :now
    GROUP BY section_key ORDER BY articles DESC, section_key`,

  changes: `
    SELECT c.seq, c.article_id,
      CASE WHEN a.status = 'published' AND a.visible_from <= :now THEN a.document END AS document
    FROM change AS c LEFT JOIN article AS a ON a.id = c.article_id
    WHERE c.seq > :after ORDER BY c.seq LIMIT :limit`,

  changedIds: `
    SELECT seq, article_id FROM change WHERE seq > :after ORDER BY seq LIMIT :limit`,

  railChanges: `
    SELECT written, article_id FROM rail WHERE written > :after ORDER BY written LIMIT :limit`,

  // The unary plus keeps the planner on the order of ids, away from a partial index that it would have to sort.
  indexPage: `
    SELECT a.id, a.document, r.items FROM article AS a LEFT JOIN rail AS r ON r.article_id = a.id
    WHERE a.id > :afterId AND +a.status = 'published' AND a.visible_from <= :now
    ORDER BY a.id LIMIT :limit`,

  // Asked by every probe of readiness: it costs the same for any number of articles, and counts only what is under embargo.
  status: `
    SELECT
      (SELECT number FROM tally WHERE name = 'published') AS published,
      (SELECT number FROM tally WHERE name = 'draft') AS drafts,
      (SELECT number FROM tally WHERE name = 'withdrawn') AS withdrawn,
      (SELECT number FROM tally WHERE name = 'rail') AS rails,
      (SELECT count(*) FROM article WHERE status = 'published' AND lifted = 0 AND visible_from > :now) AS embargoed,
      (SELECT coalesce(max(seq), 0) FROM change) AS last_seq,
      (SELECT coalesce(max(seq), 0) FROM cursor WHERE name = 'index') AS indexed_seq,
      (SELECT coalesce(max(seq), 0) FROM cursor WHERE name = 'rail') AS last_rail_seq,
      (SELECT expires_at FROM lease WHERE name = '${railsLease}' AND holder IS NOT NULL) AS rails_kept_until,
      (SELECT min(visible_from) FROM article WHERE status = 'published' AND lifted = 0) AS next_embargo_ends_at`,
}

export const writeSql = {
  stored: `
    SELECT status, fingerprint, published_at, updated_at, first_seen_at, withdrawn_at FROM article WHERE id = :id`,

  put: `
    INSERT INTO article (id, status, visible_from, lifted, published_at, updated_at, first_seen_at, withdrawn_at,
      evolved_from, section, section_key, fingerprint, summary, document)
    VALUES (:id, :status, :visibleFrom, :lifted, :publishedAt, :updatedAt, :firstSeenAt, NULL,
      :evolvedFrom, :section, :sectionKey, :fingerprint, :summary, :document)
    ON CONFLICT (id) DO UPDATE SET
      status = excluded.status, visible_from = excluded.visible_from, lifted = excluded.lifted,
      published_at = excluded.published_at, updated_at = excluded.updated_at, withdrawn_at = NULL,
      evolved_from = excluded.evolved_from, section = excluded.section, section_key = excluded.section_key,
      fingerprint = excluded.fingerprint, summary = excluded.summary, document = excluded.document`,

  bury: `
    INSERT INTO article (id, status, visible_from, lifted, published_at, updated_at, first_seen_at, withdrawn_at)
    VALUES (:id, 'withdrawn', 0, 1, :publishedAt, :updatedAt, :firstSeenAt, :withdrawnAt)
    ON CONFLICT (id) DO UPDATE SET
      status = 'withdrawn', visible_from = 0, lifted = 1, published_at = excluded.published_at,
      updated_at = excluded.updated_at, withdrawn_at = excluded.withdrawn_at, evolved_from = NULL,
      section = NULL, section_key = NULL, fingerprint = NULL, summary = NULL, document = NULL`,

  deleteRail: `DELETE FROM rail WHERE article_id = :id`,

  change: `INSERT INTO change (article_id, at) VALUES (:id, :now)`,

  // The change rows come in the order in which the embargoes ended.
  announceLifted: `
    INSERT INTO change (article_id, at)
    SELECT id, :now FROM article WHERE status = 'published' AND lifted = 0 AND visible_from <= :now
    ORDER BY visible_from, id`,
  markLifted: `
    UPDATE article SET lifted = 1 WHERE status = 'published' AND lifted = 0 AND visible_from <= :now`,

  // An article that was taken down while its rail was worked out gets none.
  putRail: `
    INSERT INTO rail (article_id, version, generated_at, items, written)
    SELECT id, :version, :generatedAt, :items, :written FROM article WHERE id = :id AND status <> 'withdrawn'
    ON CONFLICT (article_id) DO UPDATE SET
      version = excluded.version, generated_at = excluded.generated_at, items = excluded.items,
      written = excluded.written`,

  lastWritten: `SELECT seq FROM cursor WHERE name = 'rail'`,

  moveCursor: `
    INSERT INTO cursor (name, seq) VALUES (:name, :seq) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq`,

  // Whether it has run out does not matter while nobody has taken it: the token would be another then.
  holdsLease: `
    SELECT 1 FROM lease WHERE name = :name AND holder = :holder AND token = :token`,

  // The token grows whenever the holder changes; what a former holder still sends carries the old one.
  // A lease that ends further ahead than it is long was taken before the clock was set back. Twice its length, since
  // two processes read the clock in one order and may come here in the other.
  takeLease: `
    INSERT INTO lease (name, holder, token, expires_at, for_ms) VALUES (:name, :holder, 1, :now + :forMs, :forMs)
    ON CONFLICT (name) DO UPDATE SET
      token = token + (holder IS NOT excluded.holder), holder = excluded.holder, expires_at = excluded.expires_at,
      for_ms = excluded.for_ms
    WHERE holder IS NULL OR holder = excluded.holder OR expires_at <= :now OR expires_at > :now + 2 * for_ms
    RETURNING token`,

  releaseLease: `UPDATE lease SET holder = NULL, expires_at = 0 WHERE name = :name AND holder = :holder`,
}
