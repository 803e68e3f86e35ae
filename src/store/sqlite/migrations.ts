/**
 * The schema, step by step: step n takes a file from version n to n + 1 (`PRAGMA user_version`).
 *
 * A step that was released is never edited. All steps that a file lacks run in one transaction.
 */
export const migrations: readonly string[] = [
  `
  -- The long columns stand last: a row is read from its start, and what follows the last column asked for costs nothing.
  CREATE TABLE article (
    id             TEXT    NOT NULL PRIMARY KEY,
    status         TEXT    NOT NULL CHECK (status IN ('published', 'draft', 'withdrawn')),
    visible_from   INTEGER NOT NULL, -- milliseconds since the epoch; 0 when nothing holds it back
    lifted         INTEGER NOT NULL, -- 0 while the change row for the end of its embargo is still to be written
    published_at   TEXT    NOT NULL,
    updated_at     TEXT    NOT NULL,
    first_seen_at  TEXT    NOT NULL,
    withdrawn_at   TEXT,
    evolved_from   TEXT,
    section        TEXT,
    section_key    TEXT,             -- folded by store/section-key.ts: NOCASE folds ASCII only
    fingerprint    TEXT,
    summary        TEXT,             -- ArticleSummary as JSON; null on a tombstone
    document       TEXT,             -- Article as JSON; null on a tombstone
    CHECK (status = 'withdrawn' OR (fingerprint IS NOT NULL AND summary IS NOT NULL AND document IS NOT NULL)),
    CHECK (status <> 'withdrawn' OR (withdrawn_at IS NOT NULL AND summary IS NULL AND document IS NULL))
  ) STRICT;

  CREATE INDEX article_newest ON article (published_at, id, visible_from) WHERE status = 'published';
  -- Holds all that the list of sections needs, so that counting them never touches the articles.
  CREATE INDEX article_newest_in_section ON article (section_key, published_at, id, visible_from, section)
    WHERE status = 'published' AND section_key IS NOT NULL;
  CREATE INDEX article_embargoed ON article (visible_from, id) WHERE status = 'published' AND lifted = 0;
  CREATE INDEX article_withdrawn ON article (withdrawn_at) WHERE status = 'withdrawn';

  -- AUTOINCREMENT: a number is never given twice, or a reader of the feed that has seen it would miss the second.
  CREATE TABLE change (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    article_id TEXT    NOT NULL,
    at         INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE rail (
    article_id   TEXT    NOT NULL PRIMARY KEY,
    version      INTEGER NOT NULL,
    generated_at TEXT    NOT NULL,
    items        TEXT    NOT NULL CHECK (json_type(items) = 'array')
  ) STRICT;

  CREATE TABLE cursor (
    name TEXT    NOT NULL PRIMARY KEY,
    seq  INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE lease (
    name       TEXT    NOT NULL PRIMARY KEY,
    holder     TEXT,              -- null once it was given back; the token stays, so that none is ever given twice
    token      INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT;
  `,
  `
  -- How long the lease was taken for; what an older onward took counts as a minute long.
  ALTER TABLE lease ADD COLUMN for_ms INTEGER NOT NULL DEFAULT 60000;

  -- How many articles there are of each status, and how many rails: counting them took 1 ms for 20,000 at each look.
  CREATE TABLE tally (
    name   TEXT    NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL
  ) STRICT;
  INSERT INTO tally VALUES
    ('published', (SELECT count(*) FROM article WHERE status = 'published')),
    ('draft', (SELECT count(*) FROM article WHERE status = 'draft')),
    ('withdrawn', (SELECT count(*) FROM article WHERE status = 'withdrawn')),
    ('rail', (SELECT count(*) FROM rail));
  CREATE TRIGGER article_came AFTER INSERT ON article BEGIN
    UPDATE tally SET number = number + 1 WHERE name = new.status;
  END;
  CREATE TRIGGER article_changed AFTER UPDATE OF status ON article WHEN old.status <> new.status BEGIN
    UPDATE tally SET number = number - 1 WHERE name = old.status;
    UPDATE tally SET number = number + 1 WHERE name = new.status;
  END;
  CREATE TRIGGER article_went AFTER DELETE ON article BEGIN
    UPDATE tally SET number = number - 1 WHERE name = old.status;
  END;
  CREATE TRIGGER rail_came AFTER INSERT ON rail BEGIN
    UPDATE tally SET number = number + 1 WHERE name = 'rail';
  END;
  CREATE TRIGGER rail_went AFTER DELETE ON rail BEGIN
    UPDATE tally SET number = number - 1 WHERE name = 'rail';
  END;
  `,
  `
  -- When each rail was written, in numbers of its own: what nodes that keep copies of rails follow. They come from the
  -- row 'rail' of cursor, so that none is given twice though a rail is deleted.
  ALTER TABLE rail ADD COLUMN written INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX rail_written ON rail (written, article_id);
  `,
]
