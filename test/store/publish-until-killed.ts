import { writeSync } from 'node:fs'
import { openApp } from '../../src/app.ts'
import { openStore } from '../../src/store/open-store.ts'
import { preparedStoryArticle } from '../support/story-articles.ts'
import { numberedArticle } from './numbered-article.ts'

// node publish-until-killed.ts STORE_URL [FIRST_NUMBER] [keeping-rails]
// Publishes one article after the other and writes down the id of each as soon as it is acknowledged. A test kills it;
// the number is a bound for the day on which it does not. With `keeping-rails` it also works out the rails, as `onward ingest` does,
// and begins once it leads.
const [url = '', first = '0', keeping] = process.argv.slice(2)
const app = keeping === undefined ? null : await openApp({ store: url, role: 'all' })
await using store = app?.store ?? (await openStore(url))
while (app && !app.indexer.leads) await new Promise((resolve) => setImmediate(resolve))
for (let number = Number(first) + 1; number <= Number(first) + 20_000; number++) {
  const article = app ? preparedStoryArticle(number) : numberedArticle(number)
  const [result] = await store.putArticles([article], { now: 1_793_000_000_000, republish: false })
  app?.indexer.wake()
  // At once and not through a stream: what is still in a buffer when the process dies was never acknowledged.
  writeSync(1, `${result?.id}\n`)
}
