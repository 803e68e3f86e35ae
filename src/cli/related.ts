import { InvalidOptionError } from '../errors.ts'
import { reasonText } from '../related/explain.ts'
import { type RailItem, type ScoreParts, storedRailLength } from '../related/related.ts'
import { partsLines, standingText } from '../related/standing-text.ts'
import type { RelatedFlags } from './cli.ts'
import { type IndexedSource, indexSource, readRules } from './index-source.ts'
import { writeOut } from './outputs.ts'
import type { Hidden } from './read-source.ts'
import { printDiff, readBothRules, titleIn } from './related-diff.ts'

/**
 * Prints related articles of a source without a server and without writing anything: the five-minute trial.
 *
 * With `--why-not`, why one article is not in the rail of another; with `--diff`, what a change of rules does.
 *
 * @returns the exit code: 1 when a part of the source could not be read, which is told; the rest is printed all the same
 */
export async function relatedCommand(source: string, flags: RelatedFlags, signal: AbortSignal): Promise<number> {
  checkFlags(flags)
  const started = performance.now()
  const hidden = new Map<string, Hidden>()
  const rules = flags.rules === undefined ? undefined : await readRules(flags.rules)
  const changed = flags.diff === undefined ? null : await readBothRules(flags.diff)
  const indexed = await indexSource(source, {
    signal,
    allowPrivateAddresses: flags.allowPrivateAddresses,
    rules,
    onSighting(sighting) {
      if (sighting.article) hidden.delete(sighting.id)
      else hidden.set(sighting.id, sighting.hidden)
    },
  })
  const { index, articles, isComplete, indexMs } = indexed
  const { id } = flags
  if (id !== undefined && !articles.has(id)) {
    const why = hidden.has(id) ? ` It is ${hidden.get(id)}.` : ''
    throw new InvalidOptionError(
      `There is no article with the id ${JSON.stringify(id)} among the ${articles.size} of ${source}.${why}`,
    )
  }
  if (changed) await printDiff(indexed, changed, flags, signal)
  else if (id !== undefined && flags.whyNot !== undefined)
    printWhyNot(indexed, hidden, { ...flags, id, whyNot: flags.whyNot })
  else {
    const print = flags.format === 'jsonl' ? jsonLine : textBlock
    for (const articleId of id === undefined ? articles.keys() : [id]) {
      const rail = index.rail(articleId).slice(0, flags.limit)
      const partsOf = (other: string) => (flags.explain ? index.scoreParts(articleId, other) : null)
      await writeOut(print(articleId, rail, { titleOf: (other) => titleIn(articles, other), partsOf }), signal)
    }
  }
  const rate = (ms: number) => Math.round(articles.size / Math.max(0.001, ms / 1000))
  process.stderr.write(
    `${articles.size} articles: ${rate(indexMs)} a second in the index (one core), ${rate(performance.now() - started)} a second with reading and printing.\n`,
  )
  return isComplete ? 0 : 1
}

function checkFlags({ id, all, limit, whyNot, diff, rules }: RelatedFlags): void {
  if (limit > storedRailLength) {
    throw new InvalidOptionError(`--limit is ${limit}; a rail has at most ${storedRailLength} articles.`)
  }
  if (id !== undefined && all !== undefined)
    throw new InvalidOptionError('--id ID is for one article and --all for every one: say which.')
  if (whyNot !== undefined && id === undefined) {
    throw new InvalidOptionError('--why-not is asked of one article: onward related SOURCE --id A --why-not B.')
  }
  if (diff !== undefined && (whyNot !== undefined || rules !== undefined)) {
    throw new InvalidOptionError('--diff OLD NEW compares two files of rules; it takes neither --why-not nor --rules.')
  }
  if (diff === undefined && id === undefined && all === undefined) {
    throw new InvalidOptionError('Say which articles: --id ID for one, or --all.')
  }
}

function printWhyNot(
  { index, articles }: IndexedSource,
  hidden: ReadonlyMap<string, Hidden>,
  { id, whyNot, limit, format }: RelatedFlags & { readonly id: string; readonly whyNot: string },
): void {
  const standing = index.standing(id, whyNot)
  const isBeyond = standing.isShown && standing.position > limit
  const because = hidden.has(whyNot)
    ? `It is ${hidden.get(whyNot)}, and such an article is in no rail.`
    : isBeyond
      ? `${standingText(standing)} The first ${limit} are shown (--limit).`
      : standingText(standing)
  if (format === 'jsonl') {
    const absence = hidden.has(whyNot)
      ? { kind: 'hidden', why: hidden.get(whyNot) }
      : standing.isShown
        ? null
        : standing.absence
    const position = standing.isShown ? standing.position : null
    process.stdout.write(
      `${JSON.stringify({ id, other: whyNot, position, absence, why: because, parts: standing.parts })}\n`,
    )
    return
  }
  const parts = standing.parts === null ? [] : ['', ...partsLines(standing.parts).map((line) => `  ${line}`)]
  const lines = [
    `In the rail of   ${id}  ${titleIn(articles, id)}`,
    `is asked for     ${whyNot}  ${titleIn(articles, whyNot)}`,
    '',
    because,
    ...parts,
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** What a line is made from, beside the rail. */
interface Told {
  readonly titleOf: (id: string) => string
  /** Null when it is not asked for. */
  readonly partsOf: (id: string) => ScoreParts | null
}

function jsonLine(id: string, rail: readonly RailItem[], { partsOf }: Told): string {
  const related = rail.map((item) => {
    const parts = partsOf(item.id)
    const explained = parts === null ? {} : { reason: reasonText(item.reason), terms: item.reason.terms, parts }
    return { id: item.id, score: item.score, ...explained }
  })
  return `${JSON.stringify({ id, related })}\n`
}

function textBlock(id: string, rail: readonly RailItem[], { titleOf, partsOf }: Told): string {
  const lines = rail.flatMap((item) => {
    const parts = partsOf(item.id)
    const explained = parts === null ? [] : [reasonText(item.reason), ...partsLines(parts)]
    return [
      `  ${item.score.toFixed(3)}  ${item.id}  ${titleOf(item.id)}`,
      ...explained.map((line) => `         ${line}`),
    ]
  })
  const none = '  nothing in this source is related to it'
  return `${id}  ${titleOf(id)}\n${lines.length > 0 ? lines.join('\n') : none}\n\n`
}
