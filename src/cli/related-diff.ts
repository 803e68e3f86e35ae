import { InvalidOptionError } from '../errors.ts'
import { DiffTally, diffRail, type RailDiff } from '../evaluate/diff-rails.ts'
import { depth } from '../evaluate/evaluate.ts'
import { groundTruths, type KnownArticle } from '../evaluate/ground-truth.ts'
import type { Ranker } from '../evaluate/ranker.ts'
import { evaluationText } from '../evaluate/render-text.ts'
import type { RailRules } from '../related/related.ts'
import type { RelatedIndex } from '../related/related-index.ts'
import { standingText } from '../related/standing-text.ts'
import type { RelatedFlags } from './cli.ts'
import { evaluated, newestOf } from './evaluate.ts'
import { type IndexedSource, readRules } from './index-source.ts'
import { writeOut } from './outputs.ts'
import { giveWay } from './read-source.ts'

/** Two sets of rules: what is, and what is thought of. */
export interface RulesChange {
  readonly before: RailRules
  readonly after: RailRules
}

/** @throws InvalidOptionError unless two files of rules are named */
export async function readBothRules(files: readonly string[]): Promise<RulesChange> {
  const [before, after] = files
  if (before === undefined || after === undefined || files.length > 2) {
    throw new InvalidOptionError(
      `--diff takes two files of rules, OLD and NEW; ${files.length} came. Name them after the source.`,
    )
  }
  return { before: await readRules(before), after: await readRules(after) }
}

/**
 * Prints which rails change with the rules, and why what leaves a rail does; then how that does against what the data says
 * belongs together, where it says so. Both rails come from the same neighbours, so nothing else can make a difference.
 */
export async function printDiff(
  { index, articles }: IndexedSource,
  { before, after }: RulesChange,
  flags: RelatedFlags,
  signal: AbortSignal,
): Promise<void> {
  const tally = new DiffTally()
  let told = 0
  let number = 0
  for (const id of flags.id === undefined ? articles.keys() : [flags.id]) {
    if (number++ % railsAtOnce === 0) await giveWay(signal)
    const lists = [before, after].map((rules) => idsUnder(index, id, { rules, limit: flags.limit }))
    const diff = diffRail(id, lists[0]!, lists[1]!)
    tally.add(lists[0]!, lists[1]!, diff)
    if (diff === null) continue
    const isTold = flags.id !== undefined || flags.all === true || told < toldUnasked
    if (!isTold) continue
    told++
    const why = (other: string, rules: RailRules) => whyText(index, { id, other, rules, limit: flags.limit })
    const block = diffBlock(diff, { articles, why: (other) => why(other, after) })
    const line = { ...diff, leaving: diff.leaving.map((item) => ({ ...item, why: why(item.id, after) })) }
    await writeOut(flags.format === 'jsonl' ? `${JSON.stringify(line)}\n` : block, signal)
  }
  const summary = tally.summary()
  const [truth] = groundTruths(articles)
  const rankers = [rankerOf('new rules', index, after), rankerOf('old rules', index, before)]
  const evaluation =
    truth === undefined ? null : await evaluated(truth, rankers, { seed: 1, newestMs: newestOf(articles), signal })
  if (flags.format === 'jsonl') {
    await writeOut(`${JSON.stringify({ summary, evaluation })}\n`, signal)
    return
  }
  const rest = summary.changed - told
  const more = rest > 0 ? `and ${rest} more (--all shows every one, --id ID one)\n\n` : ''
  await writeOut(
    `${more}${summary.changed} of ${summary.rails} rails change within their first ${flags.limit}, ${summary.orderOnly} of them in their order alone: ` +
      `${summary.leaving} articles leave, ${summary.entering} enter; ${summary.emptied} rails become empty, ${summary.filled} are empty no more.\n`,
    signal,
  )
  await writeOut(
    evaluation === null
      ? '\nThe data does not say what belongs together (`story`, `related`, `labels`), so whether that is better is yours to judge.\n'
      : `\n${evaluationText(evaluation, { isFirst: true })}`,
    signal,
  )
}

export function titleIn(articles: ReadonlyMap<string, KnownArticle>, id: string): string {
  return articles.get(id)?.title ?? ''
}

/** Changed rails that are told when nobody asked for all. */
const toldUnasked = 20
const railsAtOnce = 100

function idsUnder(index: RelatedIndex, id: string, { rules, limit }: { rules: RailRules; limit: number }): string[] {
  return index
    .railUnder(id, rules)
    .slice(0, limit)
    .map((item) => item.id)
}

function rankerOf(name: string, index: RelatedIndex, rules: RailRules): Ranker {
  const kept = new Map<string, readonly string[]>()
  return {
    name,
    rank(id, atMost) {
      const rail = kept.get(id) ?? idsUnder(index, id, { rules, limit: depth })
      kept.set(id, rail)
      return rail.slice(0, atMost)
    },
  }
}

function whyText(
  index: RelatedIndex,
  { id, other, rules, limit }: { id: string; other: string; rules: RailRules; limit: number },
): string {
  const standing = index.standing(id, other, rules)
  const text = standingText(standing)
  return standing.isShown && standing.position > limit ? `${text} The first ${limit} are shown.` : text
}

function diffBlock(
  { id, leaving, entering, moved }: RailDiff,
  { articles, why }: { articles: ReadonlyMap<string, KnownArticle>; why: (id: string) => string },
): string {
  const lines = [
    `${id}  ${titleIn(articles, id)}`,
    ...leaving.flatMap((item) => [
      `  - ${item.id}  ${titleIn(articles, item.id)}  (was at place ${item.place})`,
      `      ${why(item.id)}`,
    ]),
    ...entering.map((item) => `  + ${item.id}  ${titleIn(articles, item.id)}  (place ${item.place})`),
    ...(moved === 0 ? [] : [`  ${moved} of those that stay change places`]),
  ]
  return `${lines.join('\n')}\n\n`
}
