import { likeness, nearIdenticalFrom, type Signature } from './near-identical.ts'
import { fullScore } from './neighbours.ts'
import type { Neighbour } from './pools.ts'
import type { Absence, RailRules, ScoreParts } from './related.ts'

/** What ranking knows of an article. */
export interface RankedArticle {
  readonly id: string
  readonly source: string | null
  readonly section: string | null
  readonly tags: readonly string[]
  readonly publishedAtMs: number
  /** How many words it has. */
  readonly words: number
  /** Signatures of many articles, and where this one's begins. */
  readonly signatures: Signature
  readonly signatureAt: number
  /** The same for all versions of an article, and for nothing else. */
  readonly family: number
  /** How many versions of it came before. */
  readonly version: number
}

export interface Ranking {
  readonly rules: RailRules
  /** Items at most. */
  readonly length: number
  readonly articleIn: (slot: number) => RankedArticle
  /** The share of the score that names have in it, 0 to 1; asked only where the rules weigh names. */
  readonly namesShare: (slot: number) => number
  /** Told of each neighbour that is left out, and why. */
  readonly onLeftOut?: (slot: number, absence: Absence) => void
}

/**
 * From an article's neighbours, best first, to its rail.
 *
 * - No version of the article itself, and of another article's versions only the latest.
 * - No text that repeats the article's own. Of texts that repeat each other one is shown: that of the reader's own
 *   publisher (the article's source), else the one that was published first.
 * - What the rules leave out is left out; what they weigh changes the order.
 *
 * No two of a rail repeat each other. It takes neighbours until the rail is full: where the rules weigh nothing, a longer
 * list of neighbours changes nothing once `isFull` is true.
 */
export function rankRail(
  article: RankedArticle,
  neighbours: readonly Neighbour[],
  { rules, length, articleIn, namesShare, onLeftOut }: Ranking,
): { items: Neighbour[]; isFull: boolean } {
  const chosen: Choice[] = []
  for (const { neighbour, ranked, weighted } of weighed(article, neighbours, { rules, articleIn, namesShare })) {
    const absence = absenceByRule(article, ranked, neighbour.score, rules)
    if (absence) {
      onLeftOut?.(neighbour.slot, absence)
      continue
    }
    const rivals = chosen.filter((other) => isOneOf(ranked, other.ranked, rules))
    if (rivals.length > 0) {
      // In its rivals' place it must not be one too many of its source or section.
      const others = chosen.filter((other) => !rivals.includes(other))
      const isPreferredToAll =
        rivals.every((rival) => isPreferred(ranked, rival.ranked, article)) &&
        absenceByCap(article, ranked, others, rules) === null
      const beaten = isPreferredToAll ? rivals : [{ neighbour, ranked, weighted }]
      const winner = isPreferredToAll ? ranked : rivals[0]!.ranked
      for (const loser of beaten) onLeftOut?.(loser.neighbour.slot, sameness(loser.ranked, winner))
      if (!isPreferredToAll) continue
      // Likeness does not carry over: what stands for one text may repeat a second one that stood beside it.
      for (const rival of rivals) chosen.splice(chosen.indexOf(rival), 1)
    } else {
      const cap = absenceByCap(article, ranked, chosen, rules)
      if (cap) {
        onLeftOut?.(neighbour.slot, cap)
        continue
      }
    }
    chosen.push({ neighbour, ranked, weighted })
    if (chosen.length === length) break
  }
  chosen.sort((a, b) => b.weighted - a.weighted || (a.ranked.id < b.ranked.id ? -1 : 1))
  return { items: chosen.map(({ neighbour }) => neighbour), isFull: chosen.length === length }
}

/** Whether the rules change scores, and with them the order in which neighbours are looked at. */
export function changesScores({ signals, halfLifeDays }: RailRules): boolean {
  const { section, tags, entities } = signals
  return section !== 1 || tags !== 1 || entities !== 1 || Object.keys(halfLifeDays).length > 0
}

/** The factors by which the rules change the score of `other` in the rail of `article`; those that change nothing are left out. */
export function factorsOf(
  article: RankedArticle,
  other: RankedArticle,
  { rules, namesShare }: { rules: RailRules; namesShare: number },
): ScoreParts['penalties'][number][] {
  const { signals } = rules
  const factors: ScoreParts['penalties'][number][] = []
  if (signals.section !== 1 && isSameSection(article, other)) factors.push({ rule: 'section', factor: signals.section })
  if (signals.tags !== 1 && sharedTags(article, other).length > 0) factors.push({ rule: 'tags', factor: signals.tags })
  if (signals.entities !== 1) factors.push({ rule: 'entities', factor: 1 + (signals.entities - 1) * namesShare })
  const age = ageFactor(article, other, rules)
  if (age !== 1) factors.push({ rule: 'half-life', factor: age })
  return factors
}

export function isSameSection(a: RankedArticle, b: RankedArticle): boolean {
  return a.section !== null && isSameName(a.section, b.section)
}

export function sharedTags(a: RankedArticle, b: RankedArticle): string[] {
  return a.tags.filter((tag) => b.tags.some((other) => isSameName(other, tag)))
}

export function isRepeat(a: RankedArticle, b: RankedArticle): boolean {
  // Texts of such different lengths cannot share enough; most pairs end here, without a look at their signatures.
  if (Math.min(a.words, b.words) < Math.max(a.words, b.words) * nearIdenticalFrom) return false
  return likeness(a.signatures, b.signatures, a.signatureAt, b.signatureAt) >= nearIdenticalFrom
}

