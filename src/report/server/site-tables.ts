import type { Article } from '../../article/article.ts'
import { systemClock } from '../../concurrency/clock.ts'
import type { OnPreparing } from '../archive.ts'
import { indexedText } from '../baselines/server-queries.ts'
import { usualStopWords, wordsOf } from '../baselines/strongest-terms.ts'
import type { ScratchDatabase } from './scratch-database.ts'

/**
 * Makes the befores' own tables beside onward's in a store that is filled: the text index, and the words that are too common to ask
 * for, which are the same as with SQLite (`baselines/sqlite-site.ts`). Notes what is there, so that it can be had again.
 */
export async function makeSiteTables(
  scratch: ScratchDatabase,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: OnPreparing },
): Promise<{ readonly ids: readonly string[]; readonly meanBodyCharacters: number }> {
  const { sql } = scratch.server
  await run(scratch, sql.makeTables, signal)
  const seen: Array<{ readonly id: string; readonly publishedAt: string }> = []
  const articlesWith = new Map<string, number>()
  let characters = 0
  for (let afterId: string | null = ''; afterId !== null; ) {
    const articles: readonly Article[] = await nextArticles(scratch, afterId, signal)
    for (const { id, title, body, publishedAt } of articles) {
      seen.push({ id, publishedAt })
      characters += body.length
      for (const word of new Set(wordsOf(`${title} ${body}`))) articlesWith.set(word, (articlesWith.get(word) ?? 0) + 1)
    }
    for (const text of textsOf(articles)) await scratch.use(signal, (ask) => ask(sql.addText, [text]))
    afterId = articles.at(-1)?.id ?? null
  }
  const common = [...articlesWith].filter(([word, number]) => number > seen.length / 2 && word.length <= 100)
  const stopWords = new Set([...usualStopWords, ...common.map(([word]) => word)])
  await scratch.use(signal, (ask) => ask(sql.addStopWords, [JSON.stringify([...stopWords])]))
  onProgress('making the full-text index', null)
  await run(scratch, [...sql.keep, ...sql.finishTables], signal)
  // As every store orders them: by their bytes.
  const order = (a: string, b: string) => (a < b ? 1 : a > b ? -1 : 0)
  seen.sort((a, b) => order(a.publishedAt, b.publishedAt) || order(a.id, b.id))
  return {
    ids: seen.map(({ id }) => id),
    meanBodyCharacters: seen.length === 0 ? 0 : Math.round(characters / seen.length),
  }
}

async function run(scratch: ScratchDatabase, statements: readonly string[], signal: AbortSignal): Promise<void> {
  for (const statement of statements) await scratch.use(signal, (ask) => ask(statement))
}

async function nextArticles(scratch: ScratchDatabase, afterId: string, signal: AbortSignal): Promise<Article[]> {
  const { sql } = scratch.server
  const rows = await scratch.use(signal, (ask) => ask(sql.page, [afterId, systemClock.now(), pageLength]))
  return rows.map(({ document }) => JSON.parse(String(document)) as Article)
}

/** In messages that every server takes. */
function textsOf(articles: readonly Article[]): string[] {
  const texts: string[] = []
  let part: Array<ReturnType<typeof indexedText>> = []
  let characters = 0
  for (const article of articles) {
    const text = indexedText(article)
    part.push(text)
    characters += text[2].length
    if (characters < messageCharacters) continue
    texts.push(JSON.stringify(part))
    part = []
    characters = 0
  }
  return part.length === 0 ? texts : [...texts, JSON.stringify(part)]
}

const pageLength = 200
const messageCharacters = 1_000_000
