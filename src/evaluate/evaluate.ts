import { drawRatios, type Interval, intervalOf, type Ratio, ratioOf, seededRandom } from './bootstrap.ts'
import type {
  GroundTruth,
  KnownArticle,
  LabelQuestion,
  LabelTruth,
  MateQuestion,
  MateTruth,
  TruthName,
} from './ground-truth.ts'
import { hitAt, labelOverlapAt, ndcgAt, recallAt, reciprocalRank } from './metrics.ts'
import type { Ranker } from './ranker.ts'

/** How good several rankers are at one ground truth, side by side on the same questions. */
export interface Evaluation {
  readonly truth: TruthName
  readonly kind: GroundTruth['kind']
  /** How many articles counted. */
  readonly questions: number
  /** How many have the field and no mate, and so did not. */
  readonly withoutMates: number
  readonly metrics: readonly MetricName[]
  /** One for each ranker, in their order. */
  readonly rankers: readonly RankerFigures[]
  /** The first ranker less each of the others, over the same draws. An interval without 0 in it is a difference. */
  readonly differences: readonly RankerFigures[]
  readonly bySection: readonly GroupFigures[]
  /** By the age of the article when the newest of the data came out. */
  readonly byAge: readonly GroupFigures[]
}

export interface RankerFigures {
  readonly ranker: string
  readonly figures: Figures
}

export type Figures = Readonly<Partial<Record<MetricName, Interval>>>

export interface GroupFigures {
  readonly group: string
  readonly questions: number
  readonly rankers: readonly RankerFigures[]
}

/**
 * - By mates: `recall@5`, `mrr` (within the first ten), `hit@1`, `ndcg@5`.
 * - By labels: `overlap@5`, the share of the labelled among the first five that share a label.
 * - `filled@5`: the share of five places that hold anything at all. A rail with a floor leaves some empty on purpose.
 */
export type MetricName = 'recall@5' | 'mrr' | 'hit@1' | 'ndcg@5' | 'overlap@5' | 'filled@5'

const metricsOf = {
  mates: ['recall@5', 'mrr', 'hit@1', 'ndcg@5', 'filled@5'],
  labels: ['overlap@5', 'filled@5'],
} as const satisfies Record<GroundTruth['kind'], readonly MetricName[]>

/** How far down a list is looked. */
export const depth = 10

export interface EvaluateOptions {
  readonly seed: number
  /** When the newest article of the data came out, in milliseconds since the epoch. */
  readonly newestMs: number
}

/**
 * Asks every ranker every question, a piece at a time: each `yield` is the share that is done, and a place to stop.
 *
 * @param rankers at least one; the first is compared with the others
 */
export function* evaluate(
  truth: GroundTruth,
  rankers: readonly Ranker[],
  { seed, newestMs }: EvaluateOptions,
): Generator<number, Evaluation> {
  const table = new Table(metricsOf[truth.kind], rankers, clustersOf(truth))
  const questions = truth.questions
  for (let at = 0; at < questions.length; at++) {
    if (at % questionsAtOnce === 0) yield (at / questions.length) * askingShare
    rankers.forEach((ranker, column) => {
      const ranked = ranker.rank(questions[at]!.article.id, depth)
      const marks =
        truth.kind === 'mates' ? marksByMates(truth.questions[at]!, ranked) : marksByLabels(truth, at, ranked)
      marks.forEach(([numerator, denominator], metric) => {
        table.set(at, column, metric, numerator, denominator)
      })
    })
  }
  const all = questions.map((_, at) => at)
  const random = seededRandom(seed)
  const { figures, differences } = table.figures(all, random)
  yield askingShare
  const bySection: GroupFigures[] = []
  for (const [group, members] of grouped(all, (at) => questions[at]!.article.section ?? noSection).slice(
    0,
    groupsMax,
  )) {
    bySection.push({ group, questions: members.length, rankers: table.figures(members, random).figures })
    yield askingShare
  }
  const byAge: GroupFigures[] = []
  const ages = new Map(grouped(all, (at) => ageOf(questions[at]!.article, newestMs)))
  for (const { name } of agesKnown) {
    const members = ages.get(name)
    if (!members) continue
    byAge.push({ group: name, questions: members.length, rankers: table.figures(members, random).figures })
    yield askingShare
  }
  return {
    truth: truth.name,
    kind: truth.kind,
    questions: questions.length,
    withoutMates: truth.withoutMates,
    metrics: metricsOf[truth.kind],
    rankers: figures,
    differences,
    bySection,
    byAge,
  }
}

const questionsAtOnce = 50
/** Of the whole time, about what the questions take; the rest are draws. */
const askingShare = 0.9
/** Sections that are shown apart, the largest. */
const groupsMax = 20
const noSection = '(no section)'

