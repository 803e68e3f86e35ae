import { readArticleWords } from '../../src/related/article-words.ts'
import { likeness, nearIdenticalFrom } from '../../src/related/near-identical.ts'
import { defaultNeighbours, fullScore } from '../../src/related/neighbours.ts'
import { type RelatedDocument, storedRailLength } from '../../src/related/related.ts'
import { StatisticsCount } from '../../src/related/statistics.ts'
import { TermNumbers } from '../../src/related/term-numbers.ts'
import { TermWeigher, unit } from '../../src/related/terms.ts'
import { Vocabulary } from '../../src/related/vocabulary.ts'

export type Rails = Record<string, Array<{ id: string; score: number }>>

/**
 * Every rail by comparing every article with every other: no index, no pools, no increments.
 *
 * It shares the reading and weighing of texts with the index; all that comes after is written a second time here.
 */
export function railsByBruteForce(
  documents: readonly RelatedDocument[],
  countedFrom: readonly RelatedDocument[] = documents,
  deep = 256,
): Rails {
  const vocabulary = new Vocabulary()
  const count = new StatisticsCount(vocabulary, countedFrom.length)
  const counted = countedFrom.map((document) => ({ document, words: readArticleWords(document, vocabulary) }))
  for (const { document, words } of counted) count.count(words, document.publishedAtMs)
  for (const { words } of counted) count.countPairs(words)
  const weigher = new TermWeigher(vocabulary, count.freeze(), new TermNumbers())
  const parents = new Map(documents.map(({ id, evolvedFrom }) => [id, evolvedFrom]))
  const articles = documents.map((document) => {
    const words = readArticleWords(document, vocabulary)
    const vector = new Map([...weigher.weigh(words)].map((packed) => [packed >>> 8, packed & 255]))
    return { document, words, vector, chain: chainOf(document.id, parents) }
  })
  type Known = (typeof articles)[number]
  const rails: Rails = {}
  for (const article of articles) {
    const neighbours = articles
      .filter((other) => other !== article && speakAlike(article.document, other.document))
      .filter((other) => dotOf(article, other) >= defaultNeighbours.textMin * unit * unit)
      .map((other) => ({ other, score: scoreOf(article, other) }))
      .sort((a, b) => b.score - a.score || (a.other.document.id < b.other.document.id ? -1 : 1))
      .slice(0, deep)
    let rail: Array<{ other: Known; score: number }> = []
    for (const candidate of neighbours) {
      if (isOne(candidate.other, article)) continue
      const same = rail.filter(({ other }) => isOne(other, candidate.other))
      if (same.some(({ other }) => !isBetterCopy(candidate.other, other, article))) continue
      rail = [...rail.filter((kept) => !same.includes(kept)), candidate]
      if (rail.length === storedRailLength) break
    }
    rail.sort((a, b) => b.score - a.score || (a.other.document.id < b.other.document.id ? -1 : 1))
    rails[article.document.id] = rail.map(({ other, score }) => ({
      id: other.document.id,
      score: Math.round((score / fullScore) * 100_000) / 100_000,
    }))
  }
  return rails

  function dotOf(a: Known, b: Known): number {
    let dot = 0
    for (const [term, weight] of a.vector) dot += weight * (b.vector.get(term) ?? 0)
    return dot
  }

  function scoreOf(a: Known, b: Known): number {
    const hours = Math.abs(Math.floor(a.document.publishedAtMs / 3.6e6) - Math.floor(b.document.publishedAtMs / 3.6e6))
    const { timeWeight, timeDays } = defaultNeighbours
    const kernel = (1 + timeWeight * Math.exp(-hours / 24 / timeDays)) / (1 + timeWeight)
    return Math.min(fullScore, Math.floor(dotOf(a, b) * ((kernel * fullScore) / (unit * unit))))
  }

  function isOne(a: Known, b: Known): boolean {
    return a.chain.at(-1) === b.chain.at(-1) || isCopy(a, b)
  }

  function isCopy(a: Known, b: Known): boolean {
    const lengths = [a.words.writings.length, b.words.writings.length].sort((x, y) => x - y)
    return (
      lengths[0]! >= lengths[1]! * nearIdenticalFrom &&
      likeness(a.words.signature, b.words.signature) >= nearIdenticalFrom
    )
  }

  function isBetterCopy(a: Known, b: Known, reader: Known): boolean {
    if (a.chain.at(-1) === b.chain.at(-1) && a.chain.length !== b.chain.length) return a.chain.length > b.chain.length
    const house = reader.document.source
    const own = [a, b].map(({ document }) => house !== null && document.source === house)
    if (own[0] !== own[1]) return own[0]!
    if (a.document.publishedAtMs !== b.document.publishedAtMs)
      return a.document.publishedAtMs < b.document.publishedAtMs
    return a.document.id < b.document.id
  }
}

function speakAlike(a: RelatedDocument, b: RelatedDocument): boolean {
  return a.language === null || b.language === null || a.language === b.language
}

function chainOf(id: string, parents: ReadonlyMap<string, string | null>): string[] {
  const chain = [id]
  for (let at = parents.get(id) ?? null; at !== null; at = parents.get(at) ?? null) chain.push(at)
  return chain
}
