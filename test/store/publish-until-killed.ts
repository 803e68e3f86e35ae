import { writeSync } from 'node:fs'
import { openStore } from '../../src/store/open-store.ts'
import { numberedArticle } from './numbered-article.ts'

// node publish-until-killed.ts STORE_URL [FIRST_NUMBER]
// Publishes one article after the other and writes down the id of each as soon as it is acknowledged. A test kills it;
// the number is a bound for the day on which it does not.
await using store = await openStore(process.argv[2] ?? '')
const first = Number(process.argv[3] ?? 0)
for (let number = first + 1; number <= first + 20_000; number++) {
  const [result] = await store.putArticles([numberedArticle(number)], { now: 1_793_000_000_000, republish: false })
  // At once and not through a stream: what is still in a buffer when the process dies was never acknowledged.
  writeSync(1, `${result?.id}\n`)
}