const day = 86_400_000
const agesKnown = [
  { name: 'a day at most', ms: day },
  { name: 'a week at most', ms: 7 * day },
  { name: 'a month at most', ms: 31 * day },
  { name: 'a year at most', ms: 366 * day },
  { name: 'older', ms: Number.POSITIVE_INFINITY },
]

function ageOf({ publishedAtMs }: KnownArticle, newestMs: number): string {
  return agesKnown.find(({ ms }) => newestMs - publishedAtMs <= ms)!.name
}

/** A metric of one list as numerator and denominator, in the order of `metricsOf`. */
type Mark = readonly [numerator: number, denominator: number]

function marksByMates({ mates }: MateQuestion, ranked: readonly string[]): Mark[] {
  return [
    [recallAt(5, ranked, mates), 1],
    [reciprocalRank(ranked, mates), 1],
    [hitAt(1, ranked, mates), 1],
    [ndcgAt(5, ranked, mates), 1],
    [filled(ranked), 1],
  ]
}

function marksByLabels(truth: LabelTruth, at: number, ranked: readonly string[]): Mark[] {
  const { labels }: LabelQuestion = truth.questions[at]!
  const { sharing, labelled } = labelOverlapAt(5, ranked, labels, truth.labelsOf)
  return [
    [sharing, labelled],
    [filled(ranked), 1],
  ]
}

function filled(ranked: readonly string[]): number {
  return Math.min(5, ranked.length) / 5
}

/** The number of each question's cluster, from 0. */
function clustersOf(truth: MateTruth | LabelTruth): Int32Array {
  const numbers = new Map<string, number>()
  return Int32Array.from(truth.questions as readonly { readonly cluster: string }[], ({ cluster }) => {
    const number = numbers.get(cluster) ?? numbers.size
    numbers.set(cluster, number)
    return number
  })
}

function grouped(members: readonly number[], groupOf: (at: number) => string): Array<[string, number[]]> {
  const groups = new Map<string, number[]>()
  for (const at of members) {
    const group = groupOf(at)
    const known = groups.get(group)
    if (known) known.push(at)
    else groups.set(group, [at])
  }
  return [...groups].sort(([a, one], [b, two]) => two.length - one.length || (a < b ? -1 : 1))
}

/** The marks of every question, by ranker and metric. */
class Table {
  readonly #metrics: readonly MetricName[]
  readonly #rankers: readonly Ranker[]
  readonly #clusters: Int32Array
  /** One for each ranker and metric, ranker by ranker; a number for each question. */
  readonly #columns: readonly Ratio[]

  constructor(metrics: readonly MetricName[], rankers: readonly Ranker[], clusters: Int32Array) {
    this.#metrics = metrics
    this.#rankers = rankers
    this.#clusters = clusters
    this.#columns = rankers.flatMap(() => metrics.map(() => emptyRatio(clusters.length)))
  }

  set(question: number, ranker: number, metric: number, numerator: number, denominator: number): void {
    const column = this.#columns[ranker * this.#metrics.length + metric]!
    column.numerators[question] = numerator
    column.denominators[question] = denominator
  }

  /** The figures of some of the questions. */
  figures(
    questions: readonly number[],
    random: () => number,
  ): { figures: RankerFigures[]; differences: RankerFigures[] } {
    const ratios = this.#byCluster(questions)
    const values = ratios.map((ratio) => ratioOf(ratio))
    const draws = drawRatios(ratios, random)
    const width = this.#metrics.length
    const figuresOf = (interval: (metric: number) => Interval): Figures =>
      Object.fromEntries(this.#metrics.map((name, metric) => [name, interval(metric)]))
    const figures = this.#rankers.map(({ name }, at) => ({
      ranker: name,
      figures: figuresOf((metric) => intervalOf(values[at * width + metric]!, draws[at * width + metric]!)),
    }))
    const differences = this.#rankers.slice(1).map(({ name }, before) => ({
      ranker: name,
      figures: figuresOf((metric) => {
        const other = (before + 1) * width + metric
        const apart = draws[metric]!.map((value, draw) => value - draws[other]![draw]!)
        return intervalOf(values[metric]! - values[other]!, apart)
      }),
    }))
    return { figures, differences }
  }

  #byCluster(questions: readonly number[]): Ratio[] {
    const numbers = new Map<number, number>()
    const places = questions.map((question) => {
      const cluster = this.#clusters[question]!
      const place = numbers.get(cluster) ?? numbers.size
      numbers.set(cluster, place)
      return place
    })
    return this.#columns.map((column) => {
      const sums = emptyRatio(numbers.size)
      questions.forEach((question, at) => {
        sums.numerators[places[at]!]! += column.numerators[question]!
        sums.denominators[places[at]!]! += column.denominators[question]!
      })
      return sums
    })
  }
}

function emptyRatio(length: number): Ratio {
  return { numerators: new Float64Array(length), denominators: new Float64Array(length) }
}