interface Choice {
  readonly neighbour: Neighbour
  readonly ranked: RankedArticle
  /** The score with what rules make of it, which may be above what is told. */
  readonly weighted: number
}

function weighed(
  article: RankedArticle,
  neighbours: readonly Neighbour[],
  { rules, articleIn, namesShare }: Pick<Ranking, 'rules' | 'articleIn' | 'namesShare'>,
): Iterable<Choice> {
  if (!changesScores(rules)) return lazily(neighbours, articleIn)
  const choices = neighbours.map((neighbour) => {
    const ranked = articleIn(neighbour.slot)
    const share = rules.signals.entities === 1 ? 0 : namesShare(neighbour.slot)
    const factors = factorsOf(article, ranked, { rules, namesShare: share })
    const weighted = Math.floor(factors.reduce((product, { factor }) => product * factor, neighbour.score))
    // What is told is at most 1; the order is that of what came out.
    return { ranked, weighted, neighbour: { slot: neighbour.slot, score: Math.min(fullScore, weighted) } }
  })
  return choices.sort((a, b) => b.weighted - a.weighted || (a.ranked.id < b.ranked.id ? -1 : 1))
}

/** A rail is full long before its pool is through: what is not looked at costs nothing. */
function* lazily(neighbours: readonly Neighbour[], articleIn: Ranking['articleIn']): Generator<Choice> {
  for (const neighbour of neighbours) {
    yield { neighbour, ranked: articleIn(neighbour.slot), weighted: neighbour.score }
  }
}

function absenceByRule(article: RankedArticle, other: RankedArticle, score: number, rules: RailRules): Absence | null {
  if (other.family === article.family) return { kind: 'version', of: article.id }
  if (rules.collapseRepeats && isRepeat(other, article)) return { kind: 'repeat', of: article.id }
  const { exclude } = rules
  if (exclude.ids.includes(other.id)) return { kind: 'excluded', by: 'id' }
  if (exclude.sections.some((section) => isSameName(section, other.section))) return { kind: 'excluded', by: 'section' }
  if (exclude.tags.some((tag) => other.tags.some((own) => isSameName(own, tag)))) return { kind: 'excluded', by: 'tag' }
  if (!rules.includeNewer && other.publishedAtMs > article.publishedAtMs) return { kind: 'excluded', by: 'newer' }
  if (rules.sameSectionOnly && !isSameSection(article, other)) return { kind: 'excluded', by: 'other-section' }
  if (rules.minScore > 0) {
    const beforeAge = score / ageFactor(article, other, rules) / fullScore
    if (beforeAge < rules.minScore) return { kind: 'below-min-score', score: beforeAge, minScore: rules.minScore }
  }
  return null
}

function absenceByCap(
  article: RankedArticle,
  { source, section }: RankedArticle,
  chosen: readonly Choice[],
  { maxPerSource, maxPerSection }: RailRules,
): Absence | null {
  if (maxPerSource !== null && source !== null && !isSameName(source, article.source)) {
    const standing = chosen.filter(({ ranked }) => isSameName(source, ranked.source)).length
    if (standing >= maxPerSource) return { kind: 'source-cap', source, most: maxPerSource }
  }
  if (maxPerSection !== null && section !== null) {
    const standing = chosen.filter(({ ranked }) => isSameName(section, ranked.section)).length
    if (standing >= maxPerSection) return { kind: 'section-cap', section, most: maxPerSection }
  }
  return null
}

/** The score halves with each half-life by which the other is older than the article: a distance that never changes. */
function ageFactor(article: RankedArticle, other: RankedArticle, { halfLifeDays, evergreen }: RailRules): number {
  const daysOlder = (article.publishedAtMs - other.publishedAtMs) / 86_400_000
  if (daysOlder <= 0) return 1
  const section = other.section === null ? null : key(other.section)
  if (section !== null && evergreen.some((name) => key(name) === section)) return 1
  const own = Object.keys(halfLifeDays).find((name) => key(name) === section)
  const halfLife = halfLifeDays[own ?? '*']
  return halfLife === undefined ? 1 : 0.5 ** (daysOlder / halfLife)
}

function isOneOf(a: RankedArticle, b: RankedArticle, rules: RailRules): boolean {
  return a.family === b.family || (rules.collapseRepeats && isRepeat(a, b))
}

function sameness(loser: RankedArticle, winner: RankedArticle): Absence {
  return { kind: loser.family === winner.family ? 'version' : 'repeat', of: winner.id }
}

function isPreferred(one: RankedArticle, rival: RankedArticle, article: RankedArticle): boolean {
  if (one.family === rival.family && one.version !== rival.version) return one.version > rival.version
  const isOwn = article.source !== null && isSameName(article.source, one.source)
  const isRivalOwn = article.source !== null && isSameName(article.source, rival.source)
  if (isOwn !== isRivalOwn) return isOwn
  if (one.publishedAtMs !== rival.publishedAtMs) return one.publishedAtMs < rival.publishedAtMs
  return one.id < rival.id
}

function isSameName(name: string, other: string | null): boolean {
  return other !== null && (name === other || key(name) === key(other))
}

/** Letter case and the space around a name do not count, as nowhere in onward. */
function key(name: string): string {
  return name.trim().toLowerCase()
}
