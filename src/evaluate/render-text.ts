import type { Interval } from './bootstrap.ts'
import type { Evaluation, GroupFigures, MetricName, RankerFigures } from './evaluate.ts'
import type { TruthName } from './ground-truth.ts'
import type { Miss } from './misses.ts'
import type { EvaluationReport } from './report.ts'

/** The report for a terminal. */
export function renderText(report: EvaluationReport): string {
  const { source, articles, intervals, evaluations, misses } = report
  const head =
    `${source}: ${articles} articles.\n` +
    `In brackets: the ${intervals.level * 100}% interval (${intervals.method}, ${intervals.draws} draws, seed ${report.seed}).\n`
  return [
    head,
    ...evaluations.map((evaluation, at) => evaluationText(evaluation, { isFirst: at === 0 })),
    ...missesText(misses),
  ].join('\n')
}

/** What a ground truth says, for readers. */
export const truthMeanings: Readonly<Record<TruthName, string>> = {
  story: 'Against `story`: the other articles of the same story',
  related: "Against `related`: the editors' own picks",
  labels: 'Against `labels`: a label in common',
  section: 'Against `section`: the same section (coarse: nearly any list from the section has it)',
  tags: 'Against `tags`: a tag in common (coarse: tags are often places)',
}

export const metricMeanings: Readonly<Record<MetricName, string>> = {
  'recall@5': 'the share of the mates that stand in the first five',
  mrr: 'one by the place of the first mate, on average; nothing beyond the tenth counts',
  'hit@1': 'how often the first is a mate',
  'ndcg@5': 'mates in the first five, the higher the better, as a share of the best possible order',
  'overlap@5': 'of the first five that are labelled, the share with one in common',
  'filled@5': 'the share of the five places that hold anything',
}

/** @param isFirst the weaker ground truths after the first are told in short: all of it is in the JSON and on the page */
export function evaluationText(evaluation: Evaluation, { isFirst }: { isFirst: boolean }): string {
  const { metrics, rankers, differences, bySection, byAge } = evaluation
  const lines = [
    `${truthMeanings[evaluation.truth]}`,
    countedText(evaluation),
    '',
    row('', metrics),
    ...rankers.map((ranker) => figuresRow(ranker.ranker, ranker, metrics, share)),
    ...differences.map((other) => figuresRow(`${rankers[0]!.ranker} - ${other.ranker}`, other, metrics, signed)),
    ...(isFirst || evaluation.kind === 'mates'
      ? [...groupLines('By section', bySection, metrics[0]!), ...groupLines('By age', byAge, metrics[0]!)]
      : []),
    '',
  ]
  return lines.join('\n')
}

export function countedText({ questions, withoutMates, kind }: Evaluation): string {
  const without = kind === 'mates' ? 'no mate' : 'nothing in common with any other'
  const rest = withoutMates === 0 ? '' : `; ${withoutMates} have ${without}, and do not count`
  return `${questions} articles counted${rest}.`
}

function groupLines(title: string, groups: readonly GroupFigures[], metric: MetricName): string[] {
  // One group says no more than the whole.
  if (groups.length < 2) return []
  const names = groups[0]!.rankers.map(({ ranker }) => ranker)
  const lines = groups.map(({ group, questions, rankers }) =>
    row(
      `  ${group} (${questions})`,
      rankers.map(({ figures }) => share(figures[metric]!)),
    ),
  )
  return ['', row(`${title}, ${metric}`, names), ...lines]
}

function missesText(misses: readonly Miss[]): string[] {
  if (misses.length === 0) return []
  const shown = misses.slice(0, missesShown)
  const blocks = shown.map(({ id, title, missed, missedCount }) => {
    const lines = missed.map((mate) => `      not there: ${mate.id}  ${mate.title}\n        ${mate.why}`)
    const more = missedCount > missed.length ? [`      and ${missedCount - missed.length} more`] : []
    return [`  ${id}  ${title}`, ...lines, ...more].join('\n')
  })
  return [`The worst misses (more of them, and what stands there instead, in --html FILE):\n${blocks.join('\n')}\n`]
}

const missesShown = 5

function figuresRow(
  name: string,
  { figures }: RankerFigures,
  metrics: readonly MetricName[],
  print: (interval: Interval) => string,
): string {
  return row(
    name,
    metrics.map((metric) => print(figures[metric]!)),
  )
}

function row(name: string, cells: readonly string[]): string {
  return `${name.padEnd(nameWidth)}${cells.map((cell) => cell.padStart(cellWidth)).join('')}`.trimEnd()
}

const nameWidth = 30
const cellWidth = 22

export function share({ value, low, high }: Interval): string {
  return `${value.toFixed(3)} [${low.toFixed(2)}, ${high.toFixed(2)}]`
}

export function signed({ value, low, high }: Interval): string {
  const sign = (number: number, digits: number) => `${number < 0 ? '' : '+'}${number.toFixed(digits)}`
  return `${sign(value, 3)} [${sign(low, 2)}, ${sign(high, 2)}]`
}
