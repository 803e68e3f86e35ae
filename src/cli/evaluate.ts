import { writeFile } from 'node:fs/promises'
import { InvalidOptionError, OnwardError } from '../errors.ts'
import { drawsDefault, intervalLevel } from '../evaluate/bootstrap.ts'
import { depth, type Evaluation, evaluate } from '../evaluate/evaluate.ts'
import { type GroundTruth, groundTruths, type KnownArticle } from '../evaluate/ground-truth.ts'
import { type Miss, worstMisses } from '../evaluate/misses.ts'
import { MoreLikeThis } from '../evaluate/more-like-this.ts'
import { NewestInSection } from '../evaluate/newest-in-section.ts'
import type { Ranker } from '../evaluate/ranker.ts'
import { renderPage } from '../evaluate/render-page.ts'
import { renderText } from '../evaluate/render-text.ts'
import type { EvaluationReport } from '../evaluate/report.ts'
import type { RelatedIndex } from '../related/related-index.ts'
import { standingText } from '../related/standing-text.ts'
import type { EvaluateFlags } from './cli.ts'
import { indexSource, readRules } from './index-source.ts'
import { openProgress } from './progress.ts'
import { giveWay } from './read-source.ts'

/**
 * Measures the rails of a source against what its own data says belongs in them, without a server and without writing
 * anything but the page that is asked for.
 *
 * @returns the exit code: 1 when a part of the source could not be read, which is told; the rest is measured all the same
 * @throws NoGroundTruthError when the data does not say what belongs together
 */
export async function evaluateCommand(source: string, flags: EvaluateFlags, signal: AbortSignal): Promise<number> {
  const baseline = new MoreLikeThis()
  const rules = flags.rules === undefined ? undefined : await readRules(flags.rules)
  const { index, articles, isComplete } = await indexSource(source, {
    signal,
    allowPrivateAddresses: flags.allowPrivateAddresses,
    rules,
    onSighting({ id, article }) {
      if (article) baseline.put(id, `${article.title}\n${article.standfirst ?? ''}\n${article.body}`)
      else baseline.remove(id)
    },
  })
  const truths = chosenTruths(source, articles, flags.against)
  const rankers: readonly [Ranker, ...Ranker[]] = [railsOf(index), baseline, new NewestInSection(articles)]
  const evaluations: Evaluation[] = []
  for (const truth of truths) {
    evaluations.push(await evaluated(truth, rankers, { seed: flags.seed, newestMs: newestOf(articles), signal }))
  }
  const [first] = truths
  const misses: Miss[] =
    first?.kind === 'mates'
      ? worstMisses(first, rankers, {
          atMost: flags.misses,
          titleOf: (id) => articles.get(id)?.title ?? '',
          whyNot: (id, missed) => standingText(index.standing(id, missed)),
          isRepeat(id, missed) {
            const standing = index.standing(id, missed)
            return !standing.isShown && standing.absence.kind === 'repeat'
          },
        })
      : []
  const report: EvaluationReport = {
    source,
    articles: articles.size,
    seed: flags.seed,
    intervals: { level: intervalLevel, method: 'percentile bootstrap by story', draws: drawsDefault },
    evaluations,
    misses,
  }
  if (flags.html !== undefined) {
    await writePage(flags.html, renderPage(report))
    process.stderr.write(`The page with the worst misses is ${flags.html}\n`)
  }
  process.stdout.write(flags.format === 'json' ? `${JSON.stringify(report)}\n` : renderText(report))
  return isComplete ? 0 : 1
}

/** Nothing in the data says which articles belong together. */
export class NoGroundTruthError extends OnwardError {
  constructor(message: string) {
    super('NO_GROUND_TRUTH', message)
  }
}

function chosenTruths(
  source: string,
  articles: ReadonlyMap<string, KnownArticle>,
  against: EvaluateFlags['against'],
): GroundTruth[] {
  const truths = groundTruths(articles)
  const chosen = against === undefined ? truths : truths.filter(({ name }) => name === against)
  if (chosen.length > 0) return chosen
  const what = against === undefined ? 'any of story, related, labels, section or tags' : `\`${against}\``
  throw new NoGroundTruthError(
    `Of the ${articles.size} articles of ${source}, no two have ${what} in common, so there is nothing to measure against. ` +
      'Give articles a "story" (an id that the articles of one event share) or "related" (the ids that an editor picked).' +
      (against !== undefined && truths.length > 0 ? ` The data has ${truths.map(({ name }) => name).join(', ')}.` : ''),
  )
}

/** When the newest article came out. */
export function newestOf(articles: ReadonlyMap<string, KnownArticle>): number {
  let newestMs = Number.NEGATIVE_INFINITY
  for (const { publishedAtMs } of articles.values()) newestMs = Math.max(newestMs, publishedAtMs)
  return newestMs
}

/** Measures, with progress, and lets a Ctrl-C through. */
export async function evaluated(
  truth: GroundTruth,
  rankers: readonly Ranker[],
  options: { readonly seed: number; readonly newestMs: number; readonly signal: AbortSignal },
): Promise<Evaluation> {
  using progress = openProgress(process.stderr, `measuring against ${truth.name}`, 'articles')
  const steps = evaluate(truth, rankers, options)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
    await giveWay(options.signal)
    progress.update({ count: Math.round(step.value * truth.questions.length), share: step.value })
  }
}

/** The rails as readers get them. Asked for again and again, and each answer is worked into words: kept. */
function railsOf(index: RelatedIndex): Ranker {
  const kept = new Map<string, readonly string[]>()
  return {
    name: 'onward',
    rank(id, atMost) {
      const rail = kept.get(id) ?? index.rail(id).map((item) => item.id)
      kept.set(id, rail.slice(0, depth))
      return rail.slice(0, atMost)
    },
  }
}

async function writePage(file: string, page: string): Promise<void> {
  try {
    await writeFile(file, page)
  } catch (error) {
    throw new InvalidOptionError(
      `--html ${file} cannot be written: ${error instanceof Error ? error.message : String(error)}.`,
    )
  }
}
