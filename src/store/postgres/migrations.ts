/**
 * The schema, step by step: step n takes a database from version n to n + 1 (table `onward_schema`).
 *
 * A step that was released is never edited. All steps that a database lacks run in one transaction, under a lock.
 *
 * Ids and times are compared by their bytes (`COLLATE "C"`), as every store compares them. PostgreSQL has no text with a NUL
 * in it, so what may hold one, such as a section's name, is kept as JSON text, which has none.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE article (
    id             text COLLATE "C" NOT NULL PRIMARY KEY,
    status         text     NOT NULL CHECK (status IN ('published', 'draft', 'withdrawn')),
    visible_from   bigint   NOT NULL, -- milliseconds since the epoch; 0 when nothing holds it back
    lifted         smallint NOT NULL, -- 0 while the change row for the end of its embargo is still to be written
    published_at   text COLLATE "C" NOT NULL,
    updated_at     text COLLATE "C" NOT NULL,
    first_seen_at  text COLLATE "C" NOT NULL,
    withdrawn_at   text,
    evolved_from   text COLLATE "C",
    section        text,             -- as a JSON string
    section_key    text COLLATE "C", -- likewise, folded by store/section-key.ts
    fingerprint    text,
    summary        text,             -- ArticleSummary as JSON; null on a tombstone
    document       text,             -- Article as JSON; null on a tombstone
    CHECK (status = 'withdrawn' OR (fingerprint IS NOT NULL AND summary IS NOT NULL AND document IS NOT NULL)),
    CHECK (status <> 'withdrawn' OR (withdrawn_at IS NOT NULL AND summary IS NULL AND document IS NULL))
  );
  CREATE INDEX article_newest ON article (published_at, id) WHERE status = 'published';
  CREATE INDEX article_newest_in_section ON article (section_key, published_at, id)
    WHERE status = 'published' AND section_key IS NOT NULL;
  CREATE INDEX article_embargoed ON article (visible_from, id) WHERE status = 'published' AND lifted = 0;

  -- The numbers come from the row 'change' of cursor, which each writer locks first: in the order of the commits, no gaps.
  CREATE TABLE change (
    seq        bigint NOT NULL PRIMARY KEY,
    article_id text   NOT NULL,
    at         bigint NOT NULL
  );

  CREATE TABLE rail (
    article_id   text COLLATE "C" NOT NULL PRIMARY KEY,
    version      bigint NOT NULL,
    generated_at text   NOT NULL,
    ids          text[] COLLATE "C" NOT NULL,
    items        text[] NOT NULL, -- RailItem as JSON, in the order of ids
    written      bigint NOT NULL  -- from the row 'rail' of cursor
  );
  CREATE INDEX rail_written ON rail (written, article_id);

  CREATE TABLE cursor (
    name text   NOT NULL PRIMARY KEY,
    seq  bigint NOT NULL
  );
  INSERT INTO cursor (name, seq) VALUES ('change', 0), ('index', 0), ('rail', 0);

  CREATE TABLE lease (
    name       text   NOT NULL PRIMARY KEY,
    holder     text,            -- null once it was given back; the token stays, so that none is ever given twice
    token      bigint NOT NULL,
    expires_at bigint NOT NULL,
    for_ms     bigint NOT NULL
  );

  -- How many articles there are of each status, and how many rails. Kept by whoever writes.
  CREATE TABLE tally (
    name   text   NOT NULL PRIMARY KEY,
    number bigint NOT NULL
  );
  INSERT INTO tally (name, number) VALUES ('published', 0), ('draft', 0), ('withdrawn', 0), ('rail', 0);
  `,
]
