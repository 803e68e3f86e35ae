/**
 * The schema, step by step: step n takes a database from version n to n + 1 (table `onward_schema`).
 *
 * A step that was released is never edited. These servers commit after each statement that changes a schema, so a step is
 * written such that it can be done again where it was cut off in the middle.
 *
 * Everything is compared by its bytes (`utf8mb4_bin`), as every store compares it. A text with a NUL in it, such as a
 * section's name, is kept as JSON text.
 */
export const migrations: ReadonlyArray<readonly string[]> = [
  [
    `CREATE TABLE IF NOT EXISTS article (
      id             VARCHAR(100) NOT NULL PRIMARY KEY,
      status         VARCHAR(16)  NOT NULL CHECK (status IN ('published', 'draft', 'withdrawn')),
      visible_from   BIGINT       NOT NULL, -- milliseconds since the epoch; 0 when nothing holds it back
      lifted         TINYINT      NOT NULL, -- 0 while the change row for the end of its embargo is still to be written
      published_at   VARCHAR(32)  NOT NULL,
      updated_at     VARCHAR(32)  NOT NULL,
      first_seen_at  VARCHAR(32)  NOT NULL,
      withdrawn_at   VARCHAR(32),
      evolved_from   VARCHAR(100),
      section        TEXT,        -- as a JSON string
      section_key    TEXT,        -- likewise, folded by store/section-key.ts
      section_hash   CHAR(64) AS (SHA2(section_key, 256)) STORED, -- a key may be longer than an index takes
      fingerprint    VARCHAR(100),
      summary        LONGTEXT,    -- ArticleSummary as JSON; null on a tombstone
      document       LONGTEXT,    -- Article as JSON; null on a tombstone
      CHECK (status = 'withdrawn' OR (fingerprint IS NOT NULL AND summary IS NOT NULL AND document IS NOT NULL)),
      CHECK (status <> 'withdrawn' OR (withdrawn_at IS NOT NULL AND summary IS NULL AND document IS NULL)),
      INDEX article_newest (status, published_at, id),
      INDEX article_newest_in_section (status, section_hash, published_at, id),
      INDEX article_embargoed (status, lifted, visible_from, id)
    ) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
    // The numbers come from the row 'change' of cursor, which each writer locks first: in the order of the commits, no gaps.
    `CREATE TABLE IF NOT EXISTS \`change\` (
      seq        BIGINT       NOT NULL PRIMARY KEY,
      article_id VARCHAR(100) NOT NULL,
      at         BIGINT       NOT NULL
    ) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
    `CREATE TABLE IF NOT EXISTS rail (
      article_id   VARCHAR(100) NOT NULL PRIMARY KEY,
      version      BIGINT       NOT NULL,
      generated_at VARCHAR(32)  NOT NULL,
      items        LONGTEXT     NOT NULL, -- [[id, RailItem as JSON text], ...]
      written      BIGINT       NOT NULL, -- from the row 'rail' of cursor
      INDEX rail_written (written, article_id)
    ) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
    `CREATE TABLE IF NOT EXISTS \`cursor\` (
      name VARCHAR(16) NOT NULL PRIMARY KEY,
      seq  BIGINT      NOT NULL
    ) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
    "INSERT IGNORE INTO `cursor` (name, seq) VALUES ('change', 0), ('index', 0), ('rail', 0)",
    `CREATE TABLE IF NOT EXISTS lease (
      name       VARCHAR(100) NOT NULL PRIMARY KEY,
      holder     VARCHAR(200),          -- null once it was given back; the token stays, so that none is ever given twice
      token      BIGINT       NOT NULL,
      expires_at BIGINT       NOT NULL,
      for_ms     BIGINT       NOT NULL
    ) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
    // How many articles there are of each status, and how many rails. Kept by whoever writes.
    `CREATE TABLE IF NOT EXISTS tally (
      name   VARCHAR(16) NOT NULL PRIMARY KEY,
      number BIGINT      NOT NULL
    ) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
    "INSERT IGNORE INTO tally (name, number) VALUES ('published', 0), ('draft', 0), ('withdrawn', 0), ('rail', 0)",
  ],
]
