import { DatabaseSync } from 'node:sqlite'
import { runPeer } from './peer.ts'
import { StrongestWords } from './strongest-words.ts'

/** SQLite's FTS5 in memory (Porter stems, bm25), asked for the 25 strongest words of an article. */
runPeer(() => {
  const db = new DatabaseSync(':memory:')
  db.exec("CREATE VIRTUAL TABLE article USING fts5(id UNINDEXED, title, body, tokenize = 'porter unicode61')")
  const insert = db.prepare('INSERT INTO article (id, title, body) VALUES (?, ?, ?)')
  const select = db.prepare('SELECT id FROM article WHERE article MATCH ? ORDER BY rank LIMIT 11')
  const words = new StrongestWords()
  const add = ({ id, title, body }: { id: string; title: string; body: string }) => {
    insert.run(id, title, body)
    words.add(id, `${title}\n${body}`)
  }
  const related = (id: string) => {
    const asked = words.of(id, 25)
    if (asked.length === 0) return []
    return select
      .all(asked.map((word) => `"${word}"`).join(' OR '))
      .map((row) => String(row.id))
      .filter((found) => found !== id)
      .slice(0, 10)
  }
  let isLoading = true
  db.exec('BEGIN')
  return {
    version: `SQLite ${String(db.prepare('SELECT sqlite_version() AS version').get()?.version)} FTS5`,
    add,
    finishLoad() {
      if (isLoading) db.exec('COMMIT')
      isLoading = false
    },
    related,
    publish(article) {
      add(article)
      related(article.id)
    },
    close: () => db.close(),
  }
})
