/** What evaluation knows of an article. */
export interface KnownArticle {
  readonly id: string
  readonly title: string
  readonly section: string | null
  /** Milliseconds since the epoch. */
  readonly publishedAtMs: number
  readonly story: string | null
  /** The ids that an editor picked. */
  readonly related: readonly string[]
  readonly labels: readonly string[]
  readonly tags: readonly string[]
}

/** The fields that say which articles belong together. */
export const truthNames = ['story', 'related', 'labels', 'section', 'tags'] as const
export type TruthName = (typeof truthNames)[number]

/**
 * What is known to belong together, by one field of the data.
 *
 * - By mates (`story`, `related`): which articles a rail should hold. Other articles of the same story; an editor's picks.
 * - By labels (`labels`, `section`, `tags`): what the articles of a rail should share. A weaker measure, since two reports on
 *   one subject need not be related; what has no label is left out of the count.
 */
export type GroundTruth = MateTruth | LabelTruth

export interface MateTruth {
  readonly kind: 'mates'
  readonly name: TruthName
  readonly questions: readonly MateQuestion[]
  /** Articles with the field that have no mate among the others: they are not counted. */
  readonly withoutMates: number
}

export interface MateQuestion {
  readonly article: KnownArticle
  /** Never empty. */
  readonly mates: ReadonlySet<string>
  /** Questions with the same one are drawn together. */
  readonly cluster: string
}

export interface LabelTruth {
  readonly kind: 'labels'
  readonly name: TruthName
  readonly questions: readonly LabelQuestion[]
  readonly labelsOf: (id: string) => readonly string[]
  readonly withoutMates: number
}

export interface LabelQuestion {
  readonly article: KnownArticle
  readonly labels: readonly string[]
  readonly cluster: string
}

/** Every ground truth that the articles hold, the strongest first; empty when they hold none. */
export function groundTruths(articles: ReadonlyMap<string, KnownArticle>): GroundTruth[] {
  const truths = [
    byStory(articles),
    byPicks(articles),
    byLabels('labels', articles, ({ labels }) => labels),
    byLabels('section', articles, ({ section }) => (section === null ? [] : [section.toLowerCase()])),
    byLabels('tags', articles, ({ tags }) => tags.map((tag) => tag.toLowerCase())),
  ]
  return truths.filter(({ questions }) => questions.length > 0)
}

function byStory(articles: ReadonlyMap<string, KnownArticle>): MateTruth {
  const stories = new Map<string, string[]>()
  for (const { id, story } of articles.values()) {
    if (story === null) continue
    const known = stories.get(story)
    if (known) known.push(id)
    else stories.set(story, [id])
  }
  const questions: MateQuestion[] = []
  let withoutMates = 0
  for (const article of articles.values()) {
    if (article.story === null) continue
    const mates = new Set(stories.get(article.story))
    mates.delete(article.id)
    if (mates.size === 0) withoutMates++
    else questions.push({ article, mates, cluster: article.story })
  }
  return { kind: 'mates', name: 'story', questions, withoutMates }
}

function byPicks(articles: ReadonlyMap<string, KnownArticle>): MateTruth {
  const questions: MateQuestion[] = []
  let withoutMates = 0
  for (const article of articles.values()) {
    if (article.related.length === 0) continue
    // A pick that is not in the data cannot be found by anybody.
    const mates = new Set(article.related.filter((id) => id !== article.id && articles.has(id)))
    if (mates.size === 0) withoutMates++
    else questions.push({ article, mates, cluster: article.id })
  }
  return { kind: 'mates', name: 'related', questions, withoutMates }
}

function byLabels(
  name: TruthName,
  articles: ReadonlyMap<string, KnownArticle>,
  labelsIn: (article: KnownArticle) => readonly string[],
): LabelTruth {
  const labels = new Map<string, readonly string[]>()
  const carriers = new Map<string, number>()
  for (const article of articles.values()) {
    const own = labelsIn(article)
    if (own.length === 0) continue
    labels.set(article.id, own)
    for (const label of own) carriers.set(label, (carriers.get(label) ?? 0) + 1)
  }
  const questions: LabelQuestion[] = []
  let withoutMates = 0
  for (const article of articles.values()) {
    const own = labels.get(article.id)
    if (own === undefined) continue
    if (own.some((label) => carriers.get(label)! > 1)) questions.push({ article, labels: own, cluster: article.id })
    else withoutMates++
  }
  return { kind: 'labels', name, questions, withoutMates, labelsOf: (id) => labels.get(id) ?? [] }
}
