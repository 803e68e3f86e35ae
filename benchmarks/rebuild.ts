/**
 * The claim: rails that were kept true while articles came in any order, were corrected and taken down are those that a
 * rebuild gives, to the last score, as long as the term statistics are the same.
 *
 *     node benchmarks/rebuild.ts [--articles 20000] [--seed 1] [--json]
 *
 * Of the generated articles the first 12,000 (three in five) are a bulk load, which the statistics are counted from. The others are
 * published in random order; every fifth time an earlier one is corrected, every seventh one is taken down, and work is
 * settled every third time. The rebuilt index has the same statistics and gets what is left in one go. All rails are compared, with
 * their scores. It exits with 1 when one differs.
 *
 * Then, across epochs: an index that took in the same articles one by one, with new statistics whenever they were due, against one that
 * was built from nothing; how much of the first five they have in common, over every tenth article.
 */
import { parseArgs } from 'node:util'
import { generateArticles } from '../src/generate/generate-articles.ts'
import { seededRandom } from '../src/generate/seeded-random.ts'
import type { RelatedDocument } from '../src/related/related.ts'
import { RelatedIndex } from '../src/related/related-index.ts'
import { machine } from './support/machine.ts'

const { values } = parseArgs({
  options: {
    articles: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed)
const articles = [...generateArticles({ articles: Number(values.articles), seed })].map(documentOf)

const result = { articles: articles.length, machine: machine(), ...withinAnEpoch(), ...acrossEpochs() }
if (values.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
else for (const [name, figure] of Object.entries(result)) process.stdout.write(`${name.padEnd(40)} ${figure}\n`)
if (result['rails that differ'] > 0) process.exitCode = 1

function withinAnEpoch() {
  const random = seededRandom(seed)
  const base = articles.slice(0, Math.floor(articles.length * 0.6))
  const isOfBase = new Set(base)
  const index = settled(base)
  const now = new Map(base.map((one) => [one.id, one]))
  let corrections = 0
  let takedowns = 0
  inRandomOrder(articles.slice(base.length), random).forEach((one, at) => {
    index.put(one)
    now.set(one.id, one)
    const earlier = base[Math.floor(random() * base.length)]!
    if (at % 5 === 0 && now.has(earlier.id)) {
      const corrected = { ...earlier, body: `${earlier.body} Corrected: ${one.title}.` }
      index.put(corrected)
      now.set(corrected.id, corrected)
      corrections++
    } else if (at % 7 === 0 && now.delete(earlier.id)) {
      index.remove(earlier.id)
      takedowns++
    }
    if (at % 3 === 0) index.settle({ givesRails: false })
  })
  index.settle({ givesRails: false })
  const rebuilt = settled(base)
  for (const one of base) if (now.get(one.id) !== one) rebuilt.remove(one.id)
  for (const one of now.values()) if (!isOfBase.has(one)) rebuilt.put(one)
  rebuilt.settle({ givesRails: false })
  let differ = 0
  let items = 0
  for (const id of now.keys()) {
    const rail = index.ranking(id)
    items += rail.length
    if (JSON.stringify(rail) !== JSON.stringify(rebuilt.ranking(id))) differ++
  }
  return { corrections, takedowns, 'rails compared': now.size, 'items in them': items, 'rails that differ': differ }
}

function acrossEpochs() {
  const grown = new RelatedIndex()
  articles.forEach((one, at) => {
    grown.put(one)
    // The first thousand are a bulk load: nobody starts with one article.
    if (at >= 1000) grown.settle({ givesRails: false })
  })
  const built = settled(articles)
  let shared = 0
  let all = 0
  for (let at = 0; at < articles.length; at += 10) {
    const first = built.ranking(articles[at]!.id).slice(0, 5)
    const other = new Set(
      grown
        .ranking(articles[at]!.id)
        .slice(0, 5)
        .map(({ id }) => id),
    )
    all += first.length
    shared += first.filter(({ id }) => other.has(id)).length
  }
  return { 'first five in common across epochs': Math.round((shared / all) * 10_000) / 10_000 }
}

function settled(all: readonly RelatedDocument[]): RelatedIndex {
  const index = new RelatedIndex()
  for (const one of all) index.put(one)
  index.settle({ givesRails: false })
  return index
}

function inRandomOrder<T>(all: readonly T[], random: () => number): T[] {
  return all
    .map((one) => ({ one, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ one }) => one)
}

function documentOf(article: ReturnType<typeof generateArticles> extends Generator<infer T> ? T : never) {
  const { id, title, body, section, tags, source, language, publishedAt } = article
  return {
    ...{ id, title, body, section, tags, source, language },
    standfirst: '',
    publishedAtMs: Date.parse(publishedAt),
    evolvedFrom: null,
  } satisfies RelatedDocument
}
