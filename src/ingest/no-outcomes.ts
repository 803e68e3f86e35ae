import type { PutOutcome } from '../store/store.ts'

/** A count for each thing that can become of an article that is stored, all 0. */
export function noOutcomes(): Record<PutOutcome, number> {
  return { created: 0, updated: 0, unchanged: 0, outdated: 0, tombstoned: 0, withdrawn: 0 }
}
