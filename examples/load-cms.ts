// Fills the site's own database from a file of JSON Lines, gzip or plain: node examples/load-cms.ts articles.jsonl cms.db
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { createGunzip } from 'node:zlib'

/** Makes the database anew; gives how many articles it holds. */
export async function loadCms(source: string, database: string): Promise<number> {
  using cms = new DatabaseSync(database)
  cms.exec(`
    PRAGMA journal_mode = WAL;
    BEGIN;
    DROP TABLE IF EXISTS article;
    DROP TABLE IF EXISTS article_text;
    CREATE TABLE article (id TEXT UNIQUE NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL, published_at TEXT NOT NULL);
    CREATE INDEX article_newest ON article (published_at);
    CREATE VIRTUAL TABLE article_text USING fts5 (title, body);`)
  const addArticle = cms.prepare('INSERT INTO article (id, title, body, published_at) VALUES (?, ?, ?, ?)')
  const addText = cms.prepare('INSERT INTO article_text (rowid, title, body) VALUES (?, ?, ?)')
  let loaded = 0
  for await (const line of linesOf(source)) {
    if (line.trim() === '') continue
    const article = JSON.parse(line) as { id: string; title?: string; body?: string; publishedAt?: string }
    const { title = '', body = '', publishedAt = '' } = article
    const { lastInsertRowid } = addArticle.run(String(article.id), title, body, publishedAt)
    addText.run(lastInsertRowid, title, body)
    loaded++
  }
  cms.exec('COMMIT')
  return loaded
}

function linesOf(source: string): AsyncIterable<string> {
  const file = createReadStream(source)
  return createInterface({ input: source.endsWith('.gz') ? file.pipe(createGunzip()) : file, crlfDelay: Infinity })
}

if (import.meta.main) {
  const [source, database] = process.argv.slice(2)
  if (!source || !database) throw new Error('Expected: node examples/load-cms.ts articles.jsonl cms.db')
  process.stdout.write(`${await loadCms(source, database)} articles in ${database}\n`)
}
