import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Article } from '../../article/article.ts'
import { summaryOf } from '../../article/summary.ts'
import type { RelatedArticle } from '../../related/related.ts'
import { railLength, shown } from './site-database.ts'
import { strongestTerms, usualStopWords } from './strongest-terms.ts'

/**
 * A site's database in a SQLite file: an onward store with the tables of {@link addFullText} in it. All of it is synchronous; a thread
 * makes it asynchronous for those who asked.
 */
export class SqliteSite implements Disposable {
  readonly #db: DatabaseSync
  readonly #article: StatementSync
  readonly #related: StatementSync
  readonly #stopWords: ReadonlySet<string>

  /** @param file an onward store that {@link addFullText} has been run on */
  constructor(file: string, { writes = false } = {}) {
    this.#db = new DatabaseSync(file, { readOnly: !writes, timeout: 5000 })
    // What onward's own connections have, for a fair comparison.
    this.#db.exec('PRAGMA cache_size = -16384')
    this.#article = this.#db.prepare(
      `SELECT document FROM article WHERE id = ? AND status = 'published' AND visible_from <= ?`,
    )
    // The best are found in the index alone and joined then: what will not be shown is not read.
    // ORDER BY rank is FTS5's own bm25() without sorting what will not be shown.
    this.#related = this.#db.prepare(`
      SELECT a.summary
      FROM (SELECT rowid, rank FROM site_text WHERE site_text MATCH :terms ORDER BY rank LIMIT ${railLength * 2}) AS best
      JOIN article AS a ON a.rowid = best.rowid
      WHERE a.status = 'published' AND a.visible_from <= :now AND a.id <> :id
      ORDER BY best.rank LIMIT ${railLength}`)
    this.#stopWords = new Set(
      this.#db
        .prepare('SELECT word FROM site_stop_word')
        .all()
        .map(({ word }) => String(word)),
    )
  }

  article(id: string): Article | null {
    const row = this.#article.get(id, Date.now())
    return row ? (JSON.parse(String(row.document)) as Article) : null
  }

  /** The heavy query: the article's own strongest words against the text of all articles. */
  related(article: Article): RelatedArticle[] {
    const terms = strongestTerms(`${article.title} ${article.body}`, this.#stopWords)
    if (terms.length === 0) return []
    const rows = this.#related.all({
      terms: terms.map((term) => `"${term}"`).join(' OR '),
      id: article.id,
      now: Date.now(),
    })
    return rows.map(({ summary }, index) => shown(String(summary), index + 1))
  }

  publish(article: Article): void {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      const { lastInsertRowid } = this.#db
        .prepare(`
          INSERT INTO article (id, status, visible_from, lifted, published_at, updated_at, first_seen_at, section,
            fingerprint, summary, document)
          VALUES (:id, 'published', 0, 1, :publishedAt, :publishedAt, :publishedAt, :section, '', :summary, :document)`)
        .run({
          id: article.id,
          publishedAt: article.publishedAt,
          section: article.section ?? null,
          summary: JSON.stringify(summaryOf(article)),
          document: JSON.stringify(article),
        })
      this.#db
        .prepare('INSERT INTO site_text (rowid, title, body) VALUES (?, ?, ?)')
        .run(lastInsertRowid, article.title, article.body)
      this.#db.exec('COMMIT')
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }

  [Symbol.dispose](): void {
    this.#db.close()
  }
}

/**
 * Adds what the befores need to an onward store's file: the text index, and the words that are too common to ask for.
 *
 * Stop words are the usual English ones and, whatever the language, those in more than half of the articles: MySQL's own
 * rule for natural-language search. Common words are what makes the query slow, so leaving them out is fair to the befores.
 *
 * @param onProgress called now and then with the share that is done
 */
export function addFullText(file: string, onProgress: (share: number) => void = () => {}): void {
  using db = new DatabaseSync(file, { timeout: 5000 })
  db.exec(`
    PRAGMA synchronous = OFF;
    BEGIN;
    DROP TABLE IF EXISTS site_text;
    DROP TABLE IF EXISTS site_stop_word;
    CREATE VIRTUAL TABLE site_text USING fts5 (title, body, content = '', tokenize = 'unicode61');
    CREATE TABLE site_stop_word (word TEXT NOT NULL PRIMARY KEY) STRICT;`)
  const count = Number(db.prepare(`SELECT count(*) AS count FROM article WHERE status = 'published'`).get()?.count)
  const add = db.prepare('INSERT INTO site_text (rowid, title, body) VALUES (?, ?, ?)')
  const articles = db.prepare(`
    SELECT rowid, document ->> '$.title' AS title, document ->> '$.body' AS body
    FROM article WHERE status = 'published'`)
  let done = 0
  for (const { rowid, title, body } of articles.iterate()) {
    add.run(Number(rowid), String(title), String(body))
    done++
    if (done % 1000 === 0) onProgress(done / count)
  }
  db.exec(`
    INSERT INTO site_text (site_text) VALUES ('optimize');
    CREATE VIRTUAL TABLE temp.site_word USING fts5vocab ('main', 'site_text', 'row');`)
  const addStopWord = db.prepare('INSERT INTO site_stop_word VALUES (?)')
  for (const word of usualStopWords) addStopWord.run(word)
  db.prepare('INSERT OR IGNORE INTO site_stop_word SELECT term FROM temp.site_word WHERE doc > ?').run(count / 2)
  db.exec('COMMIT')
}
