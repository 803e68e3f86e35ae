import { Worker } from 'node:worker_threads'
import type { Progress, Share } from './simulation-thread.ts'

/** Plays seeds in several threads, and sums up. */
export async function playSeeds(options: {
  readonly from: number
  readonly seeds: number
  readonly threads: number
  readonly onProgress?: (sum: Progress) => void
}): Promise<Progress> {
  const { from, seeds, threads, onProgress } = options
  const counts: Record<string, number> = {}
  let sum: Progress = { played: 0, violations: [], counts }
  const workers: Worker[] = []
  try {
    const ended = Array.from({ length: threads }, (_, thread) => {
      const share: Share = { from: from + thread, seeds: seeds - thread, every: threads }
      const worker = new Worker(new URL('./simulation-thread.ts', import.meta.url), { workerData: share })
      workers.push(worker)
      return new Promise<void>((resolve, reject) => {
        worker.on('message', (told: Progress) => {
          for (const [what, count] of Object.entries(told.counts)) counts[what] = (counts[what] ?? 0) + count
          sum = { played: sum.played + told.played, violations: [...sum.violations, ...told.violations], counts }
          onProgress?.(sum)
        })
        worker.on('error', reject)
        worker.on('exit', () => resolve())
      })
    })
    await Promise.all(ended)
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
  return sum
}
