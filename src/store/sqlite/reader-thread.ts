import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite'
import { answerRequests } from '../../concurrency/thread.ts'
import { storyOf } from '../../related/story.ts'
import { isVisible, storeStatus } from '../article-row.ts'
import { hostDatabase } from './host-database.ts'
import { openForReading } from './open-database.ts'
import type { Handlers, Reads, ThreadSettings } from './requests.ts'
import { checkSameFile } from './same-file.ts'
import { readSql } from './sql.ts'

/** A thread that reads: one for each lane, so that a rail that hangs cannot hold an article. */
answerRequests(hostDatabase<Reads>(openForReading, readHandlers))

// An answer holds at most about this many characters of articles: 500 articles of 2 MB would not fit into one string,
// nor should they be in memory at once.
const pageCharactersMax = 4_000_000

function readHandlers(db: DatabaseSync, { file, identity }: ThreadSettings): Handlers<Reads> {
  const statement = prepared(db)
  return {
    open: () => null,

    article({ id, now }) {
      const row = statement.article.get({ id })
      if (row?.status === 'withdrawn') return { withdrawnAt: text(row.withdrawn_at) }
      return row && isVisible(row, now) ? text(row.document) : null
    },

    newest({ now }) {
      const row = statement.newestId.get({ now })
      return row ? text(row.id) : null
    },

    rail({ id, now, limit, exclude }) {
      // One snapshot: the rail's version and its items are of the same moment.
      db.exec('BEGIN')
      try {
        return readRail(statement, { id, now, limit, exclude })
      } finally {
        db.exec('COMMIT')
      }
    },

    story({ id, now }) {
      db.exec('BEGIN')
      try {
        return readStory(statement, { id, now })
      } finally {
        db.exec('COMMIT')
      }
    },

    list({ sectionKey, publishedAt, id, now, limit }) {
      // One more than asked for tells whether there is a next page.
      const asked = { publishedAt, id, now, limit: limit + 1 }
      const rows =
        sectionKey === null ? statement.list.all(asked) : statement.listInSection.all({ ...asked, sectionKey })
      const page = rows.slice(0, limit)
      const last = page.at(-1)
      return {
        summaries: `[${page.map(({ summary }) => text(summary)).join()}]`,
        next: last && rows.length > limit ? { publishedAt: text(last.published_at), id: text(last.id) } : null,
      }
    },

    sections: ({ now }) =>
      statement.sections.all({ now }).map((row) => ({ section: text(row.section), articles: Number(row.articles) })),

    changes: ({ after, limit, now }) =>
      page(statement.changes.iterate({ after, limit, now }), (row) => ({
        seq: Number(row.seq),
        articleId: text(row.article_id),
        document: textOrNull(row.document),
      })),

    changedIds: ({ after, limit }) =>
      statement.changedIds
        .all({ after, limit })
        .map((row) => ({ seq: Number(row.seq), articleId: text(row.article_id) })),

    railChanges: ({ after, limit }) =>
      statement.railChanges
        .all({ after, limit })
        .map((row) => ({ seq: Number(row.written), articleId: text(row.article_id) })),

    indexPage: ({ afterId, limit, now }) =>
      page(statement.indexPage.iterate({ afterId, limit, now }), (row) => ({
        id: text(row.id),
        document: text(row.document),
        railItems: textOrNull(row.items),
      })),

    status({ now }) {
      checkSameFile(file, identity)
      const row = statement.status.get({ now })
      return storeStatus(row)
    },
  }
}

type Row = Record<string, SQLOutputValue>
type Statements = Record<keyof typeof readSql, StatementSync>

function readRail(
  statement: Statements,
  { id, now, limit, exclude }: { id: string; now: number; limit: number; exclude: readonly string[] },
): string {
  const head = statement.railHead.get({ id })
  if (head?.status === 'withdrawn') return JSON.stringify({ state: 'gone', withdrawnAt: head.withdrawn_at })
  if (!head || !isVisible(head, now)) return '{"state":"missing"}'

  const about = `"version":${head.version ?? 0},"generatedAt":${JSON.stringify(head.generated_at)}`
  const asked = { id, evolvedFrom: head.evolved_from ?? null, now, limit }
  const related = statement.railItems.all({ ...asked, exclude: JSON.stringify(exclude) })
  if (related.length > 0) {
    const items = related.map(({ item, summary }) => `{"item":${item},"summary":${summary}}`)
    return `{"state":"found","basis":"related",${about},"items":[${items.join()}]}`
  }

  const inSection =
    head.section_key === null
      ? []
      : statement.newestInSection.all({
          ...asked,
          sectionKey: head.section_key ?? null,
          exclude: JSON.stringify(exclude),
        })
  const shown = inSection.map((row) => text(row.id))
  const others =
    inSection.length < limit
      ? statement.newestOfAll.all({
          ...asked,
          limit: limit - inSection.length,
          exclude: JSON.stringify([...exclude, ...shown]),
        })
      : []
  const items = [
    ...inSection.map(({ summary }) => `{"inSection":true,"summary":${summary}}`),
    ...others.map(({ summary }) => `{"inSection":false,"summary":${summary}}`),
  ]
  return `{"state":"found","basis":"newest",${about},"items":[${items.join()}]}`
}

function readStory(statement: Statements, { id, now }: { id: string; now: number }): string {
  const head = statement.railHead.get({ id })
  if (head?.status === 'withdrawn') return JSON.stringify({ state: 'gone', withdrawnAt: head.withdrawn_at })
  if (!head || !isVisible(head, now)) return '{"state":"missing"}'
  const evolvedFrom = head.evolved_from ?? null
  const start = { id, publishedAtMs: Date.parse(text(head.published_at)), summary: text(head.summary) }
  const others = storyOf(start, (railOf) =>
    statement.storyItems.all({ railOf, id, evolvedFrom, now }).map((row) => ({
      id: text(row.id),
      publishedAtMs: Date.parse(text(row.published_at)),
      summary: text(row.summary),
      score: Number(row.score),
    })),
  )
  const { publishedAtMs } = start
  const later = others.findIndex(
    (other) => other.publishedAtMs > publishedAtMs || (other.publishedAtMs === publishedAtMs && other.id > id),
  )
  const articles = others.toSpliced(later < 0 ? others.length : later, 0, { ...start, score: 1 })
  const about = `"version":${head.version ?? 0},"generatedAt":${JSON.stringify(head.generated_at)}`
  return `{"state":"found",${about},"articles":[${articles.map(({ summary }) => summary).join()}]}`
}

function page<Item extends { document: string | null }>(rows: Iterable<Row>, toItem: (row: Row) => Item): Item[] {
  const items: Item[] = []
  let characters = 0
  for (const row of rows) {
    const item = toItem(row)
    items.push(item)
    characters += item.document?.length ?? 0
    if (characters >= pageCharactersMax) break
  }
  return items
}

function prepared(db: DatabaseSync): Statements {
  return Object.fromEntries(Object.entries(readSql).map(([name, sql]) => [name, db.prepare(sql)])) as Statements
}

function text(value: SQLOutputValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

function textOrNull(value: SQLOutputValue | undefined): string | null {
  return typeof value === 'string' ? value : null
}
