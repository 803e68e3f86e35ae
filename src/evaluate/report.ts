import type { Evaluation } from './evaluate.ts'
import type { Miss } from './misses.ts'

/** What `onward evaluate` tells, in the one form that text, JSON and the page are made from. */
export interface EvaluationReport {
  readonly source: string
  readonly articles: number
  readonly seed: number
  readonly intervals: { readonly level: number; readonly method: string; readonly draws: number }
  /** One for each ground truth of the data, the strongest first. */
  readonly evaluations: readonly Evaluation[]
  /** By the first ground truth that names mates; empty where there is none. */
  readonly misses: readonly Miss[]
}
