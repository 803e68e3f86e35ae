/**
 * The claim: a content system's table that was read once is read again at a multiple of the pace, and a look at what changed
 * since costs milliseconds where the time of a change has an index, and one walk through the table where it has none, as
 * in WordPress.
 *
 *     node benchmarks/existing-tables.ts [--articles 20000] [--json]
 *
 * Posts of WordPress in a private MariaDB, generated, are read into a SQLite store in a temporary folder, without working out
 * rails: the first time; again, as after a restart; and as a follower does, where one post of the last five minutes was
 * corrected, without an index and with one. The memory is that of the whole process, at its peak.
 */
import { parseArgs } from 'node:util'
import { createConnection } from 'mysql2/promise'
import { systemClock } from '../src/concurrency/clock.ts'
import { generateArticles } from '../src/generate/generate-articles.ts'
import { follow, type IngestSummary } from '../src/ingest/ingest.ts'
import { Preparer } from '../src/ingest/preparer.ts'
import { putArticles } from '../src/ingest/publish-articles.ts'
import { TableReader } from '../src/ingest/tables/read-table.ts'
import { wordpressTable } from '../src/ingest/tables/wordpress.ts'
import { openStore, temporaryStoreFolder } from '../src/store/open-store.ts'
import { startMariadb } from '../test/support/mariadb-server.ts'
import { machine } from './support/machine.ts'

const { values } = parseArgs({
  options: { articles: { type: 'string', default: '20000' }, json: { type: 'boolean', default: false } },
})
const articles = Number(values.articles)

await using server = await startMariadb()
const url = await server.createDatabase()
const cms = await createConnection({ uri: url, multipleStatements: true })
const megabytes = await fill()
await using folder = await temporaryStoreFolder()
await using store = await openStore(folder.url)
await using preparer = new Preparer()

const first = await rounds([async () => {}])
const changeOne = async () =>
  void (await cms.query('UPDATE wp_posts SET post_title = CONCAT(post_title, "!") WHERE ID = ?', [articles]))
const again = await rounds([
  changeOne,
  async () => void (await cms.query('CREATE INDEX since ON wp_posts (post_modified_gmt, ID)')),
  changeOne,
  async () => {},
])
await cms.end()

const [walked, , indexed] = again.slice(1)
const result = {
  articles,
  megabytes,
  machine: machine(),
  firstSeconds: seconds(first[0]),
  againSeconds: seconds(again[0]),
  lookWithoutIndexMs: round(walked?.tookMs),
  lookWithIndexMs: round(indexed?.tookMs),
  changed: [walked, indexed].map((one) => one?.outcomes.updated),
  read: [walked, indexed].map((one) => one?.records),
  peakMiB: Math.round(process.resourceUsage().maxRSS / 1024),
}
process.stdout.write(
  values.json
    ? `${JSON.stringify(result, null, 2)}\n`
    : `${articles} posts of WordPress, ${megabytes} MB of text, on ${result.machine}
  the first time        ${result.firstSeconds} s, ${Math.round(articles / result.firstSeconds)} a second
  again, all unchanged  ${result.againSeconds} s, ${Math.round(articles / result.againSeconds)} a second
  a look at changes     ${result.lookWithoutIndexMs} ms without an index (${result.read[0]} rows read, ${result.changed[0]} changed), ${result.lookWithIndexMs} ms with one (${result.read[1]} rows read, ${result.changed[1]} changed)
  peak memory           ${result.peakMiB} MiB
`,
)
if (
  first[0]?.outcomes.created !== articles ||
  again[0]?.outcomes.unchanged !== articles ||
  result.changed.some((changed) => changed !== 1)
) {
  process.exitCode = 1
}

/** Follows with a new reader, as after a start: after each round the next step is done. */
async function rounds(steps: ReadonlyArray<() => Promise<void>>): Promise<IngestSummary[]> {
  const table = wordpressTable({ schema: null, prefix: 'wp_', idPrefix: '', siteUrl: null })
  const stop = new AbortController()
  const done: IngestSummary[] = []
  await follow([], {
    tables: [new TableReader(url, table)],
    everyMs: 1,
    signal: stop.signal,
    preparer,
    write: (batch) => putArticles(store, batch, { republish: false, clock: systemClock }),
    async onRound(summary) {
      done.push(summary)
      await steps[done.length - 1]?.()
      if (done.length === steps.length) stop.abort()
    },
  })
  return done
}

/** Posts ten minutes apart, the last of them now; gives how many megabytes their texts have. */
async function fill(): Promise<number> {
  await cms.query(`
    CREATE TABLE wp_posts (
      ID bigint(20) unsigned PRIMARY KEY, post_author bigint(20) unsigned NOT NULL, post_date datetime NOT NULL,
      post_date_gmt datetime NOT NULL, post_content longtext NOT NULL, post_title text NOT NULL, post_excerpt text NOT NULL,
      post_status varchar(20) NOT NULL, post_password varchar(255) NOT NULL, post_name varchar(200) NOT NULL,
      post_modified_gmt datetime NOT NULL, guid varchar(255) NOT NULL, post_type varchar(20) NOT NULL,
      KEY type_status_date (post_type, post_status, post_date, ID)) DEFAULT CHARSET = utf8mb4;
    CREATE TABLE wp_postmeta (meta_id bigint(20) unsigned PRIMARY KEY, post_id bigint(20) unsigned, meta_key varchar(255), meta_value longtext, KEY post_id (post_id));
    CREATE TABLE wp_users (ID bigint(20) unsigned PRIMARY KEY, display_name varchar(250));
    CREATE TABLE wp_terms (term_id bigint(20) unsigned PRIMARY KEY, name varchar(200), slug varchar(200));
    CREATE TABLE wp_term_taxonomy (term_taxonomy_id bigint(20) unsigned PRIMARY KEY, term_id bigint(20) unsigned, taxonomy varchar(32));
    CREATE TABLE wp_term_relationships (object_id bigint(20) unsigned, term_taxonomy_id bigint(20) unsigned, term_order int(11), PRIMARY KEY (object_id, term_taxonomy_id));
    CREATE TABLE wp_options (option_id bigint(20) unsigned PRIMARY KEY, option_name varchar(191) UNIQUE, option_value longtext);
    INSERT INTO wp_users VALUES (1, 'Ann Ash'); INSERT INTO wp_terms VALUES (1, 'Local', 'local');
    INSERT INTO wp_term_taxonomy VALUES (1, 1, 'category');
    INSERT INTO wp_options VALUES (1, 'home', 'https://news.example'), (2, 'permalink_structure', '/%year%/%postname%/')`)
  const lastMs = Date.now()
  let rows: unknown[][] = []
  let characters = 0
  let id = 0
  for (const { title, body } of generateArticles({ articles, seed: 1, perDay: 1000 })) {
    id += 1
    const at = new Date(lastMs - (articles - id) * 600_000).toISOString().replace('T', ' ').slice(0, 19)
    rows.push([
      id,
      1,
      at,
      at,
      body,
      title,
      '',
      'publish',
      '',
      `post-${id}`,
      at,
      `https://news.example/?p=${id}`,
      'post',
    ])
    characters += body.length
    if (rows.length < 500 && id < articles) continue
    await cms.query('INSERT INTO wp_posts VALUES ?', [rows])
    rows = []
  }
  await cms.query('INSERT INTO wp_term_relationships SELECT ID, 1, 0 FROM wp_posts')
  return Math.round(characters / 1e6)
}

function seconds(summary: IngestSummary | undefined): number {
  return round((summary?.tookMs ?? 0) / 1000)
}

function round(value = 0): number {
  return Math.round(value * 10) / 10
}
