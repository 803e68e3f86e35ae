import type { StatementName } from '../sql/dialect.ts'
import { railsLease } from '../store.ts'

/** A list of ids, one a row of `j`. */
const idsOf = "JSON_TABLE($rows, '$[*]' COLUMNS (id VARCHAR(100) PATH '$[0]')) AS j"

/** The items of the rail `r`, one a row of `j`. */
const itemsOfRail =
  "JSON_TABLE(r.items, '$[*]' COLUMNS (place FOR ORDINALITY, id VARCHAR(100) PATH '$[0]', item LONGTEXT PATH '$[1]')) AS j"

/**
 * Every statement of `postgres/sql.ts`, given the same and giving the same, as MariaDB and MySQL word it.
 *
 * `$3` is the third value; where that is a list it comes as `one,two`, for FIND_IN_SET: no id has a comma. `$rows` is all the lists together, a
 * JSON array of rows: what is many rows comes in one value, for JSON_TABLE to take apart. STRAIGHT_JOIN keeps the optimizer,
 * which does not know how short such a list is, from reading the whole of the table instead.
 */
export const sql = {
  article: `
    SELECT status, visible_from, withdrawn_at, document FROM article WHERE id = $1`,

  newestId: `
    SELECT id FROM article WHERE status = 'published' AND visible_from <= $1
    ORDER BY published_at DESC, id DESC LIMIT 1`,

  rail: `
    SELECT a.status, a.visible_from, a.withdrawn_at, a.section_key, a.evolved_from, r.version, r.generated_at,
      j.item, x.summary
    FROM article AS a LEFT JOIN rail AS r ON r.article_id = a.id
      LEFT JOIN (${itemsOfRail} STRAIGHT_JOIN article AS x ON x.id = j.id)
      ON x.status = 'published' AND x.visible_from <= $2
        AND x.id <> a.id AND NOT (x.id <=> a.evolved_from) AND NOT (x.evolved_from <=> a.id)
        AND FIND_IN_SET(x.id, $4) = 0
    WHERE a.id = $1 ORDER BY j.place LIMIT $3`,

  newestInSection: `
    SELECT id, summary FROM article
    WHERE status = 'published' AND section_hash = SHA2($6, 256) AND visible_from <= $3
      AND id <> $1 AND NOT (id <=> $2) AND NOT (evolved_from <=> $1) AND FIND_IN_SET(id, $4) = 0
    ORDER BY published_at DESC, id DESC LIMIT $5`,

  newestOfAll: `
    SELECT id, summary FROM article
    WHERE status = 'published' AND visible_from <= $3
      AND id <> $1 AND NOT (id <=> $2) AND NOT (evolved_from <=> $1) AND FIND_IN_SET(id, $4) = 0
    ORDER BY published_at DESC, id DESC LIMIT $5`,

  storyHead: `
    SELECT a.status, a.visible_from, a.withdrawn_at, a.evolved_from, a.published_at, a.summary, r.version, r.generated_at
    FROM article AS a LEFT JOIN rail AS r ON r.article_id = a.id
    WHERE a.id = $1`,

  storyItems: `
    SELECT r.article_id AS rail_of, x.id, x.published_at, x.summary, j.item
    FROM (
      SELECT article_id, items FROM rail WHERE article_id = $1
      UNION ALL
      SELECT o.article_id, o.items
      FROM rail AS r STRAIGHT_JOIN ${itemsOfRail} STRAIGHT_JOIN rail AS o ON o.article_id = j.id
      WHERE r.article_id = $1 AND o.article_id <> $1
    ) AS r STRAIGHT_JOIN ${itemsOfRail} STRAIGHT_JOIN article AS x ON x.id = j.id
    WHERE x.status = 'published' AND x.visible_from <= $3
      AND x.id <> $1 AND NOT (x.id <=> $2) AND NOT (x.evolved_from <=> $1)
    ORDER BY r.article_id, j.place`,

  // Not (published_at, id) < ($1, $2): the index would not be used.
  list: `
    SELECT id, published_at, summary FROM article
    WHERE status = 'published' AND published_at <= $1 AND (published_at < $1 OR id < $2) AND visible_from <= $3
    ORDER BY published_at DESC, id DESC LIMIT $4`,
  listInSection: `
    SELECT id, published_at, summary FROM article
    WHERE status = 'published' AND section_hash = SHA2($5, 256)
      AND published_at <= $1 AND (published_at < $1 OR id < $2) AND visible_from <= $3
    ORDER BY published_at DESC, id DESC LIMIT $4`,

  sections: `
    SELECT (
      SELECT n.section FROM article AS n
      WHERE n.status = 'published' AND n.section_hash = s.section_hash AND n.visible_from <= $1
      ORDER BY n.published_at DESC, n.id DESC LIMIT 1
    ) AS section, s.articles
    FROM (
      SELECT section_hash, min(section_key) AS section_key, count(*) AS articles
      FROM article WHERE status = 'published' AND section_hash IS NOT NULL AND visible_from <= $1
      GROUP BY section_hash
    ) AS s
    ORDER BY s.articles DESC, s.section_key`,

  changes: `
    SELECT c.seq, c.article_id,
      CASE WHEN a.status = 'published' AND a.visible_from <= $3 THEN a.document END AS document
    FROM (SELECT seq, article_id FROM \`change\` WHERE seq > $1 ORDER BY seq LIMIT $2) AS c
      LEFT JOIN article AS a ON a.id = c.article_id
    ORDER BY c.seq`,
  changedIds: 'SELECT seq, article_id FROM `change` WHERE seq > $1 ORDER BY seq LIMIT $2',
  railChanges: 'SELECT written, article_id FROM rail WHERE written > $1 ORDER BY written LIMIT $2',

  // A rail is kept as [[id, item as JSON text], ...].
  indexPage: `
    SELECT a.id, a.document, IF(r.items IS NULL, NULL, CONCAT('[', COALESCE((
      SELECT GROUP_CONCAT(j.item ORDER BY j.place SEPARATOR ',') FROM ${itemsOfRail}
    ), ''), ']')) AS items
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
      (SELECT seq FROM \`cursor\` WHERE name = 'change') AS last_seq,
      (SELECT seq FROM \`cursor\` WHERE name = 'index') AS indexed_seq,
      (SELECT seq FROM \`cursor\` WHERE name = 'rail') AS last_rail_seq,
      (SELECT expires_at FROM lease WHERE name = '${railsLease}' AND holder IS NOT NULL) AS rails_kept_until,
      (SELECT min(visible_from) FROM article WHERE status = 'published' AND lifted = 0) AS next_embargo_ends_at`,

  lockWriters: "SELECT seq FROM `cursor` WHERE name = 'change' FOR UPDATE",
  moveCursor: 'UPDATE `cursor` SET seq = $2 WHERE name = $1',
  cursor: 'SELECT seq FROM `cursor` WHERE name = $1',
  count: 'UPDATE tally SET number = number + $2 WHERE name = $1',

  stored: `
    SELECT a.id, a.status, a.fingerprint, a.published_at, a.updated_at, a.first_seen_at, a.withdrawn_at
    FROM ${idsOf} STRAIGHT_JOIN article AS a ON a.id = j.id`,

  put: `
    INSERT INTO article (id, status, visible_from, lifted, published_at, updated_at, first_seen_at, withdrawn_at,
      evolved_from, section, section_key, fingerprint, summary, document)
    SELECT * FROM JSON_TABLE($rows, '$[*]' COLUMNS (
      id VARCHAR(100) PATH '$[0]', status VARCHAR(16) PATH '$[1]', visible_from BIGINT PATH '$[2]',
      lifted TINYINT PATH '$[3]', published_at VARCHAR(32) PATH '$[4]', updated_at VARCHAR(32) PATH '$[5]',
      first_seen_at VARCHAR(32) PATH '$[6]', withdrawn_at VARCHAR(32) PATH '$[7]', evolved_from VARCHAR(100) PATH '$[8]',
      section TEXT PATH '$[9]', section_key TEXT PATH '$[10]', fingerprint VARCHAR(100) PATH '$[11]',
      summary LONGTEXT PATH '$[12]', document LONGTEXT PATH '$[13]')) AS w
    ON DUPLICATE KEY UPDATE
      status = VALUES(status), visible_from = VALUES(visible_from), lifted = VALUES(lifted),
      published_at = VALUES(published_at), updated_at = VALUES(updated_at), withdrawn_at = VALUES(withdrawn_at),
      evolved_from = VALUES(evolved_from), section = VALUES(section), section_key = VALUES(section_key),
      fingerprint = VALUES(fingerprint), summary = VALUES(summary), document = VALUES(document)`,

  countRails: `SELECT count(*) AS rails FROM ${idsOf} STRAIGHT_JOIN rail AS r ON r.article_id = j.id`,
  deleteRails: `DELETE r FROM ${idsOf} STRAIGHT_JOIN rail AS r ON r.article_id = j.id`,

  addChanges: `
    INSERT INTO \`change\` (seq, article_id, at)
    SELECT c.seq, c.id, $3
    FROM JSON_TABLE($rows, '$[*]' COLUMNS (seq BIGINT PATH '$[0]', id VARCHAR(100) PATH '$[1]')) AS c`,

  embargoesEnded: `
    SELECT id FROM article WHERE status = 'published' AND lifted = 0 AND visible_from <= $1 ORDER BY visible_from, id`,
  markLifted: `UPDATE ${idsOf} STRAIGHT_JOIN article AS a ON a.id = j.id SET a.lifted = 1`,

  holdsLease: 'SELECT 1 FROM lease WHERE name = $1 AND holder = $2 AND token = $3 LOCK IN SHARE MODE',

  putRails: `
    INSERT INTO rail (article_id, version, generated_at, items, written)
    SELECT a.id, $4, $5, w.items, w.number
    FROM JSON_TABLE($rows, '$[*]' COLUMNS (
      id VARCHAR(100) PATH '$[0]', items LONGTEXT PATH '$[1]', number BIGINT PATH '$[2]')) AS w
      STRAIGHT_JOIN article AS a ON a.id = w.id AND a.status <> 'withdrawn'
    ON DUPLICATE KEY UPDATE
      version = VALUES(version), generated_at = VALUES(generated_at), items = VALUES(items), written = VALUES(written)`,

  // What is assigned first is seen by what is assigned after it: so the holder comes after what depends on who it was, and
  // afterwards it tells whether the lease was taken.
  takeLease: `
    INSERT INTO lease (name, holder, token, expires_at, for_ms) VALUES ($1, $2, 1, $4 + $3, $3)
    ON DUPLICATE KEY UPDATE
      token = token + IF(holder IS NULL OR holder <> $2 AND (expires_at <= $4 OR expires_at > $4 + 2 * for_ms), 1, 0),
      holder = IF(holder IS NULL OR expires_at <= $4 OR expires_at > $4 + 2 * for_ms, $2, holder),
      expires_at = IF(holder = $2, $4 + $3, expires_at),
      for_ms = IF(holder = $2, $3, for_ms)`,
  leaseToken: 'SELECT token FROM lease WHERE name = $1 AND holder = $2',
  releaseLease: 'UPDATE lease SET holder = NULL, expires_at = 0 WHERE name = $1 AND holder = $2',
} satisfies Record<StatementName, string>
