import { readFileSync } from 'node:fs'
import MiniSearch from 'minisearch'
import { type PeerArticle, runPeer } from './peer.ts'
import { StrongestWords } from './strongest-words.ts'

/** MiniSearch (BM25+) with its defaults, title and body as fields, asked for the 25 strongest words of an article. */
runPeer(() => {
  const search = new MiniSearch<PeerArticle>({ fields: ['title', 'body'] })
  const words = new StrongestWords()
  const add = (article: PeerArticle) => {
    search.add(article)
    words.add(article.id, `${article.title}\n${article.body}`)
  }
  const related = (id: string) =>
    search
      .search(words.of(id, 25).join(' '))
      .slice(0, 11)
      .map((found) => String(found.id))
      .filter((found) => found !== id)
      .slice(0, 10)
  return {
    version: `MiniSearch ${version()}`,
    add,
    finishLoad() {},
    related,
    publish(article) {
      add(article)
      related(article.id)
    },
    close() {},
  }
})

function version(): string {
  const manifest = JSON.parse(
    readFileSync(new URL('../../node_modules/minisearch/package.json', import.meta.url), 'utf8'),
  )
  return (manifest as { version: string }).version
}
