import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseArticle } from '../../src/article/parse-article.ts'
import { type GeneratedArticle, generateArticles, generateWithState } from '../../src/generate/generate-articles.ts'

describe('generated articles', () => {
  const articles = [...generateArticles({ articles: 3000, seed: 7 })]

  it('are the same for the same seed, and fewer are the beginning of more', () => {
    assert.deepEqual([...generateArticles({ articles: 200, seed: 7 })], articles.slice(0, 200))
    const [other] = generateArticles({ articles: 1, seed: 8 })
    assert.notEqual(other?.body, articles[0]?.body)
  })

  it('are fit to be ingested, each under an id of its own, in the order of their publication', () => {
    for (const article of articles) assert.ok(parseArticle(article).ok, article.id)
    assert.equal(new Set(articles.map(({ id }) => id)).size, articles.length)
    const times = articles.map(({ publishedAt }) => publishedAt)
    assert.deepEqual(times, times.toSorted())
  })

  it('come as many a day as are asked for', () => {
    for (const perDay of [300, 1000]) {
      const count = perDay * 10
      const last = lastOf(generateArticles({ articles: count, seed: 3, perDay }))
      const days = (Date.parse(last.publishedAt) - Date.parse('2020-01-01')) / 86_400_000
      assert.ok(Math.abs(days - 10) < 2, `${count} articles at ${perDay} a day took ${days} days`)
    }
  })

  it('tell stories in bursts: most of a story is within days, while its topic comes back', () => {
    const stories = [...Map.groupBy(articles, ({ story }) => story).values()]
    const sizes = stories.map(({ length }) => length)
    assert.ok(Math.max(...sizes) > 15, 'there is a big story')
    assert.ok(sizes.filter((size) => size === 1).length > stories.length / 5, 'many articles are alone')
    const spans = stories.filter(({ length }) => length > 1).map((story) => daysBetween(story[0]!, story.at(-1)!))
    assert.ok(spans.filter((days) => days < 3).length > spans.length * 0.8)
    const storiesOfTopic = Map.groupBy(stories, ([first]) => first?.tags[0] ?? '')
    assert.ok([...storiesOfTopic.values()].filter(({ length }) => length > 1).length > 50, 'topics come back')
  })

  it('share names and words with the others of their story, and never all of them', () => {
    const telling = tellingWords(articles)
    const mates = [...Map.groupBy(articles, ({ story }) => story).values()].filter(({ length }) => length > 1)
    // What has nearly all in common is a reprint.
    const ofMates = mates.map(([a, b]) => overlap(a!, b!, telling)).filter((share) => share < 0.7)
    const ofStrangers = articles.slice(1).map((article, index) => overlap(articles[index]!, article, telling))
    const figures = `${mean(ofMates)} of mates, ${mean(ofStrangers)} of strangers`
    assert.ok(mean(ofMates) > 3 * mean(ofStrangers), figures)
    assert.ok(mean(ofMates) < 0.5, figures)
  })

  it('hold agency texts that other papers print nearly word for word', () => {
    const starts = Map.groupBy(articles, ({ story, body }) => `${story} ${body.slice(0, 80)}`)
    const reprinted = [...starts.values()].filter(({ length }) => length > 1)
    assert.ok(reprinted.length > articles.length / 50)
    assert.ok(reprinted.some((copies) => new Set(copies.map(({ source }) => source)).size > 1))
    assert.ok(reprinted.some((copies) => new Set(copies.map(({ body }) => body.length)).size > 1))
  })

  it('use words as a language does: a few in every text, most of them hardly ever', () => {
    const counts = new Map<string, number>()
    for (const { body } of articles) for (const word of wordsOf(body)) counts.set(word, (counts.get(word) ?? 0) + 1)
    const ranked = [...counts.values()].sort((a, b) => b - a)
    assert.ok(ranked[0]! > 20 * ranked[200]!)
    assert.ok(ranked[200]! > 20 * ranked[10_000]!)
  })

  it('keep in memory what is planned for the next days, however many are written', () => {
    const peak = (count: number) => {
      let most = 0
      for (const { planned } of generateWithState({ articles: count, seed: 5, perDay: 200 }))
        most = Math.max(most, planned)
      return most
    }
    const [tenDays, hundredDays] = [peak(2000), peak(20_000)]
    assert.ok(hundredDays < 2 * tenDays, `${hundredDays} planned at most, ${tenDays} in the first ten days`)
    assert.ok(hundredDays < 10 * 200, 'less than what comes in the ten days that a story may take')
  })
})

function lastOf(articles: Iterable<GeneratedArticle>): GeneratedArticle {
  let last: GeneratedArticle | undefined
  for (const article of articles) last = article
  assert.ok(last)
  return last
}

function daysBetween(a: GeneratedArticle, b: GeneratedArticle): number {
  return (Date.parse(b.publishedAt) - Date.parse(a.publishedAt)) / 86_400_000
}

/** The words that few articles have. */
function tellingWords(articles: readonly GeneratedArticle[]): ReadonlySet<string> {
  const counts = new Map<string, number>()
  for (const { body } of articles) {
    for (const word of new Set(wordsOf(body))) counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return new Set([...counts].filter(([, count]) => count < articles.length / 50).map(([word]) => word))
}

/** Jaccard's index of the telling words. */
function overlap(a: GeneratedArticle, b: GeneratedArticle, telling: ReadonlySet<string>): number {
  const [of, and] = [a, b].map(({ body }) => telling.intersection(new Set(wordsOf(body)))) as [Set<string>, Set<string>]
  return of.intersection(and).size / Math.max(1, of.union(and).size)
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/\p{L}+/gu) ?? []
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length
}
